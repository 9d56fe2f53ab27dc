"""Importing lists: names into the register, descriptive tags into the vocabulary."""

from __future__ import annotations

import tempfile
from collections import Counter
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import IO

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from models.errors import RegisterError
from models.nouns.importers.departing import Departing
from models.nouns.importers.formats import FORMATS, detect_format
from models.nouns.importers.list_file import ListFile
from models.nouns.importers.rows import (
    EndedEarlyError,
    ImportProblem,
    ListAbout,
    ListChoices,
    ListRow,
)
from models.nouns.register.age import record_list
from models.nouns.register.storage import NameEntry, bump_version, register_number, store_entries
from models.nouns.vocabulary import add_tags
from models.store.database import now_ms
from models.store.tables import NameChangeRow

__all__ = [
    "ImportProblem",
    "ImportReport",
    "ListChoices",
    "ListImport",
    "import_list",
    "import_names",
]

_BATCH = 5000
_EXAMPLES = 10


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


@dataclass(frozen=True, slots=True)
class ListImport:
    """What importing a list did, or would do.

    Attributes:
        format: how it was read, with the scheme of its categories where it has one.
        source, licence: what its names carry.
        dated_ms: the day of the list (UTC milliseconds).
        is_day_known: whether that day was given or read, not that of the file.
        rows: rows read, a header not counted.
        usable: rows that gave a name or a tag.
        names: names read, by category; a name counts as often as it occurs.
        tags: tags read, aliases counted.
        added: names that are new, by category.
        changed: names that were there, and have a new spelling or note.
        tags_added: tags that are new.
        removed, tags_removed: names and tags that the list no longer gives, and that were removed.
        kept: names that it no longer gives, but that somebody else gave too.
        undecided: names and tags that it no longer gives, and that stay because rows could not be
            read: they may stand there.
        passed_over: rows that give nothing though nothing is wrong with them, by reason.
        problems: how many rows or surfaces were left out.
        examples: the first new names with their category, or the first tags of a list without.
        departed: the first names that were removed.
        ended_early: why the list was not read to its end, or "".
    """

    format: str
    source: str
    licence: str
    dated_ms: int
    is_day_known: bool
    rows: int
    usable: int
    names: Mapping[str, int]
    tags: int
    added: Mapping[str, int]
    changed: int
    tags_added: int
    removed: int
    kept: int
    tags_removed: int
    undecided: int
    passed_over: Mapping[str, int]
    problems: int
    examples: tuple[tuple[str, str], ...]
    departed: tuple[tuple[str, str], ...]
    ended_early: str


