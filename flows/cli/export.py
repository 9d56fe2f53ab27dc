"""kiyome export"""

from __future__ import annotations

from pathlib import Path

import click

from flows.cli.opening import opened
from flows.cli.options import dataset_option, resolve_dataset, workspace_option


@click.command()
@click.argument("to", type=click.Path(path_type=Path, file_okay=False))
@dataset_option
@click.option("--release", "number", type=int, help="Which release.  [default: the latest]")
@click.option("--copy-images", is_flag=True, help="Copy the images too, checked byte by byte.")
@workspace_option
def export(
    to: Path, dataset: str | None, number: int | None, copy_images: bool, workspace: Path | None
) -> None:
    """Write a release's files to the new folder TO.

    The folder gets the manifest, the list of what was removed, and in dataset/ the captions of
    the cleared assets, in the layout that the dataset came in. With --copy-images, dataset/ can be
    trained on as it stands; each image is checked against the digest in the manifest.

    A release that holds images which were taken down since cannot be exported.
    """
    from flows.cli.showing import showing_progress
    from models.releases.exporting import export_release
    from tasks.progress import count_up, listening

    with (
        opened(workspace) as (settings, database),
        showing_progress(quiet=not copy_images) as listener,
        listening(listener),
    ):
        name = resolve_dataset(settings.workspace, dataset)
        report = export_release(
            database,
            settings.workspace,
            name,
            to,
            number=number,
            copy_images=copy_images,
            progress=count_up("images"),
        )
    click.echo(
        f"Release {report.number} of {name}: {report.assets} assets, {report.images} images, "
        f"{report.captions} captions in {to / 'dataset'}"
    )
