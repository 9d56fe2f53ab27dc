"""Finding disguised names in pieces of a text: which windows of pieces stand for which name."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from enum import Enum
from itertools import islice, product

from models.nouns.inert_words import InertWords
from models.nouns.normalisation import fold_kana
from models.nouns.skeleton_index import SkeletonIndex, Spelling
from models.nouns.skeletons import Disguise, Gap, Piece, skeleton_of
from models.nouns.typos import is_one_slip

_LONGEST_WINDOW = 5
_MOST_READINGS = 24
_LONGEST_LETTERS = 60
_SHORTEST_PLAIN_TYPO = 6
_SHORTEST_JOINED_TYPO = 10
_SHORTEST_RESPELT_WORD = 5
_SHORTEST_SPLIT = 6
_LONGEST_SYLLABLE = 3
_FEWEST_SET_APART = 3
_LONGEST_SET_APART = 24
_LONG_WORD = 4
_MOST_TURNED = 3


class Trick(Enum):
    """How a spelling differs from the registered one; in words, to follow the name."""

    INVISIBLE = "with invisible characters inside"
    LOOKALIKE = "with look-alike letters of another script"
    STYLED = "in styled letters"
    SET_APART = "with its letters set apart"
    LEET = "with digits or symbols for letters"
    RESPELT = "in another romanisation or with doubled letters"
    REVERSED = "with its parts the other way round"
    UNSPACED = "written without spaces"
    SPACED = "with its spaces in other places"
    KANA = "with other kana"
    TYPO = "with one letter wrong"


@dataclass(frozen=True, slots=True)
class Variant:
    """A disguised name in a text.

    Attributes:
        start, end: code points of the original, end exclusive.
        spelling: the registered spelling that is meant.
        tricks: what disguises it, the plainest first; never empty.
    """

    start: int
    end: int
    spelling: Spelling
    tricks: tuple[Trick, ...]


@dataclass(frozen=True, slots=True)
class Unit:
    """One piece, or several that spell a word letter by letter.

    Attributes:
        inert: whether it is an ordinary word.
        joined: whether it was made of several pieces.
    """

    start: int
    end: int
    letters: str
    readings: tuple[str, ...]
    gap: Gap
    disguise: Disguise
    inert: bool
    joined: bool = False


def find_variants(
    pieces: Sequence[Piece], index: SkeletonIndex, words: InertWords, *, tags_by_space: bool = False
) -> list[Variant]:
    """The disguised names in pieces that follow each other, overlapping ones too.

    Args:
        tags_by_space: whether a space ends a tag.
    """
    found: list[Variant] = []
    for stretch in _stretches(pieces, tags_by_space):
        units, runs = _unite(stretch, words)
        for run in runs:
            found += _search_run(run, index)
        for first in range(len(units)):
            for last in range(first, min(first + _LONGEST_WINDOW, len(units))):
                window = units[first : last + 1]
                if all(unit.inert for unit in window):
                    continue
                if sum(len(unit.letters) for unit in window) > _LONGEST_LETTERS:
                    break
                found += _search_window(window, index, words)
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


def _search_run(run: Sequence[Unit], index: SkeletonIndex) -> Iterator[Variant]:
    """Names in a part of a run, where something short stands before or after them."""
    for leet in (False, True):
        read = [unit.readings[0] if leet and unit.readings else unit.letters for unit in run]
        if leet and not any(unit.readings for unit in run):
            return
        for first in range(len(run) - _FEWEST_SET_APART + 1):
            part = read[first : first + _LONGEST_SET_APART]
            if not index.prefixes(skeleton_of("".join(part))):
                continue
            for length in range(_FEWEST_SET_APART, len(part) + 1):
                letters = "".join(part[:length])
                for spelling in index.find(skeleton_of(letters)) if length < len(run) else ():
                    if fold_kana("".join(spelling.words)) == fold_kana(letters):
                        start, end = run[first].start, run[first + length - 1].end
                        yield Variant(start, end, spelling, (Trick.SET_APART,))


def _search_window(
    window: Sequence[Unit], index: SkeletonIndex, words: InertWords
) -> Iterator[Variant]:
    for leet, read in _readings_of(window):
        letters = "".join(read)
        for spelling in index.find(skeleton_of(letters)):
            tricks = _tell(window, read, spelling, leet, words)
            if tricks:
                yield Variant(window[0].start, window[-1].end, spelling, tricks)
        for turned in _turns(window, read):
            for spelling in index.find(skeleton_of("".join(turned))):
                if _is_turned(turned, spelling):
                    tricks = (Trick.REVERSED, Trick.LEET) if leet else (Trick.REVERSED,)
                    yield Variant(window[0].start, window[-1].end, spelling, tricks)
        if len(letters) >= _SHORTEST_PLAIN_TYPO - 1:
            folded = fold_kana(letters)
            for spelling in index.find_misspelt(folded):
                if _is_misspelt(window, read, spelling, words):
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


def _tell(
    window: Sequence[Unit], read: Sequence[str], spelling: Spelling, leet: bool, words: InertWords
) -> tuple[Trick, ...]:
    """The tricks by which a window of the same skeleton is that name; none where it is not."""
    tricks: list[Trick] = []
    disguise = max(unit.disguise for unit in window)
    if disguise is Disguise.LOOKALIKE:
        tricks.append(Trick.LOOKALIKE)
    elif disguise is Disguise.INVISIBLE:
        tricks.append(Trick.INVISIBLE)
    elif disguise is Disguise.STYLED:
        tricks.append(Trick.STYLED)
    if any(unit.joined for unit in window):
        tricks.append(Trick.SET_APART)
    if leet:
        tricks.append(Trick.LEET)
    plain = "".join(read) == "".join(spelling.words)
    names = spelling.words
    if len(read) == len(names) and all(
        one == other or skeleton_of(one) == skeleton_of(other)
        for one, other in zip(read, names, strict=True)
    ):
        if plain:
            return tuple(tricks)
        differing = [
            (unit, word) for unit, one, word in zip(window, read, names, strict=True) if one != word
        ]
        if any(unit.inert for unit, _ in differing) and not _has_sure_word(read, names, words):
            return ()
        if len(names) == 1 and len(skeleton_of(names[0])) < _SHORTEST_RESPELT_WORD:
            return ()
        return (*tricks, Trick.RESPELT)
    if skeleton_of("".join(read)) != skeleton_of("".join(names)):
        return ()
    if Trick.SET_APART in tricks:
        return (*tricks,) if plain else (*tricks, Trick.RESPELT)
    respelt = () if plain else (Trick.RESPELT,)
    if len(window) == 1:
        if not leet and words.is_sequence(read[0]):
            return ()
        return (*tricks, Trick.UNSPACED, *respelt)
    return (*tricks, Trick.SPACED, *respelt) if _is_split(window, read, names) else ()


def _is_split(window: Sequence[Unit], read: Sequence[str], names: Sequence[str]) -> bool:
    """Whether spaces were moved on purpose, and not words met by chance that make up the name."""
    if sum(map(len, read)) < _SHORTEST_SPLIT:
        return False
    if all(unit.gap in (Gap.POINT, Gap.NOTHING) for unit in window[1:]):
        return not all(unit.inert for unit in window)
    # What the pieces share with the name's words needs no other explanation.
    left = [unit for unit, one in zip(window, read, strict=True) if one not in names]
    strange = [unit for unit in left if not unit.inert]
    if any(
        one in names and len(one) >= _LONG_WORD and not unit.inert
        for unit, one in zip(window, read, strict=True)
    ):
        return True
    if not strange:
        return False
    if len(names) > 1 and len(left) < len(window):
        return True
    return len(strange) == len(left) or max(len(unit.letters) for unit in strange) >= 4


def _turns(window: Sequence[Unit], read: Sequence[str]) -> Iterator[Sequence[str]]:
    """The words of a window with those from each place on brought to the front."""
    if len(read) <= _MOST_TURNED and all(unit.gap is not Gap.BRACKET for unit in window[1:]):
        for cut in range(1, len(read)):
            yield [*read[cut:], *read[:cut]]


def _is_turned(turned: Sequence[str], spelling: Spelling) -> bool:
    """Whether words are those of a name, each at its place."""
    names = spelling.words
    return len(turned) == len(names) and all(
        one == other or skeleton_of(one) == skeleton_of(other)
        for one, other in zip(turned, names, strict=True)
    )


def _has_sure_word(read: Sequence[str], names: Sequence[str], words: InertWords) -> bool:
    """Whether a long word that is no ordinary one stands in both at the same place."""
    return any(
        one == name and len(name) >= _LONG_WORD and not words.is_common(name)
        for one, name in zip(read, names, strict=True)
    )


def _is_misspelt(
    window: Sequence[Unit], read: Sequence[str], spelling: Spelling, words: InertWords
) -> bool:
    """Whether one word of a window is a slip from the name's, and the others are the name's."""
    names = spelling.words
    if len(read) != len(names):
        joined, name = "".join(read), "".join(names)
        return (
            len(read) == 1
            and len(name) >= _SHORTEST_JOINED_TYPO
            and not window[0].inert
            and not words.is_sequence(joined)
            and is_one_slip(fold_kana(joined), fold_kana(name))
        )
    if sum(map(len, names)) < _SHORTEST_PLAIN_TYPO:
        return False
    differing = [
        place
        for place, (one, name) in enumerate(zip(read, names, strict=True))
        if one != name and skeleton_of(one) != skeleton_of(name)
    ]
    if len(differing) != 1:
        return False
    place = differing[0]
    if not is_one_slip(fold_kana(read[place]), fold_kana(names[place])):
        return False
    if _has_sure_word(read, names, words):
        return True
    if window[place].inert:
        return False
    if spelling.qualified:
        return True
    shortest = _LONG_WORD if len(names) > 1 else _SHORTEST_PLAIN_TYPO
    return len(names[place]) >= shortest and not words.is_near_inert(read[place], names[place])
