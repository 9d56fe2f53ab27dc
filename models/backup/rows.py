"""The rows of the database as lines of JSON, the same from SQLite and PostgreSQL.

A backup of one can so be restored into the other: that is also how a team moves from a file to a
server.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Iterator
from itertools import islice
from typing import Any

from sqlalchemy import Connection, MetaData, Table, insert, select
from sqlalchemy.exc import SQLAlchemyError
from sqlalchemy.orm import Session

from models.errors import StoreError
from models.store.tables import Base

_BATCH = 1_000
_VERSION_TABLE = "alembic_version"


def read_rows(session: Session) -> Iterator[tuple[str, Iterator[bytes]]]:
    """Every table with its rows, each a line of JSON; a table before those that refer to it.

    Args:
        session: sees the database as it was at one moment.
    """
    for table in Base.metadata.sorted_tables:
        yield table.name, _lines(session, table)


def _lines(session: Session, table: Table) -> Iterator[bytes]:
    query = select(table).order_by(*table.primary_key.columns)
    rows = session.execute(query.execution_options(yield_per=_BATCH))
    for row in rows.mappings():
        # ASCII, so that half a surrogate pair that SQLite let in comes through as it is.
        yield json.dumps(dict(row), separators=(",", ":"), sort_keys=True).encode() + b"\n"


def reflect_tables(connection: Connection) -> dict[str, Table]:
    """The tables as the database has them: at the schema of a backup, not at the newest.

    Returns:
        By name, a table before those that refer to it.
    """
    metadata = MetaData()
    metadata.reflect(connection)
    return {table.name: table for table in metadata.sorted_tables if table.name != _VERSION_TABLE}


def load_rows(
    connection: Connection, table: Table, lines: Iterable[bytes], told: Callable[[str], None]
) -> int:
    """Put rows into an empty table.

    Args:
        lines: as ``read_rows`` gave them.
        told: is told how many rows there are so far.

    Returns:
        How many rows there were.

    Raises:
        StoreError: a line is not a row of this table, or the database does not take it.
    """
    count = 0
    rest = iter(lines)
    while batch := list(islice(rest, _BATCH)):
        try:
            rows = [_row(table, line) for line in batch]
            connection.execute(insert(table), rows)
        except (ValueError, SQLAlchemyError) as error:
            raise StoreError(
                f"The rows of {table.name} from {count + 1} on cannot be restored: "
                f"{getattr(error, 'orig', None) or error}.",
                "Check the backup with `kiyome backup check`, and take another if it is damaged.",
            ) from error
        count += len(batch)
        told(f"database: {count} rows of {table.name}")
    return count


def _row(table: Table, line: bytes) -> dict[str, Any]:
    row = json.loads(line)
    if not isinstance(row, dict) or row.keys() != set(table.columns.keys()):
        raise ValueError("a line does not have the table's columns")
    return row
