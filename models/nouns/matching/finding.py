"""Finding registered names in one text: search, boundaries, evidence, and which of them stand."""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from models.nouns.forms import Form, tag_bounds
from models.nouns.matching.evidence import (
    IN_QUOTES,
    Evidence,
    is_described,
    is_hopeless,
    is_kanji,
    stands_alone,
)
from models.nouns.matching.patterns import CompiledNames, Pattern, Strength, Target
from models.nouns.matching.searching import Found
from models.nouns.normalisation import Normalised, is_unspaced, normalise
from models.nouns.recognition import NounText, prepare
from models.nouns.register.storage import NameEntry

_AFTER_KANJI_NAME = frozenset("様達君氏風版役似本先嬢殿姫")
_POINTING = frozenset({"この", "その", "あの", "どの", "ある"})
_VERBAL = ("し", "する", "さ", "として", "状", "化", "的", "とし", "など", "類")
_SURE_KANA = 5
_FUNCTION_WORDS = frozenset(
    (
        "a", "an", "the", "this", "that", "his", "her", "its", "their", "my", "your", "our",
        "it", "he", "she", "they", "i", "of", "in", "on", "at", "by", "to", "and", "or", "as",
    )
)  # fmt: skip
"""Words that follow an announcement as a matter of course: ``art by a child``."""


@dataclass(frozen=True, slots=True)
class NameMatch:
    """A registered name in a text.

    Attributes:
        start, end: code points of the original text, end exclusive.
        surface: the text of the span.
        entry: the registered name; where several are written so, the first of its category.
        how: which spelling of the name this is (see ``Target``).
        evidence: why an ambiguous spelling counts here; empty for one that needs no evidence.
        certain: whether the spelling proves by itself that the name is meant.
        namesakes: how many other entries of the same category are written the same.
    """

    start: int
    end: int
    surface: str
    entry: NameEntry
    how: str
    evidence: str
    certain: bool
    namesakes: int


@dataclass(frozen=True, slots=True)
class _Hit:
    pattern: Pattern
    start: int
    end: int
    strength: Strength
    evidence: str = ""


def find_names(text: str, names: CompiledNames, form: Form | None = None) -> list[NameMatch]:
    """Registered names in any string; see ``find_matches``."""
    return find_matches(prepare(text, form=form), names)


def find_matches(searched: NounText, names: CompiledNames) -> list[NameMatch]:
    """Registered names in a text, ordered by position, then category.

    Of names that overlap the longest of the surest stands. A span that belongs to entries of
    several categories gives one match for each, because a policy may treat them differently.
    """
    text = searched.text
    if searched.form is not Form.BOORU:
        return _judge(names.search(searched.normal), searched, names, None)
    if "," in text.strip(",") and text.isascii():
        if names.quiet.are_quiet(text.split(","), lambda piece: _is_quiet(piece, names)):
            return []
        return _judge(names.search(searched.normal), searched, names, None)
    return _judge(names.search(searched.normal), searched, names, tag_bounds(text))


def _is_quiet(piece: str, names: CompiledNames) -> bool:
    """Whether what stands between two commas of a list of tags in ASCII holds no name, whatever
    stands beside it.

    What counts as evidence in a list of tags stands between the same commas, but for the name of a
    work elsewhere; and where all pieces are quiet no work is named.
    """
    text = piece + ","
    normal = normalise(text)
    if normal.text.rfind("(") > normal.text.rfind(")"):
        return False
    found, goes_on = names.search_part(normal)
    return not goes_on and not _judge(found, NounText(text, normal, Form.BOORU), names, None)


def _judge(
    found: Sequence[Found],
    searched: NounText,
    names: CompiledNames,
    bounds: tuple[int, ...] | None,
) -> list[NameMatch]:
    """Which of the patterns in a text are names there; none that reaches over one of ``bounds``."""
    text, normal = searched.text, searched.normal
    if not found:
        return []
    sure: list[_Hit] = []
    doubtful: list[Found] = []
    if is_hopeless(searched):
        # Ambiguous ones count beside a name that is sure, and only then are they worth a look.
        candidates = [seen for seen in found if seen[0].strength < Strength.AMBIGUOUS]
        _sort_out(candidates, searched, names, bounds, sure, doubtful)
        if not sure:
            return []
        found = [seen for seen in found if seen[0].strength >= Strength.AMBIGUOUS]
    _sort_out(found, searched, names, bounds, sure, doubtful)
    if doubtful:
        evidence = Evidence(searched, names.lexicon, names.vocabulary)
        context = _context(sure, names) if sure else frozenset()
        for pattern, start, end in doubtful:
            why = evidence.find(pattern, start, end)
            if not why and context:
                why = _work_nearby(pattern, context, names)
            if why and not (pattern.key in _FUNCTION_WORDS and why != IN_QUOTES):
                sure.append(_Hit(pattern, start, end, Strength.AMBIGUOUS, why))
    if not sure:
        return []
    matches = [
        match
        for hit in _without_overlaps(sure, len(normal.text))
        for match in _matches(hit, normal, text, names)
    ]
    matches.sort(key=lambda match: (match.start, match.end, match.entry.category))
    return matches


def _sort_out(
    found: Iterable[Found],
    searched: NounText,
    names: CompiledNames,
    bounds: tuple[int, ...] | None,
    sure: list[_Hit],
    doubtful: list[Found],
) -> None:
    """Put the patterns that are words of their own among the sure or the doubtful ones."""
    normal, form = searched.normal, searched.form
    for pattern, start, end in found:
        if not pattern.spaced and not _is_bounded(normal.text, start, end):
            continue
        if bounds and _crosses(normal, start, end, bounds):
            continue
        strength = _strength_here(normal, pattern, start, end, form, names)
        if strength < Strength.AMBIGUOUS:
            sure.append(_Hit(pattern, start, end, strength))
        else:
            doubtful.append((pattern, start, end))


