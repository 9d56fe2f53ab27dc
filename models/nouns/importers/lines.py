"""The lines of a list, and the rows of one that is CSV."""

from __future__ import annotations

import csv
from collections import deque
from collections.abc import Iterable, Iterator
from typing import NamedTuple

from models.nouns.importers.list_file import ListFile

LONGEST_ROW = 1 << 20
LONGEST_JSON = 1 << 26
# How many lines a quoted field may go on for: one quotation mark too many must not swallow more.
_MOST_LINES = 50


class Line(NamedTuple):
    """One line of a list.

    Attributes:
        number: counted from 1.
        data: its bytes without the line end; None for a line that is too long to be kept.
        has_end: whether a line end follows.
    """

    number: int
    data: bytes | None
    has_end: bool


class CsvRow(NamedTuple):
    """One row of a CSV file.

    Attributes:
        line: the line on which it ends.
        fields: its fields; None where it cannot be read.
        problem: why it cannot be read, or "".
        breaks_off: whether the file ends in the middle of it.
    """

    line: int
    fields: list[str] | None
    problem: str = ""
    breaks_off: bool = False


def read_lines(file: ListFile, longest: int) -> Iterator[Line]:
    """All lines, whatever ends them: LF, CR LF, or CR alone.

    Args:
        longest: a longer line is dropped, its bytes are not kept.
    """
    end = b"\n" if b"\n" in file.head or b"\r" not in file.head else b"\r"
    number = held = 0
    parts: list[bytes] = []
    is_dropped = False
    for piece in file.pieces():
        first, *others = piece.split(end)
        parts.append(first)
        held += len(first)
        for following in others:
            number += 1
            data = None if is_dropped or held > longest else b"".join(parts).rstrip(b"\r")
            yield Line(number, data, True)
            parts, held, is_dropped = [following], len(following), False
        if held > longest:
            parts, is_dropped = [], True
    if held or is_dropped:
        yield Line(number + 1, None if is_dropped else b"".join(parts).rstrip(b"\r"), False)


def read_csv(lines: Iterable[Line]) -> Iterator[CsvRow]:
    """The rows of a CSV file in UTF-8 (RFC 4180), without the empty ones.

    Bytes that are no UTF-8 become lone surrogates. A row that cannot be read costs no other one:
    where a quotation mark is not closed, only the line with the mark is lost.
    """
    source = iter(lines)
    ahead: deque[Line] = deque()
    while True:
        line = ahead.popleft() if ahead else next(source, None)
        if line is None:
            return
        if line.data is None:
            yield CsvRow(line.number, None, f"The line is longer than {LONGEST_ROW:,} bytes.")
            continue
        text = _decode(line)
        if '"' not in text:
            # A row of nothing but commas is what a spreadsheet makes of an empty one.
            if text.replace(",", " ").strip():
                yield CsvRow(line.number, text.split(","))
            continue
        taken = [line]
        fields, is_open = _split([text])
        while is_open and len(taken) < _MOST_LINES:
            following = ahead.popleft() if ahead else next(source, None)
            if following is None:
                break
            taken.append(following)
            if following.data is None:
                break
            # Only a line with a quotation mark can close the field.
            if b'"' in following.data:
                fields, is_open = _split([_decode(each) for each in taken])
        if is_open or (fields is None and len(taken) > 1):
            ahead.extendleft(reversed(taken[1:]))
            problem = "The quotation mark is not closed. Quote the row anew."
            breaks_off = not line.has_end
            yield CsvRow(line.number, None, problem, breaks_off)
        elif fields is None:
            yield CsvRow(line.number, None, "The row is not CSV. Quote it anew.")
        elif any(map(str.strip, fields)):
            yield CsvRow(taken[-1].number, fields)


def _decode(line: Line) -> str:
    data = line.data or b""
    if line.number == 1:
        data = data.removeprefix(b"\xef\xbb\xbf")
    return data.decode("utf-8", "surrogateescape")


def _split(texts: list[str]) -> tuple[list[str] | None, bool]:
    """The fields of lines that make one row, None for no row; whether a quotation is open."""
    try:
        (fields,) = csv.reader([f"{text}\n" for text in texts], strict=True)
    except csv.Error as error:
        if "unexpected end" in str(error):
            return None, True
    except ValueError:
        return None, False
    else:
        return fields, False
    if len(texts) > 1:
        return None, False
    try:
        # Marks in the middle of a field are read as they are, as spreadsheets do.
        return next(csv.reader(texts)), False
    except (csv.Error, StopIteration):
        return None, False
