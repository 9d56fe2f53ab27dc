"""Text that UTF-8 cannot express, or that a terminal would obey: names may hold anything."""

from __future__ import annotations

import re
import unicodedata

_SURROGATE = re.compile("[\ud800-\udfff]")


def escape_surrogates(text: str) -> str:
    """The text with each lone surrogate shown as ``\\udNNN``, so that different texts stay so."""
    return text if text.isascii() else text.encode("utf-8", "backslashreplace").decode("utf-8")


def replace_surrogates(text: str) -> str:
    """The text with each lone surrogate as U+FFFD, one for one: spans into it stay right."""
    return text if text.isascii() else _SURROGATE.sub("\ufffd", text)


def make_storable(text: str) -> str:
    """The text as every text column takes it: a NUL as U+FFFD, a lone surrogate as ``?``."""
    return text.encode("utf-8", "replace").decode().replace("\0", "\ufffd")


def escape_unprintable(text: str) -> str:
    """One line that can be shown anywhere.

    Control, bidirectional and other unseen characters, and lone surrogates, are shown as ``\\xNN``
    or ``\\uNNNN``; spaces of every width stay.
    """
    if text.isprintable():
        return text
    return "".join(
        c if c.isprintable() or unicodedata.category(c) == "Zs" else _escape(c) for c in text
    )


def _escape(char: str) -> str:
    return char.encode("unicode_escape").decode("ascii")
