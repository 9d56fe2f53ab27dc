"""Importing lists of protected names from CSV files."""

from __future__ import annotations

import csv
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

from sqlalchemy.orm import Session

from models.errors import RegisterError
from models.nouns.register import (
    NameEntry,
    Surface,
    SurfaceKind,
    bump_version,
    check_surface,
    make_entry,
    store_entries,
)

_BATCH = 5000
_REQUIRED = ("name", "category")
_LISTS: tuple[tuple[str, SurfaceKind], ...] = (("aliases", "alias"), ("other_names", "other"))
_LIST_SEPARATOR = "|"


@dataclass(frozen=True, slots=True)
class ImportProblem:
    """A row, or one surface of a row, that was left out.

    Attributes:
        line: line of the file on which the row ends, counted from 1.
        message: what is wrong and what to do.
        whole_row: whether the whole name was left out, or only one of its surfaces.
    """

    line: int
    message: str
    whole_row: bool


@dataclass(frozen=True, slots=True)
class ImportReport:
    """What an import did.

    Attributes:
        rows: rows read, the header not counted.
        imported: rows whose name is in the register now.
        changed: database rows that were added or changed; 0 when all of it was known.
        problems: what was left out, by line.
    """

    rows: int
    imported: int
    changed: int
    problems: tuple[ImportProblem, ...]


def import_names(
    session: Session, path: Path, progress: Callable[[int], None] = lambda _: None
) -> ImportReport:
    """Add the names of a CSV file to the register.

    The header must have ``name`` and ``category``; ``aliases`` and ``other_names`` (each separated
    by ``|``), ``owner``, ``source`` and ``licence`` are read where present, other columns are left
    alone. The file is UTF-8, with or without a byte order mark. Importing a file again changes
    nothing.

    Args:
        session: the transaction that the whole import belongs to.
        path: the file.
        progress: called with the number of rows just finished.

    Raises:
        RegisterError: the file cannot be read as a whole.
    """
    problems: list[ImportProblem] = []
    rows = imported = changed = 0
    batch: list[NameEntry] = []
    pending = 0
    for line, row in _read_rows(path, problems):
        rows += 1
        pending += 1
        entry = _entry_of(line, row, problems) if row else None
        if entry:
            batch.append(entry)
            imported += 1
        if pending >= _BATCH:
            changed += store_entries(session, batch)
            batch.clear()
            progress(pending)
            pending = 0
    changed += store_entries(session, batch)
    progress(pending)
    if changed:
        bump_version(session)
    return ImportReport(rows, imported, changed, tuple(problems))


def _read_rows(
    path: Path, problems: list[ImportProblem]
) -> Iterator[tuple[int, dict[str, str] | None]]:
    """(line, row) of every row; None for one that is no row of this table."""
    try:
        with path.open(encoding="utf-8-sig", errors="surrogateescape", newline="") as file:
            reader = csv.reader(file)
            header = _read_header(path, reader)
            while True:
                try:
                    fields = next(reader)
                except StopIteration:
                    return
                except csv.Error as error:
                    problems.append(
                        ImportProblem(
                            reader.line_num, f"The row is not CSV: {error}. Quote it anew.", True
                        )
                    )
                    yield reader.line_num, None
                    continue
                if not any(map(str.strip, fields)):
                    continue
                if len(fields) > len(header):
                    problems.append(
                        ImportProblem(
                            reader.line_num,
                            f"The row has {len(fields)} fields, the header {len(header)}. "
                            "Put fields that hold a comma in quotation marks.",
                            True,
                        )
                    )
                    yield reader.line_num, None
                    continue
                yield reader.line_num, dict(zip(header, fields, strict=False))
    except OSError as error:
        raise RegisterError(
            f"The list {path} cannot be read: {error.strerror or error}.",
            "Check the path and its permissions.",
        ) from error


def _read_header(path: Path, reader: Iterator[list[str]]) -> list[str]:
    try:
        header = [field.strip().lower() for field in next(reader, [])]
    except csv.Error as error:
        raise RegisterError(f"The list {path} is not CSV: {error}.", "Export it anew.") from error
    missing = [column for column in _REQUIRED if column not in header]
    if missing:
        raise RegisterError(
            f"The list {path} has no column {' and no column '.join(missing)}.",
            "The first line names the columns: name,category,aliases,other_names,owner,"
            "source,licence.",
        )
    return header


def _entry_of(line: int, row: dict[str, str], problems: list[ImportProblem]) -> NameEntry | None:
    surfaces: list[Surface] = []
    for column, kind in _LISTS:
        for text in row.get(column, "").split(_LIST_SEPARATOR):
            if not text.strip():
                continue
            try:
                check_surface(text.strip())
            except RegisterError as error:
                problems.append(ImportProblem(line, str(error), False))
            else:
                surfaces.append(Surface(text.strip(), kind))
    try:
        return make_entry(
            row.get("name", ""),
            row.get("category", "").strip().lower(),
            surfaces,
            owner=_note(row, "owner"),
            source=_note(row, "source"),
            licence=_note(row, "licence"),
        )
    except RegisterError as error:
        problems.append(ImportProblem(line, str(error), True))
        return None


def _note(row: dict[str, str], column: str) -> str:
    """A field that is only shown: what cannot be stored in it becomes U+FFFD."""
    text = row.get(column, "").strip()
    return text.encode("utf-8", "replace").decode().replace("\0", "\ufffd")
