"""Which rows of Japanese morphemes are names, by what the analyser says of them and around them."""

from __future__ import annotations

import re
from bisect import bisect_left
from collections.abc import Iterator

from models.nouns.japanese.analysis import (
    FAMILY,
    GIVEN,
    NEW,
    NEW_LATIN,
    NOUN,
    NUMBER,
    PERSON,
    PLACE,
    PREFIX,
    PRONOUN,
    PROPER,
    PROPER_KINDS,
    STEM,
    SUFFIX,
    VERB,
    Analysis,
    has_ordinary_entry,
    is_ordinary_compound,
    name_kinds,
)
from models.nouns.japanese.candidates import LONGEST_NAME, Candidate, OrdinaryWords, Reason
from models.nouns.japanese.words import is_compound

KATAKANA = r"\u30a1-\u30fa\u30fc\uff66-\uff9d"
HAN = r"\u3400-\u4dbf\u4e00-\u9fff\u3005\uf900-\ufaff\U00020000-\U0003ffff"

_PERSONAL = GIVEN + FAMILY + PERSON
_PROPER = _PERSONAL + PLACE + PROPER + NEW + NEW_LATIN
_CORE = re.compile(f"[{_PROPER}]+")
_CUT = re.compile(
    f"(?<![{NOUN}{PREFIX}{SUFFIX}{NUMBER}{_PROPER}])"
    f"[{NOUN}{PREFIX}{_PROPER}][{NOUN}{PREFIX}{SUFFIX}{STEM}{_PROPER}]{{1,3}}"
    f"(?![{NOUN}{PREFIX}{SUFFIX}{_PROPER}])"
)
_PAIR = re.compile(f"(?<![{NOUN}{PREFIX}{NUMBER}{_PROPER}])(?=[{NOUN}{PLACE}][{NOUN}{STEM}])")
_ADDRESSED = re.compile(f"(?<!{PREFIX})[{NOUN}{NEW_LATIN}]{SUFFIX}")
_WEAK_JOINTS = "・･·=＝"
_STRONG_JOINT = re.compile("[★☆♡♥×]")
JOINTS = _WEAK_JOINTS + "★☆♡♥×"
_DOTTED = re.compile(f"(?<![{KATAKANA}])[{KATAKANA}]+(?:[{JOINTS}][{KATAKANA}]+)+")
_CONNECTIVE = re.compile(
    f"[{JOINTS}](?:オブ|ザ|ジ|アンド|オア|ド|デ|ラ|ル|フォー|イン|オン)[{JOINTS}]"
)
_ALL_KATAKANA = re.compile(f"[{KATAKANA}]+")
_SPELT_WITH_HAN = re.compile(f"[{KATAKANA}]*[{HAN}][{HAN}{KATAKANA}]*")
_ALL_HAN = re.compile(f"[{HAN}]+")
_LATIN_NAME = re.compile(r"[A-Z][a-z]{2,}|[A-Z][a-z]+[A-Z][A-Za-z]+")
_GIVEN_KANA = re.compile(
    "(?!だ|で[すし]|なら|らし|みたい|いわく|いる|ある|する|し[たて]|など|たち)"
    "[\u3041-\u3096]{2,4}?(?=[がはをにのと、。」』]|\\Z)"
)
_OFFICES = ("士", "長", "員", "使", "官", "師", "者", "督", "手", "相", "首", "自身")
_YEAR = re.compile("[0-9０-９一二三四五六七八九十元]{1,4}年")
_SUBJECT = ("が", "は")
_CASES = ("が", "は", "を", "に", "と", "も", "や", "へ")
_FAMILIAR = ("ちゃん", "たん", "くん")
_HONORIFICS = (
    *(*_FAMILIAR, "さん", "君", "様", "さま", "殿", "先輩", "先生", "選手", "氏"),
    *("教授", "教諭", "教官"),
)
_AFTER_PROPER = ("が", "は", "を", "と", "の", "。", "」", "』", "風", *_HONORIFICS)
_LONGEST_HEAD = 6
_LONGEST_KATAKANA = 9
_LONGEST_GIVEN = 3
_CUT_LENGTHS = range(2, 6)


