"""Words that people type into a field, as they are kept."""

from __future__ import annotations

import unicodedata

from models.unicode import make_storable

_BLANK = frozenset("\u115f\u1160\u2800\u3164\uffa0")
"""Letters and signs by their category, of which nothing is to be seen."""


def read_words(text: str) -> str:
    """What was typed, without space around it; "" where there is nothing that anybody could see.

    What no database keeps is replaced (``models.unicode.make_storable``).
    """
    words = make_storable(text.strip())
    return words if any(map(_is_seen, words)) else ""


def _is_seen(char: str) -> bool:
    return char not in _BLANK and unicodedata.category(char)[0] not in "CZ"
