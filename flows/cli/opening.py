"""Opening the workspace that a command is about, with its database."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

import click

if TYPE_CHECKING:
    from models.settings import Settings
    from models.store.database import Database


@contextmanager
def opened(workspace: Path | None, *, create: bool = False) -> Iterator[tuple[Settings, Database]]:
    """The settings in force, with an absolute workspace, and its database.

    Args:
        create: make the workspace where there is none; a command that only looks must not.

    Raises:
        KiyomeError: there is no workspace, or it cannot be written, or the database is not the one
            that its releases were made with.
    """
    from models.errors import WorkspaceError
    from models.releases.publishing import require_own_database
    from models.settings import load_settings
    from models.store.schema import open_database
    from models.workspace import prepare_workspace

    settings = load_settings(workspace=workspace)
    if not settings.workspace.is_dir():
        if not create:
            raise WorkspaceError(
                f"There is no workspace at {settings.workspace.absolute()}.",
                "Run `kiyome cleanse` first, or name another workspace with --workspace.",
            )
        # Said aloud: in the wrong folder a refusal would be entered where no run looks.
        click.echo(f"This begins a new workspace: {settings.workspace.absolute()}", err=True)
    settings = settings.model_copy(update={"workspace": prepare_workspace(settings.workspace)})
    database = open_database(settings.resolved_database_url)
    try:
        require_own_database(database, settings.workspace)
        yield settings, database
    finally:
        database.dispose()