def find_candidates(analysis: Analysis, ordinary: OrdinaryWords) -> list[Candidate]:
    """Everything in a text that its morphemes show to be a name; spans may overlap."""
    found = list(_find_proper(analysis, ordinary))
    found += _find_pairs(analysis, ordinary)
    found += _find_cuts(analysis, ordinary)
    found += _find_addressed(analysis, ordinary)
    found += _find_dotted(analysis.text)
    return found


def _find_proper(analysis: Analysis, ordinary: OrdinaryWords) -> Iterator[Candidate]:
    """Proper nouns and nouns in no dictionary, joined with what belongs to the name."""
    for row in _CORE.finditer(analysis.kinds):
        first, last = row.span()
        personal = not set(_PERSONAL).isdisjoint(row[0])
        telling = [
            index
            for index in range(first, last)
            if _tells(analysis, index, ordinary, alone=last - first == 1, personal=personal)
        ]
        if not telling:
            continue
        reason = _reason_of({analysis.kinds[index] for index in telling})
        start, end = _extend(analysis, telling[0], telling[-1] + 1, ordinary)
        if end - start <= LONGEST_NAME and not _is_chance(analysis, telling, start, end, ordinary):
            if analysis.kinds[telling[-1]] == FAMILY:
                end = _take_given(analysis, end)
            yield Candidate(start, end, reason)


def _is_chance(
    analysis: Analysis, telling: list[int], start: int, end: int, ordinary: OrdinaryWords
) -> bool:
    """Whether a lone morpheme is taken for a name because a longer word was cut in two."""
    first, last = analysis.bounds[telling[0]], analysis.bounds[telling[0] + 1]
    if len(telling) > 1 or (start, end) == (first, last):
        return False
    if analysis.kinds[telling[0]] not in PROPER_KINDS:
        return False
    word, rest = analysis.text[start:end], analysis.text[last:end]
    if last - first == 1 or (_ALL_HAN.fullmatch(word) and is_ordinary_compound(word)):
        return True
    return (
        analysis.kinds[telling[0]] == FAMILY
        and word[0] in ordinary.japanese.prefixes
        and len(rest) > 1
        and bool(_ALL_HAN.fullmatch(rest))
        and not rest.endswith(_OFFICES)
        and has_ordinary_entry(rest)
        and GIVEN not in name_kinds(rest)
    )


def _reason_of(kinds: set[str]) -> Reason:
    if not kinds.isdisjoint(_PERSONAL):
        return Reason.PERSON
    if NEW in kinds:
        return Reason.UNLISTED
    if PROPER in kinds:
        return Reason.PROPER
    return Reason.LATIN if NEW_LATIN in kinds else Reason.PLACE


