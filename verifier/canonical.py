"""Canonical JSON (RFC 8785) and its fields, read strictly: one content has one spelling.

Only what ledger files hold: objects with ASCII names, lists, strings, booleans, null, and whole
numbers that JavaScript can hold too.
"""

from __future__ import annotations

import json
import re
from collections.abc import Collection
from typing import Any, NoReturn

from verifier.merkle import MAX_PATH
from verifier.report import CheckError

MAX_NUMBER = 2**53 - 1
MAX_FILE_BYTES = 1 << 28
_MAX_DEPTH = 100
_STRINGS_AND_BRACKETS = re.compile(r'"(?:[^"\\]|\\.)*+(?:"|\Z|\\\Z)|[\[\]{}]', re.DOTALL)
_HEX = re.compile(r"(?:[0-9a-f]{2})*", re.ASCII)


def encode(value: Any) -> bytes:
    """Canonical JSON.

    Raises:
        ValueError: a string holds half a surrogate pair.
    """
    return json.dumps(value, sort_keys=True, separators=(",", ":"), ensure_ascii=False).encode()


def decode_file(data: bytes) -> dict[str, Any]:
    """The object in a file of canonical JSON and a newline.

    Raises:
        CheckError: it is anything else.
    """
    try:
        value = _parse(data.decode())
        canonical = encode(value) + b"\n"
    except (ValueError, RecursionError):
        value, canonical = {}, b""
    if canonical != data or not data:
        raise CheckError(
            "file",
            "The file is not an object in canonical JSON (RFC 8785) and a newline: it was changed, "
            "cut short, or written by another program.",
        )
    return value


def take(
    value: Any, what: str, names: Collection[str], optional: Collection[str] = ()
) -> dict[str, Any]:
    """An object that has just these fields.

    Raises:
        CheckError: it has not.
    """
    if (
        not isinstance(value, dict)
        or set(names) - value.keys()
        or value.keys() - {*names, *optional}
    ):
        raise CheckError(
            "file", f"The {what} does not have just the fields {', '.join(sorted(names))}."
        )
    return value


def take_number(value: Any, what: str, least: int = 0) -> int:
    """A whole number.

    Raises:
        CheckError: it is none, or too small.
    """
    if type(value) is not int or value < least:
        raise CheckError("file", f"The {what} is not a whole number of {least} or more.")
    return value


def take_text(value: Any, what: str) -> str:
    """A string.

    Raises:
        CheckError: it is none.
    """
    if not isinstance(value, str):
        raise CheckError("file", f"The {what} is not text.")
    return value


def take_bytes(value: Any, what: str, length: int = 32, prefix: str = "") -> bytes:
    """Bytes in lower-case hex.

    Raises:
        CheckError: it is none, or of another length.
    """
    if isinstance(value, str) and value.startswith(prefix):
        digits = value[len(prefix) :]
        if len(digits) == 2 * length and _HEX.fullmatch(digits):
            return bytes.fromhex(digits)
    shown = f" after {prefix}" if prefix else ""
    raise CheckError("file", f"The {what} is not {length} bytes in lower-case hex{shown}.")


def take_path(value: Any, what: str) -> list[bytes]:
    """The hashes of a path.

    Raises:
        CheckError: it is none, or longer than any tree is high.
    """
    if not isinstance(value, list) or len(value) > MAX_PATH:
        raise CheckError("file", f"The {what} is not a list of at most {MAX_PATH} hashes.")
    return [take_bytes(step, what) for step in value]


def _parse(text: str) -> dict[str, Any]:
    if is_deep(text):
        raise ValueError
    value = json.loads(text, parse_int=_read_number, parse_float=_refuse, parse_constant=_refuse)
    if not isinstance(value, dict) or not _has_plain_names(value):
        raise ValueError
    return value


def is_deep(text: str) -> bool:
    """Whether JSON nests deeper than a file or an answer ever does.

    To be asked before the text is parsed: the parser recurses, and a library may have raised
    Python's recursion limit beyond what the stack holds.
    """
    depth = 0
    for token in _STRINGS_AND_BRACKETS.finditer(text):
        if token[0] in "[{":
            depth += 1
            if depth > _MAX_DEPTH:
                return True
        elif token[0] in "]}":
            depth -= 1
    return False


def _has_plain_names(value: Any) -> bool:
    if isinstance(value, dict):
        return all(name.isascii() and _has_plain_names(part) for name, part in value.items())
    return not isinstance(value, list) or all(map(_has_plain_names, value))


def _read_number(digits: str) -> int:
    if len(digits) > 17 or abs(int(digits)) > MAX_NUMBER:
        raise ValueError
    return int(digits)


def _refuse(_: str) -> NoReturn:
    raise ValueError
