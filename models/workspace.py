"""The workspace: the folder that holds everything large, and the lock that one run holds on it."""

from __future__ import annotations

import errno
import json
import os
import re
import shutil
import socket
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from datetime import UTC, datetime
from pathlib import Path

import psutil  # type: ignore[import-untyped]
from filelock import FileLock, Timeout

from models.canonical import digest_lines
from models.errors import WorkspaceError
from models.files import write_atomically
from models.unicode import escape_surrogates

LEAST_FREE = 64 * 1024**2
"""Bytes of free disk below which no run begins: it would only fail later, and less clearly."""

_HOLDER = "run.holder.json"
_LEEWAY_S = 60
"""A process that began so much later than the note only has the number of one that is gone."""


def prepare_workspace(workspace: Path) -> Path:
    """Make the workspace folder, and prove that it can be written.

    Returns:
        Its absolute path.

    Raises:
        WorkspaceError: it cannot be made or written.
    """
    workspace = workspace.absolute()
    _require_space(workspace)
    probe = workspace / ".writable"
    try:
        workspace.mkdir(parents=True, exist_ok=True)
        write_atomically(probe, b"")
        probe.unlink()
    except OSError as error:
        raise WorkspaceError(
            f"The workspace {workspace} cannot be written: {error.strerror or error}.",
            "Make the folder writable, free some disk space, or name another with --workspace.",
        ) from error
    return workspace


def _require_space(workspace: Path) -> None:
    place = workspace
    while not place.exists() and place != place.parent:
        place = place.parent
    free = shutil.disk_usage(place).free
    if free < LEAST_FREE:
        raise WorkspaceError(
            f"Only {free // 1024**2} MiB are free where the workspace {workspace} is; "
            f"a run needs {LEAST_FREE // 1024**2}.",
            "Free some disk space, or name another place with --workspace.",
        )


@contextmanager
def hold_workspace(workspace: Path, *, wait_s: float = 0) -> Iterator[None]:
    """Hold the workspace for one run; the lock is gone with the process, however it ends.

    Args:
        wait_s: how many seconds to wait for another run that holds it.

    Raises:
        WorkspaceError: another run holds it; the message says which. Or it is gone in the midst.
    """
    lock = FileLock(workspace / "run.lock")
    holder = workspace / _HOLDER
    try:
        lock.acquire(timeout=wait_s)
    except Timeout:
        raise WorkspaceError(
            f"Another run is using the workspace {workspace}: {_describe_holder(holder)}.",
            "Wait until it has finished, or give this run a workspace of its own with --workspace.",
        ) from None
    except OSError as error:
        raise WorkspaceError(
            f"The workspace {workspace} cannot be locked: {error.strerror or error}.",
            "Make the folder writable, or name another with --workspace.",
        ) from error
    try:
        _name_holder(holder)
        yield
    except FileNotFoundError as error:
        if (workspace / "run.lock").exists():
            raise
        raise WorkspaceError(
            f"The workspace {workspace} has gone away while it was in use.",
            "Mount its disk, then run again: what was finished is kept.",
        ) from error
    finally:
        with suppress(OSError):  # whoever finds it does not hold the lock by it
            holder.unlink(missing_ok=True)
        lock.release()


def _name_holder(holder: Path) -> None:
    described = {
        "pid": os.getpid(),
        "host": socket.gethostname(),
        "since": datetime.now(UTC).isoformat(timespec="seconds"),
    }
    try:
        write_atomically(holder, json.dumps(described).encode())
    except OSError as error:
        raise WorkspaceError(
            f"The workspace {holder.parent} cannot be written: {error.strerror or error}.",
            "Make the folder writable, free some disk space, or name another with --workspace.",
        ) from error


def _describe_holder(holder: Path) -> str:
    try:
        known = json.loads(holder.read_bytes())
        return f"process {known['pid']} on {known['host']}, since {known['since']}"
    except (OSError, ValueError, KeyError):
        return "it has only just started"


@contextmanager
def telling_full_disk() -> Iterator[None]:
    """Turn a full disk, wherever it is met, into a sentence that says what to do.

    Raises:
        WorkspaceError: there is no room, or no quota, left.
    """
    try:
        yield
    except OSError as error:
        if error.errno not in (errno.ENOSPC, errno.EDQUOT):
            raise
        where = f" where {error.filename} is" if error.filename else ""
        raise WorkspaceError(
            f"There is no space left on the disk{where}.",
            "Free some disk space, then run again: what was finished is kept.",
        ) from error


def is_held(workspace: Path) -> bool:
    """Whether the process that last said that it holds the workspace lives.

    One on another machine is taken to live: nobody here can tell.
    """
    try:
        known = json.loads((workspace / _HOLDER).read_bytes())
        if known["host"] != socket.gethostname():
            return True
        since = datetime.fromisoformat(known["since"]).timestamp()
        return bool(psutil.Process(int(known["pid"])).create_time() <= since + _LEEWAY_S)
    except psutil.NoSuchProcess:
        return False
    except psutil.Error:
        return True
    except (OSError, ValueError, KeyError, TypeError):
        return False


def require_text(*paths: str | Path) -> None:
    """Refuse paths that are not UTF-8: reports and Prefect's parameters could not name them.

    Raises:
        WorkspaceError: one of them is not.
    """
    for path in map(str, paths):
        if (shown := escape_surrogates(path)) != path:
            raise WorkspaceError(
                f"The path {shown} is not UTF-8.",
                "Rename the folder; names inside a dataset may be as they are.",
            )


def name_dataset(root: str) -> str:
    """A dataset's default name: the last part of its path, safe for use in folder names.

    A name that had to be changed gets a few digits of its digest, so that two datasets do not
    fall together.
    """
    last = root.rstrip("/").rsplit("/", 1)[-1] or "dataset"
    safe = re.sub(r"[^A-Za-z0-9._-]+", "-", last)[:60].strip("-._") or "dataset"
    return safe if safe == last else f"{safe}-{digest_lines([last])[:6]}"


def check_dataset_name(name: str) -> str:
    """The name, if it can be used for folders.

    Raises:
        WorkspaceError: it cannot.
    """
    if not re.fullmatch(r"[A-Za-z0-9][A-Za-z0-9._-]{0,79}", name):
        raise WorkspaceError(
            f"{name!r} cannot be the name of a dataset.",
            "Use up to 80 letters, digits, dots, dashes and underscores, a letter or digit first.",
        )
    return name
