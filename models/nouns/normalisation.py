"""Captions in one comparable spelling, with a map back to where every character came from.

The normal form is a sequence of tokens with one space between them and one at either end. A token
is a word (case, width, diacritics and invisible characters folded away) or one of three marks:
``,`` ends a tag or a sentence, ``(`` and ``)`` enclose a qualifier. Everything else, ``_`` and
``-`` and a space and an emoji alike, only separates. Where a script that writes no spaces meets
one that does (``Fateのセイバー``), a space is put between them.

Prompt notation needs no parser here: the backslash of ``\\(`` separates, the end of a weight
(``:1.2)``) is a closing bracket, and ``<lora:name:0.8>`` is a tag of its own that is searched
like any other, because the name of a LoRA often is the name that matters.

Folding follows Unicode Standard Annex #15 (NFKC, stream-safe clusters) and case folding as in
section 3.13 of the Unicode Standard.
"""

from __future__ import annotations

import re
import unicodedata
from bisect import bisect_right
from functools import lru_cache
from typing import NamedTuple

MARKS = frozenset(",()")
SPACED, UNSPACED, MARK, NOTHING = 1, 2, 3, 0

_MAX_CLUSTER = 31
_BREAKS = frozenset(",;|<>\n\r\v\f\x1c\x1d\x1e\x85\u2028\u2029、。，；｜「」『』")
_OPENING = frozenset("([{（［｛【〔")
_CLOSING = frozenset(")]}）］｝】〕")

_GAP = r"[ _'\"!?/&*#@~^$%=+`\\-]"
_PIECE = re.compile(
    rf"(?:(?P<word>[A-Za-z0-9]+)(?![^\x00-\x7f])(?P<word_gap>{_GAP}+(?![^\x00-\x7f]))?)"
    r"|(?P<weight>:[ ]?[+-]?(?:[0-9](?:\.[0-9]{1,3})?|\.[0-9]{1,3})[ ]?\))"
    r"|(?P<stop>\.(?=\s|\Z)|,(?![^\x00-\x7f]))"
    rf"|(?P<gap>(?:{_GAP}+|[:.])(?![^\x00-\x7f]))"
    r"|(?P<kana_or_han>[\u3041-\u3096\u30a1-\u30fa\u30fc\u4e00-\u9fff]+)"
    r"(?=[\x00-\x7f\u3001\u3002\u300c-\u300f\u30fb]|\Z)"
)
_WORD, _WORD_GAP, _WEIGHT, _STOP, _GAP_ONLY, _KANA_OR_HAN = range(1, 7)

_ASCII_WEIGHT = re.compile(r":[ ]?[+-]?(?:[0-9](?:\.[0-9]{1,3})?|\.[0-9]{1,3})[ ]?\)")
_ASCII_STOP = re.compile(r"\.(?=\s|\Z)")


def _fold_ascii_char(char: str) -> str | None:
    """What one character of ASCII becomes; None where it is invisible."""
    if char in _BREAKS:
        return ","
    if char in _OPENING:
        return "("
    if char in _CLOSING:
        return ")"
    if char.isalnum():
        return char.lower()
    return " " if char.isprintable() or char.isspace() else None


_ASCII = str.maketrans({char: _fold_ascii_char(char) for char in map(chr, range(0x80))})
_HIRAGANA_TO_KATAKANA = {code: code + 0x60 for code in (*range(0x3041, 0x3097), 0x309D, 0x309E)}


class Pieces(NamedTuple):
    """What a normal form was put together from, one piece after another.

    Attributes:
        places: for each piece, where it begins in the normal form.
        starts: for each piece, the first code point of the original it came from.
        ends: for each piece, the code point after the last one it came from.
        exact: for each piece, whether its characters stand for one code point each; otherwise
            every one of them stands for the whole piece.
    """

    places: list[int]
    starts: list[int]
    ends: list[int]
    exact: list[bool]


