"""The schema's version: made where there is none, refused if another, upgraded on request."""

from __future__ import annotations

import shutil
import sqlite3
from contextlib import nullcontext
from enum import StrEnum
from pathlib import Path

from alembic import command
from alembic.config import Config
from alembic.runtime.migration import MigrationContext
from alembic.script import ScriptDirectory
from alembic.util.exc import CommandError
from sqlalchemy import Connection, inspect
from sqlalchemy.exc import DatabaseError

from models.errors import StoreError
from models.store.database import Database

_SCRIPTS = Path(__file__).parent / "migrations"


class SchemaState(StrEnum):
    """How a database's schema stands to this version of Kiyome."""

    EMPTY = "empty"
    CURRENT = "current"
    OLDER = "older"
    UNKNOWN = "unknown"


def open_database(url: str) -> Database:
    """Connect to the database, and make its tables where there are none yet.

    Raises:
        StoreError: the schema is older or not known here; the message says what to do. Nothing is
            changed then.
    """
    database = Database(url)
    try:
        _make_or_refuse(database)
    except BaseException:
        database.dispose()
        raise
    return database


def _make_or_refuse(database: Database) -> None:
    state, revision = read_schema(database)
    name = repr(database.engine.url)
    if state is SchemaState.EMPTY:
        upgrade_schema(database)
    elif state is SchemaState.OLDER:
        raise StoreError(
            f"The database {name} has the schema of an older Kiyome "
            f"({revision}; this one needs {newest_revision()}).",
            "Run `kiyome database upgrade`: it keeps a copy of a SQLite database first.",
        )
    elif state is SchemaState.UNKNOWN:
        raise StoreError(
            f"The database {name} has a schema that this Kiyome does not know ({revision}).",
            "Use the newer Kiyome that made it, or name another database.",
        )


def read_schema(database: Database) -> tuple[SchemaState, str]:
    """How the schema stands, and its revision as the database names it.

    Raises:
        StoreError: the file is not a database, or the server cannot be reached.
    """
    try:
        with database.engine.connect() as connection:
            current = MigrationContext.configure(connection).get_current_revision()
            tables = set(inspect(connection).get_table_names())
    except DatabaseError as error:
        raise StoreError(
            f"The database {database.engine.url!r} cannot be read: {error.orig}.",
            "Check that the server runs or that the file is a Kiyome database; "
            "a damaged one is restored from a backup.",
        ) from error
    if current is None:
        ours = tables - {"alembic_version"}
        return (
            (SchemaState.UNKNOWN, "tables without a version") if ours else (SchemaState.EMPTY, "")
        )
    if current == newest_revision():
        return SchemaState.CURRENT, current
    known = {script.revision for script in _scripts().walk_revisions()}
    return (SchemaState.OLDER if current in known else SchemaState.UNKNOWN), current


def upgrade_schema(
    database: Database, revision: str = "head", connection: Connection | None = None
) -> None:
    """Bring the schema to a version, by default the newest, in one transaction.

    Args:
        connection: in the midst of a transaction of the caller's, which this becomes part of.

    Raises:
        StoreError: the database cannot be changed; it is then as it was. Or there is no such
            revision.
    """
    config = _config()
    try:
        with nullcontext(connection) if connection else database.engine.begin() as used:
            config.attributes["connection"] = used
            command.upgrade(config, revision)
    except CommandError as error:
        raise StoreError(
            f"The schema {revision!r} is not known to this Kiyome.",
            "Use the newer Kiyome that made it.",
        ) from error
    except DatabaseError as error:
        raise StoreError(
            f"The database {database.engine.url!r} cannot be upgraded: {error.orig}.",
            "Check that the folder is writable and the disk is not full, then try again.",
        ) from error


def copy_sqlite(database: Database) -> Path | None:
    """Copy a SQLite database beside itself, with everything committed so far.

    Returns:
        The copy, or None for a database server, which has backups of its own.
    """
    file = database.engine.url.database
    if database.engine.dialect.name != "sqlite" or not file:
        return None
    _, revision = read_schema(database)
    target = Path(f"{file}.before-{newest_revision()}-from-{revision}")
    partial = target.with_name(target.name + ".partial")
    with sqlite3.connect(file) as source, sqlite3.connect(partial) as copy:
        source.backup(copy)
    shutil.move(partial, target)
    return target


def newest_revision() -> str:
    """The revision that this version of Kiyome needs."""
    head = _scripts().get_current_head()
    if head is None:
        raise RuntimeError(f"there are no migrations in {_SCRIPTS}")
    return head


def _config() -> Config:
    config = Config()
    config.set_main_option("script_location", str(_SCRIPTS))
    return config


def _scripts() -> ScriptDirectory:
    return ScriptDirectory.from_config(_config())
