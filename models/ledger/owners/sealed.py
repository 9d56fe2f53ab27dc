"""The records of a batch on disk, each encrypted for its owner's key: ``openings/<id>.sealed``.

    header   magic (24), nonce (16), number of records (u64), where the table begins (u64)
    frame    length of the sealed record (u32), key id (16), sealed record
    table    where each frame begins (u64 each)

A record is sealed with ChaCha20-Poly1305 under a key that follows from its owner's key, the batch
and the file's nonce; its position in the batch is the cipher's nonce. Salts are not stored: they
follow from the owner's key as well. An erased frame keeps its length and is zeros otherwise, so
that it does not even tell which other frames were the same owner's.
"""

from __future__ import annotations

import mmap
import os
import struct
import sys
from array import array
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path
from types import TracebackType
from typing import IO, Self

from models.errors import LedgerError
from models.ledger.commitments import MAX_OPENING_BYTES

NONCE_BYTES = 16
KEY_ID_BYTES = 16
_MAGIC = b"kiyome.openings/2\n".ljust(24, b"\0")
_HEADER = struct.Struct(">24s16sQQ")
_FRAME = struct.Struct(">I16s")
_PLACE = struct.Struct(">Q")
_SEAL_BYTES = 16
_NO_KEY = bytes(KEY_ID_BYTES)
_CHUNK_BYTES = 1 << 20


def position_nonce(position: int) -> bytes:
    """The cipher's nonce for a record; never used twice under one key."""
    return position.to_bytes(12, "big")


@dataclass(frozen=True, slots=True)
class Frame:
    """One sealed record.

    Attributes:
        position: from 0, in the batch.
        key_id: the first 16 bytes of its owner's tag in the batch.
        sealed: the encrypted record.
    """

    position: int
    key_id: bytes
    sealed: bytes

    @property
    def erased(self) -> bool:
        """Whether the record was erased."""
        return self.key_id == _NO_KEY and not any(self.sealed)


class SealedWriter:
    """Writes sealed records one after another; ``finish`` makes the file whole."""

    def __init__(self, file: IO[bytes], nonce: bytes) -> None:
        self._file = file
        self._nonce = nonce
        self._offsets = array("Q")
        self._at = file.write(bytes(_HEADER.size))

    def add(self, frames: Iterable[tuple[bytes, bytes]]) -> None:
        """Append the next records: key id and sealed record of each."""
        parts: list[bytes] = []
        for key_id, sealed in frames:
            self._offsets.append(self._at)
            self._at += _FRAME.size + len(sealed)
            parts += _FRAME.pack(len(sealed), key_id), sealed
        self._file.write(b"".join(parts))

    def finish(self) -> None:
        """Write table and header."""
        self._file.write(_encode_table(self._offsets))
        self._file.seek(0)
        self._file.write(_HEADER.pack(_MAGIC, self._nonce, len(self._offsets), self._at))


class SealedFile:
    """Reads sealed records, in order or one of them. Use it in a ``with`` statement."""

    def __init__(self, path: Path, *, change: bool = False) -> None:
        """Open the file.

        Args:
            change: open it so that frames can be erased.

        Raises:
            LedgerError: it is missing or damaged.
        """
        self._path = path
        try:
            self._file = path.open("r+b" if change else "rb")
        except OSError as error:
            raise LedgerError(
                f"The openings {path} cannot be read.", "Restore them from a backup."
            ) from error
        header = self._file.read(_HEADER.size)
        size = os.fstat(self._file.fileno()).st_size
        try:
            magic, self.nonce, self.count, self._table = _HEADER.unpack(header)
        except struct.error:
            magic, self.nonce, self.count, self._table = b"", b"", 0, 0
        if magic != _MAGIC or self._table < _HEADER.size or size != self._table + 8 * self.count:
            self._file.close()
            raise self._damaged("its beginning does not fit its length")

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._file.close()

    def frames(self) -> Iterator[Frame]:
        """Every frame in order, streamed.

        Raises:
            LedgerError: a frame, or the table, is damaged.
        """
        with (
            self._path.open("rb", _CHUNK_BYTES) as file,
            self._path.open("rb", _CHUNK_BYTES) as table,
        ):
            table.seek(self._table)
            at = file.seek(_HEADER.size)
            for position in range(self.count):
                if table.read(8) != at.to_bytes(8, "big"):
                    raise self._damaged(f"its table does not lead to record {position}")
                frame = self._read_frame(file, position)
                at += _FRAME.size + len(frame.sealed)
                yield frame
            if at != self._table:
                raise self._damaged("something follows its last record")

    def frame(self, position: int) -> Frame:
        """The frame of one record.

        Raises:
            LedgerError: there is none, or it is damaged.
        """
        self._seek(position)
        return self._read_frame(self._file, position)

    def frames_at(self, positions: Iterable[int]) -> Iterator[Frame]:
        """The frames of some records, in the order asked for: many of them sooner than one by one.

        Raises:
            LedgerError: there is none, or it is damaged.
        """
        with mmap.mmap(self._file.fileno(), 0, access=mmap.ACCESS_READ) as data:
            for position in positions:
                self._check_position(position)
                (at,) = _PLACE.unpack_from(data, self._table + _PLACE.size * position)
                self._check_place(at, position)
                length, key_id = _FRAME.unpack_from(data, at)
                self._check_length(length, position)
                end = at + _FRAME.size + length
                if end > self._table:
                    raise self._damaged(f"record {position} is cut short")
                yield Frame(position, key_id, data[end - length : end])

    def erase(self, position: int) -> None:
        """Overwrite a frame, but for its length. ``sync`` makes it last."""
        self._seek(position)
        frame = self._read_frame(self._file, position)
        self._file.seek(-len(frame.sealed) - KEY_ID_BYTES, os.SEEK_CUR)
        self._file.write(bytes(KEY_ID_BYTES + len(frame.sealed)))

    def sync(self) -> None:
        """Make sure that what was erased is erased on the disk."""
        self._file.flush()
        os.fsync(self._file.fileno())

    def _seek(self, position: int) -> None:
        self._check_position(position)
        self._file.seek(self._table + _PLACE.size * position)
        (at,) = _PLACE.unpack(self._file.read(_PLACE.size))
        self._check_place(at, position)
        self._file.seek(at)

    def _read_frame(self, file: IO[bytes], position: int) -> Frame:
        try:
            length, key_id = _FRAME.unpack(file.read(_FRAME.size))
        except struct.error as error:
            raise self._damaged(f"record {position} is cut short") from error
        self._check_length(length, position)
        sealed = file.read(length)
        if len(sealed) != length:
            raise self._damaged(f"record {position} is cut short")
        return Frame(position, key_id, sealed)

    def _check_position(self, position: int) -> None:
        if not 0 <= position < self.count:
            raise self._damaged(f"it holds no record {position}")

    def _check_place(self, at: int, position: int) -> None:
        if not _HEADER.size <= at <= self._table - _FRAME.size:
            raise self._damaged(f"its table does not lead to record {position}")

    def _check_length(self, length: int, position: int) -> None:
        if not _SEAL_BYTES < length <= MAX_OPENING_BYTES + _SEAL_BYTES:
            raise self._damaged(f"record {position} has an impossible length")

    def _damaged(self, how: str) -> LedgerError:
        return LedgerError(
            f"The openings {self._path} are damaged: {how}.", "Restore them from a backup."
        )


def _encode_table(offsets: array[int]) -> bytes:
    if sys.byteorder == "little":
        offsets.byteswap()
    return offsets.tobytes()
