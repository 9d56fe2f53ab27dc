"""Finding disguised names in pieces of a text: which windows of pieces stand for which name."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import islice, product

from models.nouns.disguise.index import SkeletonIndex
from models.nouns.disguise.inert_words import InertWords
from models.nouns.disguise.rules import (
    Trick,
    Unit,
    Variant,
    is_misspelt,
    is_turned,
    tell_tricks,
    turn,
)
from models.nouns.disguise.skeletons import Disguise, Gap, Piece, skeleton_of
from models.nouns.normalisation import fold_kana

_LONGEST_WINDOW = 5
_MOST_READINGS = 24
_READINGS_WITH_TYPOS = 2
_COST_OF_LENGTHS = 4
_LONGEST_LETTERS = 60
_SHORTEST_PLAIN_TYPO = 5
_LONGEST_SYLLABLE = 3
_FEWEST_SET_APART = 3
_LONGEST_SET_APART = 24


@dataclass(slots=True)
class Effort:
    """What may still be spent on one text. A unit is one reading of one window, up to 0.1 ms."""

    left: int


def find_variants(
    pieces: Sequence[Piece],
    index: SkeletonIndex,
    words: InertWords,
    effort: Effort,
    *,
    tags_by_space: bool = False,
) -> list[Variant]:
    """The disguised names in pieces that follow each other, overlapping ones too.

    Args:
        effort: is spent; with nothing left the search breaks off.
        tags_by_space: whether a space ends a tag.
    """
    found: list[Variant] = []
    for stretch in _stretches(pieces, tags_by_space):
        units, runs = _unite(stretch, words)
        for run in runs:
            found += _search_run(run, index, effort)
        for first in range(len(units)):
            for last in range(first, min(first + _LONGEST_WINDOW, len(units))):
                window = units[first : last + 1]
                if all(unit.inert for unit in window):
                    continue
                if sum(len(unit.letters) for unit in window) > _LONGEST_LETTERS:
                    break
                found += _search_window(window, index, words, effort)
                if effort.left <= 0:
                    return found
    return found


def _stretches(pieces: Sequence[Piece], tags_by_space: bool) -> Iterator[list[Piece]]:
    stretch: list[Piece] = []
    for piece in pieces:
        if stretch and (piece.gap is Gap.BREAK or (tags_by_space and piece.gap is Gap.SPACE)):
            yield stretch
            stretch = []
        stretch.append(piece)
    if stretch:
        yield stretch


def _unite(pieces: Sequence[Piece], words: InertWords) -> tuple[list[Unit], list[list[Unit]]]:
    """The units of pieces, and the runs of short pieces that were united."""
    units: list[Unit] = []
    runs: list[list[Unit]] = []
    place = 0
    while place < len(pieces):
        end = _run_end(pieces, place)
        single = [_unit(piece, words) for piece in pieces[place:end]]
        if len(single) >= _FEWEST_SET_APART:
            runs.append(single)
            units.append(_join(single))
        else:
            units += single
        place = end
    return units, runs


def _run_end(pieces: Sequence[Piece], first: int) -> int:
    """Where a run of letters or syllables that are set apart alike ends."""
    end = first + 1
    gap = pieces[end].gap if end < len(pieces) else Gap.BREAK
    longest = _LONGEST_SYLLABLE if gap is Gap.POINT else 1
    if gap not in (Gap.POINT, Gap.SPACE) or len(pieces[first].letters) > longest:
        return end
    while end < len(pieces) and pieces[end].gap is gap and len(pieces[end].letters) <= longest:
        end += 1
    return end


def _unit(piece: Piece, words: InertWords) -> Unit:
    symbols = any(len(reading) > len(piece.letters) for reading in piece.readings)
    inert = (
        not symbols and piece.disguise is not Disguise.LOOKALIKE and words.is_inert(piece.letters)
    )
    return Unit(
        piece.start, piece.end, piece.letters, piece.readings, piece.gap, piece.disguise, inert
    )


def _join(run: Sequence[Unit]) -> Unit:
    letters = "".join(unit.letters for unit in run)
    choices = [unit.readings[:2] or (unit.letters,) for unit in run]
    readings = dict.fromkeys(
        "".join(choice[min(which, len(choice) - 1)] for choice in choices) for which in (0, 1)
    )
    disguise = max(unit.disguise for unit in run)
    return Unit(
        run[0].start, run[-1].end, letters, tuple(r for r in readings if r != letters),
        run[0].gap, disguise, False, True,
    )  # fmt: skip


def _search_run(run: Sequence[Unit], index: SkeletonIndex, effort: Effort) -> Iterator[Variant]:
    """Names in a part of a run, where something short stands before or after them."""
    for leet in (False, True):
        read = [unit.readings[0] if leet and unit.readings else unit.letters for unit in run]
        if leet and not any(unit.readings for unit in run):
            return
        for first in range(len(run) - _FEWEST_SET_APART + 1):
            if effort.left <= 0:
                return
            effort.left -= 1
            part = read[first : first + _LONGEST_SET_APART]
            if not index.prefixes(skeleton_of("".join(part))):
                continue
            effort.left -= _COST_OF_LENGTHS
            for length in range(_FEWEST_SET_APART, len(part) + 1):
                letters = "".join(part[:length])
                for spelling in index.find(skeleton_of(letters)) if length < len(run) else ():
                    if fold_kana("".join(spelling.words)) == fold_kana(letters):
                        start, end = run[first].start, run[first + length - 1].end
                        yield Variant(start, end, spelling, (Trick.SET_APART,))


def _search_window(
    window: Sequence[Unit], index: SkeletonIndex, words: InertWords, effort: Effort
) -> Iterator[Variant]:
    for number, (leet, read) in enumerate(_readings_of(window)):
        effort.left -= 1
        letters = "".join(read)
        for spelling in index.find(skeleton_of(letters)):
            tricks = tell_tricks(window, read, spelling, leet, words)
            if tricks:
                yield Variant(window[0].start, window[-1].end, spelling, tricks)
        for turned in turn(window, read):
            for spelling in index.find(skeleton_of("".join(turned))):
                if is_turned(turned, spelling):
                    tricks = (Trick.REVERSED, Trick.LEET) if leet else (Trick.REVERSED,)
                    yield Variant(window[0].start, window[-1].end, spelling, tricks)
        if number < _READINGS_WITH_TYPOS and len(letters) >= _SHORTEST_PLAIN_TYPO - 1:
            folded = fold_kana(letters)
            for spelling in index.find_misspelt(folded):
                if is_misspelt(window, read, spelling, words):
                    tricks = (Trick.TYPO, Trick.LEET) if leet else (Trick.TYPO,)
                    yield Variant(window[0].start, window[-1].end, spelling, tricks)


def _readings_of(window: Sequence[Unit]) -> Iterator[tuple[bool, tuple[str, ...]]]:
    """(whether signs are read as letters, a word for each unit), plain letters first.

    A number is read as letters only beside a word in which signs are.
    """
    plain = tuple(unit.letters for unit in window)
    yield False, plain
    if not any(unit.readings for unit in window):
        return
    mixed = any(unit.readings and not unit.letters.isdigit() for unit in window)
    seen = {plain}
    for numbers in (False, True):
        choices = [
            (unit.readings or (unit.letters,))
            if numbers or not unit.letters.isdigit() or unit.joined
            else (unit.letters,)
            for unit in window
        ]
        for read in islice(product(*choices), _MOST_READINGS):
            if read not in seen:
                seen.add(read)
                yield True, read
        if not mixed:
            return