class Normalised:
    """A text in normal form, and where it came from.

    The way back is worked out when it is first asked for: most texts hold nothing to be shown.

    Attributes:
        text: the normal form.
        original: the text as it was.
    """

    __slots__ = ("_key", "_pieces", "_words", "original", "text")

    def __init__(self, text: str, original: str, pieces: Pieces | None = None) -> None:
        self.text = text
        self.original = original
        self._pieces = pieces
        self._key: str | None = None
        self._words: list[str] | None = None

    def __repr__(self) -> str:
        return f"Normalised({self.text!r}, {self.original!r})"

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Normalised) and other.original == self.original

    def __hash__(self) -> int:
        return hash(self.original)

    @property
    def key(self) -> str:
        """The text with hiragana written as katakana; the same length, for matching only."""
        if self._key is None:
            self._key = self.text if self.text.isascii() else fold_kana(self.text)
        return self._key

    @property
    def words(self) -> list[str]:
        """The tokens of ``key``, in order; not to be changed."""
        if self._words is None:
            self._words = self.key.split()
        return self._words

    def span(self, start: int, end: int) -> tuple[int, int]:
        """The original code points, end exclusive, that ``text[start:end]`` came from.

        A space stands for everything between its neighbours; where that is nothing, it maps to
        an empty span.
        """
        if self._pieces is None:
            _, self._pieces = _fold(self.original)
        return self._start_of(start, self._pieces), self._end_of(end - 1, self._pieces)

    def _start_of(self, place: int, pieces: Pieces) -> int:
        piece = bisect_right(pieces.places, place) - 1
        if piece < 0:
            return 0
        if not self._is_space(piece, place, pieces):
            return pieces.starts[piece] + (place - pieces.places[piece]) * pieces.exact[piece]
        return min(pieces.ends[piece], self._next_start(piece, pieces))

    def _end_of(self, place: int, pieces: Pieces) -> int:
        piece = bisect_right(pieces.places, place) - 1
        if piece >= 0 and not self._is_space(piece, place, pieces):
            if pieces.exact[piece]:
                return pieces.starts[piece] + place - pieces.places[piece] + 1
            return pieces.ends[piece]
        return max(self._next_start(piece, pieces), pieces.ends[piece] if piece >= 0 else 0)

    def _next_start(self, piece: int, pieces: Pieces) -> int:
        last = piece + 1 == len(pieces.starts)
        return len(self.original) if last else pieces.starts[piece + 1]

    def _is_space(self, piece: int, place: int, pieces: Pieces) -> bool:
        """Whether a place lies on the space after a piece."""
        last = piece + 1 == len(pieces.places)
        following = len(self.text) if last else pieces.places[piece + 1]
        return place == following - 1 and self.text[place] == " "


def fold_kana(text: str) -> str:
    """Hiragana as katakana, one code point for one."""
    return text.translate(_HIRAGANA_TO_KATAKANA)


def normalise(text: str) -> Normalised:
    """The normal form of any string, lone surrogates and control characters included.

    Every span of the result maps back to a substring whose own normal form contains it.
    """
    if text.isascii():
        return Normalised(_fold_ascii(text), text)
    folded, pieces = _fold(text)
    return Normalised(folded, text, pieces)


def _fold_ascii(text: str) -> str:
    """The normal form of a text in ASCII, as ``_fold`` makes it, without the way back."""
    if ":" in text:
        text = _ASCII_WEIGHT.sub(")", text)
    if "." in text:
        text = _ASCII_STOP.sub(",", text)
    text = text.translate(_ASCII).replace(",", " , ")
    if "(" in text or ")" in text:
        text = text.replace("(", " ( ").replace(")", " ) ")
    tokens = text.split()
    return f" {' '.join(tokens)} " if tokens else " "


def _fold(text: str) -> tuple[str, Pieces]:
    """The normal form of any text, and the way back."""
    folded: list[str] = []
    places: list[int] = []
    starts: list[int] = []
    ends: list[int] = []
    exact: list[bool] = []
    state = NOTHING
    place = position = 0
    length = len(text)
    match_piece = _PIECE.match
    while position < length:
        piece = match_piece(text, position)
        if piece is None:
            stop = _cluster_end(text, position, length)
            for kind, part in fold_cluster(text[position:stop]):
                if kind == NOTHING:
                    state = NOTHING
                    continue
                if kind != state or kind == MARK:
                    folded.append(" ")
                    place += 1
                folded.append(part)
                places.append(place)
                starts.append(position)
                ends.append(stop)
                exact.append(False)
                place += len(part)
                state = kind
            position = stop
            continue
        group = piece.lastindex
        if group == _GAP_ONLY:
            state = NOTHING
            position = piece.end()
            continue
        if group in (_WORD, _WORD_GAP):
            part, kind, stop = piece[_WORD].lower(), SPACED, piece.end(_WORD)
        elif group == _KANA_OR_HAN:
            part, kind, stop = piece[0], UNSPACED, piece.end()
        else:
            part, kind, stop = (")" if group == _WEIGHT else ","), MARK, piece.end()
        if kind != state or kind == MARK:
            folded.append(" ")
            place += 1
        folded.append(part)
        places.append(place)
        starts.append(position)
        ends.append(stop)
        exact.append(kind != MARK)
        place += len(part)
        state = NOTHING if group == _WORD_GAP else kind
        position = piece.end()
    folded.append(" ")
    return "".join(folded), Pieces(places, starts, ends, exact)


