"""Minor units as people read them. Nothing here divides."""

from __future__ import annotations


def write_amount(amount: int, digits: int) -> str:
    """An amount with thousands separated: 1234567 minor units of 2 digits are ``12,345.67``."""
    text = str(abs(amount)).rjust(digits + 1, "0")
    whole, rest = (text[:-digits], text[-digits:]) if digits else (text, "")
    sign = "-" if amount < 0 else ""
    return f"{sign}{int(whole):,}" + (f".{rest}" if rest else "")
