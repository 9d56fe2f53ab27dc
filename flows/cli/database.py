"""kiyome database"""

from __future__ import annotations

from pathlib import Path

import click

from flows.cli.options import workspace_option


@click.group()
def database() -> None:
    """Show or upgrade the database's schema."""


@database.command("show")
@workspace_option
def show_database(workspace: Path | None) -> None:
    """Say where the database is and which schema it has."""
    from models.settings import load_settings
    from models.store.database import Database
    from models.store.schema import newest_revision, read_schema

    opened = Database(load_settings(workspace=workspace).resolved_database_url)
    try:
        state, revision = read_schema(opened)
        click.echo(f"{opened.engine.url!r}")
        click.echo(f"schema {revision or '(none)'}: {state.value}; newest: {newest_revision()}")
    finally:
        opened.dispose()


@database.command("upgrade")
@workspace_option
def upgrade_database(workspace: Path | None) -> None:
    """Bring the schema to this version of Kiyome.

    A SQLite database is copied first; make a backup of a PostgreSQL one yourself.
    """
    from models.errors import StoreError
    from models.settings import load_settings
    from models.store.database import Database
    from models.store.schema import (
        SchemaState,
        copy_sqlite,
        newest_revision,
        read_schema,
        upgrade_schema,
    )

    opened = Database(load_settings(workspace=workspace).resolved_database_url)
    try:
        state, revision = read_schema(opened)
        if state is SchemaState.CURRENT:
            click.echo(f"Nothing to do: the schema is {revision}.")
            return
        if state is SchemaState.UNKNOWN:
            raise StoreError(
                f"The schema {revision!r} is not known to this Kiyome.",
                "Use the newer Kiyome that made it.",
            )
        copy = copy_sqlite(opened) if state is SchemaState.OLDER else None
        upgrade_schema(opened)
        if copy:
            click.echo(f"The database as it was: {copy}")
        click.echo(f"The schema is now {newest_revision()}.")
    finally:
        opened.dispose()
