"""The connection to the database, its clock, and the check that its schema is ours."""

from __future__ import annotations

import sqlite3
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from sqlalchemy import CursorResult, Engine, Executable, create_engine, event, make_url
from sqlalchemy.exc import OperationalError
from sqlalchemy.orm import Session, sessionmaker

from models.errors import StoreError

_READS = "kiyome_reads"


_FULL = ("disk is full", "No space left on device")
"""What SQLite and PostgreSQL say of a full disk."""


class Database:
    """One engine, and transactions on it.

    On SQLite every transaction that may write begins with BEGIN IMMEDIATE, in WAL mode with
    ``synchronous=FULL``: what was answered with success survives a crash, and two writers wait
    for each other instead of failing at commit.
    """

    def __init__(self, url: str) -> None:
        self.url = url
        if url.startswith("sqlite:///"):
            Path(url.removeprefix("sqlite:///")).parent.mkdir(parents=True, exist_ok=True)
        # A file is always there; a server may have closed a connection meanwhile.
        is_server = make_url(url).get_backend_name() != "sqlite"
        self.engine: Engine = create_engine(url, pool_pre_ping=is_server)
        if self.engine.dialect.name == "sqlite":
            event.listen(self.engine, "connect", _prepare_sqlite)
            event.listen(self.engine, "do_connect", _refuse_new_file(self.engine))
            event.listen(self.engine, "begin", _begin_immediate)
        self._sessions = sessionmaker(self.engine, expire_on_commit=False)
        self._readers = sessionmaker(self.engine.execution_options(**_reading(self.engine)))

    @contextmanager
    def snapshot(self) -> Iterator[Session]:
        """A session that only reads, and sees the database as it was at one moment.

        It waits for no writer, and no writer waits for it: pages are read this way, so that
        nobody who looks holds up somebody who rules.

        Raises:
            StoreError: the database cannot be reached.
        """
        with self._guarded(), self._readers.begin() as session:
            yield session

    @contextmanager
    def transaction(self) -> Iterator[Session]:
        """A session whose work is committed as a whole at the end, or not at all.

        Raises:
            StoreError: the database cannot be reached or stays locked.
        """
        with self._guarded(), self._sessions.begin() as session:
            yield session

    @contextmanager
    def _guarded(self) -> Iterator[None]:
        try:
            yield
        except OperationalError as error:
            remedy = (
                "Check that it runs, that the disk is not full and that the folder is writable."
            )
            if any(words in str(error.orig) for words in _FULL):
                remedy = "Free some disk space where it is, then try again."
            raise StoreError(
                f"The database at {self.engine.url!r} cannot be used: {error.orig}.", remedy
            ) from error

    def dispose(self) -> None:
        """Close all connections."""
        self.engine.dispose()


def execute(
    session: Session,
    statement: Executable,
    values: Mapping[str, Any] | Sequence[Mapping[str, Any]] | None = None,
) -> CursorResult[Any]:
    """Run a statement on the connection of a session, without the session's objects.

    For statements that are made once, as constants of a module with ``bindparam`` in the places of
    values, and run for every page: what SQLAlchemy makes of such a statement is kept with it. One
    that is built for each use costs five to ten times as much processor time, several times what
    the database itself needs.

    Args:
        session: an open transaction; objects that it holds are written first.
        statement: reads columns, never whole rows as objects.
        values: by parameter; of many rows to insert, of each.
    """
    session.flush()
    return session.connection().execute(statement, values)


def now_ms(session: Session) -> int:
    """The database's clock, in UTC milliseconds since 1970."""
    connection = session.connection()
    if connection.dialect.name == "sqlite":
        query = "SELECT CAST((julianday('now') - 2440587.5) * 86400000.0 AS INTEGER)"
    else:
        query = "SELECT CAST(EXTRACT(EPOCH FROM clock_timestamp()) * 1000 AS BIGINT)"
    # Asked several times for every page: as it stands, without SQLAlchemy's compiling.
    return int(connection.exec_driver_sql(query).scalar_one())


def _prepare_sqlite(connection: Any, _: Any) -> None:
    connection.isolation_level = None
    cursor = connection.cursor()
    cursor.execute("PRAGMA busy_timeout=30000")
    cursor.execute("PRAGMA journal_mode=WAL")
    cursor.execute("PRAGMA synchronous=FULL")
    cursor.execute("PRAGMA foreign_keys=ON")
    cursor.close()


def _refuse_new_file(engine: Engine) -> Callable[..., None]:
    """A hook of connections: a file that was there before is never made anew.

    Where a disk is not mounted any more, an empty database would begin in its place.
    """
    file, seen = Path(engine.url.database or ":memory:"), False

    def refuse(*_: Any) -> None:
        nonlocal seen
        if seen and not file.exists():
            raise sqlite3.OperationalError("the file is not there any more")
        seen = file.name != ":memory:"

    return refuse


def _begin_immediate(connection: Any) -> None:
    reads = connection.get_execution_options().get(_READS, False)
    connection.exec_driver_sql("BEGIN" if reads else "BEGIN IMMEDIATE")


def _reading(engine: Engine) -> dict[str, Any]:
    if engine.dialect.name == "sqlite":
        return {_READS: True}
    return {"isolation_level": "REPEATABLE READ", "postgresql_readonly": True}
