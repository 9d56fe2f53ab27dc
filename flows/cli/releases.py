"""kiyome releases"""

from __future__ import annotations

from pathlib import Path

import click

from flows.cli.opening import opened
from flows.cli.options import resolve_dataset, workspace_option


@click.group()
def releases() -> None:
    """Compare releases, and say what has to be removed."""


@releases.command("diff")
@click.argument("dataset", required=False)
@click.argument("numbers", nargs=-1, type=int, metavar="[A B]")
@click.option("--list", "listed", type=int, default=0, help="List so many assets, too.")
@click.option("--out", type=click.Path(path_type=Path, file_okay=False), help="Write files here.")
@workspace_option
def diff(
    dataset: str | None,
    numbers: tuple[int, ...],
    listed: int,
    out: Path | None,
    workspace: Path | None,
) -> None:
    """Say what differs between the releases A and B of DATASET, and why.

    Without numbers, between the newest release and the one before it. The same is in the files
    difference.parquet and difference.json of a release that a re-cleansing has made.
    """
    from flows.cli.telling import tell_difference
    from models.errors import ReleaseError
    from models.releases.difference import compare_releases, write_difference
    from models.releases.publishing import find_release, latest_release

    if len(numbers) not in (0, 2):
        raise click.UsageError("Give two numbers, or none.")
    with opened(workspace) as (settings, database):
        name = resolve_dataset(settings.workspace, dataset)
        newest = latest_release(database, name)
        if newest is None:
            raise ReleaseError(f"Dataset {name!r} has no release.", "Run `kiyome cleanse` first.")
        first, second = numbers or (newest.number - 1, newest.number)
        before = find_release(database, name, first) if first else None
        after = find_release(database, name, second)
        difference, rows = compare_releases(before, after, settings.workspace)
    tell_difference(difference)
    for row in rows.slice(0, max(0, listed)).to_pylist():
        click.echo(f"\n{row['change']:<10} {row['names'][0]}  {row['asset_id'][:16]}")
        click.echo(f"           {row['verdict_before']} -> {row['verdict_after']}")
        click.echo(f"           {row['explanation_en'][:300]}")
    if out is not None:
        out.mkdir(parents=True, exist_ok=True)
        write_difference(out, difference, rows)
        click.echo(f"\n{out / 'difference.parquet'}")


@releases.command("notice")
@click.argument("dataset", required=False)
@click.option("--release", "number", type=int, help="Which release.  [default: the newest]")
@click.option("--out", type=click.Path(path_type=Path, dir_okay=False), help="The file to write.")
@workspace_option
def notice(
    dataset: str | None, number: int | None, out: Path | None, workspace: Path | None
) -> None:
    """Write removal-notice.json: what a release of DATASET holds no longer, and who has it.

    It names assets by SHA-256, each with the earlier releases that hold it, and is signed with the
    usage ledger's key. It says nothing about owners and can be published as it is. Without --out it
    lies beside the release's manifest.
    """
    from models.files import write_atomically
    from models.releases.notices import FILE
    from models.releases.noticing import make_notice

    with opened(workspace) as (settings, database):
        name = resolve_dataset(settings.workspace, dataset)
        release, made, data = make_notice(database, settings, name, number)
        path = out or release.path(settings.workspace) / FILE
        write_atomically(path, data)
    numbers = ", ".join(map(str, sorted(made.affected))) or "none"
    click.echo(f"{len(made.removed):,} assets are gone since release {release.number - 1}.")
    click.echo(f"Releases that hold any of them: {numbers}")
    click.echo(f"{path}")


@releases.command("apply-notice")
@click.argument("folder", type=click.Path(path_type=Path, exists=True, file_okay=False))
@click.option(
    "--notice",
    "file",
    type=click.Path(path_type=Path, exists=True, dir_okay=False),
    required=True,
    help="The removal-notice.json.",
)
@click.option("--vkey", required=True, help="The public key of the ledger that signed it.")
@click.option("--delete", is_flag=True, help="Delete the files; without it they are only listed.")
def apply_notice(folder: Path, file: Path, vkey: str, delete: bool) -> None:
    """List, or with --delete remove, what a removal notice asks of an exported release in FOLDER.

    Needs no workspace. Every file is hashed, so that a renamed one is found as well. What lies in a
    table or an archive is named, and has to be written anew. Ends with 1 while something is left.
    """
    from models.ledger.note import Verifier
    from models.releases.applying import find_to_remove, remove_files
    from models.releases.notices import open_notice

    said = open_notice(file.read_bytes(), Verifier.parse(vkey))
    found = find_to_remove(folder, said)
    word = "deleted" if delete else "to delete"
    if delete:
        remove_files(folder, found)
    for path in (*found.images, *found.captions):
        click.echo(f"{word:<10} {path}")
    for path in found.inside:
        click.echo(f"{'rewrite':<10} {path}: it lists or holds some of them")
    click.echo(
        f"{said.dataset}, notice of release {said.release[0]}: {len(said.removed):,} assets named, "
        f"{found.listed:,} of them in this manifest; {len(found.images):,} images and "
        f"{len(found.captions):,} caption files {word}."
    )
    if found.inside or (not delete and (found.images or found.captions)):
        raise SystemExit(1)
