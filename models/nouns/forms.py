"""The form of a caption: a list of tags, English sentences, or Japanese.

The forms differ in what sets a name off from its surroundings, and so in what counts as evidence.
"""

from __future__ import annotations

import re
from enum import StrEnum

from models.nouns.normalisation import Normalised, is_unspaced


class Form(StrEnum):
    """How a caption is written."""

    BOORU = "booru"
    ENGLISH = "english"
    JAPANESE = "japanese"


_SENTENCE_WORDS = frozenset(
    {
        "a", "an", "the", "is", "are", "was", "were", "his", "her", "their", "its", "while", "who",
        "that", "and", "as",
    }
)  # fmt: skip
_WORD = re.compile(r"\w+")
_ASCII_WORDS = str.maketrans(
    {char: " " for char in map(chr, range(0x80)) if not (char.isalnum() or char == "_")}
)
_SURELY_UNSPACED = re.compile("[\u3041-\u3096\u30a1-\u30fa\u4e00-\u9fff]")
_SEPARATOR = re.compile(r"[,\n、，]")
_LONGEST_TAG_WORDS = 6
_SURELY_SHORT = 2 * _LONGEST_TAG_WORDS
_SENTENCE_SHARE = 0.3
_UNSPACED_SHARE = 0.3


def route(text: str, normal: Normalised | None = None) -> Form:
    """The form of a whole caption.

    Tags are short pieces between commas of which few hold an article, a pronoun or a form of "to
    be"; or words joined by ``_`` with spaces between the tags. What is neither tags nor mostly
    written in a script without spaces counts as English, whose rules suit any spaced prose.

    Args:
        text: the caption.
        normal: its normal form, where it is known: without a word of sentences in it the text
            need not be read for one.
    """
    if not text.isascii() and _is_mostly_unspaced(text):
        return Form.JAPANESE
    if _has_spaced_tags(text):
        return Form.BOORU
    cut = text.replace("\n", ",").split(",") if text.isascii() else _SEPARATOR.split(text)
    pieces = [piece for piece in cut if piece and not piece.isspace()]
    if len(pieces) < 2:
        return Form.BOORU if "_" in text and " " not in text.strip() else Form.ENGLISH
    long = [piece for piece in pieces if len(piece) > _SURELY_SHORT]
    if long:
        long = [piece for piece in long if len(piece.split()) > _LONGEST_TAG_WORDS]
        if len(pieces) - len(long) < 0.8 * len(pieces):
            return Form.ENGLISH
    may_hold = normal is None or not text.isascii() or not _SENTENCE_WORDS.isdisjoint(normal.words)
    if may_hold and _holds_sentence_word(text):
        sentences = sum(map(_holds_sentence_word, pieces))
        if sentences > _SENTENCE_SHARE * len(pieces):
            return Form.ENGLISH
    return Form.BOORU


def _holds_sentence_word(text: str) -> bool:
    if text.isascii():
        return not _SENTENCE_WORDS.isdisjoint(text.lower().translate(_ASCII_WORDS).split())
    return not _SENTENCE_WORDS.isdisjoint(_WORD.findall(text.lower()))


def tag_bounds(text: str) -> tuple[int, ...] | None:
    """Where tags end in a list whose tags stand between spaces (``1girl long_hair solo``).

    Returns:
        The positions of the spaces, or None where commas or line ends part the tags, which the
        normal form shows by itself.
    """
    if not _has_spaced_tags(text):
        return None
    return tuple(found.start() for found in re.finditer(r"\s", text))


def _has_spaced_tags(text: str) -> bool:
    if (
        "_" not in text
        or " " not in text
        or "," in text.strip(",")
        or _SEPARATOR.search(text.strip())
    ):
        return False
    words = text.split()
    return len(words) > 1 and sum("_" in word for word in words) * 4 >= len(words)


def _is_mostly_unspaced(text: str) -> bool:
    letters = [char for char in text if char.isalpha()]
    unspaced = len(_SURELY_UNSPACED.findall(text))
    if unspaced <= _UNSPACED_SHARE * len(letters):
        unspaced = sum(map(is_unspaced, letters))
    return unspaced > _UNSPACED_SHARE * len(letters)
