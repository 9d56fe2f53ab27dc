"""Beginning a workspace: whether one may be made where there is none.

A disk that is not mounted looks like a place where nobody has worked yet. A run that began anew
there would know no register, ruling or takedown, and would clear what they keep out. So a workspace
holds a mark, and where it is missing, whatever can know of it is asked first: the settings, the
database where it lies elsewhere, and the disks that this machine is to mount.
"""

from __future__ import annotations

import json
from collections.abc import Iterable
from datetime import UTC, datetime
from pathlib import Path

from sqlalchemy import make_url, select

from models.errors import WorkspaceError
from models.files import write_atomically
from models.mounts import find_unmounted
from models.settings import Settings
from models.store.database import Database
from models.store.schema import open_database
from models.store.tables import ReleaseRow
from models.workspace import prepare_workspace

MARK = "workspace.json"
"""File in a workspace that has been begun."""

_WITHOUT_MARK = ("ledger", "releases")
"""One of these is in a workspace that was used before there was a mark. Files that a run may leave
where its disk has just gone away, as its lock or an empty database, say nothing."""

_USED = ("kiyome.db", "datasets")
"""One of these is in a workspace that something was done in, and is enough where none is begun."""

_ALL_THE_SAME = "To begin a new one all the same, set KIYOME_NEW_WORKSPACE=always once."


def is_begun(workspace: Path) -> bool:
    """Whether a workspace is there, as opposed to an empty place for one."""
    return _holds_any(workspace, (MARK, *_WITHOUT_MARK))


def _holds_any(workspace: Path, names: Iterable[str]) -> bool:
    return any((workspace / name).exists() for name in names)


def settle_workspace(settings: Settings, *, begin: bool = True) -> Settings:
    """Find the workspace, or begin one where it is allowed, and prove that it can be written.

    Args:
        begin: False for what makes no sense in a new one, whatever the settings allow.

    Returns:
        The settings with its absolute path, which begin no other: whatever is done with them later
        is refused if it is away by then.

    Raises:
        WorkspaceError: it is missing and may not be begun, or cannot be written.
        StoreError: it is missing, and the database that may know of it cannot be asked.
    """
    marked = (settings.workspace / MARK).exists()
    used = is_begun(settings.workspace) or _holds_any(settings.workspace, _USED)
    if not begin and not used:
        raise WorkspaceError(
            f"There is no workspace at {settings.workspace.absolute()}.",
            "Run `kiyome cleanse` first, mount its disk, or name another with --workspace.",
        )
    if begin:
        require_known_place(settings)
    if used and not settings.workspace.is_dir():  # between one look and the next
        raise WorkspaceError(
            f"The workspace {settings.workspace.absolute()} has gone away.",
            "Mount its disk, then run again.",
        )
    workspace = prepare_workspace(settings.workspace)
    if not marked:
        begun = {"begun": datetime.now(UTC).isoformat(timespec="seconds")}
        try:
            write_atomically(workspace / MARK, json.dumps(begun).encode())
        except OSError as error:
            raise WorkspaceError(
                f"The workspace {workspace} cannot be written: {error.strerror or error}.",
                "Make the folder writable, or free some disk space.",
            ) from error
    return settings.model_copy(update={"workspace": workspace, "new_workspace": "never"})


def require_known_place(settings: Settings) -> None:
    """Make sure that the workspace is there, or that one may be begun in its place.

    Raises:
        WorkspaceError: it is missing, and may not be begun.
        StoreError: it is missing, and the database that may know of it cannot be asked.
    """
    workspace = settings.workspace.absolute()
    if settings.new_workspace == "always" or is_begun(workspace):
        return
    if settings.new_workspace == "never":
        raise WorkspaceError(
            f"There is no workspace at {workspace}, where one has to be.",
            f"Mount its disk, or name the right place. {_ALL_THE_SAME}",
        )
    if away := find_unmounted(workspace):
        raise WorkspaceError(
            f"There is no workspace at {workspace}, and nothing is mounted at {away}, which "
            "/etc/fstab names.",
            f"Mount it with `mount {away}`. {_ALL_THE_SAME}",
        )
    if known := _known_release(settings.database_url):
        raise WorkspaceError(
            f"There is no workspace at {workspace}, and the database knows the release {known} "
            "that was made in one.",
            "Mount its disk, name the right place, or restore it with `kiyome backup restore`. "
            + _ALL_THE_SAME,
        )


def open_known_database(settings: Settings) -> Database:
    """The database, where the workspace is known: SQLite would make a new one in an empty place.

    Raises:
        WorkspaceError: see ``require_known_place``.
        StoreError: it cannot be used.
    """
    require_known_place(settings)
    return open_database(settings.resolved_database_url)


def _known_release(url: str) -> str:
    """Folder of the newest release in a database outside of the workspace, or ""."""
    if not url:
        return ""
    parsed = make_url(url)
    if parsed.get_backend_name() == "sqlite" and not Path(parsed.database or "").is_file():
        return ""
    database = open_database(url)
    try:
        with database.snapshot() as session:
            newest = select(ReleaseRow.folder).order_by(ReleaseRow.created_ms.desc()).limit(1)
            return session.scalar(newest) or ""
    finally:
        database.dispose()
