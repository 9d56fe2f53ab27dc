"""Databases that have all tables and no rows, without making the tables for every test.

The tables are as the code declares them; that migrations make the same is a test of its own.
"""

from __future__ import annotations

import tempfile
import uuid
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from functools import cache
from pathlib import Path

from sqlalchemy import Connection, create_engine, make_url, text

from models.store.database import Database
from models.store.tables import Base

_SHAPE = """
SELECT md5(string_agg(concat_ws('.', c.relname, c.relkind, a.attname, a.atttypid, a.attnotnull),
                      ',' ORDER BY c.relname, a.attnum))
FROM pg_class c LEFT JOIN pg_attribute a ON a.attrelid = c.oid AND a.attnum > 0
WHERE c.relnamespace = current_schema()::regnamespace
"""
_OTHERS = """
SELECT count(pg_terminate_backend(pid, 10000)) FROM pg_stat_activity
WHERE application_name = current_setting('application_name') AND pid <> pg_backend_pid()
"""
_RESTART = """
SELECT setval(format('%I.%I', schemaname, sequencename)::regclass, 1, false) FROM pg_sequences
WHERE schemaname = current_schema() AND last_value IS NOT NULL
"""


@contextmanager
def new_schema(server: str) -> Iterator[str]:
    """URL of an empty schema on a PostgreSQL server; it is dropped afterwards.

    Connections to it bear its name, so that the server can tell them from others.
    """
    schema = f"kiyome_{uuid.uuid4().hex}"
    engine = create_engine(server)
    with engine.begin() as connection:
        connection.execute(text(f"CREATE SCHEMA {schema}"))
    query = {"options": f"-csearch_path={schema}", "application_name": schema}
    url = make_url(server).update_query_dict(query)
    yield url.render_as_string(hide_password=False)
    with engine.begin() as connection:
        connection.execute(text(f"DROP SCHEMA {schema} CASCADE"))
    engine.dispose()


class EmptiedTables:
    """A schema with all tables on a PostgreSQL server, for one test after another.

    After a test, its rows are deleted and its numbering begins anew. Where a test has left other
    tables than it found, the schema is made anew.
    """

    def __init__(self, server: str) -> None:
        self._server = server
        self._empty = _emptying()
        self._make()

    def _make(self) -> None:
        self._kept = ExitStack()
        self.url = self._kept.enter_context(new_schema(self._server))
        self._engine = create_engine(self.url)
        Base.metadata.create_all(self._engine)
        with self._engine.begin() as connection:
            self._shape = self._look(connection)

    def _look(self, connection: Connection) -> str:
        return str(connection.scalar(text(_SHAPE)))

    def empty(self) -> None:
        """Take away what a test has left; connections that it has left open are closed."""
        with self._engine.begin() as connection:
            connection.execute(text(_OTHERS))
            if same := self._look(connection) == self._shape:
                connection.exec_driver_sql(self._empty)
                connection.execute(text(_RESTART))
        if not same:
            self.drop()
            self._make()

    def drop(self) -> None:
        """Remove the schema."""
        self._engine.dispose()
        self._kept.close()


def _emptying() -> str:
    """Statements that delete every row, of those tables first that refer to others."""
    tables = [table.name for table in reversed(Base.metadata.sorted_tables)]
    return "; ".join(f'DELETE FROM "{name}"' for name in tables)


@cache
def _template() -> bytes:
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "kiyome.db"
        database = Database(f"sqlite:///{path}")
        Base.metadata.create_all(database.engine)
        database.dispose()
        return path.read_bytes()


def copy_tables(path: Path) -> None:
    """Write a SQLite database that has all tables and no rows."""
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(_template())
