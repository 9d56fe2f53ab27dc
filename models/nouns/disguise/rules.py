"""Whether a window of a text is a certain name in disguise, and by which tricks."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from enum import Enum

from models.nouns.disguise.index import Spelling
from models.nouns.disguise.inert_words import InertWords
from models.nouns.disguise.skeletons import Disguise, Gap, skeleton_of
from models.nouns.disguise.typos import is_one_slip
from models.nouns.normalisation import fold_kana

_SHORTEST_PLAIN_TYPO = 5
_SHORTEST_JOINED_TYPO = 10
_SHORTEST_RESPELT_WORD = 5
_SHORTEST_SPLIT = 6
_LONG_WORD = 4
_MOST_TURNED = 3
_MANY_WORDS = 3
_MANY_LETTERS = 12


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


def tell_tricks(
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


def turn(window: Sequence[Unit], read: Sequence[str]) -> Iterator[Sequence[str]]:
    """The words of a window with those from each place on brought to the front."""
    if len(read) <= _MOST_TURNED and all(unit.gap is not Gap.BRACKET for unit in window[1:]):
        for cut in range(1, len(read)):
            yield [*read[cut:], *read[:cut]]


def is_turned(turned: Sequence[str], spelling: Spelling) -> bool:
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


def is_misspelt(
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
    # A sign that reads as a letter would be a second slip in a name so short.
    shortest = _SHORTEST_PLAIN_TYPO + any(unit.readings for unit in window)
    if sum(map(len, names)) < shortest:
        return False
    differing = [
        place
        for place, (one, name) in enumerate(zip(read, names, strict=True))
        if one != name and skeleton_of(one) != skeleton_of(name)
    ]
    if len(differing) != 1:
        return False
    place = differing[0]
    if len(names[place]) == 1 or not is_one_slip(fold_kana(read[place]), fold_kana(names[place])):
        return False
    if _has_sure_word(read, names, words):
        return True
    if window[place].inert:
        return False
    if spelling.qualified:
        return True
    if len(names) >= _MANY_WORDS and sum(map(len, names)) >= _MANY_LETTERS:
        return True
    shortest = _LONG_WORD if len(names) > 1 else _SHORTEST_PLAIN_TYPO
    return len(names[place]) >= shortest and not words.is_near_inert(read[place], names[place])