def _strength_here(
    normal: Normalised,
    pattern: Pattern,
    start: int,
    end: int,
    form: Form,
    names: CompiledNames,
) -> Strength:
    """A pattern's strength in this place."""
    strength = pattern.strength
    if strength >= Strength.AMBIGUOUS:
        return strength
    if strength is Strength.LISTED:
        if form is Form.ENGLISH and pattern.spaced and not _has_capital(normal, start):
            return Strength.AMBIGUOUS
        if form is Form.JAPANESE and _is_common_use(normal, start, end):
            return Strength.AMBIGUOUS
        strength = Strength.SHARED
    elif (
        form is Form.JAPANESE
        and pattern.words == 1
        and not any(map(is_kanji, normal.text[start:end]))
        and _makes_compound(normal.text, end)
    ):
        return Strength.AMBIGUOUS
    written = normal.text[start:end]
    if written != pattern.spelling and len(written) < _SURE_KANA:
        return Strength.AMBIGUOUS
    if form is Form.BOORU:
        if pattern.words == 1 and not stands_alone(normal.text, start, end):
            return Strength.AMBIGUOUS
        if is_described(normal.text, start, end, names.vocabulary):
            return Strength.DESCRIPTIVE
    return strength


def _has_capital(normal: Normalised, start: int) -> bool:
    return normal.original[normal.span(start, start + 1)[0]].isupper()


def _makes_compound(text: str, end: int) -> bool:
    """Whether a word in katakana is the first part of a longer word (``アルファ波``)."""
    after = text[end]
    return _is_katakana(text[end - 1]) and is_kanji(after) and after not in _AFTER_KANJI_NAME


def _is_common_use(normal: Normalised, start: int, end: int) -> bool:
    """Whether a Japanese word is used as the ordinary word that it also is.

    It is part of a compound, becomes a verb, is pointed at, or stands in a list of things.
    """
    text = normal.text
    before = text[max(0, start - 2) : start]
    if _makes_compound(text, end) or is_kanji(before[-1]) or before in _POINTING:
        return True
    first, last = normal.span(start, end)
    original = normal.original
    return original.startswith((*_VERBAL, "、"), last) or original.endswith("、", 0, first)


def _is_bounded(text: str, start: int, end: int) -> bool:
    """Whether a span in a script without spaces does not cut through a word.

    In scripts with spaces the spaces of the pattern have seen to that.
    """
    first, last = text[start], text[end - 1]
    before, after = text[start - 1], text[end] if end < len(text) else " "
    if is_unspaced(first) and is_unspaced(before):
        if _is_katakana(first) and _is_katakana(before):
            return False
        if _is_hangul(first) and _is_hangul(before):
            return False
        if is_kanji(before) and _is_short_kanji(text, start, end):
            return False
    if is_unspaced(last) and is_unspaced(after):
        if _is_katakana(last) and _is_katakana(after):
            return False
        if is_kanji(after) and _is_short_kanji(text, start, end):
            return after in _AFTER_KANJI_NAME
    return True


def _is_katakana(char: str) -> bool:
    return "\u30a1" <= char <= "\u30fe"


def _is_hangul(char: str) -> bool:
    return "\uac00" <= char <= "\ud7a3"


def _is_short_kanji(text: str, start: int, end: int) -> bool:
    return end - start <= 2 and all(map(is_kanji, text[start:end]))


def _crosses(normal: Normalised, start: int, end: int, bounds: tuple[int, ...]) -> bool:
    """Whether a span reaches over the space between two tags."""
    first, last = normal.span(start, end)
    nearest = bisect_right(bounds, first)
    return nearest < len(bounds) and bounds[nearest] < last


def _context(sure: Iterable[_Hit], names: CompiledNames) -> frozenset[str]:
    """Keys of the names found for certain, and of the works that they are known to belong to."""
    keys: set[str] = set()
    for hit in sure:
        keys.add(hit.pattern.key)
        if hit.strength is Strength.PLAIN:
            for target in hit.pattern.targets[:1]:
                keys |= names.qualifiers_of(target.entry)
    return frozenset(keys)


def _work_nearby(pattern: Pattern, context: frozenset[str], names: CompiledNames) -> str:
    shared = names.works_of(pattern) & context
    return f"its work {min(shared)!r} is named nearby" if shared else ""


def _without_overlaps(hits: list[_Hit], length: int) -> list[_Hit]:
    """The surest and longest of hits that overlap, in a normal form of ``length`` characters."""
    if len(hits) == 1:
        return hits
    hits.sort(
        key=lambda hit: (
            hit.strength is Strength.AMBIGUOUS,
            hit.start - hit.end,
            hit.strength,
            hit.start,
        )
    )
    kept: list[_Hit] = []
    taken = bytearray(length)
    for hit in hits:
        if taken.find(1, hit.start, hit.end) < 0:
            taken[hit.start : hit.end] = b"\1" * (hit.end - hit.start)
            kept.append(hit)
    return kept


def _matches(hit: _Hit, normal: Normalised, text: str, names: CompiledNames) -> list[NameMatch]:
    start, end = normal.span(hit.start, hit.end)
    by_category: dict[str, list[Target]] = {}
    for target in hit.pattern.targets:
        entry = names.entry(target.entry)
        by_category.setdefault(entry.category, []).append(target)
    return [
        NameMatch(
            start,
            end,
            text[start:end],
            names.entry(targets[0].entry),
            targets[0].how,
            hit.evidence,
            max(hit.strength, targets[0].strength) is Strength.PLAIN,
            len(targets) - 1,
        )
        for targets in by_category.values()
    ]
