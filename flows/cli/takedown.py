"""kiyome takedown"""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path

import click

from flows.cli.options import workspace_option


@click.group()
def takedown() -> None:
    """Acknowledge an owner's takedown request.

    From the acknowledgement on, the asset is in no release that is made, whatever else is known
    about it. `kiyome cleanse` then publishes a release without it, and says what was removed.
    """


@takedown.command("add")
@click.argument("asset")
@click.option("--by", required=True, help="Who asked for it.")
@click.option("--note", default="", help="Why, or under which reference.")
@workspace_option
def add_takedown(asset: str, by: str, note: str, workspace: Path | None) -> None:
    """Take down ASSET: the SHA-256 of the original file, or the file itself."""
    from models.canonical import digest_bytes
    from models.settings import load_settings
    from models.store.schema import open_database
    from models.takedowns import acknowledge_takedown
    from models.workspace import prepare_workspace

    if Path(asset).is_file():
        asset = digest_bytes(Path(asset).read_bytes())
    settings = load_settings(workspace=workspace)
    settings = settings.model_copy(update={"workspace": prepare_workspace(settings.workspace)})
    database = open_database(settings.resolved_database_url)
    try:
        with database.transaction() as session:
            at = acknowledge_takedown(session, asset.lower(), by, note)
    finally:
        database.dispose()
    click.echo(f"Acknowledged at {_moment(at)}: {asset.lower()}")
    click.echo("Run `kiyome cleanse` for a release without it.")


@takedown.command("list")
@workspace_option
def list_takedowns_command(workspace: Path | None) -> None:
    """List the takedowns in force."""
    from models.settings import load_settings
    from models.store.schema import open_database
    from models.takedowns import list_takedowns

    database = open_database(load_settings(workspace=workspace).resolved_database_url)
    try:
        with database.snapshot() as session:
            rows = list_takedowns(session)
    finally:
        database.dispose()
    for row in rows:
        note = f"  {row.note}" if row.note else ""
        click.echo(f"{_moment(row.acknowledged_ms)}  {row.asset_id}  {row.requested_by}{note}")
    if not rows:
        click.echo("No takedowns.")


def _moment(ms: int) -> str:
    return datetime.fromtimestamp(ms / 1000, UTC).isoformat(timespec="seconds")