def _tells(
    analysis: Analysis, index: int, ordinary: OrdinaryWords, *, alone: bool, personal: bool
) -> bool:
    """Whether one morpheme of a row of proper nouns and unlisted ones makes it a name.

    Args:
        analysis, index: the morpheme.
        ordinary: what is no name.
        alone: it is all of the row.
        personal: the row holds a name of a person.
    """
    kind = analysis.kinds[index]
    word = analysis.surface(index)
    end = analysis.bounds[index + 1]
    after = analysis.text[end : end + _LONGEST_HEAD]
    if kind == PLACE:
        if alone:
            return after.startswith((*_SUBJECT, *_HONORIFICS)) or (
                FAMILY in name_kinds(word) and _is_given(analysis, index + 1, ordinary)
            )
        return personal
    if word in ordinary:
        return False
    if kind == NEW_LATIN or word.isascii():
        return bool(_LATIN_NAME.fullmatch(word))
    if alone and _may_be_ordinary(analysis, index, after):
        return False
    japanese = ordinary.japanese
    if alone and (after.startswith(japanese.heads) or _YEAR.match(after)):
        return False
    if kind in (NEW, PROPER) and _ALL_KATAKANA.fullmatch(word) and is_compound(word):
        return False
    if kind == NEW:
        # A long word without a joint names a substance or an organism.
        return not word.endswith(japanese.endings) and not (
            alone and (len(word) == 1 or len(word) > _LONGEST_KATAKANA)
        )
    if alone and kind == PROPER and after and not after.startswith(_AFTER_PROPER):
        return False
    if not alone or after.startswith(_HONORIFICS):
        return True
    if word[0] in japanese.prefixes and word.endswith(japanese.suffixes):
        return False
    if len(word) == 1:
        beside = analysis.kinds[max(0, index - 1) : index + 2]
        return not any(kind in beside for kind in (NOUN, PREFIX, SUFFIX, NUMBER, STEM))
    return True


def _may_be_ordinary(analysis: Analysis, index: int, after: str) -> bool:
    """Whether a lone proper noun is as likely an ordinary word, by the dictionary.

    People act and are addressed, and have names of two parts.
    """
    kind = analysis.kinds[index]
    if kind not in PROPER_KINDS or after.startswith(_HONORIFICS):
        return False
    word = analysis.surface(index)
    if has_ordinary_entry(word):
        if kind not in _PERSONAL:
            return True
        if kind == FAMILY or (len(word) > 1 and _ALL_HAN.fullmatch(word)):
            return False
        acts = len(word) > 1 and after.startswith(_CASES)
        return not acts and not _is_joined(analysis, index)
    return (
        kind not in _PERSONAL
        and bool(_SPELT_WITH_HAN.fullmatch(word))
        and is_ordinary_compound(word)
    )


def _is_joined(analysis: Analysis, index: int) -> bool:
    """Whether a joint and another name stand beside a name."""
    return any(
        0 <= index + 2 * step < len(analysis.kinds)
        and analysis.kinds[index + 2 * step] in _PROPER
        and analysis.surface(index + step) in JOINTS
        for step in (-1, 1)
    )


def _is_given(analysis: Analysis, index: int, ordinary: OrdinaryWords) -> bool:
    """Whether an ordinary morpheme can be the given name of what stands before it."""
    kinds = analysis.kinds[index : index + 2]
    if not kinds or kinds[0] not in (NOUN, STEM) or kinds[1:] in (NOUN, SUFFIX, VERB):
        return False
    word = analysis.surface(index)
    if word in ordinary or word.startswith(ordinary.japanese.heads):
        return False
    if _ALL_KATAKANA.fullmatch(word):
        return GIVEN in name_kinds(word)
    return len(word) <= _LONGEST_GIVEN and not word.endswith(ordinary.japanese.suffixes)


def _extend(analysis: Analysis, first: int, last: int, ordinary: OrdinaryWords) -> tuple[int, int]:
    """The span of a name, with the morphemes beside it from which it was cut off in mid-word."""
    kinds, text, bounds = analysis.kinds, analysis.text, analysis.bounds
    while first > 0 and kinds[first - 1] in (NOUN, STEM, PREFIX):
        # A family name that is an ordinary word, or that no dictionary has as one.
        family = kinds[first] == GIVEN and analysis.surface(first - 1) not in ordinary
        if not family and not _is_one_word(
            text, bounds[first - 1], bounds[first], bounds[first + 1]
        ):
            break
        first -= 1
    while last < len(kinds) and kinds[last] in (NOUN, STEM):
        family = kinds[last - 1] in (FAMILY, PLACE)
        if not family and not _is_one_word(text, bounds[last - 1], bounds[last], bounds[last + 1]):
            break
        last += 1
    return bounds[first], bounds[last]


