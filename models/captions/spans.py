"""Spans: what of a caption is replaced by what. Pure; nothing here knows assets or people."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Sequence
from dataclasses import dataclass
from difflib import SequenceMatcher
from itertools import pairwise

from models.captions.graphemes import cut_graphemes, is_boundary
from models.errors import CaptionEditError

MAX_TEXT = 20_000
"""Longest caption that can be edited, and longest text that can take its place, in characters."""

_MOST_WORDS = 300
"""With more words on either side that differ, they are replaced as a whole: comparing them can take
a time that grows with the cube of their number."""

_WORD = re.compile(r"[^\W_]+")
_JOINERS = "\u200c\u200d"


@dataclass(frozen=True, slots=True)
class Span:
    """One replacement.

    Attributes:
        start, end: what of the original is taken away, in characters (code points), end exclusive;
            equal where something is only put in.
        replacement: what stands there then; "" where nothing does.
    """

    start: int
    end: int
    replacement: str


def apply_spans(original: str, spans: Sequence[Span]) -> str:
    """The text that spans make of an original.

    Raises:
        CaptionEditError: they overlap, lie outside the text or take a character apart, or what
            they put in cannot be taken.
    """
    check_spans(original, spans)
    pieces: list[str] = []
    place = 0
    for span in spans:
        pieces += (original[place : span.start], span.replacement)
        place = span.end
    return "".join((*pieces, original[place:]))


def check_spans(original: str, spans: Sequence[Span]) -> None:
    """Make sure that spans are in order, apart from each other, whole and fit to be written.

    Raises:
        CaptionEditError: see ``apply_spans``.
    """
    for span in spans:
        if not 0 <= span.start <= span.end <= len(original):
            raise CaptionEditError(
                f"A span from {span.start} to {span.end} lies outside a caption of "
                f"{len(original)} characters.",
                "Give spans of the caption as it is now.",
            )
        if not (is_boundary(original, span.start) and is_boundary(original, span.end)):
            raise CaptionEditError(
                f"A span from {span.start} to {span.end} takes a character apart.",
                "Begin and end between characters as a reader sees them.",
            )
        check_characters(span.replacement)
    for before, after in pairwise(spans):
        if after.start < before.end or (after.start, after.end) == (before.start, before.end):
            raise CaptionEditError(
                f"Spans overlap at {after.start}, or are not in order.",
                "Give each part of the caption to one span, from the beginning on.",
            )


def check_characters(replacement: str) -> None:
    """Make sure that what is put in can be seen, and keeps a caption one caption.

    A line break would make two captions of one in many layouts, and a character that nobody sees
    would hide from the reader what the text says.

    Raises:
        CaptionEditError: it holds a line break, a control character or one that cannot be seen.
    """
    for char in replacement:
        kind = unicodedata.category(char)
        if kind in ("Cc", "Cs", "Co", "Cn", "Zl", "Zp") or (kind == "Cf" and char not in _JOINERS):
            raise CaptionEditError(
                f"The new text holds the character U+{ord(char):04X}, which cannot be seen or "
                "breaks the line.",
                "Write the caption in one line, without it.",
            )


def check_text(text: str) -> None:
    """Make sure that a text can take a caption's place.

    Raises:
        CaptionEditError: it says nothing, or is too long.
    """
    if len(text) > MAX_TEXT:
        raise CaptionEditError(
            f"The new caption is longer than {MAX_TEXT:,} characters.", "Shorten it."
        )
    if not any(char.isalnum() for char in text):
        raise CaptionEditError(
            "The new caption says nothing.", "Write something, or exclude the picture."
        )


def find_spans(original: str, text: str) -> tuple[Span, ...]:
    """The spans that make one text of another, word by word: ``apply_spans`` gives it back.

    What both begin and end with is left alone. Nothing is checked here but the boundaries, which
    are always whole.
    """
    old, new = _cut_words(original), _cut_words(text)
    head = 0
    while head < min(len(old), len(new)) and old[head] == new[head]:
        head += 1
    tail = 0
    while tail < min(len(old), len(new)) - head and old[-1 - tail] == new[-1 - tail]:
        tail += 1
    begin = sum(map(len, old[:head]))
    old, new = old[head : len(old) - tail], new[head : len(new) - tail]
    if not old and not new:
        return ()
    if max(len(old), len(new)) > _MOST_WORDS:
        return (Span(begin, begin + sum(map(len, old)), "".join(new)),)
    places = [begin]
    for word in old:
        places.append(places[-1] + len(word))
    spans: list[Span] = []
    matcher = SequenceMatcher(None, old, new, autojunk=False)
    for what, old_from, old_to, new_from, new_to in matcher.get_opcodes():
        if what == "equal":
            continue
        span = Span(places[old_from], places[old_to], "".join(new[new_from:new_to]))
        between = original[spans[-1].end : span.start] if spans else ""
        if between.isspace():  # two words in a row are one change to a reader
            last = spans.pop()
            span = Span(last.start, span.end, last.replacement + between + span.replacement)
        spans.append(span)
    return tuple(spans)


def _cut_words(text: str) -> list[str]:
    """Words, and every other character by itself; none takes a character apart."""
    words: list[str] = []
    grown = False
    for piece in cut_graphemes(text):
        is_word = bool(_WORD.match(piece)) and piece[0].isascii()
        if is_word and grown:
            words[-1] += piece
        else:
            words.append(piece)
        grown = is_word
    return words
