"""Names written in the picture itself, read by optical character recognition.

An extra (``kiyome[ocr]``), off unless the setting ``read_lettering`` is on: it costs about a second
of one core an image. What is read, and what cannot be, stands in ``docs/nouns.md``.
"""

from __future__ import annotations

from models.nouns.lettering.lines import Line
from models.nouns.lettering.passages import Passage, join_lines
from models.nouns.lettering.reader import (
    LetteringError,
    LetteringReader,
    Reader,
    lettering_packages,
)

__all__ = [
    "LetteringError",
    "LetteringReader",
    "Line",
    "Passage",
    "Reader",
    "join_lines",
    "lettering_packages",
]
