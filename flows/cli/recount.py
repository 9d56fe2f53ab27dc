"""kiyome recount"""

from __future__ import annotations

import sys
from pathlib import Path

import click

from flows.cli.opening import opened
from flows.cli.options import dataset_option, resolve_dataset, workspace_option


@click.command()
@dataset_option
@workspace_option
def recount(dataset: str | None, workspace: Path | None) -> None:
    """Prove that every asset has just one verdict.

    Counts shards, verdicts and the latest release again, from the files. Exits with 1 if anything
    does not add up.
    """
    from models.releases.recount import recount as count

    with opened(workspace) as (settings, database):
        name = resolve_dataset(settings.workspace, dataset)
        checks = count(database, settings.workspace, name)
    for check in checks:
        mark = click.style("ok  ", fg="green") if check.ok else click.style("FAIL", fg="red")
        click.echo(f"{mark}  {check.name}: {check.detail}")
    if not all(check.ok for check in checks):
        sys.exit(1)
