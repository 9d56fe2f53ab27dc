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
    from models.beginning import settle_workspace
    from models.releases.publishing import require_own_database
    from models.settings import load_settings
    from models.store.schema import open_database

    settings = load_settings(workspace=workspace)
    settings = begin_aloud(settings) if create else settle_workspace(settings, begin=False)
    database = open_database(settings.resolved_database_url)
    try:
        require_own_database(database, settings.workspace)
        yield settings, database
    finally:
        database.dispose()


def begin_aloud(settings: Settings) -> Settings:
    """The settings with their workspace, which is begun where there is none: that is said then.

    In the wrong folder a refusal would be entered where no run looks, and a run would know none.

    Raises:
        KiyomeError: it may not be begun, or cannot be written.
    """
    from models.beginning import is_begun, settle_workspace

    is_new = not is_begun(settings.workspace)
    settings = settle_workspace(settings)
    if is_new:
        click.echo(f"This begins a new workspace: {settings.workspace}", err=True)
    return settings
