"""What of a workspace belongs into a backup: all but what a run makes anew."""

from __future__ import annotations

import stat
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path, PurePosixPath

REMADE = frozenset(
    {"stages", "derivatives", "indexes", "prefect", "fetched", "logs", "runs", "recleansing"}
)
"""Folders at the top of a workspace that a run makes anew, or that only tell what happened."""

KEPT_CONFIGURATION = "configuration-of-backup"
"""Folder in a restored workspace: policy and settings as the backup had them."""

SPOOL = ".backing-up-"
"""What the names of the folders begin with in which backups in the making keep rows."""

_DATABASE = ("kiyome.db", "kiyome.db-wal", "kiyome.db-shm")
_OWN = (".writable", KEPT_CONFIGURATION)
_UNFINISHED = (".building-", SPOOL)
_PASSING = ("run.lock", "run.holder.json", "lock")


@dataclass(frozen=True, slots=True)
class Item:
    """One file to keep: its path inside the workspace, and its size in bytes when it was listed."""

    path: str
    size: int


def list_contents(workspace: Path, *, everything: bool = False) -> Iterator[Item]:
    """The files of a workspace that a backup holds, by path.

    The database is not among them: its rows are read apart, at one moment. Nor is what is neither
    a file nor a folder, so that no link leads out of the workspace.

    Args:
        everything: also the folders that a run makes anew, which saves their making.

    Raises:
        OSError: a folder cannot be listed.
    """
    for path in sorted(_walk(workspace, workspace, everything=everything)):
        found = path.lstat()
        if stat.S_ISREG(found.st_mode):
            yield Item(path.relative_to(workspace).as_posix(), found.st_size)


def is_inside(name: str) -> bool:
    """Whether a path of an archive stays in the folder that it is unpacked in."""
    path = PurePosixPath(name)
    return bool(name) and not path.is_absolute() and ".." not in path.parts and "\0" not in name


def _walk(folder: Path, workspace: Path, *, everything: bool) -> Iterator[Path]:
    for path in folder.iterdir():
        at_top = folder == workspace
        if (
            path.is_symlink()
            or path.name in _PASSING
            or path.name.startswith((".building-", SPOOL))
        ):
            continue
        if at_top and (path.name.startswith(_DATABASE) or path.name in _OWN):
            continue
        if not path.is_dir():
            yield path
        elif everything or not (at_top and path.name in REMADE):
            yield from _walk(path, workspace, everything=everything)
