"""Where a text may be cut without taking a character apart that a reader sees as one.

A part of Unicode Standard Annex #29, section 3.1.1 (extended grapheme clusters): marks, joiners,
modifiers, flags, line breaks and Hangul. Prepended marks and conjuncts of Indic scripts are left
out.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterator

_JOINER = "\u200d"
_EXTENDS = frozenset(("Mn", "Me", "Mc"))
_ALSO_EXTENDS = re.compile("[\u200c\u200d\ufe00-\ufe0f\U0001f3fb-\U0001f3ff\U000e0020-\U000e007f]")
_FLAG = re.compile("[\U0001f1e6-\U0001f1ff]")
_LEADING = re.compile("[\u1100-\u115f\ua960-\ua97c]")
_VOWEL = re.compile("[\u1160-\u11a7\ud7b0-\ud7c6]")
_TRAILING = re.compile("[\u11a8-\u11ff\ud7cb-\ud7fb]")


def is_boundary(text: str, place: int) -> bool:
    """Whether a text may be cut before its character number ``place``.

    Args:
        place: 0 to the length of the text; outside of that there is no boundary.
    """
    if not 0 <= place <= len(text):
        return False
    if place in (0, len(text)):
        return True
    before, after = text[place - 1], text[place]
    if before == "\r" and after == "\n":
        return False
    if before in "\r\n" or after in "\r\n":
        return True
    if unicodedata.category(after) in _EXTENDS or _ALSO_EXTENDS.match(after):
        return False
    if before == _JOINER:
        return False
    if _FLAG.match(before) and _FLAG.match(after):
        return _count_flags(text, place) % 2 == 0
    return not _is_one_syllable(before, after)


def cut_graphemes(text: str) -> Iterator[str]:
    """The characters of a text as a reader sees them; joined, they are the text."""
    start = 0
    for place in range(1, len(text) + 1):
        if is_boundary(text, place):
            yield text[start:place]
            start = place


def _count_flags(text: str, place: int) -> int:
    """How many of the letters that make flags stand directly before a place."""
    count = 0
    while place - count > 0 and _FLAG.match(text[place - count - 1]):
        count += 1
    return count


def _is_one_syllable(before: str, after: str) -> bool:
    if _LEADING.match(before):
        return bool(_LEADING.match(after) or _VOWEL.match(after) or _is_hangul(after))
    if _VOWEL.match(before) or (_is_hangul(before) and (ord(before) - 0xAC00) % 28 == 0):
        return bool(_VOWEL.match(after) or _TRAILING.match(after))
    if _TRAILING.match(before) or _is_hangul(before):
        return bool(_TRAILING.match(after))
    return False


def _is_hangul(char: str) -> bool:
    return "\uac00" <= char <= "\ud7a3"
