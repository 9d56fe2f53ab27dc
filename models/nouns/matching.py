"""Finding registered names in one text: search, boundaries, evidence, and which of them stand."""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Iterable
from dataclasses import dataclass

from models.nouns.evidence import evidence_for, is_kanji, stands_alone
from models.nouns.forms import Form, tag_bounds
from models.nouns.normalisation import Normalised, is_unspaced
from models.nouns.patterns import CompiledNames, Pattern, Strength, Target
from models.nouns.recognition import NounText, prepare
from models.nouns.register import NameEntry

_AFTER_KANJI_NAME = frozenset("様達君氏風版役似本先嬢殿姫")
_SURE_KANA = 5


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
    text, normal, form = searched.text, searched.normal, searched.form
    found = names.search(normal.key)
    if not found:
        return []
    bounds = tag_bounds(text) if form is Form.BOORU else None
    hits = [
        _Hit(pattern, start, end, _strength_here(normal, pattern, start, end, form))
        for pattern, start, end in found
        if _is_bounded(normal.text, start, end) and not _crosses(normal, start, end, bounds)
    ]
    sure = [hit for hit in hits if hit.strength is not Strength.AMBIGUOUS]
    doubtful = [hit for hit in hits if hit.strength is Strength.AMBIGUOUS]
    if doubtful:
        context = _context(sure, names)
        for hit in doubtful:
            why = evidence_for(normal, text, hit.pattern, hit.start, hit.end, form, names.lexicon)
            why = why or _work_nearby(hit, context, names)
            if why:
                sure.append(_Hit(hit.pattern, hit.start, hit.end, hit.strength, why))
    matches = [
        match for hit in _without_overlaps(sure) for match in _matches(hit, normal, text, names)
    ]
    matches.sort(key=lambda match: (match.start, match.end, match.entry.category))
    return matches


def _strength_here(
    normal: Normalised, pattern: Pattern, start: int, end: int, form: Form
) -> Strength:
    """A pattern's strength in this place."""
    strength = pattern.strength
    if strength is Strength.AMBIGUOUS:
        return strength
    written = normal.text[start:end]
    if written != pattern.spelling and len(written) < _SURE_KANA:
        return Strength.AMBIGUOUS
    if form is Form.BOORU and pattern.words == 1 and not stands_alone(normal.text, start, end):
        return Strength.AMBIGUOUS
    return strength


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


def _crosses(normal: Normalised, start: int, end: int, bounds: tuple[int, ...] | None) -> bool:
    """Whether a span reaches over the space between two tags."""
    if not bounds:
        return False
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


def _work_nearby(hit: _Hit, context: frozenset[str], names: CompiledNames) -> str:
    for target in hit.pattern.targets:
        if shared := names.qualifiers_of(target.entry) & context:
            return f"its work {min(shared)!r} is named nearby"
    return ""


def _without_overlaps(hits: list[_Hit]) -> list[_Hit]:
    """The surest and longest of hits that overlap."""
    ranked = sorted(
        hits,
        key=lambda hit: (
            hit.strength is Strength.AMBIGUOUS,
            hit.start - hit.end,
            hit.strength,
            hit.start,
        ),
    )
    kept: list[_Hit] = []
    starts: list[int] = []
    for hit in ranked:
        place = bisect_right(starts, hit.start)
        clear_before = place == 0 or kept[place - 1].end <= hit.start
        if clear_before and (place == len(kept) or hit.end <= starts[place]):
            kept.insert(place, hit)
            starts.insert(place, hit.start)
    return kept


def _matches(hit: _Hit, normal: Normalised, text: str, names: CompiledNames) -> list[NameMatch]:
    start, end = normal.span(hit.start, hit.end)
    by_category: dict[str, list[Target]] = {}
    for target in hit.pattern.targets:
        entry = names.register.entries[target.entry]
        by_category.setdefault(entry.category, []).append(target)
    return [
        NameMatch(
            start,
            end,
            text[start:end],
            names.register.entries[targets[0].entry],
            targets[0].how,
            hit.evidence,
            max(hit.strength, targets[0].strength) is Strength.PLAIN,
            len(targets) - 1,
        )
        for targets in by_category.values()
    ]
