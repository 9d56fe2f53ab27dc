"""A key for every owner: 32 random bytes, from which everything about them in the log follows.

Salts, tags and the encryption of an owner's records are derived from their key alone, never from a
key that several share: destroying one key makes one owner's records unreadable and nothing else.

The file holds slots of 64 bytes: pseudonym (16), key (32), check (16). New keys are appended and
synced; then the number of slots in the header is raised and synced, so that what a crash left
behind it counts for nothing. A key is destroyed by overwriting its slot with zeros, in place.
"""

from __future__ import annotations

import hashlib
import hmac
import os
import re
import secrets
import struct
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import IO

from models.errors import LedgerError
from models.failpoints import reach
from models.ledger.note import write_secret

KEY_BYTES = 32
OPERATOR = ""
"""The reference of the synthetic owner that records without a known owner belong to."""

_SLOT = struct.Struct(">16s32s16s")
_EMPTY = bytes(_SLOT.size)
_MAGIC = b"kiyome.owner-keys/1\n"
_HEADER = struct.Struct(">24sQ32s")
_READ_AT_ONCE = 1024
_REFERENCE = re.compile(r"(?:[0-9a-f]{32})?", re.ASCII)
_INNER = bytes(byte ^ 0x36 for byte in range(256))
_OUTER = bytes(byte ^ 0x5C for byte in range(256))


def new_owner_key() -> bytes:
    """32 random bytes."""
    return secrets.token_bytes(KEY_BYTES)


def derive_tag(key: bytes, batch_id: str) -> bytes:
    """What stands for an owner in a batch's index: 32 bytes that only the key explains."""
    return hmac.digest(key, b"usage-tag" + batch_id.encode(), "sha256")


def derive_index_salt(key: bytes, batch_id: str) -> bytes:
    """What hides an owner's leaf in a batch's index."""
    return hmac.digest(key, b"usage-index" + batch_id.encode(), "sha256")


def derive_record_salt(key: bytes, batch_id: str, position: int) -> bytes:
    """What hides a record: ``position`` counts from 0 at the batch's first record."""
    message = b"usage-salt" + batch_id.encode() + position.to_bytes(8, "big")
    return hmac.digest(key, message, "sha256")


class RecordSalts:
    """``derive_record_salt`` of many records: the HMAC up to the position is worked out once.

    HMAC (RFC 2104) is written out: Python's copies of one take as long as the hashing.
    """

    def __init__(self, key: bytes, batch_id: str) -> None:
        padded = key.ljust(hashlib.sha256().block_size, b"\0")
        self._inner = hashlib.sha256(padded.translate(_INNER) + b"usage-salt" + batch_id.encode())
        self._outer = hashlib.sha256(padded.translate(_OUTER))

    def derive(self, position: int) -> bytes:
        """The salt of the record at a position."""
        inner, outer = self._inner.copy(), self._outer.copy()
        inner.update(position.to_bytes(8, "big"))
        outer.update(inner.digest())
        return outer.digest()


def derive_seal_key(key: bytes, batch_id: str, nonce: bytes) -> bytes:
    """What encrypts an owner's records; ``nonce`` is new whenever a batch is staged."""
    return hmac.digest(key, b"usage-seal" + batch_id.encode() + nonce, "sha256")


class OwnerKeys:
    """The keys as they were when the file was read. Read again after waiting for a lock."""

    def __init__(self, path: Path, data: bytes) -> None:
        self._path = path
        self._data = data

    @classmethod
    def read(cls, path: Path) -> OwnerKeys:
        """Read the file.

        Raises:
            LedgerError: it is missing, damaged or can be read by others.
        """
        with _opened(path) as (file, count):
            return cls(path, file.read(count * _SLOT.size))

    def get(self, owner_ref: str) -> bytes | None:
        """The key of an owner; None where there is none, or none any more.

        Raises:
            LedgerError: the key is damaged.
        """
        reference, at = encode_reference(owner_ref), -1
        while (at := self._data.find(reference, at + 1)) >= 0:
            if at % _SLOT.size == 0:
                slot = self._data[at : at + _SLOT.size]
                if slot != _EMPTY:
                    return self._open(slot)[1]
                # The synthetic owner's reference is zeros, as a destroyed slot is.
                at += _SLOT.size - 1
        return None

    def items(self) -> Iterator[tuple[str, bytes]]:
        """Every owner with their key.

        Raises:
            LedgerError: a key is damaged.
        """
        for at in range(0, len(self._data), _SLOT.size):
            slot = self._data[at : at + _SLOT.size]
            if slot != _EMPTY:
                yield self._open(slot)

    def _open(self, slot: bytes) -> tuple[str, bytes]:
        reference, key, check = _SLOT.unpack(slot)
        if check != _check(reference, key):
            raise _damaged(self._path)
        return (reference.hex() if any(reference) else OPERATOR), key


