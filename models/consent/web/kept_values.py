"""The values that a dataset's record keeps of an HTTP exchange, in the many shapes they come in.

Every function says nothing where it finds nothing, and says that a value was not sound where it
could not make sense of all of it. None raises.
"""

from __future__ import annotations

import json
import math
import re
from collections import deque
from collections.abc import Iterator
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from typing import Any

from models.consent.reading_json import MalformedJsonError, Pairs, read_json

HeaderLines = tuple[tuple[str, str], ...]

SIGNAL_HEADERS = {
    "xrobotstag": "X-Robots-Tag",
    "tdmreservation": "TDM-Reservation",
    "tdmpolicy": "TDM-Policy",
    "contentusage": "Content-Usage",
    "contentsignal": "Content-Signal",
    "contentsignals": "Content-Signal",
}
"""Response headers that carry consent: their plain spelling and the name that readers know."""

_SIGNALS_PLAIN = frozenset(SIGNAL_HEADERS)
_VALUE_KEYS = frozenset(("value", "values", "content"))
_NOT_PLAIN = re.compile(r"[^0-9a-z]+")
_MAX_LINES = 10_000
_LINE = re.compile(r"^[ \t]*+([^\s:\"'{}\[\],]{1,200})[ \t]*+:[ \t]*+([^\r\n]*+)", re.MULTILINE)
_FOLD = re.compile(r"\r?\n[ \t]+")
# A Python dictionary that was written out as text.
_QUOTED_PAIR = re.compile(
    r"(?:'([^'\\]{1,200})'|\"([^\"\\]{1,200})\")\s{0,8}[:,]\s{0,8}(?:'([^']*+)'|\"([^\"]*+)\")"
)
_MAX_MOMENT_TEXT = 64
_LATEST = 7_258_118_400  # the year 2200, UTC seconds
_UNITS = (1, 1_000, 1_000_000, 1_000_000_000)


def plain_key(key: str) -> str:
    """A key without case and punctuation: ``X-Robots-Tag`` and ``x_robots_tag`` are one."""
    return _NOT_PLAIN.sub("", key.casefold())


def read_header_lines(value: Any) -> tuple[HeaderLines, bool]:
    """Response headers from an object, a list of pairs or of objects, or text.

    Returns:
        The header lines in order, and whether all of the value made sense.
    """
    if isinstance(value, str):
        return _from_text(value)
    lines: list[tuple[str, str]] = []
    sound = isinstance(value, Pairs | list)
    items: list[Any] = []
    if isinstance(value, Pairs):
        items = [list(pair) for pair in value]
    elif isinstance(value, list):
        items = value
    for item in items[:_MAX_LINES]:
        found, item_sound = _from_item(item)
        lines += found
        sound = sound and item_sound
    return tuple(lines), sound and len(items) <= _MAX_LINES


def read_header_column(name: str, value: Any) -> tuple[HeaderLines, bool]:
    """The lines of one header whose value stands in a column of its own.

    Args:
        name: the header's name.
        value: text, a number, a list of them, or an object such as ``{"train-ai": "n"}``.
    """
    if isinstance(value, bool) and name != SIGNAL_HEADERS["tdmreservation"]:
        return ((name, str(value)),), False
    if isinstance(value, Pairs):
        texts = [f"{key}={_scalar(inner) or ''}" for key, inner in value]
        return ((name, ", ".join(texts)),) if texts else (), _are_scalars(value)
    lines: list[tuple[str, str]] = []
    sound = True
    for item in value if isinstance(value, list) else [value]:
        if isinstance(item, Pairs | list):
            found, _ = read_header_lines(item)
            texts = [text for text in _scalars_in(item) if text]
            lines += found or [(name, ", ".join(texts))]
            sound = False
        elif text := _scalar(item):
            lines += [(name, line) for line in text.splitlines() if line.strip()]
    return tuple(lines[:_MAX_LINES]), sound and len(lines) <= _MAX_LINES


def read_moment(value: Any) -> int | None:
    """UTC seconds from ISO 8601, RFC 7231, 14 digits, or seconds to nanoseconds since 1970.

    A time without a zone is taken for UTC. None where it is no time between 1970 and 2200.
    """
    if isinstance(value, int | float) and not isinstance(value, bool):
        return _from_number(value)
    if not isinstance(value, str) or len(text := value.strip()) > _MAX_MOMENT_TEXT or not text:
        return None
    if re.fullmatch(r"[0-9]{14}", text):  # as in web archives
        text = f"{text[:8]}T{text[8:]}"
    elif re.fullmatch(r"[0-9]{1,20}(?:\.[0-9]{1,20})?", text):
        return _from_number(float(text))
    try:
        moment = datetime.fromisoformat(text)
    except ValueError:
        try:
            moment = parsedate_to_datetime(text)
        except (ValueError, TypeError, IndexError, OverflowError):
            return None
    try:
        seconds = (moment if moment.tzinfo else moment.replace(tzinfo=UTC)).timestamp()
    except (ValueError, OverflowError):
        return None
    return int(seconds) if 0 < seconds < _LATEST else None


