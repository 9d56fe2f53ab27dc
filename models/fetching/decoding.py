"""Undoing a Content-Encoding without ever holding more than was asked for."""

from __future__ import annotations

import zlib

from models.errors import KiyomeError

ACCEPT_ENCODING = "gzip, deflate"

_LAYERS = 2
_MEMBERS = 4096  # of one gzip body; each costs a copy of what is left of a chunk
_STEP = 65_536  # bytes produced at a time


class BodyTooLargeError(KiyomeError):
    """The body, decompressed, is larger than what was asked for."""


class EncodingError(KiyomeError):
    """The body is not compressed as its headers say."""


class _Inflater:
    """One layer of gzip or deflate."""

    def __init__(self, coding: str) -> None:
        self._gzip = coding == "gzip"
        self._state: zlib._Decompress | None = zlib.decompressobj(31) if self._gzip else None
        self._members = 1
        self._head = b""
        self.produced = 0
        self.finished = False

    def feed(self, data: bytes, limit: int) -> bytes:
        """Decompress; at most ``limit`` bytes come of it.

        Raises:
            BodyTooLargeError: more would come of it.
            EncodingError: it is not what it should be.
        """
        pieces: list[bytes] = []
        size = 0
        # zlib may hold more output than was wanted although it has taken in all of the input.
        holds_back = False
        if self._state is None:
            data = self._head + data
            if len(data) < 2:
                self._head = data
                return b""
            self._state = _begin_deflate(data)
        while data or holds_back:
            if self.finished:
                self._state = self._begin_member()
            wanted = min(_STEP, limit - size + 1)
            try:
                piece = self._state.decompress(data, wanted)
            except zlib.error as error:
                raise EncodingError("The body is not compressed as it says.") from error
            size += len(piece)
            if size > limit:
                raise BodyTooLargeError("The body is larger than what was asked for.")
            pieces.append(piece)
            self.finished = self._state.eof
            holds_back = len(piece) == wanted and not self.finished
            data = self._state.unused_data if self.finished else self._state.unconsumed_tail
        self.produced += size
        return b"".join(pieces)

    def _begin_member(self) -> zlib._Decompress:
        self._members += 1
        if not self._gzip or self._members > _MEMBERS:
            raise EncodingError("Something follows the compressed body.")
        self.finished = False
        return zlib.decompressobj(31)


def _begin_deflate(head: bytes) -> zlib._Decompress:
    """deflate is zlib's format (RFC 9110 8.4.1.2); many servers send it without zlib's header."""
    has_header = head[0] & 0x0F == 8 and int.from_bytes(head[:2]) % 31 == 0
    return zlib.decompressobj(15 if has_header else -15)


class BodyDecoder:
    """Collects the body of one response.

    Args:
        encodings: the values of its Content-Encoding headers.
        limit: bytes, decompressed, that it may have.

    Raises:
        EncodingError: it is compressed in a way that was not asked for.
    """

    def __init__(self, encodings: list[str], limit: int) -> None:
        names = [name.strip().lower() for value in encodings for name in value.split(",")]
        names = ["gzip" if name == "x-gzip" else name for name in names]
        names = [name for name in names if name not in ("", "identity")]
        if len(names) > _LAYERS or any(name not in ("gzip", "deflate") for name in names):
            raise EncodingError("The body is compressed in a way that was not asked for.")
        self._layers = [_Inflater(name) for name in reversed(names)]
        self._limit = limit
        self._pieces: list[bytes] = []
        self._size = 0
        self._any = False

    def feed(self, data: bytes) -> None:
        """Take the next bytes of the body, as received.

        Raises:
            BodyTooLargeError: the body is too large; ``body`` holds what came before.
            EncodingError: it is not compressed as it says.
        """
        self._any = self._any or bool(data)
        for position, layer in enumerate(self._layers):
            # What is compressed twice may be a little larger inside; much larger is a bomb, too.
            last = position == len(self._layers) - 1
            limit = self._limit if last else 2 * self._limit + _STEP
            data = layer.feed(data, limit - layer.produced)
        if self._size + len(data) > self._limit:
            self._pieces.append(data[: self._limit - self._size])
            self._size = self._limit
            raise BodyTooLargeError("The body is larger than what was asked for.")
        self._pieces.append(data)
        self._size += len(data)

    @property
    def complete(self) -> bool:
        """Whether every compressed layer has come to its end."""
        return not self._any or all(layer.finished for layer in self._layers)

    @property
    def body(self) -> bytes:
        """What has come so far, decompressed."""
        return b"".join(self._pieces)
