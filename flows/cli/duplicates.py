"""kiyome duplicates"""

from __future__ import annotations

from pathlib import Path

import click

from flows.cli.opening import opened
from flows.cli.options import dataset_option, resolve_dataset, workspace_option


@click.command()
@dataset_option
@click.option(
    "--csv",
    "table",
    type=click.Path(path_type=Path, dir_okay=False),
    help="Write all of them to this file instead.",
)
@click.option(
    "--limit", type=click.IntRange(min=1), default=20, show_default=True, help="Clusters to show."
)
@workspace_option
def duplicates(dataset: str | None, table: Path | None, limit: int, workspace: Path | None) -> None:
    """List the near-identical pictures of a dataset.

    A cluster is a picture, its representative, with all that differ from it in size, quality or
    colours only; the largest clusters come first. They are those of the last run.
    """
    from itertools import islice

    from models.duplicates.listing import write_csv
    from models.duplicates.storing import list_clusters, name_assets, read_duplicates
    from models.planning import read_outcomes
    from models.unicode import escape_unprintable

    with opened(workspace) as (settings, _):
        name = resolve_dataset(settings.workspace, dataset)
        record, rows = read_duplicates(settings.workspace, name)
        names = name_assets(read_outcomes(settings.workspace, name), rows)
    clusters = "1 cluster" if record.clusters == 1 else f"{record.clusters} clusters"
    if table is not None:
        write_csv(table, rows, names)
        click.echo(f"{rows.num_rows} pictures in {clusters}: {table}")
        return
    click.echo(
        f"{name}: {record.pictures} pictures, {clusters}, "
        f"{record.redundant} pictures besides their representatives."
    )
    if record.plain:
        click.echo(f"{record.plain} pictures are too plain to be compared.")
    if record.unsearched:
        click.echo(f"{record.unsearched} pictures were left alone: the search had become too long.")
    for members in islice(list_clusters(rows), limit):
        click.echo(
            f"\n{click.style(str(members[0]['cluster']), bold=True)}: {len(members)} pictures"
        )
        for member in members:
            shown = escape_unprintable(names.get(member["asset_id"], ""))
            cosine = "" if member["cosine"] is None else f", cosine {member['cosine']:.2f}"
            told = f"{member['distance']} bits{cosine}"
            if member["asset_id"] == member["representative"]:
                told = "representative"
            click.echo(f"  {member['asset_id'][:12]}  {told:<22}  {shown}")
    if record.clusters > limit:
        click.echo(f"\n{record.clusters - limit} more: see --limit and --csv.")