def find_owner_key(path: Path, owner_ref: str) -> bytes | None:
    """The key of one owner; None where there is none, or none any more.

    What ``OwnerKeys`` would find, without the keys of all in memory.

    Raises:
        LedgerError: the file is missing, damaged or can be read by others, or the key is damaged.
    """
    with _opened(path) as (file, left):
        while left:
            count = min(left, _READ_AT_ONCE)
            keys = OwnerKeys(path, file.read(count * _SLOT.size))
            if (key := keys.get(owner_ref)) is not None:
                return key
            left -= count
    return None


def create_key_store(path: Path) -> None:
    """Make a file without keys.

    Raises:
        FileExistsError: there is one already; it is never overwritten.
    """
    write_secret(path, _write_header(0))


def add_owner_keys(path: Path, keys: Mapping[str, bytes]) -> None:
    """Append keys. They are on the disk when this returns. The caller holds the writer's lock.

    Raises:
        LedgerError: the file is missing or damaged.
        OSError: the disk is full; no key was added.
    """
    if not keys:
        return
    with path.open("r+b", buffering=0) as file:
        count = _read_header(file.read(_HEADER.size))
        if count is None:
            raise _damaged(path)
        slots = b"".join(_encode_slot(reference, key) for reference, key in keys.items())
        _write_at(file.fileno(), _HEADER.size + count * _SLOT.size, slots)
        reach("ledger.owner_keys")
        _write_at(file.fileno(), 0, _write_header(count + len(keys)))


def make_owner_key(path: Path, owner_ref: str) -> bytes:
    """The key of an owner, made and stored where there was none. The caller holds the lock.

    Raises:
        LedgerError: the file is missing, or any key in it is damaged: it might be theirs.
        OSError: the disk is full.
    """
    key = dict(OwnerKeys.read(path).items()).get(owner_ref)
    if key is None:
        key = new_owner_key()
        add_owner_keys(path, {owner_ref: key})
    return key


def destroy_owner_key(path: Path, owner_ref: str) -> None:
    """Overwrite an owner's key with zeros. Destroying it again changes nothing.

    Raises:
        LedgerError: the file is missing or damaged.
        OSError: it cannot be written.
    """
    reference = encode_reference(owner_ref)
    with path.open("r+b", buffering=0) as file:
        count = _read_header(file.read(_HEADER.size))
        if count is None:
            raise _damaged(path)
        # To the end of the file: a crash may have left a key behind the last slot that counts.
        data = file.readall()
        for at in range(0, len(data), _SLOT.size):
            if data[at : at + len(reference)] == reference:
                length = min(_SLOT.size, len(data) - at)
                os.pwrite(file.fileno(), bytes(length), _HEADER.size + at)
        os.fsync(file.fileno())


def encode_reference(owner_ref: str) -> bytes:
    """16 bytes for an owner's reference.

    Raises:
        LedgerError: it is not one.
    """
    if not _REFERENCE.fullmatch(owner_ref):
        raise LedgerError(
            "An owner's reference has 32 lower-case hex digits.",
            'Get it with `UsageLedger.reference("owner", name)`.',
        )
    return bytes.fromhex(owner_ref or "00" * 16)


@contextmanager
def _opened(path: Path) -> Iterator[tuple[IO[bytes], int]]:
    """The file where its first slot begins, and how many slots count."""
    try:
        with path.open("rb") as file:
            found = os.fstat(file.fileno())
            if found.st_mode & 0o077:
                raise LedgerError(
                    f"The keys of owners {path} can be read by others.", f"Run `chmod 600 {path}`."
                )
            count = _read_header(file.read(_HEADER.size))
            if count is None or found.st_size < _HEADER.size + count * _SLOT.size:
                raise _damaged(path)
            yield file, count
    except OSError as error:
        raise LedgerError(
            f"The keys of owners {path} cannot be read: {error.strerror}.",
            "Restore them from a backup.",
        ) from error


def _encode_slot(owner_ref: str, key: bytes) -> bytes:
    reference = encode_reference(owner_ref)
    return _SLOT.pack(reference, key, _check(reference, key))


def _check(reference: bytes, key: bytes) -> bytes:
    return hashlib.sha256(_MAGIC + reference + key).digest()[:16]


def _write_header(count: int) -> bytes:
    start = _MAGIC.ljust(24, b"\0")
    return _HEADER.pack(start, count, hashlib.sha256(start + count.to_bytes(8, "big")).digest())


def _read_header(data: bytes) -> int | None:
    if len(data) != _HEADER.size:
        return None
    count: int = _HEADER.unpack(data)[1]
    return count if data == _write_header(count) else None


def _write_at(handle: int, offset: int, data: bytes) -> None:
    while data:
        written = os.pwrite(handle, data, offset)
        data, offset = data[written:], offset + written
    os.fsync(handle)


def _damaged(path: Path) -> LedgerError:
    return LedgerError(f"The keys of owners {path} are damaged.", "Restore them from a backup.")
