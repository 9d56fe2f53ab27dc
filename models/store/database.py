"""The connection to the database, its clock, and the check that its schema is ours."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from sqlalchemy import Engine, create_engine, event
from sqlalchemy.exc import OperationalError
from sqlalchemy.orm import Session, sessionmaker

from models.errors import StoreError

_READS = "kiyome_reads"


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
        self.engine: Engine = create_engine(url, pool_pre_ping=True)
        if self.engine.dialect.name == "sqlite":
            event.listen(self.engine, "connect", _prepare_sqlite)
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
            raise StoreError(
                f"The database at {self.engine.url!r} cannot be used: {error.orig}.",
                "Check that it runs, that the disk is not full and that the folder is writable.",
            ) from error

    def dispose(self) -> None:
        """Close all connections."""
        self.engine.dispose()


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


def _begin_immediate(connection: Any) -> None:
    reads = connection.get_execution_options().get(_READS, False)
    connection.exec_driver_sql("BEGIN" if reads else "BEGIN IMMEDIATE")


def _reading(engine: Engine) -> dict[str, Any]:
    if engine.dialect.name == "sqlite":
        return {_READS: True}
    return {"isolation_level": "REPEATABLE READ", "postgresql_readonly": True}
