"""dag-cbor and dag-json blocks as plain values, as JSON would hold them.

Specifications: ipld.io/specs/codecs/dag-cbor/spec and .../dag-json/spec. Links and bytes come out
in the form of dag-json: ``{"/": "bafy…"}`` and ``{"/": {"bytes": "…"}}``.
"""

from __future__ import annotations

import base64
import json
import math
import struct
from typing import Any

from models.consent.ipfs.cid import DAG_CBOR, DAG_JSON, Cid, CidError, parse_cid, read_cid
from models.consent.ipfs.dag_pb import malformed
from models.consent.ipfs.limits import DEFAULT_LIMITS, Limits
from models.recursion import is_nested_deeper

_UINT, _NEGATIVE, _BYTES, _TEXT, _LIST, _MAP, _TAG, _SIMPLE = range(8)
_CID_TAG = 42
_CONSTANTS = {20: False, 21: True, 22: None}


def decode_dag(codec: int, block: bytes, limits: Limits = DEFAULT_LIMITS) -> Any:
    """The value of a ``DAG_CBOR`` or ``DAG_JSON`` block.

    Raises:
        MalformedBlockError: it is not what its codec says, an object has two equal keys, it is
            nested deeper than ``limits.max_depth``, or it is of another codec.
    """
    if codec == DAG_CBOR:
        return _CborReader(block, limits.max_depth).read_all()
    if codec == DAG_JSON:
        return _decode_json(block, limits.max_depth)
    raise malformed(f"codec 0x{codec:x} is neither dag-cbor nor dag-json")


def link_in(value: Any) -> Cid | None:
    """The CID, if ``value`` is a link.

    Raises:
        MalformedBlockError: it has the form of a link and holds no CID.
    """
    if isinstance(value, dict) and list(value) == ["/"] and isinstance(value["/"], str):
        try:
            return parse_cid(value["/"])
        except CidError as error:
            raise malformed(f"a link is not a CID: {error}") from error
    return None


class _CborReader:
    """CBOR (RFC 8949) as far as dag-cbor allows it."""

    def __init__(self, data: bytes, max_depth: int) -> None:
        self._data = data
        self._at = 0
        self._max_depth = max_depth

    def read_all(self) -> Any:
        value = self._read(0)
        if self._at != len(self._data):
            raise malformed("more follows after its value")
        return value

    def _read(self, depth: int) -> Any:
        if depth > self._max_depth:
            raise malformed(f"it is nested deeper than {self._max_depth} levels")
        first = self._take(1)[0]
        major, extra = first >> 5, first & 31
        if major == _SIMPLE:
            return self._read_simple(extra)
        number = self._read_number(extra)
        if major == _UINT:
            return number
        if major == _NEGATIVE:
            return -1 - number
        if major == _BYTES:
            return {"/": {"bytes": base64.b64encode(self._take(number)).decode().rstrip("=")}}
        if major == _TEXT:
            return self._read_text(number)
        if major == _LIST:
            return [self._read(depth + 1) for _ in range(self._counted(number))]
        if major == _MAP:
            return self._read_map(self._counted(number), depth)
        return self._read_link(number)

    def _take(self, count: int) -> bytes:
        if count > len(self._data) - self._at:
            raise malformed("it is cut short")
        self._at += count
        return self._data[self._at - count : self._at]

    def _counted(self, items: int) -> int:
        """How many items follow, if there can be so many."""
        if items > len(self._data) - self._at:
            raise malformed("it is cut short")
        return items

    def _read_number(self, extra: int) -> int:
        if extra < 24:
            return extra
        if extra > 27:
            raise malformed("a length is not stated")
        return int.from_bytes(self._take(1 << (extra - 24)), "big")

    def _read_text(self, length: int) -> str:
        try:
            return self._take(length).decode()
        except UnicodeDecodeError as error:
            raise malformed("a text is not UTF-8") from error

    def _read_map(self, count: int, depth: int) -> dict[str, Any]:
        found: dict[str, Any] = {}
        for _ in range(count):
            first = self._take(1)[0]
            if first >> 5 != _TEXT:
                raise malformed("a key is not text")
            key = self._read_text(self._read_number(first & 31))
            if key in found:
                raise malformed("a key stands there twice")
            found[key] = self._read(depth + 1)
        return found

    def _read_link(self, tag: int) -> dict[str, str]:
        if tag != _CID_TAG:
            raise malformed(f"tag {tag} is not allowed")
        first = self._take(1)[0]
        data = self._take(self._read_number(first & 31)) if first >> 5 == _BYTES else b""
        try:
            cid, end = read_cid(data, 1)
        except CidError as error:
            raise malformed(f"a link is not a CID: {error}") from error
        if data[0] != 0 or end != len(data):
            raise malformed("a link is not a CID")
        return {"/": cid.spellings[1] if cid.version == 0 else cid.canonical}

    def _read_simple(self, extra: int) -> Any:
        if extra in _CONSTANTS:
            return _CONSTANTS[extra]
        if extra != 27:
            raise malformed("it holds a value that dag-cbor does not know")
        number = struct.unpack(">d", self._take(8))[0]
        if not math.isfinite(number):
            raise malformed("NaN and infinity are not allowed")
        return number


def _decode_json(block: bytes, max_depth: int) -> Any:
    try:
        text = block.decode()
        # Measured roughly before it is parsed, and exactly after.
        if is_nested_deeper(text, max_depth + 64):
            raise malformed("it is nested too deeply")
        value = json.loads(text, object_pairs_hook=_unique, parse_constant=_refuse_constant)
    except UnicodeDecodeError as error:
        raise malformed("it is not UTF-8") from error
    except ValueError as error:
        raise malformed(f"it is not JSON: {error}") from error
    level = [value]
    for _ in range(max_depth + 1):
        level = [
            child
            for item in level
            if isinstance(item, dict | list)
            for child in (item.values() if isinstance(item, dict) else item)
        ]
        if not level:
            return value
    raise malformed(f"it is nested deeper than {max_depth} levels")


def _unique(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    found = dict(pairs)
    if len(found) != len(pairs):
        raise ValueError("a key stands there twice")
    return found


def _refuse_constant(name: str) -> Any:
    raise ValueError(f"{name} is not a JSON value")
