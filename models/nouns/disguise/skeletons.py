"""Skeletons: what is left of a name when the ways of disguising it are taken away.

Two spellings that a reader takes for the same name have the same skeleton. Letters lose case,
width, diacritics and script (look-alikes), Latin letters lose what romanisations of Japanese
disagree about (long vowels, ``shi``/``si``, double letters), and kana lose script, size and ``ー``.
Nothing separates words in a skeleton, so that where they were parted must be compared by itself.

A text is cut into pieces, each of which knows its place in the original; a skeleton of kana
comes with the place of every character.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from enum import IntEnum
from functools import lru_cache
from itertools import product

from models.nouns.disguise.lookalikes import HAN_AS_KANA, LOOKALIKES
from models.nouns.normalisation import (
    MARK,
    NOTHING,
    UNSPACED,
    Normalised,
    fold_cluster,
    fold_kana,
)

_MAX_CLUSTER = 31
_LEET = {
    "0": "o", "1": "il", "2": "z", "3": "e", "4": "a", "5": "s", "6": "g", "7": "t", "8": "b",
    "9": "g", "@": "a", "$": "s", "!": "il", "|": "li", "+": "t", "€": "e", "£": "l", "¥": "y",
}  # fmt: skip
_WRITTEN_ANYWHERE = frozenset("@$€£¥")
_MOST_CHOICES = 4
_LONGEST_READ = 60
_WORD = re.compile(r"[A-Za-z0-9]+")
_CAPITAL_I = re.compile(r"(?<=[a-z])I|I(?=[b-hj-z][a-z])")
_STOP = re.compile(r"\.(?:\s|\Z)")

_ROMAJI = (
    ("ts", "t"), ("shi", "si"), ("sh", "sy"), ("tch", "ty"), ("chi", "ti"), ("ch", "ty"),
    ("dz", "z"), ("ji", "zi"), ("jy", "zy"), ("j", "zy"), ("fu", "hu"), ("ou", "o"),
    ("mb", "nb"), ("mp", "np"), ("mm", "n"),
)  # fmt: skip
_ROMAJI_FOLDS = dict(_ROMAJI)
_ROMAJI_PATTERN = re.compile("|".join(_ROMAJI_FOLDS))
_LONG_O = re.compile(r"oh(?![aeiouy])")
_DOUBLED = re.compile(r"([a-z])\1+")

_SMALL = "ァィゥェォッャュョヮヵヶ"
_LARGE = "アイウエオツヤユヨワカケ"
_KANA = str.maketrans(_SMALL + "ヂヅヰヱヲ" + "ー", _LARGE + "ジズイエオ" + "\0") | HAN_AS_KANA
_VU = re.compile("ヴ([アイエオ]?)")
_VU_FOLDS = {"ア": "バ", "イ": "ビ", "エ": "ベ", "オ": "ボ", "": "ブ"}
_JOINT = re.compile(
    r"(?<=[\0\u3005-\u3007\u3031-\u30ff\u3400-\u9fff\uac00-\ud7a3]) "
    r"(?=[\0\u3005-\u3007\u3031-\u30ff\u3400-\u9fff\uac00-\ud7a3])"
)


class Gap(IntEnum):
    """What stands between a piece and the one before it; the greatest of several counts."""

    NOTHING = 0
    SPACE = 1
    POINT = 2
    """Punctuation such as ``-``, ``_`` or ``.``."""
    BRACKET = 3
    BREAK = 4
    """The end of a tag or of a sentence."""


class Disguise(IntEnum):
    """What makes a piece look unlike its letters."""

    NONE = 0
    STYLED = 1
    """Full-width, enclosed or mathematical letters, or diacritics."""
    INVISIBLE = 2
    LOOKALIKE = 3


@dataclass(frozen=True, slots=True)
class Piece:
    """A word of a text, or what stands between two separators.

    Attributes:
        start, end: code points of the original, end exclusive.
        letters: what it reads as, digits as digits and symbols left out.
        readings: what it may read as with digits and symbols read as letters, likeliest first; at
            most seventeen.
        gap: what stands before it.
        disguise: what its letters hide behind.
    """

    start: int
    end: int
    letters: str
    readings: tuple[str, ...]
    gap: Gap
    disguise: Disguise


@lru_cache(maxsize=1 << 14)
def skeleton_of(letters: str) -> str:
    """The skeleton of letters in normal form, kana in either script, without separators."""
    if not letters.isascii():
        letters = _skeleton_of_kana(letters)
    letters = _DOUBLED.sub(r"\1", letters)
    letters = _ROMAJI_PATTERN.sub(lambda found: _ROMAJI_FOLDS[found[0]], letters)
    if "oh" in letters:
        letters = _LONG_O.sub("o", letters)
    return _DOUBLED.sub(r"\1", letters)


def _skeleton_of_kana(letters: str) -> str:
    folded = fold_kana(letters).translate(_KANA).replace("\0", "")
    return _VU.sub(lambda found: _VU_FOLDS[found[1]], folded) if "ヴ" in folded else folded


def skeleton_of_unspaced(normal: Normalised) -> tuple[str, Sequence[int]]:
    """The skeleton of a text in a script without spaces, and where each character came from.

    Unlike ``skeleton_of`` it leaves Latin letters alone and keeps the spaces beside them.

    Returns:
        The skeleton, and for each of its characters the place in ``normal.text``.
    """
    # Every step keeps the length, with a null where a character is dropped.
    folded = normal.key.translate(_KANA)
    if " " in folded:
        folded = _JOINT.sub("\0", folded)
    if "ヴ" in folded:
        for vowel, kana in _VU_FOLDS.items():
            folded = folded.replace("ヴ" + vowel, kana + "\0" * len(vowel))
    if "\0" not in folded:
        return folded, range(len(folded))
    places = [place for place, char in enumerate(folded) if char != "\0"]
    return folded.replace("\0", ""), places


def cut_pieces(text: str, start: int, stop: int) -> list[Piece]:
    """The pieces of ``text[start:stop]``, in order. Any string will do."""
    return list(_cut(text, start, stop))


class _Draft:
    """A piece that is being read."""

    __slots__ = ("disguise", "end", "letters", "read", "start", "unspaced")

    def __init__(self, start: int, unspaced: bool) -> None:
        self.start = self.end = start
        self.letters: list[str] = []
        self.read: list[str] = []
        self.disguise = Disguise.NONE
        self.unspaced = unspaced

    def finish(self, gap: Gap) -> Piece | None:
        letters, read = "".join(self.letters), "".join(self.read)
        if not letters:
            return None
        return Piece(self.start, self.end, letters, _readings(letters, read), gap, self.disguise)


def _readings(letters: str, read: str) -> tuple[str, ...]:
    """Readings of a piece other than its letters."""
    if len(read) > _LONGEST_READ:
        return ()
    lowered = read.lower()
    found: list[str] = []
    if not lowered.isalpha() or "£" in read:
        found += _read_leet(lowered)
    if _CAPITAL_I.search(read):
        found.append(_CAPITAL_I.sub("l", read).lower())
    return tuple(dict.fromkeys(reading for reading in found if reading != letters))


def _read_leet(read: str) -> list[str]:
    """Every reading, or where too many signs have two the two in which all of them read alike."""
    choices = [_LEET.get(char, char) for char in read]
    if sum(len(choice) > 1 for choice in choices) <= _MOST_CHOICES:
        return ["".join(chosen) for chosen in product(*choices)]
    return ["".join(choice[0] for choice in choices), "".join(choice[-1] for choice in choices)]


def _cut(text: str, start: int, stop: int) -> Iterator[Piece]:
    draft: _Draft | None = None
    gap = Gap.BREAK
    place = start
    while place < stop:
        char = text[place]
        if word := _WORD.match(text, place, stop):
            if draft is None or draft.unspaced:
                if draft is not None and (piece := draft.finish(gap)):
                    yield piece
                    gap = Gap.NOTHING
                draft = _Draft(place, False)
            draft.letters.append(word[0].lower())
            draft.read.append(word[0])
            place = draft.end = word.end()
            continue
        if char in _LEET and _reads_as_letter(text, place, stop, draft):
            if draft is None:
                draft = _Draft(place, False)
            draft.read.append(char)
            place += 1
            draft.end = place
            continue
        after = _cluster_end(text, place, stop)
        parts = _fold(text[place:after]) if char >= "\x80" else _ascii_parts(text, place)
        if not parts and draft is not None:
            draft.disguise = max(draft.disguise, Disguise.INVISIBLE)
        for kind, part, disguise in parts:
            if kind in (NOTHING, MARK):
                if draft is not None:
                    if piece := draft.finish(gap):
                        yield piece
                        gap = Gap.NOTHING
                    draft = None
                gap = max(gap, _gap(char, part))
                continue
            unspaced = kind == UNSPACED
            if draft is None or draft.unspaced != unspaced:
                if draft is not None and (piece := draft.finish(gap)):
                    yield piece
                    gap = Gap.NOTHING
                draft = _Draft(place, unspaced)
            draft.letters.append(part)
            draft.read.append(part)
            draft.disguise = max(draft.disguise, disguise)
            draft.end = after
        place = after
    if draft is not None and (piece := draft.finish(gap)):
        yield piece


def _reads_as_letter(text: str, place: int, stop: int, draft: _Draft | None) -> bool:
    """Whether a symbol stands where a letter may: before one, or for some signs after one."""
    inside = draft is not None and not draft.unspaced
    follows = place + 1 < stop and (text[place + 1].isalnum() or text[place + 1] in "@$!|")
    if text[place] in _WRITTEN_ANYWHERE:
        return inside or follows
    return inside and follows


def _ascii_parts(text: str, place: int) -> tuple[tuple[int, str, Disguise], ...]:
    if _STOP.match(text, place):
        return ((MARK, ",", Disguise.NONE),)
    return tuple((kind, part, Disguise.NONE) for kind, part in fold_cluster(text[place]))


@lru_cache(maxsize=1 << 14)
def _fold(cluster: str) -> tuple[tuple[int, str, Disguise], ...]:
    """``fold_cluster`` with look-alikes read as what they look like."""
    plain = LOOKALIKES.get(cluster[0])
    if plain is not None:
        return ((1, plain, Disguise.LOOKALIKE),)
    parts = []
    for kind, part in fold_cluster(cluster):
        disguise = Disguise.NONE
        if kind not in (NOTHING, MARK, UNSPACED):
            read = "".join(LOOKALIKES.get(char, char) for char in part)
            if read != part:
                disguise = Disguise.LOOKALIKE
            elif read.isascii():
                disguise = Disguise.STYLED
            part = read
        parts.append((kind, part, disguise))
    return tuple(parts)


def _gap(char: str, part: str) -> Gap:
    if part == ",":
        return Gap.BREAK
    if part:
        return Gap.BRACKET
    return Gap.SPACE if char.isspace() else Gap.POINT


def _cluster_end(text: str, start: int, stop: int) -> int:
    end = start + 1
    limit = min(stop, start + _MAX_CLUSTER)
    while end < limit and text[end] >= "\u0300" and not fold_cluster(text[end]):
        end += 1
    return end