def import_names(
    session: Session, path: Path, progress: Callable[[int], None] = lambda _: None
) -> ImportReport:
    """Add the names of a CSV file to the register.

    The header must have ``name`` and ``category``; ``aliases`` and ``other_names`` (each separated
    by ``|``), ``language``, ``owner``, ``source`` and ``licence`` are read where present, other
    columns are left alone. The file is UTF-8, with or without a byte order mark. Importing a file
    again changes nothing.

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
    with ListFile(path) as file:
        for row in FORMATS["csv"].read(file, ListAbout("csv"), ListChoices(fills_in=False)):
            rows += 1
            pending += 1
            imported += len(row.names)
            batch.extend(row.names)
            problems.extend(row.problems)
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


def import_list(
    session: Session,
    path: Path,
    choices: ListChoices = ListChoices(),  # noqa: B008  (it cannot be changed)
    *,
    actor: str = "",
    replace: bool = False,
    partial: bool = False,
    progress: Callable[[int], None] = lambda _: None,
    on_problem: Callable[[ImportProblem], None] = lambda _: None,
) -> ListImport:
    """Add what a list holds, of any of ``models.nouns.importers.formats.FORMATS``.

    Names go to the register and descriptive tags to the vocabulary, and the list is recorded with
    its day. All of it is one change, and one version of the register; importing a list again
    changes nothing. Whoever only wants to know what it would do rolls the transaction back.

    Args:
        session: the transaction that the whole import belongs to.
        choices: what is known of the list beforehand.
        actor: who makes the change, for the record.
        replace: remove the names and tags of this source that the list no longer gives.
        partial: take what can be read of a list that breaks off.
        progress: called with the number of bytes just read of the file.
        on_problem: called with everything that is left out.

    Raises:
        EndedEarlyError: the list breaks off, and ``partial`` is not set.
        RegisterError: it cannot be read as a whole, its format is not known, or it was asked both
            to replace and to take a part.
    """
    if replace and partial:
        raise RegisterError(
            "A list that may break off cannot replace an older one.",
            "Leave out --partial or --replace.",
        )
    with ListFile(path, progress) as file, _spool() as tags:
        form = choices.format or detect_format(file)
        about = ListAbout(form, choices.source, choices.licence, choices.dated_ms)
        taking = _Taking(session, about, choices, actor, replace, on_problem, tags)
        ended_early = ""
        try:
            for row in FORMATS[form].read(file, about, choices):
                taking.take(row)
        except EndedEarlyError as error:
            if not partial:
                raise EndedEarlyError(
                    f"{error.problem} {taking.rows:,} rows before that could be read; nothing was "
                    "imported.",
                    error.remedy,
                ) from error
            ended_early = error.problem
        about.learn(path.name)
        taking.finish()
        sha256 = file.finish()
    is_day_known = about.dated_ms is not None
    dated_ms = _day_of(session, path) if about.dated_ms is None else about.dated_ms
    if taking.usable:
        record_list(session, about.source, form, about.licence, sha256, taking.rows, dated_ms)
    return taking.report(dated_ms, is_day_known, ended_early)


def _spool() -> IO[str]:
    return tempfile.TemporaryFile("w+", encoding="utf-8", newline="\n")


class _Taking:
    """What has been taken from a list so far."""

    def __init__(
        self,
        session: Session,
        about: ListAbout,
        choices: ListChoices,
        actor: str,
        replace: bool,
        on_problem: Callable[[ImportProblem], None],
        spool: IO[str],
    ) -> None:
        self.rows = self.usable = 0
        self._session = session
        self._about = about
        self._only = choices.only
        self._actor = actor
        self._replace = replace
        self._on_problem = on_problem
        # The vocabulary takes all its tags at once: they wait here, however many there are.
        self._spool = spool
        self._departing: Departing | None = None
        self._version = 0
        self._batch: list[NameEntry] = []
        self._names: Counter[str] = Counter()
        self._passed: Counter[str] = Counter()
        self._tags = self._tags_added = self._changed = self._problems = self._unread = 0
        self._first_tags: list[str] = []
        self._gone = _Gone()

    def take(self, row: ListRow) -> None:
        """One row of the list."""
        self.rows += 1
        for problem in row.problems:
            self._problems += 1
            self._on_problem(problem)
        self._unread += row.is_unread
        if row.passed_over:
            self._passed[row.passed_over] += 1
            return
        names = tuple(entry for entry in row.names if self._is_wanted(entry))
        if len(names) < len(row.names):
            self._passed["names of another category"] += 1
        if self._replace and (names or row.tags):
            if self._departing is None:
                self._departing = Departing(self._session, self._about.source)
            self._departing.see((entry.id for entry in names), row.tags)
        self.usable += bool(names or row.tags)
        self._names.update(entry.category for entry in names)
        self._batch.extend(names)
        self._tags += len(row.tags)
        for tag in row.tags:
            if len(self._first_tags) < _EXAMPLES:
                self._first_tags.append(tag)
            self._spool.write(tag.replace("\n", " ") + "\n")
        if len(self._batch) >= _BATCH:
            self._store()

    def finish(self) -> None:
        """Store what waits, remove what is gone, and make it one version."""
        self._store()
        self._spool.seek(0)
        self._tags_added = add_tags(
            self._session,
            self._spool,
            source=self._about.source,
            licence=self._about.licence,
        )
        if self._departing is not None and self._unread:
            self._gone = _Gone(undecided=self._departing.names + self._departing.tags)
        elif self._departing is not None:
            removed, kept = self._departing.remove_names(self._actor)
            self._gone = _Gone(removed, kept, self._departing.remove_tags())
        if self._changed or self._gone.removed:
            bump_version(self._session)
            self._version = register_number(self._session)

    def report(self, dated_ms: int, is_day_known: bool, ended_early: str) -> ListImport:
        """What came of it."""
        about, gone = self._about, self._gone
        added, changed = self._count_changes()
        examples = self._first("added")
        if not self._names:
            examples = tuple((tag, "tag") for tag in self._first_tags)
        return ListImport(
            f"{about.format} ({about.scheme})" if about.scheme else about.format,
            about.source,
            about.licence,
            dated_ms,
            is_day_known,
            self.rows,
            self.usable,
            dict(self._names),
            self._tags,
            added,
            changed,
            self._tags_added,
            gone.removed,
            gone.kept,
            gone.tags_removed,
            gone.undecided,
            dict(self._passed),
            self._problems,
            examples,
            self._first("removed"),
            ended_early,
        )

    def _is_wanted(self, entry: NameEntry) -> bool:
        return not self._only or entry.category in self._only

    def _store(self) -> None:
        self._changed += store_entries(self._session, self._batch, actor=self._actor)
        self._batch.clear()

    def _count_changes(self) -> tuple[dict[str, int], int]:
        """From the record of changes: how many names are new, by category, and how many changed."""
        here = NameChangeRow.version == self._version
        fresh = select(NameChangeRow.name_id).where(here, NameChangeRow.action == "added")
        counted = self._session.execute(
            select(NameChangeRow.category, func.count())
            .where(here, NameChangeRow.action == "added")
            .group_by(NameChangeRow.category)
        ).tuples()
        changed = self._session.scalar(
            select(func.count(NameChangeRow.name_id.distinct())).where(
                here, NameChangeRow.action == "changed", NameChangeRow.name_id.not_in(fresh)
            )
        )
        return dict(counted.all()), changed or 0

    def _first(self, action: str) -> tuple[tuple[str, str], ...]:
        """The first names to which something was done, with their categories."""
        found = self._session.execute(
            select(NameChangeRow.name, NameChangeRow.category)
            .where(NameChangeRow.version == self._version, NameChangeRow.action == action)
            .order_by(NameChangeRow.id)
            .limit(_EXAMPLES)
        ).tuples()
        return tuple((name, category) for name, category in found)


@dataclass(frozen=True, slots=True)
class _Gone:
    removed: int = 0
    kept: int = 0
    tags_removed: int = 0
    undecided: int = 0


def _day_of(session: Session, path: Path) -> int:
    """The day of a file, for a list that does not say its own; never one to come."""
    return max(0, min(now_ms(session), int(path.stat().st_mtime * 1000)))
