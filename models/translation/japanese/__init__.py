"""Every sentence that explains a finding, with its Japanese.

The English is as the code writes it, without its full stop, and with a gap for each value.
A value that the code writes in quotes is ``'{name}'``, and ``「{name}」`` in the Japanese. A gap
without quotes may say more about what stands in it:

- ``{kind:known}``: a part that stands in ``PARTS``; the line fits only with one of those;
- ``{reasons:list}``: several parts with "and" between them;
- ``{count:number}``: digits; ``{score:word}``: a text without spaces.

``tests/unit/test_finding_translation.py`` tells which sentences are missing.
"""

from __future__ import annotations

from models.translation.japanese import grammar, names, parts, pictures, places, surroundings

SENTENCES: tuple[tuple[str, str], ...] = (
    *names.SENTENCES,
    *surroundings.SENTENCES,
    *grammar.SENTENCES,
    *pictures.SENTENCES,
)
"""Whole sentences."""

PARTS: tuple[tuple[str, str], ...] = (
    *parts.PARTS,
    *names.PARTS,
    *grammar.PARTS,
    *pictures.PARTS,
)
"""What stands in the gaps of sentences."""

PLACES = places.PLACES
"""What stands before a sentence, with a colon, where its text is no caption."""
