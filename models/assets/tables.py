"""Tables about images (JSON Lines, CSV, Parquet): read with row numbers, filtered untouched."""

from __future__ import annotations

import csv
import io
import json
import posixpath
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq

from models.assets.reading import explain_os_error, open_regular
from models.assets.rewording import reword_values
from models.assets.texts import decode_text, is_caption_column
from models.recursion import is_nested_deeper

csv.field_size_limit(1 << 30)  # the module's own 128 KiB would cost a table for one long caption
_MAX_DEPTH = 100  # no table of captions comes near; a parser would run out of stack far beyond
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
    delimiter: str = ","

    def encode(self, chosen: Mapping[int, Mapping[str, str]]) -> bytes:
        """The table with only the rows of these numbers; everything else in them is as it was.

        Text comes out as UTF-8 without a byte order mark, each row spelt as in the source where no
        caption of it is rewritten.

        Args:
            chosen: by row number the captions to be rewritten (see ``models.assets.rewording``).

        Raises:
            TableError: a rewritten caption does not fit into its column.
        """
        indices = [index for index, row in enumerate(self.rows) if row.number in chosen]
        if self.parquet is not None:
            return self._encode_parquet(self.parquet, indices, chosen)
        lines = [self.header]
        for index in indices:
            row, line = self.rows[index], self.lines[index]
            values = reword_values(row.values, chosen[row.number])
            lines.append(line if values == row.values else self._encode_line(values))
        text = "".join(
            line if line.endswith(("\n", "\r")) else f"{line}\n" for line in lines if line
        )
        return text.encode("utf-8")

    def _encode_line(self, values: dict[str, Any]) -> str:
        if self.kind == "jsonl":
            try:
                line = json.dumps(values, ensure_ascii=False)
                line.encode("utf-8")
            except UnicodeEncodeError:  # a lone surrogate has to stay an escape
                line = json.dumps(values)
            return line
        out = io.StringIO(newline="")
        csv.writer(out, delimiter=self.delimiter).writerow(values[name] for name in self.columns)
        return out.getvalue()

    def _encode_parquet(
        self, table: pa.Table, indices: list[int], chosen: Mapping[int, Mapping[str, str]]
    ) -> bytes:
        kept = table.take(pa.array(indices, pa.int64()))
        changed: dict[str, dict[int, Any]] = {}
        for place, index in enumerate(indices):
            row = self.rows[index]
            if not chosen[row.number]:
                continue
            for column, value in reword_values(row.values, chosen[row.number]).items():
                if value != row.values[column]:
                    changed.setdefault(column, {})[place] = value
        for column, values in changed.items():
            number = kept.schema.get_field_index(column)
            field = kept.schema.field(number)
            whole = [
                values.get(place, value) for place, value in enumerate(kept[number].to_pylist())
            ]
            try:
                kept = kept.set_column(number, field, pa.array(whole, field.type))
            except (pa.ArrowException, TypeError, ValueError) as error:
                raise TableError(f"column {column!r}: {error}") from error
        sink = pa.BufferOutputStream()
        pq.write_table(kept, sink)
        return bytes(sink.getvalue().to_pybytes())


def read_table(path: str) -> Table:
    """Read a table by its extension.

    Raises:
        TableError: it cannot be opened, or is not what its extension says.
    """
    extension = posixpath.splitext(path)[1].lower()
    try:
        if extension == ".parquet":
            return _read_parquet(path)
        with open_regular(path) as file:
            data = file.read()
        if extension == ".jsonl":
            return _read_json_lines(data)
        return _read_csv(decode_text(data), _delimiter(extension))
    except UnicodeError as error:
        raise TableError(f"it is not UTF-8 text: {error}") from error
    except OSError as error:
        raise TableError(explain_os_error(error)) from error
    except pa.ArrowException as error:
        raise TableError(f"it is not a sound {extension[1:]} file: {error}") from error


def read_columns(path: str) -> tuple[str, ...]:
    """The column names, without reading the rows; none where the table cannot be read."""
    extension = posixpath.splitext(path)[1].lower()
    try:
        if extension == ".parquet":
            with open_regular(path) as file:
                return tuple(pq.read_schema(file).names)
        with open_regular(path) as file:
            data = file.read(1 << 16)
        line = _first_line(data)
        if extension == ".jsonl":
            row, _ = parse_json(line)
            return tuple(row) if isinstance(row, dict) else ()
        return tuple(next(csv.reader(io.StringIO(line), delimiter=_delimiter(extension)), ()))
    except (OSError, ValueError, pa.ArrowException, csv.Error):
        return ()


