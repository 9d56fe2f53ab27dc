"""Canonical JSON and content digests: the one way anything in Kiyome is hashed."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable
from typing import Any

import rfc8785


def canonical_json(value: Any) -> bytes:
    """Serialise ``value`` as canonical JSON (RFC 8785): sorted keys, no spaces, one number form.

    Raises:
        rfc8785.CanonicalizationError: the value holds something JSON cannot express exactly.
    """
    return rfc8785.dumps(value)


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