def _take_given(analysis: Analysis, end: int) -> int:
    """The end of a name with the hiragana after its family name that are no grammar."""
    given = _GIVEN_KANA.match(analysis.text, end)
    if given is None or not _ALL_HAN.fullmatch(analysis.text[end - 1]):
        return end
    index = bisect_left(analysis.bounds, end)
    return given.end() if analysis.kinds[index] in (NOUN, VERB, PRONOUN) else end


def _is_one_word(text: str, start: int, middle: int, end: int) -> bool:
    """Whether two morphemes are katakana both, or Chinese characters of which one stands alone."""
    both = text[start:end]
    if _ALL_KATAKANA.fullmatch(both):
        return True
    return min(middle - start, end - middle) == 1 and bool(_ALL_HAN.fullmatch(both))


def _find_pairs(analysis: Analysis, ordinary: OrdinaryWords) -> Iterator[Candidate]:
    """A word that can be a family name before one that can be a given name."""
    for row in _PAIR.finditer(analysis.kinds):
        index = row.start()
        family, given = analysis.surface(index), analysis.surface(index + 1)
        if (
            FAMILY in name_kinds(family)
            and GIVEN in name_kinds(given)
            and not family.startswith(tuple(ordinary.japanese.prefixes))
            and not given.endswith(ordinary.japanese.suffixes)
        ):
            yield Candidate(analysis.bounds[index], analysis.bounds[index + 2], Reason.PAIR)


def _find_cuts(analysis: Analysis, ordinary: OrdinaryWords) -> Iterator[Candidate]:
    """Rows of single Chinese characters: how a name comes out that no dictionary has."""
    bounds = analysis.bounds
    for row in _CUT.finditer(analysis.kinds):
        first, last = row.span()
        surface = analysis.text[bounds[first] : bounds[last]]
        others = sum(bounds[index + 1] - bounds[index] > 1 for index in range(first, last))
        # One longer word among them is chance in a technical term; a subject is hardly one.
        tells = others == 0 or analysis.text.startswith(_SUBJECT, bounds[last])
        if (
            others < 2 <= last - first - others
            and tells
            and len(surface) in _CUT_LENGTHS
            and _ALL_HAN.fullmatch(surface)
            and surface[0] not in ordinary.japanese.prefixes
            and not surface.endswith(ordinary.japanese.suffixes)
            and not ordinary.lexicon.is_ordinary(surface)
            and _resembles_name(surface)
        ):
            yield Candidate(bounds[first], bounds[last], Reason.CUT)


def _resembles_name(word: str) -> bool:
    """Whether two Chinese characters begin like a family name or end like a given one.

    Two that do neither are mostly a technical term that the dictionary lacks; longer rows are not.
    """
    if len(word) > 2:
        return True
    return FAMILY in name_kinds(word[0]) or GIVEN in name_kinds(word[1])


def _find_addressed(analysis: Analysis, ordinary: OrdinaryWords) -> Iterator[Candidate]:
    """Ordinary words of the dictionary, rare in captions, that somebody is addressed by."""
    for row in _ADDRESSED.finditer(analysis.kinds):
        index = row.start()
        if analysis.surface(index + 1) in _FAMILIAR and analysis.surface(index) not in ordinary:
            yield Candidate(analysis.bounds[index], analysis.bounds[index + 1], Reason.ADDRESSED)


def _find_dotted(text: str) -> Iterator[Candidate]:
    """Katakana with dots between: a foreign name, unless it lists or explains ordinary words."""
    for row in _DOTTED.finditer(text):
        if len(row[0]) > LONGEST_NAME:
            continue
        parts = re.split(f"[{JOINTS}]", row[0])
        if (
            _STRONG_JOINT.search(row[0])
            or _CONNECTIVE.search(row[0])
            or not all(has_ordinary_entry(part) or is_compound(part) for part in parts)
        ):
            yield Candidate(row.start(), row.end(), Reason.DOTTED)