def _first_line(data: bytes) -> str:
    """The header alone: what is wrong further down does not make a table something else."""
    if data.startswith((b"\xff\xfe", b"\xfe\xff")):
        return decode_text(data[: len(data) // 4 * 4]).split("\n", 1)[0]
    return decode_text(data.split(b"\n", 1)[0])


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
    try:
        values, problem = parse_json(decode_text(raw))
    except ValueError as error:
        return {}, f"it is not JSON: {error}"
    return (values, problem) if isinstance(values, dict) else ({}, "it is not a JSON object")


def parse_json(text: str) -> tuple[Any, str]:
    """A JSON text's value, and why it cannot be trusted, or "".

    Raises:
        ValueError: it is not JSON, or is nested deeper than a reader can follow.
    """
    if is_nested_deeper(text, _MAX_DEPTH):
        raise ValueError(f"it is nested deeper than {_MAX_DEPTH} levels")
    problem = ""

    def pairs(items: list[tuple[str, Any]]) -> dict[str, Any]:
        nonlocal problem
        values = dict(items)
        if len(values) < len(items):
            problem = "it names a key twice, and programs differ in which one they read"
        return values

    value = json.loads(text, object_pairs_hook=pairs)
    return value, problem


def _read_csv(text: str, delimiter: str) -> Table:
    taken: list[str] = []

    def physical_lines() -> Iterator[str]:
        for line in io.StringIO(text, newline=""):
            taken.append(line)
            yield line

    reader = csv.reader(physical_lines(), delimiter=delimiter, strict=True)
    rows: list[Row] = []
    lines: list[str] = []
    try:
        columns = _distinct(next(reader, []))
        header = "".join(taken)
        taken.clear()
        for record in reader:
            if record:
                values = dict(zip(columns, record, strict=False))
                problem = _length_problem(len(record), len(columns))
                rows.append(Row(reader.line_num, values, problem))
                lines.append("".join(taken))
            taken.clear()
    except csv.Error as error:
        raise TableError(f"line {reader.line_num} is not sound CSV: {error}") from error
    return Table(
        "csv", columns, tuple(rows), header=header, lines=tuple(lines), delimiter=delimiter
    )


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
    with open_regular(path) as file:
        # By this thread alone: see models.parquet.
        table = pq.ParquetFile(file, pre_buffer=False).read(use_threads=False)
    readable = [i for i, field in enumerate(table.schema) if _may_be_read(field)]
    values = table.select(readable).to_pylist()
    rows = tuple(_decode_row(number, row) for number, row in enumerate(values, 1))
    return Table("parquet", tuple(table.schema.names), rows, parquet=table)


def _decode_row(number: int, values: dict[str, Any]) -> Row:
    """A row whose bytes are text, and one that says so where they are not."""
    try:
        return Row(number, {column: _decode_bytes(value) for column, value in values.items()})
    except UnicodeError as error:
        return Row(number, values, f"bytes in a caption column are not UTF-8 text: {error}")


def _decode_bytes(value: Any) -> Any:
    if isinstance(value, bytes):
        return decode_text(value)
    if isinstance(value, dict):
        return {key: _decode_bytes(inner) for key, inner in value.items()}
    if isinstance(value, (list, tuple)):
        return [_decode_bytes(inner) for inner in value]
    return value


def _may_be_read(field: pa.Field) -> bool:
    """Whether a column may hold captions or names, be it inside lists, structs or maps.

    Columns that hold bytes are left alone, since they tend to be pictures, unless their name is
    that of a caption.
    """
    if is_caption_column(field.name):
        return _holds(field.type, _is_text) or _holds(field.type, _is_bytes)
    return _holds(field.type, _is_text) and not _holds(field.type, _is_bytes)


def _holds(kind: pa.DataType, is_wanted: Callable[[pa.DataType], bool]) -> bool:
    kind = _values_of(kind)
    if pa.types.is_nested(kind):
        inner = (kind.field(index).type for index in range(kind.num_fields))
        return any(_holds(part, is_wanted) for part in inner)
    return is_wanted(kind)


def _values_of(kind: pa.DataType) -> pa.DataType:
    return kind.value_type if pa.types.is_dictionary(kind) else kind


def _is_text(kind: pa.DataType) -> bool:
    return bool(
        pa.types.is_string(kind) or pa.types.is_large_string(kind) or pa.types.is_string_view(kind)
    )


def _is_bytes(kind: pa.DataType) -> bool:
    return bool(pa.types.is_binary(kind) or pa.types.is_large_binary(kind))