def _cluster_end(text: str, start: int, length: int) -> int:
    """End of the character at ``start`` with the marks that belong to it (UAX #15, stream-safe)."""
    end = start + 1
    limit = min(length, start + _MAX_CLUSTER)
    while end < limit and _continues(text[end]):
        end += 1
    return end


def _continues(char: str) -> bool:
    if char < "\u0300":
        return False
    return (
        unicodedata.category(char)[0] == "M"
        or "\u1160" <= char <= "\u11ff"
        or char in "\uff9e\uff9f"
    )


@lru_cache(maxsize=1 << 15)
def fold_cluster(cluster: str) -> tuple[tuple[int, str], ...]:
    """What one character with its marks becomes: (kind, text) parts in order.

    Returns:
        Nothing for a character that is invisible; ``(NOTHING, "")`` for one that separates.
    """
    if _is_word_sign(cluster):
        return ((NOTHING, ""),)
    folded = unicodedata.normalize("NFKC", unicodedata.normalize("NFKC", cluster).casefold())
    parts: list[tuple[int, str]] = []
    keeps_marks = False
    for char in unicodedata.normalize("NFKD", folded):
        category = unicodedata.category(char)
        if category[0] == "M":
            if keeps_marks and not _is_ignorable(char):
                kind, word = parts[-1]
                parts[-1] = (kind, word + char)
            continue
        keeps_marks = False
        if category in ("Cf", "Cs") or char == "\ufffd" or _is_ignorable(char):
            continue
        if char in _BREAKS:
            parts.append((MARK, ","))
        elif char in _OPENING:
            parts.append((MARK, "("))
        elif char in _CLOSING:
            parts.append((MARK, ")"))
        elif category[0] in "LN":
            kind = UNSPACED if is_unspaced(char) else SPACED
            keeps_marks = not _is_european(char)
            if parts and parts[-1][0] == kind:
                parts[-1] = (kind, parts[-1][1] + char)
            else:
                parts.append((kind, char))
        elif category == "Cc" and not char.isspace():
            continue
        else:
            parts.append((NOTHING, ""))
    return tuple((kind, unicodedata.normalize("NFC", part)) for kind, part in parts)


def _is_word_sign(cluster: str) -> bool:
    """Whether a sign stands for a word of Latin letters (™, ℠, №): it is no part of the word that
    it touches. A single letter in a circle is a letter.
    """
    if unicodedata.category(cluster[0]) != "So":
        return False
    letters = unicodedata.normalize("NFKC", cluster[0])
    return len(letters) > 1 and letters.isascii() and letters.isalpha()


def is_unspaced(char: str) -> bool:
    """Whether a character belongs to a script whose names are not set off by spaces.

    Hangul is counted in, because its particles follow a name without a space.
    """
    return char >= "\u1100" and (
        "\u3005" <= char <= "\u3007"
        or "\u3031" <= char <= "\u30ff"
        or "\u3400" <= char <= "\u9fff"
        or "\uac00" <= char <= "\ud7a3"
        or "\u2e80" <= char <= "\u2fdf"
        or "\u3100" <= char <= "\u31ff"
        or "\uf900" <= char <= "\ufaff"
        or "\u1100" <= char <= "\u11ff"
        or "\U00020000" <= char <= "\U0003ffff"
    )


def _is_european(char: str) -> bool:
    """Latin, Greek or Cyrillic, where a diacritic does not make another name."""
    return char < "\u0530" or "\u1e00" <= char <= "\u1fff"


def _is_ignorable(char: str) -> bool:
    """Invisible though not of category Cf: fillers, variation selectors, the grapheme joiner."""
    return (
        "\ufe00" <= char <= "\ufe0f"
        or "\U000e0100" <= char <= "\U000e01ef"
        or char in "\u034f\u115f\u1160\u17b4\u17b5\u180b\u180c\u180d\u180f\u3164\uffa0"
    )
