"""Text for tables that somebody may open in a spreadsheet."""

from __future__ import annotations

_FORMULA = ("=", "+", "-", "@", "\t", "\r")


def defuse(text: str) -> str:
    """A text that no spreadsheet runs as a formula: one that begins like it gets an apostrophe."""
    return f"'{text}" if text.startswith(_FORMULA) else text
