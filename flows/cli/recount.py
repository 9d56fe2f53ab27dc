"""kiyome recount"""

from __future__ import annotations

import sys
from pathlib import Path

import click

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
    from models.settings import load_settings
    from models.store.schema import open_database

    settings = load_settings(workspace=workspace)
    base = settings.workspace.absolute()
    name = resolve_dataset(base, dataset)
    database = open_database(settings.resolved_database_url)
    try:
        checks = count(database, base, name)
    finally:
        database.dispose()
    for check in checks:
        mark = click.style("ok  ", fg="green") if check.ok else click.style("FAIL", fg="red")
        click.echo(f"{mark}  {check.name}: {check.detail}")
    if not all(check.ok for check in checks):
        sys.exit(1)
