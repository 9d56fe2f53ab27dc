"""The payload of an HTTP response in a WARC file: without chunks, decompressed, never too large.

What cannot be decoded is a failure with whatever came out before.
"""

from __future__ import annotations

import hashlib
import re
import zlib
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from itertools import chain

from models.fetching.fetched import Failure

_STEP = 256 * 1024
_GZIP = b"\x1f\x8b"
_CHUNK_SIZE = re.compile(rb"[ \t]*([0-9A-Fa-f]{1,8})[ \t]*(?:;[^\r\n]{0,256})?\r\n")
_LONGEST_SIZE_LINE = 300
_AS_IT_IS = frozenset(("", "identity", "none", "utf-8", "binary"))


@dataclass(frozen=True, slots=True)
class Payload:
    """A decoded payload.

    Attributes:
        body: its first bytes, at most as many as were asked for.
        sha256: digest of all of it, in hex; empty where it could not be decoded to its end.
        failure: why the body is not the whole of it; None where it is.
        detail: the failure in words.
    """

    body: bytes
    sha256: str
    failure: Failure | None = None
    detail: str = ""


class _UndecodableError(Exception):
    """The payload is not what its headers say; the message says why."""


def read_payload(
    chunks: Iterable[bytes],
    headers: tuple[tuple[str, str], ...],
    keep: int,
    max_bytes: int = 1024**3,
) -> Payload:
    """Decode a payload, keeping its beginning and the digest of all of it.

    Args:
        chunks: the payload as it was transferred.
        headers: of the response: ``Transfer-Encoding`` and ``Content-Encoding`` are looked at.
        keep: how many bytes of it to keep.
        max_bytes: a larger payload, decompressed, is not read to its end.
    """
    kept = bytearray()
    digest = hashlib.sha256()
    size = 0
    try:
        for part in _decode(chunks, headers):
            size += len(part)
            if size > max_bytes:
                detail = f"it is larger than {max_bytes:,} bytes"
                return Payload(bytes(kept), "", Failure.TOO_LARGE, detail)
            digest.update(part)
            if len(kept) < keep:
                kept += part[: keep - len(kept)]
    except _UndecodableError as error:
        return Payload(bytes(kept), "", Failure.MALFORMED, str(error))
    if size > keep:
        detail = f"only the first {keep:,} bytes of it are read"
        return Payload(bytes(kept), digest.hexdigest(), Failure.TOO_LARGE, detail)
    return Payload(bytes(kept), digest.hexdigest())


def _decode(chunks: Iterable[bytes], headers: tuple[tuple[str, str], ...]) -> Iterator[bytes]:
    transfer = _codings(headers, "transfer-encoding")
    content = _codings(headers, "content-encoding")
    stream: Iterator[bytes] = iter(chunks)
    if "chunked" in transfer:
        stream = _join_chunks(stream)
    codings = [*content, *(coding for coding in transfer if coding != "chunked")]
    for coding in reversed(codings[:4]):
        if coding in ("gzip", "x-gzip"):
            stream = _inflate(stream, 16 + zlib.MAX_WBITS)
        elif coding == "deflate":
            stream = _inflate(stream, zlib.MAX_WBITS)
        elif coding not in _AS_IT_IS:
            raise _UndecodableError(f"its encoding {coding[:20]!r} cannot be read here")
    yield from stream


def _codings(headers: tuple[tuple[str, str], ...], name: str) -> list[str]:
    return [
        coding.strip().lower()
        for key, value in headers
        if key.lower() == name
        for coding in value.split(",")
    ]


def _inflate(stream: Iterator[bytes], window: int) -> Iterator[bytes]:
    """Decompress; data that is not compressed, whatever its header says, passes as it is."""
    start = b""
    while len(start) < len(_GZIP) and (chunk := next(stream, b"")):
        start += chunk
    try:
        zlib.decompressobj(window).decompress(start[:64], 1)
    except zlib.error:
        if window != zlib.MAX_WBITS:
            yield start
            yield from stream
            return
        window = -zlib.MAX_WBITS  # "deflate" without the wrapper that it should have
    try:
        yield from _inflate_members(chain([start], stream), window)
    except zlib.error as error:
        raise _UndecodableError(f"its compressed data is damaged ({error})") from error


def _inflate_members(stream: Iterator[bytes], window: int) -> Iterator[bytes]:
    inflater = zlib.decompressobj(window)
    begun = False
    waiting = b""
    for chunk in stream:
        rest = waiting + chunk
        waiting = b""
        while rest:
            if inflater.eof:
                if len(rest) < len(_GZIP):
                    waiting = rest
                    break
                if window < zlib.MAX_WBITS + 16 or not rest.startswith(_GZIP):
                    return  # what follows the end of the data is not data
                inflater = zlib.decompressobj(window)
            begun = True
            if part := inflater.decompress(rest, _STEP):
                yield part
            rest = inflater.unused_data if inflater.eof else inflater.unconsumed_tail
    if begun and not inflater.eof:
        raise _UndecodableError("its compressed data is cut short")


def _join_chunks(stream: Iterator[bytes]) -> Iterator[bytes]:
    """The data of HTTP chunks; a payload whose chunks were joined before passes as it is."""
    waiting = b""
    left = 0
    first = True
    ended = False
    for piece in stream:
        waiting = waiting + piece if waiting else piece
        while waiting and not ended:
            if left:
                part, waiting = waiting[:left], waiting[left:]
                left -= len(part)
                yield part
                continue
            line = waiting if first else waiting.lstrip(b"\r\n")
            size = _CHUNK_SIZE.match(line)
            if size is None:
                if first and (b"\n" in line[:_LONGEST_SIZE_LINE] or len(line) > _LONGEST_SIZE_LINE):
                    yield waiting
                    yield from stream
                    return
                if len(line) > _LONGEST_SIZE_LINE:
                    raise _UndecodableError("its chunks are damaged")
                break
            first = False
            waiting, left = line[size.end() :], int(size[1], 16)
            ended = left == 0
        if ended:
            waiting = b""
    if first and waiting:
        yield waiting
    elif not ended and not first:
        raise _UndecodableError("its last chunk is missing")
