"""Making a backup: database and files as they belong together, while people go on reviewing."""

from __future__ import annotations

import os
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from importlib.metadata import version
from pathlib import Path
from typing import IO

from models.backup.archive import (
    CONFIGURATION,
    DATABASE,
    DESCRIPTION,
    WORKSPACE,
    ArchiveWriter,
    Description,
    write_description,
    writing,
)
from models.backup.contents import SPOOL, Item, list_contents
from models.backup.rows import read_rows
from models.errors import BackupError
from models.failpoints import reach
from models.ledger.beginning import hold_lock
from models.settings import Settings
from models.store.database import Database
from models.store.schema import read_schema

LEDGER = "ledger/"


@dataclass(frozen=True, slots=True)
class Made:
    """What was put into a backup: files of the workspace, their bytes, rows of the database."""

    files: int
    size: int
    rows: int


def make_backup(
    settings: Settings,
    database: Database,
    configuration: dict[str, Path],
    stream: IO[bytes],
    *,
    compressed: bool,
    everything: bool,
    told: Callable[[str], None],
) -> Made:
    """Write a backup of a workspace and its database.

    The caller holds the workspace, so that no run changes it. People may go on reviewing and
    registering: the database is read at one moment, and the files that its rows speak of are
    there before the rows are and stay. The ledger is read under its own lock, wholly.

    Args:
        configuration: files to keep beside, by name: policy and settings.
        everything: also what a run would make anew.
        told: is told what is going on.

    Raises:
        BackupError: a file was changed or taken away while it was read.
        OSError: the disk is full.
    """
    workspace = settings.workspace
    _, schema = read_schema(database)
    with (
        tempfile.TemporaryDirectory(prefix=SPOOL, dir=workspace) as spool,
        writing(stream, compressed=compressed, spool=Path(spool)) as archive,
    ):
        said = Description(int(time.time()), version("kiyome"), schema, everything)
        archive.add_bytes(DESCRIPTION, write_description(said))
        for name, path in configuration.items():
            archive.add_file(CONFIGURATION + name, path)
        rows = _add_rows(archive, database, told)
        reach("backup.files")
        with _holding_ledger(workspace):
            items = list(list_contents(workspace, everything=everything))
            ledger = [item for item in items if item.path.startswith(LEDGER)]
            _add_files(archive, workspace, ledger, told)
        others = [item for item in items if not item.path.startswith(LEDGER)]
        _add_files(archive, workspace, others, told)
        archive.finish()
    return Made(len(items), sum(item.size for item in items), rows)


def _add_rows(archive: ArchiveWriter, database: Database, told: Callable[[str], None]) -> int:
    rows = 0

    def counted(lines: Iterator[bytes]) -> Iterator[bytes]:
        nonlocal rows
        for line in lines:
            rows += 1
            yield line

    with database.snapshot() as session:
        for table, lines in read_rows(session):
            told(f"database: {table}")
            archive.add_lines(f"{DATABASE}{table}.jsonl", counted(lines))
    return rows


def _add_files(
    archive: ArchiveWriter, workspace: Path, items: list[Item], told: Callable[[str], None]
) -> None:
    for number, item in enumerate(items, 1):
        if number % 1_000 == 0:
            told(f"files: {number} of {len(items)}")
        try:
            archive.add_file(WORKSPACE + item.path, workspace / item.path)
        except FileNotFoundError as error:
            raise BackupError(
                f"The file {workspace / item.path} was taken away while the backup was made.",
                "Make the backup again.",
            ) from error


@contextmanager
def _holding_ledger(workspace: Path) -> Iterator[None]:
    private = workspace / "ledger" / "private"
    if not private.is_dir():
        yield
        return
    with hold_lock(private, wait=True):
        yield


def open_target(path: Path) -> IO[bytes]:
    """A new file that nobody but its owner can read: it holds the ledger's keys.

    Raises:
        BackupError: it exists, or cannot be made.
    """
    try:
        handle = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    except FileExistsError as error:
        raise BackupError(
            f"There is a file {path} already.", "Name another; a backup is never overwritten."
        ) from error
    except OSError as error:
        raise BackupError(
            f"The backup cannot be written to {path}: {error.strerror}.",
            "Name a folder that can be written.",
        ) from error
    return os.fdopen(handle, "wb")
