"""kiyome takedown"""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path

import click

from flows.cli.opening import opened
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
    from models.takedowns import acknowledge_takedown

    if Path(asset).is_file():
        asset = digest_bytes(Path(asset).read_bytes())
    with opened(workspace, create=True) as (_, database), database.transaction() as session:
        at = acknowledge_takedown(session, asset.lower(), by, note)
    click.echo(f"Acknowledged at {_moment(at)}: {asset.lower()}")
    click.echo("Run `kiyome cleanse` for a release without it.")


@takedown.command("list")
@workspace_option
def list_takedowns_command(workspace: Path | None) -> None:
    """List the takedowns in force."""
    from models.takedowns import list_takedowns

    with opened(workspace) as (_, database), database.snapshot() as session:
        rows = list_takedowns(session)
    for row in rows:
        note = f"  {row.note}" if row.note else ""
        click.echo(f"{_moment(row.acknowledged_ms)}  {row.asset_id}  {row.requested_by}{note}")
    if not rows:
        click.echo("No takedowns.")


def _moment(ms: int) -> str:
    return datetime.fromtimestamp(ms / 1000, UTC).isoformat(timespec="seconds")
