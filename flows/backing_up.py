"""Writing a backup to a file: whole under its name, or not there; older ones go."""

from __future__ import annotations

import os
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import IO

from models.backup.making import Made, make_backup, open_target
from models.errors import BackupError
from models.mounts import find_unmounted
from models.settings import Settings, find_settings_file
from models.store.database import Database
from models.workspace import hold_workspace

_PATTERN = "kiyome-????????T??????Z.tar*"


def write_backup(
    settings: Settings,
    database: Database,
    target: Path,
    *,
    everything: bool = False,
    wait_s: float = 0,
    told: Callable[[str], None] = lambda _: None,
) -> Made:
    """Write a backup to a new file; ``.gz`` at its end makes it a compressed one.

    Args:
        wait_s: how many seconds to wait for a run that goes on.

    Raises:
        BackupError: it cannot be written there, lies in the workspace, or its disk is away.
        WorkspaceError: a run goes on.
    """
    if target.absolute().is_relative_to(settings.workspace.absolute()):
        raise BackupError(
            "The backup would lie in the workspace that it is to save.",
            "Name a place on another disk.",
        )
    if away := find_unmounted(target.absolute()):
        raise BackupError(
            f"The backup would lie on another disk than meant: nothing is mounted at {away}, which "
            "/etc/fstab names.",
            f"Mount it with `mount {away}`, then run again.",
        )
    with hold_workspace(settings.workspace, wait_s=wait_s), _opened(target) as stream:
        return make_backup(
            settings,
            database,
            find_configuration(settings),
            stream,
            compressed=target.suffix == ".gz",
            everything=everything,
            told=told,
        )


def name_backup(folder: Path) -> Path:
    """A name for a backup made now; in the order of time they sort."""
    return folder / time.strftime("kiyome-%Y%m%dT%H%M%SZ.tar.gz", time.gmtime())


def delete_older(folder: Path, keep: int) -> list[Path]:
    """Delete all but so many of the newest backups in a folder; nothing else in it.

    Returns:
        What was deleted.

    Raises:
        OSError: one cannot be.
    """
    old = sorted(folder.glob(_PATTERN))[:-keep]
    for path in old:
        path.unlink()
    return old


def find_configuration(settings: Settings) -> dict[str, Path]:
    """Policy and settings, as far as they are files."""
    wanted = {"policy.toml": settings.policy, "kiyome.toml": find_settings_file()}
    return {name: path for name, path in wanted.items() if path.is_file()}


@contextmanager
def _opened(target: Path) -> Iterator[IO[bytes]]:
    if target.exists():
        raise BackupError(
            f"There is a file {target} already.", "Name another; a backup is never overwritten."
        )
    partial = target.with_name(target.name + ".partial")
    try:
        partial.unlink(missing_ok=True)
        with open_target(partial) as stream:
            yield stream
            stream.flush()
            os.fsync(stream.fileno())
        partial.rename(target)
    except OSError as error:
        raise BackupError(
            f"The backup cannot be written to {target}: {error.strerror or error}.",
            "Free some disk space, or name another place.",
        ) from error
    finally:
        partial.unlink(missing_ok=True)
