"""Japanese names by what stands around them: "fan art of X", "in the manner of X", "from 「X」".

Such a name may be made of ordinary words only, as titles mostly are.
"""

from __future__ import annotations

import re
from bisect import bisect_left
from collections.abc import Iterator

from models.nouns.japanese.analysis import (
    MARK,
    NUMBER,
    OTHER,
    PARTICLE,
    PREFIX,
    SPACE,
    SUFFIX,
    VERB,
    Analysis,
)
from models.nouns.japanese.candidates import LONGEST_NAME, Candidate, OrdinaryWords, Reason

_MEDIA = "アニメ|漫画|マンガ|まんが|コミック|ゲーム|映画|小説|ラノベ|ドラマ|作品|シリーズ|原作"
_FIGURES = "登場人物|主人公|ヒロイン|キャラクター|キャラ|世界観"
_AFTER = re.compile(
    r"(?P<derived>の(?:二次創作|ファンアート|ファンイラスト|ファンフィク|同人誌|同人|パロディ|パロ|版権|登場人物"
    r"|(?:画風|絵柄|作風)(?=[でをがのに、。]))|風の?(?:画風|絵柄|作風|タッチ))"
    r"|(?P<worn>の(?:コスプレ|コスチューム|キャラクター|キャラ|フィギュア|ぬいぐるみ))"
)
_TITLE = re.compile(
    rf"(?P<before>(?:{_MEDIA}|{_FIGURES})[のはと、]?)?"
    r"(?:「(?P<single>[^「」『』\n]{1,60})」|『(?P<double>[^『』\n]{1,60})』)"
    rf"(?P<after>より(?!も)|から(?=[、。\s]|\Z)|(?:に登場|に出てくる|の(?:{_FIGURES}|{_MEDIA}|二次創作"
    r"|ファンアート|コスプレ|同人|パロ|画風|絵柄))|風の?(?:画風|絵柄|作風|タッチ)|シリーズ)?"
)
_SPEECH = re.compile(r"[。、，…]|[！!？?〜～]$")
_SAID = re.compile(r"」?』?と(?!いう|題)")
_LINKS = frozenset("のとノ")
_INNER_MARKS = frozenset("・･=＝★☆♡♥×!！?？&＆-－:：'’.")
_LONGEST_WALK = 16


def find_in_context(analysis: Analysis, ordinary: OrdinaryWords) -> Iterator[Candidate]:
    """Names that the words around them announce."""
    text = analysis.text
    for mark in _AFTER.finditer(text):
        worn = mark["worn"] is not None
        span = _phrase_before(analysis, mark.start(), ordinary, worn=worn)
        if span is not None:
            yield Candidate(*span, Reason.WORN if worn else Reason.DERIVED)
    if "「" in text or "『" in text:
        yield from _find_titles(text)


def _find_titles(text: str) -> Iterator[Candidate]:
    for quoted in _TITLE.finditer(text):
        group = "single" if quoted["single"] is not None else "double"
        announced = quoted["before"] is not None or quoted["after"] is not None
        # 『』 are the marks of titles; 「」 as often hold what somebody says, or lettering.
        start, end = quoted.span(group)
        spoken = _SPEECH.search(quoted[group]) or _SAID.match(text, end)
        titled = announced or (group == "double" and not spoken)
        if titled and text[start:end].strip():
            yield Candidate(start, end, Reason.TITLE)


def _phrase_before(
    analysis: Analysis, stop: int, ordinary: OrdinaryWords, *, worn: bool
) -> tuple[int, int] | None:
    """The noun phrase that ends at a code point, without what describes it; None if it is plain."""
    bounds = analysis.bounds
    last = bisect_left(bounds, stop)
    if bounds[last] != stop:
        return None
    first = last
    while first > max(0, last - _LONGEST_WALK) and _belongs(analysis, first - 1):
        first -= 1
    while first < last and analysis.kinds[first] in (PARTICLE, SPACE, SUFFIX, MARK):
        first += 1
    segments = _segments(analysis, first, last)
    while segments and all(_is_plain(analysis, i, ordinary) for i in range(*segments[0])):
        segments.pop(0)
    if not segments:
        return None
    first = segments[0][0]
    contents = [
        index
        for index in range(first, last)
        if analysis.kinds[index] not in (PARTICLE, SPACE, MARK, SUFFIX, PREFIX)
    ]
    surface = analysis.text[bounds[first] : stop]
    if (
        not contents
        or len(surface) > LONGEST_NAME
        or _is_generic(surface, ordinary)
        or (worn and len(contents) < 2)
    ):
        return None
    return bounds[first], stop


def _belongs(analysis: Analysis, index: int) -> bool:
    """Whether a morpheme can stand inside a name."""
    kind = analysis.kinds[index]
    if kind == PARTICLE:
        return analysis.surface(index) in _LINKS
    if kind == MARK:
        return analysis.surface(index) in _INNER_MARKS
    return kind not in (VERB, OTHER)


def _segments(analysis: Analysis, first: int, last: int) -> list[tuple[int, int]]:
    """What stands between the particles of a phrase."""
    segments: list[tuple[int, int]] = []
    start = first
    for index in range(first, last):
        if analysis.kinds[index] == PARTICLE:
            if start < index:
                segments.append((start, index))
            start = index + 1
    if start < last:
        segments.append((start, last))
    return segments


def _is_plain(analysis: Analysis, index: int, ordinary: OrdinaryWords) -> bool:
    if analysis.kinds[index] in (PREFIX, SUFFIX, NUMBER, MARK, SPACE):
        return True
    return _is_generic(analysis.surface(index), ordinary)


def _is_generic(word: str, ordinary: OrdinaryWords) -> bool:
    japanese = ordinary.japanese
    return word in ordinary or word in japanese.art or word in japanese.roles
