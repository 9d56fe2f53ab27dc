"""Reading JSON that people published as token metadata: comments tolerated, nothing lost.

Python's parser keeps the last of two equal keys and accepts NaN. For consent both would hide a
refusal, so objects are kept as pairs and whatever JSON does not know is refused.
"""

from __future__ import annotations

import json
import re
from collections import deque
from collections.abc import Iterator
from typing import Any

from models.recursion import is_nested_deeper

MAX_BYTES = 1024**2
MAX_DEPTH = 64

# One pass over strings and comments. A string or comment that never ends runs to the end of the
# text, so that no input makes the expression try a position twice.
_TOKEN = re.compile(r'"(?:[^"\\]|\\.)*+(?:"|\Z|\\\Z)|/\*.*?(?:\*/|\Z)|//[^\n]*', re.DOTALL)
_MAX_TEXT = 200


class MalformedJsonError(ValueError):
    """The bytes are not JSON that can be relied on; the message says why."""


class Pairs(tuple[tuple[str, Any], ...]):
    """A JSON object as it was written: every key with its value, duplicates included."""

    __slots__ = ()

    def all(self, key: str) -> list[Any]:
        """Every value that stands under exactly this key."""
        return [value for name, value in self if name == key]


def read_json(data: bytes) -> Any:
    """Parse ``data`` (UTF-8, at most ``MAX_BYTES``), with objects as ``Pairs``.

    ``/* */`` and ``//`` comments between tokens are skipped: ERC-7517's own examples hold one.

    Raises:
        MalformedJsonError: too large, not UTF-8, not JSON, NaN or Infinity, nested deeper than
            ``MAX_DEPTH``.
    """
    if len(data) > MAX_BYTES:
        raise MalformedJsonError(f"it is larger than {MAX_BYTES:,} bytes")
    try:
        text = data.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        raise MalformedJsonError(f"it is not UTF-8 (byte {error.start})") from error
    text = strip_comments(text)
    if is_nested_deeper(text, MAX_DEPTH):
        raise MalformedJsonError(f"it is nested deeper than {MAX_DEPTH} levels")
    try:
        value = json.loads(text, object_pairs_hook=Pairs, parse_constant=_refuse_constant)
    except RecursionError as error:
        raise MalformedJsonError("it is nested too deeply") from error
    except json.JSONDecodeError as error:
        what = error.msg.rstrip(": ").removesuffix(" at").removesuffix(" starting")
        raise MalformedJsonError(f"it is not JSON: {what} (line {error.lineno})") from error
    except ValueError as error:
        raise MalformedJsonError(f"it is not JSON: {printable(str(error))}") from error
    return value


def strip_comments(text: str) -> str:
    """``text`` with each comment outside of strings replaced by a space.

    Raises:
        MalformedJsonError: a ``/*`` comment never ends.
    """

    def replace(match: re.Match[str]) -> str:
        token = match[0]
        if token.startswith('"'):
            return token
        if token.startswith("/*") and (len(token) < 4 or not token.endswith("*/")):
            raise MalformedJsonError("a comment never ends")
        return " "

    return _TOKEN.sub(replace, text)


def loose_text(data: bytes) -> str:
    """The bytes as text, by any means: for finding refusals where parsing failed."""
    head = data[:MAX_BYTES]
    try:
        text = head.decode(json.detect_encoding(head), "replace")
    except LookupError:
        return head.decode("latin-1")
    if b"\0" in head:  # a zero byte gone astray makes plain text look like UTF-16
        text += "\n" + head.replace(b"\0", b"").decode("utf-8", "replace")
    return text


def printable(text: str, limit: int = _MAX_TEXT) -> str:
    """``text`` as it may stand in a stored statement: valid Unicode, one line, not too long."""
    safe = text
    if not text.isprintable():
        safe = text.encode("utf-8", "replace").decode("utf-8")
        safe = "".join(char if char.isprintable() else " " for char in safe)
    safe = safe.strip()
    return safe if len(safe) <= limit else safe[: limit - 1] + "…"


def walk(value: Any) -> Iterator[Pairs]:
    """Every object inside ``value``, outermost first, without recursion."""
    waiting = deque([value])
    while waiting:
        current = waiting.popleft()
        if isinstance(current, Pairs):
            yield current
            waiting.extend(item for _, item in current)
        elif isinstance(current, list):
            waiting.extend(current)


def _refuse_constant(name: str) -> Any:
    raise ValueError(f"{name} is not a JSON value")
