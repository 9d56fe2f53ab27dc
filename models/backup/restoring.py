"""Restoring a backup: into a new workspace and an empty database, wholly or not at all."""

from __future__ import annotations

import os
import shutil
import tempfile
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import IO

from models.backup.archive import (
    CONFIGURATION,
    DATABASE,
    DESCRIPTION,
    WORKSPACE,
    Description,
    Member,
    read_description,
    read_members,
)
from models.backup.contents import KEPT_CONFIGURATION
from models.backup.rows import load_rows, reflect_tables
from models.errors import BackupError
from models.store.database import Database
from models.store.schema import SchemaState, read_schema, upgrade_schema

_CHUNK = 1 << 20


@dataclass(frozen=True, slots=True)
class Checked:
    """What a backup holds: what it says of itself, files, their bytes, rows."""

    description: Description
    files: int
    size: int
    rows: int


def check_backup(stream: IO[bytes]) -> Checked:
    """Read a backup to its end, and compare everything with its digests.

    Raises:
        BackupError: it is damaged, cut off or none.
    """
    description: Description | None = None
    files = size = rows = 0
    for member in read_members(stream):
        if member.name == DESCRIPTION:
            description = read_description(member.content.read())
        elif member.name.startswith(DATABASE):
            while data := member.content.read(_CHUNK):
                rows += data.count(b"\n")
        elif member.name.startswith(WORKSPACE):
            files += 1
            size += member.size
    if description is None:
        raise BackupError("The backup is empty.", "Take another backup.")
    return Checked(description, files, size, rows)


def restore_backup(
    stream: IO[bytes],
    workspace: Path,
    database_url: str,
    told: Callable[[str], None],
) -> Checked:
    """Unpack a backup. Nothing is there before all of it was read and compared.

    The files are unpacked beside the workspace's place and moved there at the end; the database's
    rows are one transaction. A database in the workspace itself is made among the files.

    Args:
        workspace: absolute; not there yet, or an empty folder.
        database_url: "" for SQLite in the workspace; otherwise an empty database.

    Raises:
        BackupError: the backup is damaged, something is there already, or the disk is full.
        StoreError: the database cannot be used, or does not take the rows.
    """
    if workspace.exists() and (not workspace.is_dir() or any(workspace.iterdir())):
        raise BackupError(
            f"There is something at {workspace} already.",
            "Name a new folder with --workspace: nothing is ever overwritten.",
        )
    building: Path | None = None
    try:
        workspace.parent.mkdir(parents=True, exist_ok=True)
        prefix = f".{workspace.name}.restoring-"
        building = Path(tempfile.mkdtemp(prefix=prefix, dir=workspace.parent))
        url = database_url or f"sqlite:///{building / 'kiyome.db'}"
        checked = _restore(stream, building, url, told)
        if workspace.exists():
            workspace.rmdir()
        building.rename(workspace)
    except OSError as error:
        raise BackupError(
            f"The backup cannot be unpacked to {workspace}: {error.strerror or error}.",
            "Free some disk space, or name another place with --workspace.",
        ) from error
    finally:
        if building is not None and building.exists():
            shutil.rmtree(building, ignore_errors=True)
    return checked


def _restore(stream: IO[bytes], building: Path, url: str, told: Callable[[str], None]) -> Checked:
    description: Description | None = None
    tables: list[Path] = []
    files = size = rows = 0
    spool = building / ".database"
    spool.mkdir()
    for member in read_members(stream):
        if member.name == DESCRIPTION:
            description = read_description(member.content.read())
        elif member.name.startswith(DATABASE):
            path = spool / Path(member.name).name
            _unpack(member, path)
            tables.append(path)
        elif member.name.startswith(CONFIGURATION):
            _unpack(member, building / KEPT_CONFIGURATION / Path(member.name).name)
        elif member.name.startswith(WORKSPACE):
            _unpack(member, building / member.name.removeprefix(WORKSPACE))
            files, size = files + 1, size + member.size
            if files % 1_000 == 0:
                told(f"files: {files}")
        else:
            raise BackupError(
                f"The backup holds {member.name!r}, which is not known here.",
                "Restore it with the Kiyome that made it.",
            )
    if description is None:
        raise BackupError("The backup is empty.", "Take another backup.")
    private = building / "ledger" / "private"
    if private.is_dir():
        private.chmod(0o700)
    rows = _load(url, description.schema, tables, told)
    shutil.rmtree(spool)
    return Checked(description, files, size, rows)


def _unpack(member: Member, path: Path) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    handle = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    with os.fdopen(handle, "wb") as file:
        shutil.copyfileobj(member.content, file, _CHUNK)
        file.flush()
        os.fsync(file.fileno())
    path.chmod(member.mode)


def _load(url: str, schema: str, tables: list[Path], told: Callable[[str], None]) -> int:
    database = Database(url)
    try:
        state, _ = read_schema(database)
        if state is not SchemaState.EMPTY:
            raise BackupError(
                f"The database {database.engine.url!r} is not empty.",
                "Name an empty one with --database-url: nothing is ever overwritten.",
            )
        rows = 0
        with database.engine.begin() as connection:
            upgrade_schema(database, schema, connection)
            known = reflect_tables(connection)
            given = {path.stem: path for path in tables}
            if unknown := sorted(given.keys() - known.keys()):
                raise BackupError(
                    f"The backup holds a table {unknown[0]!r} that its schema does not have.",
                    "Take another backup.",
                )
            for name, table in known.items():
                if name not in given:
                    continue
                with given[name].open("rb") as lines:
                    rows += load_rows(connection, table, lines, told)
            upgrade_schema(database, "head", connection)
        return rows
    finally:
        database.dispose()
