"""Tables about images (JSON Lines, CSV, Parquet): read with row numbers, filtered untouched."""

from __future__ import annotations

import csv
import io
import json
import posixpath
from collections.abc import Collection, Iterator
from dataclasses import dataclass
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq

from models.assets.reading import explain_os_error
from models.assets.texts import decode_text

TABLE_EXTENSIONS = (".jsonl", ".csv", ".tsv", ".parquet")


class TableError(Exception):
    """A table cannot be read at all; the text says why."""


@dataclass(frozen=True, slots=True)
class Row:
    """One row.

    Attributes:
        number: where it stands: the line in a text file, the row from 1 in Parquet.
        values: by column. Of a Parquet table, only columns of strings and of lists of strings.
        problem: why the row cannot be trusted, or "".
    """

    number: int
    values: dict[str, Any]
    problem: str = ""


@dataclass(frozen=True, slots=True)
class Table:
    """A table in memory, with what is needed to write some of its rows again."""

    kind: str
    columns: tuple[str, ...]
    rows: tuple[Row, ...]
    header: str = ""
    lines: tuple[str, ...] = ()
    parquet: pa.Table | None = None

    def encode(self, numbers: Collection[int]) -> bytes:
        """The table with only the rows of these numbers; everything in them is as it was.

        Text comes out as UTF-8 without a byte order mark, each row spelt as in the source.
        """
        indices = [index for index, row in enumerate(self.rows) if row.number in numbers]
        if self.parquet is not None:
            sink = pa.BufferOutputStream()
            pq.write_table(self.parquet.take(pa.array(indices, pa.int64())), sink)
            return bytes(sink.getvalue().to_pybytes())
        chosen = [self.header, *(self.lines[index] for index in indices)]
        text = "".join(
            line if line.endswith(("\n", "\r")) else f"{line}\n" for line in chosen if line
        )
        return text.encode("utf-8")


def read_table(path: str) -> Table:
    """Read a table by its extension.

    Raises:
        TableError: it cannot be opened, or is not what its extension says.
    """
    extension = posixpath.splitext(path)[1].lower()
    try:
        if extension == ".parquet":
            return _read_parquet(path)
        with open(path, "rb") as file:
            data = file.read()
        if extension == ".jsonl":
            return _read_json_lines(data)
        return _read_csv(decode_text(data), _delimiter(extension))
    except UnicodeError as error:
        raise TableError(f"it is not UTF-8 text: {error}") from error
    except OSError as error:
        raise TableError(explain_os_error(error)) from error
    except (pa.ArrowException, csv.Error) as error:
        raise TableError(f"it is not a sound {extension[1:]} file: {error}") from error


def read_columns(path: str) -> tuple[str, ...]:
    """The column names, without reading the rows; none where the table cannot be read."""
    extension = posixpath.splitext(path)[1].lower()
    try:
        if extension == ".parquet":
            return tuple(pq.read_schema(path).names)
        with open(path, "rb") as file:
            data = file.read(1 << 16)
        line = decode_text(data[: data.rfind(b"\n")] if b"\n" in data else data)
        if extension == ".jsonl":
            row = json.loads(line.split("\n", 1)[0])
            return tuple(row) if isinstance(row, dict) else ()
        return tuple(next(csv.reader(io.StringIO(line), delimiter=_delimiter(extension)), ()))
    except (OSError, ValueError, RecursionError, pa.ArrowException, csv.Error):
        return ()


def _delimiter(extension: str) -> str:
    return "\t" if extension == ".tsv" else ","


def _read_json_lines(data: bytes) -> Table:
    if data.startswith((b"\xff\xfe", b"\xfe\xff")):
        data = decode_text(data).encode("utf-8")
    data = data.removeprefix(b"\xef\xbb\xbf")
    rows: list[Row] = []
    lines: list[str] = []
    columns: dict[str, None] = {}
    for number, raw in enumerate(data.split(b"\n"), 1):
        if not raw.strip():
            continue
        values, problem = _parse_object(raw)
        columns.update(dict.fromkeys(values))
        rows.append(Row(number, values, problem))
        lines.append(raw.decode("utf-8", "replace"))
    return Table("jsonl", tuple(columns), tuple(rows), lines=tuple(lines))


def _parse_object(raw: bytes) -> tuple[dict[str, Any], str]:
    repeated: list[str] = []

    def pairs(items: list[tuple[str, Any]]) -> dict[str, Any]:
        values = dict(items)
        if len(values) < len(items):
            repeated.append("it names a key twice, and programs differ in which one they read")
        return values

    try:
        values = json.loads(decode_text(raw), object_pairs_hook=pairs)
    except (ValueError, RecursionError) as error:
        return {}, f"it is not JSON: {error}"
    if not isinstance(values, dict):
        return {}, "it is not a JSON object"
    return values, "".join(repeated[:1])


def _read_csv(text: str, delimiter: str) -> Table:
    taken: list[str] = []

    def physical_lines() -> Iterator[str]:
        for line in io.StringIO(text, newline=""):
            taken.append(line)
            yield line

    reader = csv.reader(physical_lines(), delimiter=delimiter, strict=True)
    columns = _distinct(next(reader, []))
    header = "".join(taken)
    rows: list[Row] = []
    lines: list[str] = []
    taken.clear()
    for record in reader:
        if record:
            rows.append(
                Row(
                    reader.line_num,
                    dict(zip(columns, record, strict=False)),
                    _length_problem(len(record), len(columns)),
                )
            )
            lines.append("".join(taken))
        taken.clear()
    return Table("csv", columns, tuple(rows), header=header, lines=tuple(lines))


def _length_problem(fields: int, columns: int) -> str:
    if fields == columns:
        return ""
    return (
        f"it has {fields} fields where the header has {columns}: "
        "a field that holds a comma must stand in quotes"
    )


def _distinct(names: list[str]) -> tuple[str, ...]:
    """Column names with a repeated one numbered, so that no column hides another."""
    seen: dict[str, int] = {}
    distinct = []
    for name in names:
        seen[name] = seen.get(name, 0) + 1
        distinct.append(name if seen[name] == 1 else f"{name} {seen[name]}")
    return tuple(distinct)


def _read_parquet(path: str) -> Table:
    with open(path, "rb") as file:
        table = pq.ParquetFile(file).read()
    readable = [i for i, field in enumerate(table.schema) if _holds_text(field.type)]
    values = table.select(readable).to_pylist()
    rows = tuple(Row(number, row) for number, row in enumerate(values, 1))
    return Table("parquet", tuple(table.schema.names), rows, parquet=table)


def _holds_text(kind: pa.DataType) -> bool:
    if pa.types.is_dictionary(kind):
        return _holds_text(kind.value_type)
    if pa.types.is_list(kind) or pa.types.is_large_list(kind):
        return _holds_text(kind.value_type)
    return bool(
        pa.types.is_string(kind) or pa.types.is_large_string(kind) or pa.types.is_string_view(kind)
    )
