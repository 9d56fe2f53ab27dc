"""The bytes of a list, piece by piece: unpacked, counted, and their digest taken on the way."""

from __future__ import annotations

import bz2
import hashlib
import lzma
import zlib
from collections.abc import Callable, Iterator
from pathlib import Path
from types import TracebackType
from typing import BinaryIO, Protocol, Self

from models.errors import RegisterError
from models.nouns.importers.rows import EndedEarlyError

HEAD_BYTES = 1 << 16
_PIECE = 1 << 16
# A packed list has a tenth of its size; what unpacks to so much more is made to fill memory.
_LARGEST_SWELL = 200
_SMALLEST_BOMB = 1 << 30
_PACKED = {
    b"PK\x03\x04": ("zip", "unzip"),
    b"\x28\xb5\x2f\xfd": ("zstd", "unzstd"),
    b"7z\xbc\xaf\x27\x1c": ("7z", "7z x"),
}


class _Unpacker(Protocol):
    """One packed stream: bytes in, at most so many bytes out."""

    @property
    def is_done(self) -> bool: ...

    @property
    def is_hungry(self) -> bool: ...

    @property
    def left(self) -> bytes: ...

    def unpack(self, packed: bytes) -> bytes: ...


class _Gzip:
    """A member of a gzip file (RFC 1952)."""

    def __init__(self) -> None:
        self._stream = zlib.decompressobj(wbits=31)
        self._pending = b""

    @property
    def is_done(self) -> bool:
        return self._stream.eof

    @property
    def is_hungry(self) -> bool:
        return not self._pending

    @property
    def left(self) -> bytes:
        return self._stream.unused_data

    def unpack(self, packed: bytes) -> bytes:
        unpacked = self._stream.decompress(self._pending + packed, _PIECE)
        self._pending = self._stream.unconsumed_tail
        return unpacked


class _Blocks:
    """A stream of bzip2 or xz."""

    def __init__(self, stream: bz2.BZ2Decompressor | lzma.LZMADecompressor) -> None:
        self._stream = stream

    @property
    def is_done(self) -> bool:
        return self._stream.eof

    @property
    def is_hungry(self) -> bool:
        return self._stream.needs_input

    @property
    def left(self) -> bytes:
        return self._stream.unused_data

    def unpack(self, packed: bytes) -> bytes:
        return self._stream.decompress(packed, _PIECE)


_UNPACKERS: dict[bytes, Callable[[], _Unpacker]] = {
    b"\x1f\x8b": _Gzip,
    b"BZh": lambda: _Blocks(bz2.BZ2Decompressor()),
    b"\xfd7zXZ\0": lambda: _Blocks(lzma.LZMADecompressor()),
}


class ListFile:
    """A list that is open for reading, unpacked where it is gzip, bzip2 or xz.

    Attributes:
        path: the file.
        head: its first 64 KiB, unpacked.

    Raises:
        RegisterError: it cannot be read, or is packed in a way that is not understood here.
    """

    def __init__(self, path: Path, progress: Callable[[int], None] = lambda _: None) -> None:
        self.path = path
        self._progress = progress
        self._digest = hashlib.sha256()
        self._read = 0
        self._file = self._open()
        try:
            self._pieces = self._unpack()
            self._waiting: list[bytes] = []
            self._broken: EndedEarlyError | None = None
            self._fill_head()
            self.head = b"".join(self._waiting)[:HEAD_BYTES]
        except BaseException:
            self._file.close()
            raise

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._file.close()

    def pieces(self) -> Iterator[bytes]:
        """All its bytes, unpacked, once.

        Raises:
            EndedEarlyError: it is packed, and breaks off or is damaged.
            RegisterError: it cannot be read.
        """
        waiting, self._waiting = self._waiting, []
        yield from waiting
        if self._broken:
            raise self._broken
        yield from self._pieces

    def finish(self) -> str:
        """Read what is left, and give the SHA-256 of the file as it lies there, in hex."""
        while self._take():
            pass
        return self._digest.hexdigest()

    def _fill_head(self) -> None:
        held = 0
        try:
            for piece in self._pieces:
                self._waiting.append(piece)
                held += len(piece)
                if held >= HEAD_BYTES:
                    return
        except EndedEarlyError as error:
            # What comes before the damage is for the reader; it meets the damage in its turn.
            self._broken = error

    def _open(self) -> BinaryIO:
        try:
            return self.path.open("rb")
        except OSError as error:
            raise self._unreadable(error) from error

    def _unreadable(self, error: OSError) -> RegisterError:
        return RegisterError(
            f"The list {self.path} cannot be read: {error.strerror or error}.",
            "Check the path and its permissions.",
        )

    def _take(self) -> bytes:
        try:
            piece = self._file.read(_PIECE)
        except OSError as error:
            raise self._unreadable(error) from error
        self._digest.update(piece)
        self._read += len(piece)
        if piece:
            self._progress(len(piece))
        return piece

    def _unpack(self) -> Iterator[bytes]:
        first = self._take()
        for magic, (form, command) in _PACKED.items():
            if first.startswith(magic):
                raise RegisterError(
                    f"The list {self.path} is packed as {form}.",
                    f"Unpack it with `{command}`; gzip, bzip2 and xz can stay packed.",
                )
        make = next((make for magic, make in _UNPACKERS.items() if first.startswith(magic)), None)
        if make is None:
            while first:
                yield first
                first = self._take()
            return
        yield from self._unpack_streams(first, make)

    def _unpack_streams(self, packed: bytes, make: Callable[[], _Unpacker]) -> Iterator[bytes]:
        """The contents of one packed stream after another, as several programs write them."""
        stream = make()
        out = 0
        try:
            while True:
                if stream.is_done:
                    packed = (stream.left or self._take()).lstrip(b"\0")
                    if not packed:
                        return
                    stream = make()
                elif stream.is_hungry and not packed:
                    packed = self._take()
                    if not packed:
                        raise EndedEarlyError(
                            f"The list {self.path} breaks off in the middle of its packed data.",
                            "Fetch it anew, or take what is there with --partial.",
                        )
                piece, packed = stream.unpack(packed), b""
                out += len(piece)
                if out > max(_SMALLEST_BOMB, _LARGEST_SWELL * self._read):
                    raise RegisterError(
                        f"The list {self.path} unpacks to more than {_LARGEST_SWELL} times its "
                        "size.",
                        "No list does: fetch it from where it is published.",
                    )
                if piece:
                    yield piece
        except (zlib.error, lzma.LZMAError, OSError, EOFError) as error:
            raise EndedEarlyError(
                f"The packed data of the list {self.path} is damaged: {error}.",
                "Fetch it anew, or take what comes before the damage with --partial.",
            ) from error
