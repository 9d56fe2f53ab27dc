"""The rows of a list, whatever its format: CSV, Parquet, or one name a line.

Everything is read as a stream, and nothing is skipped: a record that the format's reader cannot
take is read again line by line, so that one open quote does not hide what follows it.
"""

from __future__ import annotations

import csv
import gzip
import io
import zlib
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from itertools import dropwhile
from pathlib import Path
from typing import IO, Any

import pyarrow as pa
import pyarrow.parquet as pq

from models.consent.optouts.columns import (
    NAMING,
    ONE_NAME,
    Columns,
    Role,
    recognise_columns,
    role_of,
)
from models.consent.optouts.rows import Problem, names_something
from models.errors import DatasetError

MAX_LINE = 2**20
"""Longer lines are a problem and are not read, in bytes."""

_MAX_RECORD = 16  # lines; a quoted field that runs on for longer was never closed
_BATCH = 4096
_DELIMITERS = ",\t;|"

Row = tuple[int, Sequence[object]]


@dataclass(frozen=True, slots=True)
class Table:
    """A list that can be read, as often as needed.

    Attributes:
        columns: what its columns hold.
        rows: opens it and yields each row with its line, or a problem.
    """

    columns: Columns
    rows: Callable[[], Iterator[Row | Problem]]


def open_table(path: Path) -> Table:
    """Find out what a file is and which columns it has.

    Raises:
        DatasetError: it cannot be read.
    """
    try:
        with path.open("rb") as file:
            head = file.read(4)
        if head == b"PAR1":
            return _open_parquet(path)
        if head[:2] in (b"\xff\xfe", b"\xfe\xff"):
            raise DatasetError(f"The list {path} is UTF-16.", "Save it as UTF-8.")
        return _open_text(path)
    except (OSError, EOFError, zlib.error, pa.ArrowException) as error:
        raise _unreadable(path, error) from error


def _unreadable(path: Path, error: Exception) -> DatasetError:
    detail = getattr(error, "strerror", None) or error
    return DatasetError(
        f"The list {path} cannot be read: {detail}.",
        "Give a CSV or Parquet file, or a text with one name a line.",
    )


def _open_parquet(path: Path) -> Table:
    with pq.ParquetFile(path) as file:
        names: list[str] = list(file.schema_arrow.names)
    columns = recognise_columns(names)
    wanted = [names[index] for index, _ in columns.roles]
    if len(set(names)) != len(names):
        raise DatasetError(f"The list {path} has two columns of one name.", "Rename one of them.")
    roles = Columns(
        tuple((place, role) for place, (_, role) in enumerate(columns.roles)),
        columns.unusable,
        columns.unknown,
    )

    def rows() -> Iterator[Row | Problem]:
        try:
            with pq.ParquetFile(path) as file:
                row = 0
                for batch in file.iter_batches(batch_size=_BATCH, columns=wanted):
                    cells = [batch.column(name).to_pylist() for name in wanted]
                    for values in zip(*cells, strict=True):
                        row += 1
                        yield row, values
        except (OSError, pa.ArrowException) as error:
            raise _unreadable(path, error) from error

    return Table(roles, rows)


def _open_text(path: Path) -> Table:
    with _stream(path) as file:
        lines = (line for line in _lines(file) if isinstance(line, tuple))
        header = next((text for _, text in lines if not _is_blank(text)), "")
    delimiter = max(_DELIMITERS, key=lambda mark: _known_in(header, mark))
    if not _known_in(header, delimiter):
        return Table(ONE_NAME, lambda: _one_name_a_line(path))
    columns = recognise_columns(_split(header, delimiter))
    return Table(columns, lambda: _delimited(path, delimiter, columns))


def _known_in(header: str, delimiter: str) -> int:
    return sum(role_of(name) is not None for name in _split(header, delimiter))


def _split(line: str, delimiter: str) -> list[str]:
    try:
        return next(csv.reader([line], delimiter=delimiter), [])
    except csv.Error:
        return line.split(delimiter)


def _one_name_a_line(path: Path) -> Iterator[Row | Problem]:
    try:
        with _stream(path) as file:
            for line in _lines(file):
                if isinstance(line, Problem):
                    yield line
                elif not _is_blank(line[1]):
                    yield line[0], [line[1].strip().strip("\"',;")]
    except (OSError, EOFError, zlib.error) as error:
        raise _unreadable(path, error) from error


