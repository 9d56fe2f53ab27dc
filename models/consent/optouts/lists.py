"""An opt-out list as a whole: checked once, then read as a stream of statements."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from models.consent.evidence.observation import Said
from models.consent.optouts.columns import Columns
from models.consent.optouts.rows import OptOutEntry, Problem, RowReading, read_row
from models.consent.optouts.tables import Table, open_table
from models.consent.purposes import Preference
from models.consent.reading_json import printable
from models.consent.statements import Statement
from models.errors import DatasetError

MAX_BAD_SHARE = 0.05
"""Share of rows that may not be understood before a list is refused as a whole."""

MAX_PROBLEMS = 1000
"""Problems that are kept; more are counted."""


@dataclass(frozen=True, slots=True)
class OptOutList:
    """A list that was read through once.

    Attributes:
        name: what the operator calls it.
        path: where it lies.
        sha256: digest of the file, in hex.
        rows: rows that say something, the header and blank lines not counted.
        entries: rows that refuse something.
        opt_ins: rows that opt in. They say nothing: a list never grants.
        bad_rows: rows of which some or all could not be understood.
        problems: the first ``MAX_PROBLEMS`` problems, in the order of the file.
        notes: what holds for the whole list.
    """

    name: str
    path: Path
    sha256: str
    rows: int
    entries: int
    opt_ins: int
    bad_rows: int
    problems: tuple[Problem, ...] = ()
    notes: tuple[str, ...] = ()
    _stamp: tuple[int, int] = (0, 0)

    @property
    def source(self) -> str:
        """The ``source`` of an observation of this list."""
        return f"list:{self.name}"


def read_optouts(
    path: Path | str,
    name: str,
    *,
    max_bad_share: float = MAX_BAD_SHARE,
    forced: bool = False,
) -> OptOutList:
    """Read a list through, count, and note every row that cannot be understood.

    Args:
        path: a CSV or Parquet file, or a text with one name a line; text may be gzipped.
        name: what to call it in sources and reports.
        max_bad_share: share of rows, 0 to 1, that may not be understood.
        forced: take the list even if more are not, or if it names nothing.

    Raises:
        DatasetError: it cannot be read, has no column that can be used, names nothing, or too many
            of its rows cannot be understood.
    """
    path = Path(path)
    table = open_table(path)
    notes = _check_columns(path, table.columns)
    stamp = _stamp_of(path)
    rows = entries = opt_ins = bad_rows = 0
    problems: list[Problem] = []
    for reading in _readings(table):
        rows += 1
        entries += reading.entry is not None
        opt_ins += reading.is_opt_in
        bad_rows += bool(reading.problems)
        problems += reading.problems[: MAX_PROBLEMS - len(problems)]
    if not forced:
        _check_counts(path, entries + opt_ins, rows, bad_rows, problems, max_bad_share)
    if opt_ins:
        notes.append(f"{opt_ins:,} rows opt in: a list cannot grant, so they say nothing")
    return OptOutList(
        name=printable(name),
        path=path,
        sha256=_digest_of(path),
        rows=rows,
        entries=entries,
        opt_ins=opt_ins,
        bad_rows=bad_rows,
        problems=tuple(problems),
        notes=tuple(notes),
        _stamp=stamp,
    )


def iterate_entries(optouts: OptOutList) -> Iterator[OptOutEntry]:
    """Every row that refuses something, in the order of the file.

    Raises:
        DatasetError: the file has changed since it was checked.
    """
    if _stamp_of(optouts.path) != optouts._stamp:
        raise DatasetError(
            f"The list {optouts.path} has changed since it was read.", "Read it again."
        )
    for reading in _readings(open_table(optouts.path)):
        if reading.entry is not None:
            yield reading.entry


def iterate_said(optouts: OptOutList, observed_at: int | None = None) -> Iterator[Said]:
    """A refusal for each name in the list, with the row that it comes from.

    Args:
        optouts: the list.
        observed_at: when it was read, UTC seconds.

    Raises:
        DatasetError: the file has changed since it was checked.
    """
    for entry in iterate_entries(optouts):
        statement = Statement(
            carrier="optout",
            source=f"{optouts.source}:{entry.line}",
            preferences=dict.fromkeys(entry.refused, Preference.NOT_ALLOWED),
            observed_at=observed_at,
            evidence_sha256=optouts.sha256,
            notes=_notes_of(entry),
        )
        for subject in entry.subjects:
            yield Said(subject, statement)


def _notes_of(entry: OptOutEntry) -> tuple[str, ...]:
    told = (
        ("refused by", entry.holder),
        ("reason:", entry.reason),
        ("taken from", entry.source),
        ("listed on", entry.date),
    )
    return (*(f"{word} {text}" for word, text in told if text), *entry.notes)


def _readings(table: Table) -> Iterator[RowReading]:
    for row in table.rows():
        if isinstance(row, Problem):
            yield RowReading(problems=(row,))
        else:
            yield read_row(*row, table.columns)


def _check_columns(path: Path, columns: Columns) -> list[str]:
    notes = []
    if columns.unusable:
        named = ", ".join(printable(name, 40) for name in columns.unusable[:8])
        why = (
            f"{named} cannot be used: an MD5 or SHA-1 can be made to fit another file, and other "
            "perceptual hashes than PDQ are not computed here"
        )
        if not columns.name_something:
            raise DatasetError(
                f"The list {path} names its entries by {why}.",
                "Give a column of sha256, cid, url, domain, pdq or iscc.",
            )
        notes.append(f"the column {why}")
    if not columns.name_something:
        raise DatasetError(
            f"The list {path} has no column that names anything.",
            "Give a column of sha256, cid, url, domain, pdq or iscc.",
        )
    if columns.unknown:
        named = ", ".join(printable(name, 40) for name in columns.unknown[:8])
        notes.append(f"these columns are not read: {named}")
    return notes


def _check_counts(
    path: Path,
    usable: int,
    rows: int,
    bad_rows: int,
    problems: list[Problem],
    max_bad_share: float,
) -> None:
    remedy = "Mend the list, or take what is understood with --force; --dry-run shows the rows."
    first = f" The first: line {problems[0].line}, {problems[0].note}." if problems else ""
    if rows == 0 or usable == 0:
        raise DatasetError(f"The list {path} names nothing that can be looked for.{first}", remedy)
    if bad_rows > max_bad_share * rows:
        raise DatasetError(
            f"Of {rows:,} rows of the list {path}, {bad_rows:,} cannot be understood.{first}",
            remedy,
        )


def _stamp_of(path: Path) -> tuple[int, int]:
    try:
        found = path.stat()
    except OSError as error:
        raise DatasetError(
            f"The list {path} cannot be read: {error.strerror or error}.", "Look for the file."
        ) from error
    return found.st_size, found.st_mtime_ns


def _digest_of(path: Path) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()
