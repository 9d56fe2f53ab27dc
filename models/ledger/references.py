"""Pseudonyms for the people that records refer to: owners and reviewers."""

from __future__ import annotations

import hashlib
import hmac
import os
from collections.abc import Callable
from functools import partial
from pathlib import Path

from models.errors import LedgerError
from models.ledger.note import write_secret

_KEY_BYTES = 32


def create_reference_key(path: Path) -> None:
    """Make the key of pseudonyms: hex, with its SHA-256 behind it, so that damage is seen.

    Raises:
        FileExistsError: there is one already; it is never overwritten.
    """
    write_secret(path, _encode(os.urandom(_KEY_BYTES)))


def read_reference_key(path: Path) -> bytes:
    """The key of pseudonyms.

    Raises:
        LedgerError: the file is missing or damaged.
    """
    try:
        data = path.read_bytes()
        key = bytes.fromhex(data[: 2 * _KEY_BYTES].decode("ascii"))
    except (OSError, ValueError):
        key, data = b"", b""
    if len(key) != _KEY_BYTES or data != _encode(key):
        raise LedgerError(
            f"The key of pseudonyms {path} is missing or damaged.", "Restore it from a backup."
        )
    return key


def refer(key: bytes, kind: str, name: str) -> str:
    """The pseudonym of a name: 32 hex digits of HMAC-SHA-256 over kind and name."""
    message = f"{kind}\n{name}".encode("utf-8", "surrogatepass")
    return hmac.new(key, message, hashlib.sha256).hexdigest()[:32]


def read_pseudonyms(private: Path) -> Callable[[str, str], str]:
    """What makes a pseudonym of kind and name, with the key in a ledger's private folder.

    Raises:
        LedgerError: the key is missing or damaged.
    """
    return partial(refer, read_reference_key(private / "references.key"))


def _encode(key: bytes) -> bytes:
    return f"{key.hex()} {hashlib.sha256(key).hexdigest()}\n".encode()
