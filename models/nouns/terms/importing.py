"""Rulings about terms from a CSV file: what of it can be used, before anything is written."""

from __future__ import annotations

import csv
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from sqlalchemy.orm import Session

from models.errors import ReviewError
from models.nouns.terms.records import describe_choice, find_term_rulings
from models.nouns.terms.rulings import TermChoice, check_choice

_REQUIRED = ("term", "ruling")
_RULINGS = ("descriptive", "name")
_CONTROLS = str.maketrans({chr(code): "\ufffd" for code in (0, *range(0xD800, 0xE000))})


@dataclass(frozen=True, slots=True)
class LineProblem:
    """A row that cannot be used: on which line it ends, counted from 1, and why."""

    line: int
    message: str


@dataclass(frozen=True, slots=True)
class TermImport:
    """What a file of rulings holds, for a dataset.

    Attributes:
        rows: rows read, the header not counted.
        choices: what would be ruled, by the order of the file.
        blank: rows whose ruling is empty: nobody has filled them in yet.
        known: rows that say what is in force already.
        problems: rows that cannot be used, by line.
    """

    rows: int
    choices: tuple[TermChoice, ...]
    blank: int
    known: int
    problems: tuple[LineProblem, ...]


def read_rulings(session: Session, dataset: str, path: Path, *, replace: bool) -> TermImport:
    """Read a CSV file of rulings, and compare it with what is in force. Writes nothing.

    The header must have ``term`` and ``ruling`` (descriptive or name); ``category`` is needed for
    a name, ``note`` is read where present, other columns are left alone. The file is UTF-8.

    Args:
        replace: take rows whose term has another ruling in force, too.

    Raises:
        ReviewError: the file cannot be read as a whole.
    """
    problems: list[LineProblem] = []
    lines: dict[str, int] = {}
    choices: dict[str, TermChoice] = {}
    rows = blank = known = 0
    for line, row in _read_rows(path, problems):
        rows += 1
        if row is None:
            continue
        if not row.get("ruling", "").strip():
            blank += 1
            continue
        try:
            choice = check_choice(_choice_of(row))
        except ReviewError as error:
            problems.append(LineProblem(line, str(error)))
            continue
        before = choices.get(choice.term)
        if before is None:
            choices[choice.term] = choice
            lines[choice.term] = line
        elif before.category == choice.category:
            known += 1
        else:
            problems.append(
                LineProblem(
                    line,
                    f"Line {lines[choice.term]} says that {choice.term!r} "
                    f"{describe_choice(before.category)}. Keep one of the two.",
                )
            )
    for term, ruling in find_term_rulings(session, dataset, list(choices)).items():
        if ruling.category == choices[term].category:
            known += 1
            del choices[term]
        elif not replace:
            message = (
                f"{ruling.reviewer} ruled that {ruling.surface!r} "
                f"{describe_choice(ruling.category)}. Leave the row out, or give --replace."
            )
            problems.append(LineProblem(lines[term], message))
            del choices[term]
    problems.sort(key=lambda problem: problem.line)
    return TermImport(rows, tuple(choices.values()), blank, known, tuple(problems))


def _choice_of(row: dict[str, str]) -> TermChoice:
    if "\ufffd" in row["term"]:
        raise ReviewError("The term holds what is not text.", "Save the file as UTF-8.")
    ruling = row["ruling"].strip().lower()
    category = row.get("category", "").strip().lower()
    if ruling not in _RULINGS:
        raise ReviewError(
            f"{ruling[:40]!a} is not a ruling on a term.", "Write descriptive or name."
        )
    if ruling == "name" and not category:
        raise ReviewError("The category is missing.", "Say what the term names.")
    if ruling == "descriptive" and category:
        raise ReviewError(
            "A term that only describes has no category.", "Empty it, or write name as the ruling."
        )
    return TermChoice(row["term"].strip(), category, row.get("note", ""))


def _read_rows(
    path: Path, problems: list[LineProblem]
) -> Iterator[tuple[int, dict[str, str] | None]]:
    """(line, row) of every row; None for one that is no row of this table."""
    try:
        with path.open(encoding="utf-8-sig", errors="surrogateescape", newline="") as file:
            reader = csv.reader(file, strict=True)
            header = _read_header(path, reader)
            while True:
                try:
                    fields = [field.translate(_CONTROLS) for field in next(reader)]
                except StopIteration:
                    return
                except csv.Error as error:
                    message = f"The row is not CSV: {error}. Quote it anew."
                    problems.append(LineProblem(reader.line_num, message))
                    yield reader.line_num, None
                    continue
                if not any(map(str.strip, fields)):
                    continue
                if len(fields) > len(header):
                    message = (
                        f"The row has {len(fields)} fields, the header {len(header)}. "
                        "Put fields that hold a comma in quotation marks."
                    )
                    problems.append(LineProblem(reader.line_num, message))
                    yield reader.line_num, None
                    continue
                padded = [*fields, *("" for _ in range(len(header) - len(fields)))]
                yield reader.line_num, dict(zip(header, padded, strict=True))
    except OSError as error:
        raise ReviewError(
            f"The file {path} cannot be read: {error.strerror or error}.",
            "Check the path and its permissions.",
        ) from error


def _read_header(path: Path, reader: Iterator[list[str]]) -> list[str]:
    try:
        header = [field.strip().lower() for field in next(reader, [])]
    except csv.Error as error:
        raise ReviewError(f"The file {path} is not CSV: {error}.", "Export it anew.") from error
    missing = [column for column in _REQUIRED if column not in header]
    if missing:
        raise ReviewError(
            f"The file {path} has no column {' and no column '.join(missing)}.",
            "The first line names the columns: term,ruling,category,note.",
        )
    return header
