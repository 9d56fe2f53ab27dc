"""kiyome register motifs"""

from __future__ import annotations

from pathlib import Path

import click

from flows.cli.options import workspace_option
from flows.cli.register.opening import changing

MOTIF_CATEGORIES = ("character", "logo", "motif", "work", "brand", "person")


@click.group()
def motifs() -> None:
    """Reference pictures of characters, logos and other motifs."""


@motifs.command("add")
@click.argument("path", type=click.Path(path_type=Path, exists=True))
@click.option("--label", default="", help="What it shows.  [default: the file's name]")
@click.option("--category", type=click.Choice(MOTIF_CATEGORIES), default="motif", show_default=True)
@click.option("--owner", default="", help="Who asked for it.")
@click.option("--source", default="", help="Where it is from.")
@workspace_option
def add_motif_command(
    path: Path, label: str, category: str, owner: str, source: str, workspace: Path | None
) -> None:
    """Register the picture at PATH, or every picture in the folder PATH.

    A folder may hold a motifs.csv with the columns file, label, category, owner and source.
    Pictures that are blank, too small or damaged are refused, with the reason.

    \b
    Example:
      kiyome register motifs add kirari.png --label "Hoshino Kirari" --category character
    """
    from models.motifs.register import add_folder, add_motif
    from models.unicode import escape_unprintable

    with changing(workspace) as (session, settings):
        if path.is_dir():
            report = add_folder(
                session,
                settings.workspace,
                path,
                category=category,
                owner=owner,
                source=source,
            )
            click.echo(f"{len(report.added)} registered, {len(report.known)} known already.")
            for name, why in report.refused:
                click.echo(escape_unprintable(f"refused {name}: {why}"))
            return
        row = add_motif(
            session,
            settings.workspace,
            path,
            label or path.stem,
            category,
            owner=owner,
            source=source,
        )
        click.echo(f"Registered {row.label!r} as {row.category}: {row.id}")


@motifs.command("list")
@workspace_option
def list_motifs_command(workspace: Path | None) -> None:
    """List registered motifs."""
    from models.motifs.register import list_motifs
    from models.unicode import escape_unprintable

    with changing(workspace) as (session, _):
        rows = list_motifs(session)
    for row in rows:
        owner = f"  ({row.owner})" if row.owner else ""
        line = f"{row.id[:12]}  {row.category:<10} {row.label}{owner}"
        click.echo(escape_unprintable(line))
    if not rows:
        click.echo("No motifs are registered yet.")


@motifs.command("remove")
@click.argument("motif")
@click.option("--yes", is_flag=True, help="Do it; without this, only say what would be removed.")
@workspace_option
def remove_motif_command(motif: str, yes: bool, workspace: Path | None) -> None:
    """Take MOTIF (the beginning of its id, at least 8 digits) out of the register."""
    from models.errors import RegisterError
    from models.motifs.register import list_motifs, remove_motif, remove_unlisted_pictures
    from models.unicode import escape_unprintable

    with changing(workspace) as (session, _):
        found = [
            row for row in list_motifs(session) if len(motif) >= 8 and row.id.startswith(motif)
        ]
        if len(found) != 1:
            raise RegisterError(
                f"{len(found) or 'No'} motifs have an id that begins with {motif!r}.",
                "`kiyome register motifs list` shows the ids; give at least 8 digits.",
            )
        line = f"{found[0].id[:12]}  {found[0].category:<10} {found[0].label}"
        click.echo(escape_unprintable(line))
        if yes:
            remove_motif(session, found[0].id)
    if yes:
        with changing(workspace) as (session, settings):
            remove_unlisted_pictures(session, settings.workspace)
    click.echo("Removed." if yes else "Nothing was removed: add --yes to remove it.")
