"""Canonical JSON and content digests: the one way anything in Kiyome is hashed."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable
from contextlib import suppress
from typing import Any

import rfc8785

_LARGEST = 1 << 53


def canonical_json(value: Any) -> bytes:
    """Serialise ``value`` as canonical JSON (RFC 8785): sorted keys, no spaces, one number form.

    Raises:
        rfc8785.CanonicalizationError: the value holds something JSON cannot express exactly.
    """
    if _is_plain(value):
        with suppress(UnicodeEncodeError):  # it is told below, as what it is
            text = json.dumps(value, sort_keys=True, separators=(",", ":"), ensure_ascii=False)
            return text.encode()
    return rfc8785.dumps(value)


def _is_plain(value: Any) -> bool:
    """Whether a value is one that the JSON writer of Python, in C, writes as RFC 8785 asks.

    It sorts keys by code points, not by UTF-16, and writes other numbers than JavaScript does.
    """
    kind = type(value)
    if kind is str or kind is bool or value is None:
        return True
    if kind is int:
        return bool(-_LARGEST < value < _LARGEST)
    if kind is dict:
        return all(type(k) is str and k.isascii() and _is_plain(v) for k, v in value.items())
    return (kind is list or kind is tuple) and all(map(_is_plain, value))


def digest_of(value: Any) -> str:
    """SHA-256, in hex, of the canonical JSON of ``value``."""
    return hashlib.sha256(canonical_json(value)).hexdigest()


def digest_bytes(data: bytes | memoryview) -> str:
    """SHA-256 of ``data``, in hex."""
    return hashlib.sha256(data).hexdigest()


def digest_lines(lines: Iterable[str]) -> str:
    """SHA-256, in hex, of an ordered sequence of strings, each length-prefixed.

    The length prefix keeps ``["ab", "c"]`` and ``["a", "bc"]`` apart. A lone surrogate, which
    UTF-8 cannot express, is kept as its own three bytes.
    """
    state = hashlib.sha256()
    for line in lines:
        encoded = line.encode("utf-8", "surrogatepass")
        state.update(len(encoded).to_bytes(8, "big"))
        state.update(encoded)
    return state.hexdigest()
