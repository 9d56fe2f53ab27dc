"""Text that UTF-8 cannot express: JSON and file names can hold half of a surrogate pair."""

from __future__ import annotations

import re

_SURROGATE = re.compile("[\ud800-\udfff]")


def escape_surrogates(text: str) -> str:
    """The text with each lone surrogate shown as ``\\udNNN``, so that different texts stay so."""
    return text if text.isascii() else text.encode("utf-8", "backslashreplace").decode("utf-8")


def replace_surrogates(text: str) -> str:
    """The text with each lone surrogate as U+FFFD, one for one: spans into it stay right."""
    return text if text.isascii() else _SURROGATE.sub("\ufffd", text)
