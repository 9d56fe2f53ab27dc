"""The records of a WARC file, whole or not at all (ISO 28500, WARC 1.0 and 1.1).

warcio reads them. It takes a damaged gzip member for the end of a record, and lines of any length;
both are refused here.
"""

from __future__ import annotations

import re
import zlib
from collections.abc import Iterator
from dataclasses import dataclass, replace
from typing import Any, BinaryIO

from warcio.archiveiterator import ArchiveIterator
from warcio.bufferedreaders import DecompressingBufferedReader
from warcio.exceptions import ArchiveLoadFailed
from warcio.statusandheaders import StatusAndHeadersParserException

from models.errors import KiyomeError

MAX_LINE = 64 * 1024
_MAX_HEADERS = 1_000
_BLOCK = 64 * 1024
_STATUS_LINE = re.compile(rb"HTTP/[0-9.]{1,5}[ \t]+([0-9]{3})")


class WarcError(KiyomeError):
    """A WARC file cannot be read from some record on.

    Attributes:
        number: of the first record that cannot be read, counted from 1.
    """

    def __init__(self, problem: str, remedy: str = "", number: int = 0) -> None:
        super().__init__(problem, remedy)
        self.number = number

    def __reduce__(self) -> tuple[type[WarcError], tuple[str, str, int]]:  # type: ignore[override]
        return (type(self), (self.problem, self.remedy, self.number))


class _DamagedError(Exception):
    """The bytes of a record are not whole; the message says why."""


_FAULTS = (
    _DamagedError,
    ArchiveLoadFailed,
    StatusAndHeadersParserException,
    EOFError,
    OSError,
    ValueError,
)


@dataclass(frozen=True, slots=True)
class Head:
    """The beginning of an HTTP message in a record.

    Attributes:
        status: HTTP status of a response; None for a request or where there is none.
        headers: its header lines, in order.
    """

    status: int | None
    headers: tuple[tuple[str, str], ...]


@dataclass(frozen=True, slots=True)
class Record:
    """One record; its payload can be read once, before the next record is asked for.

    Attributes:
        offset: where it begins in the file, in bytes.
        kind: ``WARC-Type`` in lower case.
        url: ``WARC-Target-URI``, or "".
        fields: the named fields of the record, names in lower case; the first of equals.
        head: the HTTP head, where the record holds HTTP.
    """

    offset: int
    kind: str
    url: str
    fields: dict[str, str]
    head: Head
    _stream: Any
    _at: _Position

    @property
    def number(self) -> int:
        """Which record of those that were read it is, counted from 1."""
        return self._at.number

    def chunks(self) -> Iterator[bytes]:
        """What is left of the payload, as it was transferred.

        Raises:
            WarcError: it is damaged. One that is cut short shows when the next record is read.
        """
        while True:
            try:
                chunk = self._stream.read(_BLOCK)
            except _FAULTS as error:
                raise self._at.explain(error) from error
            if not chunk:
                return
            yield chunk


@dataclass
class _Position:
    """Which record is being read, for messages."""

    name: str
    number: int
    offset: int

    def explain(self, error: Exception) -> WarcError:
        what = str(error).strip().splitlines() or [type(error).__name__]
        return WarcError(
            f"Record {self.number} of {self.name} (at byte {self.offset:,}) cannot be read: "
            f"{what[0][:200].rstrip('.')}.",
            "What stands before it was read. Fetch the file again, or write a sound one with "
            "`warcio recompress`.",
            self.number,
        )


