"""kiyome takedown"""

from __future__ import annotations

import re
from pathlib import Path

import click

from flows.cli.moments import tell_moment
from flows.cli.opening import opened
from flows.cli.options import workspace_option


@click.group()
def takedown() -> None:
    """Acknowledge or lift an owner's takedown.

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
    from models.errors import KiyomeError
    from models.takedowns import acknowledge_takedown

    if Path(asset).is_file():
        asset = digest_bytes(Path(asset).read_bytes())
    elif not re.fullmatch("[0-9a-fA-F]{64}", asset):
        raise KiyomeError(
            f"There is no file {asset!r}, and it is not an asset id.",
            "Give the original file, or its SHA-256: `sha256sum FILE` prints it.",
        )
    with opened(workspace, create=True) as (settings, database):
        with database.transaction() as session:
            at = acknowledge_takedown(session, asset.lower(), by, note)
        holding = _datasets_with(settings.workspace, asset.lower())
    click.echo(f"Acknowledged at {tell_moment(at)}: {asset.lower()}")
    if holding:
        click.echo(f"It is in {', '.join(holding)}. Run `kiyome cleanse` for a release without it.")
    else:
        click.echo("No dataset that was cleansed here holds it; if one should, check the id.")


@takedown.command("list")
@workspace_option
def list_takedowns_command(workspace: Path | None) -> None:
    """List the takedowns in force."""
    from models.takedowns import list_takedowns

    with opened(workspace) as (_, database), database.snapshot() as session:
        lines = [
            f"{tell_moment(row.acknowledged_ms)}  {row.asset_id}  {row.requested_by}  {row.note}"
            for row in list_takedowns(session)
        ]
    for line in lines:
        click.echo(line.rstrip())
    if not lines:
        click.echo("No takedowns.")


@takedown.command("lift")
@click.argument("asset")
@click.option("--by", required=True, help="Who lifts it.")
@click.option("--reason", required=True, help="Why: the owner who asked for it reads this.")
@click.option("--dry-run", is_flag=True, help="Say what would happen, and change nothing.")
@workspace_option
def lift_command(asset: str, by: str, reason: str, dry_run: bool, workspace: Path | None) -> None:
    """Lift the takedown of ASSET: releases made from now on may hold it again.

    Everything else still has to allow it. That it stood, and why it was lifted, stays on record.
    """
    from models.owners.settling import lift

    with opened(workspace) as (settings, database):
        with database.transaction() as session:
            lifted = lift(session, asset.lower(), by, reason)
            if dry_run:
                session.rollback()
        holding = _datasets_with(settings.workspace, asset.lower())
    click.echo(f"{'Would lift' if dry_run else 'Lifted'} the takedown of {lifted.asset_id}.")
    if lifted.requests:
        click.echo(f"{len(lifted.requests)} owner's request(s) had asked for it.")
    if holding:
        click.echo(f"It is in {', '.join(holding)}: the next run decides about it anew.")


def _datasets_with(workspace: Path, asset_id: str) -> list[str]:
    """The datasets in whose last run the asset was."""
    import pyarrow.parquet as pq

    wanted = [("asset_id", "=", asset_id)]
    return [
        path.parent.name
        for path in sorted((workspace / "datasets").glob("*/outcomes.parquet"))
        if pq.read_table(path, columns=["asset_id"], filters=wanted).num_rows
    ]
