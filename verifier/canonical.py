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
_STRING = re.compile(r'"[^"\\]*+(?:\\.[^"\\]*+)*+"?', re.DOTALL)
_NO_BRACKET = re.compile(r"[^\[\]{}]+")


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
        try:
            data = bytes.fromhex(digits)
        except ValueError:
            data = b""
        if len(data) == length and data.hex() == digits:
            return data
    shown = f" after {prefix}" if prefix else ""
    raise CheckError("file", f"The {what} is not {length} bytes in lower-case hex{shown}.")


def take_path(value: Any, what: str) -> list[bytes]:
    """The hashes of a path.

    Raises:
        CheckError: it is none, or longer than any tree is high.
    """
    if not isinstance(value, list) or len(value) > MAX_PATH:
        raise CheckError("file", f"The {what} is not a list of at most {MAX_PATH} hashes.")
    try:
        data = bytes.fromhex("".join(value))
    except (TypeError, ValueError):
        data = b""
    path = [data[at : at + 32] for at in range(0, len(data), 32)]
    if [step.hex() for step in path] == value:
        return path
    return [take_bytes(step, what) for step in value]


def _parse(text: str) -> dict[str, Any]:
    if is_deep(text):
        raise ValueError
    value = json.loads(
        text,
        object_pairs_hook=_read_object,
        parse_int=_read_number,
        parse_float=_refuse,
        parse_constant=_refuse,
    )
    if not isinstance(value, dict):
        raise ValueError  # noqa: TRY004  (a fault of the data)
    return value


def is_deep(text: str) -> bool:
    """Whether JSON nests deeper than a file or an answer ever does.

    To be asked before the text is parsed: the parser recurses, and a library may have raised
    Python's recursion limit beyond what the stack holds.
    """
    if text.count("[") + text.count("{") <= _MAX_DEPTH:
        return False
    # Without a quote that is escaped, every other piece between quotes is a string.
    plain = '\\"' not in text
    outside = "".join(text.split('"')[::2]) if plain else _STRING.sub("", text)
    depth = 0
    for bracket in _NO_BRACKET.sub("", outside):
        depth += 1 if bracket in "[{" else -1
        if depth > _MAX_DEPTH:
            return True
    return False


def _read_object(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    value = dict(pairs)
    if not "".join(value).isascii():
        raise ValueError
    return value


def _read_number(digits: str) -> int:
    if len(digits) > 17 or abs(int(digits)) > MAX_NUMBER:
        raise ValueError
    return int(digits)


def _refuse(_: str) -> NoReturn:
    raise ValueError