def _delimited(path: Path, delimiter: str, columns: Columns) -> Iterator[Row | Problem]:
    try:
        with _stream(path) as file:
            lines = dropwhile(_is_comment, _lines(file))
            yield from _records(_LineFeeder(lines), delimiter, columns)
    except (OSError, EOFError, zlib.error) as error:
        raise _unreadable(path, error) from error


class _RunsOnError(Exception):
    """A record takes more lines than any real one."""


class _LineFeeder:
    """Hands lines to the CSV reader and remembers those of the record that it is at."""

    def __init__(self, lines: Iterator[tuple[int, str] | Problem]) -> None:
        self._lines = lines
        self.taken: list[tuple[int, str]] = []
        self.problems: list[Problem] = []

    def __iter__(self) -> _LineFeeder:
        return self

    def __next__(self) -> str:
        if len(self.taken) >= _MAX_RECORD:
            raise _RunsOnError
        for line in self._lines:
            if isinstance(line, Problem):
                self.problems.append(line)
            else:
                self.taken.append(line)
                return line[1]
        raise StopIteration


def _records(lines: _LineFeeder, delimiter: str, columns: Columns) -> Iterator[Row | Problem]:
    reader = csv.reader(lines, delimiter=delimiter, strict=True)
    is_header = True
    while True:
        lines.taken.clear()
        try:
            values = next(reader)
        except StopIteration:
            yield from lines.problems
            return
        except (csv.Error, _RunsOnError):
            found: list[Row | Problem] = list(_line_by_line(lines.taken, delimiter))
        else:
            found = [(lines.taken[0][0], values)] if any(v.strip() for v in values) else []
            if len(lines.taken) > 1 and _hides_rows(lines.taken, values, delimiter, columns):
                found = list(_line_by_line(lines.taken, delimiter))
        yield from lines.problems
        lines.problems.clear()
        if is_header and found:
            found, is_header = found[1:], False
        yield from found


def _hides_rows(
    taken: list[tuple[int, str]], values: list[str], delimiter: str, columns: Columns
) -> bool:
    """Whether a cell of several lines is two open quotes with rows between them."""
    broken = any(role in NAMING and "\n" in cell for cell, role in _cells(values, columns))
    return broken or any(names_something(_split(text, delimiter), columns) for _, text in taken[1:])


def _cells(values: list[str], columns: Columns) -> Iterator[tuple[str, Role]]:
    return ((values[index], role) for index, role in columns.roles if index < len(values))


def _line_by_line(taken: list[tuple[int, str]], delimiter: str) -> Iterator[Row | Problem]:
    """Lines that do not make one record, each read by itself."""
    for number, text in taken:
        try:
            values = next(csv.reader([text], delimiter=delimiter), [])
        except csv.Error as error:
            yield Problem(number, f"the line is not CSV: {error}")
        else:
            if any(value.strip() for value in values):
                yield number, values
    first, last = taken[0][0], taken[-1][0]
    if first != last:
        yield Problem(first, f"a quote is not closed: lines {first} to {last} are read one by one")


def _stream(path: Path) -> IO[bytes]:
    with path.open("rb") as file:
        zipped = file.read(2) == b"\x1f\x8b"
    opened: Any = (gzip.open if zipped else open)(path, "rb")
    return io.BufferedReader(opened, 2**18)


def _lines(file: IO[bytes]) -> Iterator[tuple[int, str] | Problem]:
    """Each line with its number; text that is not UTF-8 keeps a mark where it was not."""
    number = 0
    while line := file.readline(MAX_LINE):
        number += 1
        if len(line) == MAX_LINE and not line.endswith(b"\n"):
            while (rest := file.readline(MAX_LINE)) and not rest.endswith(b"\n"):
                pass
            yield Problem(number, f"the line is longer than {MAX_LINE:,} bytes")
            continue
        text = line.decode("utf-8", "replace").replace("\0", "\ufffd")
        text = text.removeprefix("\ufeff") if number == 1 else text
        yield number, text.rstrip("\r\n")


def _is_comment(line: tuple[int, str] | Problem) -> bool:
    return isinstance(line, tuple) and _is_blank(line[1])


def _is_blank(text: str) -> bool:
    stripped = text.strip()
    return not stripped or stripped.startswith("#")