def read_status(value: Any) -> int | None:
    """An HTTP status; None for anything else, such as img2dataset's ``"success"``."""
    if isinstance(value, str) and re.fullmatch(r"\s{0,8}[1-5][0-9]{2}(?:\s.{0,80})?", value):
        return int(value.strip()[:3])
    if isinstance(value, int | float) and not isinstance(value, bool) and 100 <= value < 600:
        return int(value) if value == int(value) else None
    return None


def write_json(value: Any) -> str:
    """JSON text of what ``read_json`` read, with every duplicate of a key."""
    if isinstance(value, Pairs):
        inner = ",".join(f"{json.dumps(key)}:{write_json(item)}" for key, item in value)
        return f"{{{inner}}}"
    if isinstance(value, list):
        return f"[{','.join(map(write_json, value))}]"
    return json.dumps(value)


def salvage_pairs(text: str) -> Pairs:
    """Keys with text values in JSON that is cut short or broken."""
    found = [
        (match[1] or match[2], match[3] or match[4] or "") for match in _QUOTED_PAIR.finditer(text)
    ]
    return Pairs(found[:_MAX_LINES])


def _from_item(item: Any) -> tuple[HeaderLines, bool]:
    """One header: ``[name, value]``, ``{name, value}``, ``{"X-Robots-Tag": …}`` or a line."""
    if isinstance(item, str):
        return _from_text(item)
    if isinstance(item, list) and len(item) == 2 and isinstance(item[0], str):
        name = _header_name(item[0])
        if isinstance(item[1], Pairs | list) and plain_key(name) not in _SIGNALS_PLAIN:
            texts = [text for text in _scalars_in(item[1]) if text]
            return tuple((name, text) for text in texts), True
        return read_header_column(name, item[1])
    if isinstance(item, Pairs):
        keys = {plain_key(key): inner for key, inner in item}
        for name_key in ("name", "key", "header", "field"):
            name_value = keys.get(name_key)
            if isinstance(name_value, str) and not _VALUE_KEYS.isdisjoint(keys):
                lines: list[tuple[str, str]] = []
                sound = True
                for key, inner in item:
                    if plain_key(key) in _VALUE_KEYS:
                        found, one_sound = read_header_column(_header_name(name_value), inner)
                        lines += found
                        sound = sound and one_sound
                return tuple(lines), sound
        return read_header_lines(item)
    return (), item is None


def _from_text(text: str) -> tuple[HeaderLines, bool]:
    stripped = text.strip()
    if not stripped:
        return (), True
    if stripped[0] in "[{":
        try:
            return read_header_lines(read_json(stripped.encode("utf-8", "replace")))
        except MalformedJsonError:
            return tuple((_header_name(k), v) for k, v in salvage_pairs(stripped)), False
    lines = tuple(
        (_header_name(match[1]), match[2].strip())
        for match in _LINE.finditer(_FOLD.sub(" ", stripped))
    )
    return lines[:_MAX_LINES], bool(lines) and len(lines) <= _MAX_LINES


def _header_name(name: str) -> str:
    plain = plain_key(name)
    return SIGNAL_HEADERS.get(plain.removeprefix("http"), name.strip())


def _from_number(value: float) -> int | None:
    if not math.isfinite(value):
        return None
    if re.fullmatch(r"(?:19|20|21)[0-9]{12}", text := str(int(value))):
        return read_moment(text)
    for unit in _UNITS:
        if 0 < value / unit < _LATEST:
            return int(value // unit)
    return None


def _scalar(value: Any) -> str | None:
    if isinstance(value, bool):
        return str(int(value))
    if isinstance(value, float) and math.isfinite(value) and value == int(value):
        return str(int(value))
    return value if isinstance(value, str) else None if value is None else str(value)


def _are_scalars(value: Pairs) -> bool:
    return not any(isinstance(inner, Pairs | list) for _, inner in value)


def _scalars_in(value: Any) -> Iterator[str]:
    """Every scalar inside a value, as text, in order of depth."""
    waiting = [value]
    for current in waiting:
        if isinstance(current, Pairs):
            waiting.extend(item for _, item in current)
        elif isinstance(current, list):
            waiting.extend(current)
        elif (text := _scalar(current)) is not None:
            yield text


def keyed_objects(document: Pairs) -> Iterator[tuple[str, Pairs]]:
    """Every object in a document with the plain key that it stands under, outermost first."""
    waiting: deque[tuple[str, Any]] = deque([("", document)])
    while waiting:
        key, current = waiting.popleft()
        if isinstance(current, Pairs):
            yield key, current
            waiting.extend((plain_key(name), item) for name, item in current)
        elif isinstance(current, list):
            waiting.extend((key, item) for item in current)