class _StrictReader(DecompressingBufferedReader):  # type: ignore[misc]
    """warcio's reader, with damage and endless lines refused."""

    decompressor: Any
    num_block_read: int
    unfinished = False

    def _decompress(self, data: bytes) -> bytes:
        if not (self.decompressor and data):
            return data
        try:
            found: bytes = self.decompressor.decompress(data)
        except zlib.error as error:
            if self.num_block_read == 0 and not data.startswith(b"\x1f\x8b"):
                self.decompressor = None  # the file is not compressed
                return data
            raise _DamagedError(f"its compressed data is damaged ({error})") from error
        self.unfinished = not self.decompressor.eof
        return found

    def readline(self, length: int | None = None) -> bytes:
        if length is not None:
            found: bytes = super().readline(length)
            return found
        found = super().readline(MAX_LINE + 1)
        if len(found) > MAX_LINE:
            raise _DamagedError("it has a line without end")
        return found


def read_records(stream: BinaryIO, name: str, start: int = 0) -> Iterator[Record]:
    """The records of a WARC file in order, from an offset on.

    A record is given before its payload has been read, so that whether it is whole shows when the
    next one is asked for.

    Args:
        stream: the file, seekable.
        name: what to call it in messages.
        start: the offset of the first record that is wanted.

    Raises:
        WarcError: a record is cut short, damaged or not WARC; names its number and offset.
    """
    at = _Position(name, 1, start)
    try:
        yield from _each(stream, at)
    except _FAULTS as error:
        raise at.explain(error) from error


def _each(stream: BinaryIO, at: _Position) -> Iterator[Record]:
    stream.seek(at.offset)
    records = ArchiveIterator(stream, no_record_parse=True)
    reader = records.reader = _StrictReader(stream, block_size=_BLOCK)
    for record in records:
        at.offset = records.offset
        limited = record.raw_stream
        length = (record.rec_headers.get_header("Content-Length") or "").strip()
        is_named = record.rec_headers.get_header("WARC-Type") is not None
        if not (is_named and length.isascii() and length.isdigit() and hasattr(limited, "limit")):
            raise _DamagedError("its header is not whole")
        yield _open(record, replace(at))
        while limited.read(_BLOCK):
            pass
        if limited.limit > 0:
            raise _DamagedError(f"it ends {limited.limit:,} bytes too early")
        records.read_to_end()
        if records.err_count:
            raise _DamagedError("it is longer than it says")
        if reader.unfinished and not records.next_line:
            raise _DamagedError("its compressed data is cut short")
        at.number += 1
        at.offset = records.offset
    if reader.unfinished:
        raise _DamagedError("its compressed data is cut short")


def _open(record: Any, at: _Position) -> Record:
    fields: dict[str, str] = {}
    for name, value in record.rec_headers.headers[:_MAX_HEADERS]:
        fields.setdefault(name.lower(), value)
    kind = fields.get("warc-type", "").lower()
    url = fields.get("warc-target-uri", "").strip().removeprefix("<").removesuffix(">")
    content_type = fields.get("content-type", "").lower()
    head = Head(None, ())
    if kind in ("response", "request", "revisit") and (
        "http" in content_type or url.lower().startswith("http")
    ):
        head = _read_head(record.raw_stream)
    elif kind == "resource" and content_type:
        head = Head(None, (("Content-Type", fields["content-type"]),))
    return Record(at.offset, kind, url, fields, head, record.raw_stream, at)


def _read_head(stream: Any) -> Head:
    """The HTTP head at the beginning of a stream, which is left at the body."""
    first = stream.readline(MAX_LINE)
    status = _STATUS_LINE.match(first)
    lines: list[tuple[str, str]] = []
    size = len(first)
    while (raw := stream.readline(MAX_LINE)) and raw.strip(b"\r\n"):
        size += len(raw)
        if size > 16 * MAX_LINE:
            raise _DamagedError("its HTTP headers have no end")
        text = raw.rstrip(b"\r\n").decode("latin-1")
        if text[:1] in (" ", "\t") and lines:
            lines[-1] = (lines[-1][0], f"{lines[-1][1]} {text.strip()}"[:MAX_LINE])
        elif len(lines) < _MAX_HEADERS:
            name, colon, value = text.partition(":")
            if colon:
                lines.append((name.strip(), value.strip()))
    return Head(int(status[1]) if status else None, tuple(lines))
