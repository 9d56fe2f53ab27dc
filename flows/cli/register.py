"""kiyome register"""

from __future__ import annotations

import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

import click

from flows.cli.opening import opened
from flows.cli.options import workspace_option

if TYPE_CHECKING:
    from sqlalchemy.orm import Session

    from models.settings import Settings

NAME_CATEGORIES = ("character", "work", "artist", "studio", "brand", "person", "place")
MOTIF_CATEGORIES = ("character", "logo", "motif", "work", "brand", "person")


@contextmanager
def _register(workspace: Path | None) -> Iterator[tuple[Session, Settings]]:
    with opened(workspace, create=True) as (settings, database), database.transaction() as session:
        yield session, settings


@click.group()
def register() -> None:
    """Add, list and remove protected names and motifs.

    The register holds what rights owners ask to be kept out of training data. Every change counts
    from the next run on; what has been examined is not examined again, only compared anew.
    """


@register.group()
def names() -> None:
    """Names of characters, works, artists, studios, brands, people and places."""


@names.command("add")
@click.argument("name")
@click.option(
    "--category", type=click.Choice(NAME_CATEGORIES), required=True, help="What the name names."
)
@click.option("--also", multiple=True, help="Another way it is written; may be repeated.")
@click.option("--owner", default="", help="Who asked for it.")
@click.option("--source", default="", help="Where it is from.")
@click.option("--licence", default="", help="Licence of the list it is from.")
@workspace_option
def add_name_command(
    name: str,
    category: str,
    also: tuple[str, ...],
    owner: str,
    source: str,
    licence: str,
    workspace: Path | None,
) -> None:
    """Register NAME.

    \b
    Example:
      kiyome register names add "Hoshino Kirari" --category character --also 星野きらり
    """
    from models.nouns.register import add_name

    with _register(workspace) as (session, _):
        entry = add_name(
            session, name, category, surfaces=also, owner=owner, source=source, licence=licence
        )
    click.echo(f"Registered {entry.name!r} as {entry.category}: {entry.id}")


@names.command("import")
@click.argument("file", type=click.Path(path_type=Path, exists=True, dir_okay=False))
@workspace_option
def import_names_command(file: Path, workspace: Path | None) -> None:
    """Register the names of a CSV FILE.

    The header must have name and category; aliases and other_names (separated by |), owner,
    source and licence are read where present. Lines that cannot be used are listed, and the others
    imported. Importing a file again changes nothing.
    """
    from models.nouns.importing import import_names

    def progress(rows: int) -> None:
        if sys.stderr.isatty():
            click.echo(f"\r{rows} rows", err=True, nl=False)

    with _register(workspace) as (session, _):
        report = import_names(session, file, progress)
    if sys.stderr.isatty():
        click.echo("", err=True)
    click.echo(f"{report.imported} of {report.rows} rows are in the register.")
    for problem in report.problems[:20]:
        click.echo(f"{file}:{problem.line}: {problem.message}")
    if len(report.problems) > 20:
        click.echo(f"… and {len(report.problems) - 20} more.")


@names.command("list")
@click.argument("search", default="")
@click.option("--limit", default=50, show_default=True, help="How many at most.")
@workspace_option
def list_names_command(search: str, limit: int, workspace: Path | None) -> None:
    """List registered names, all or those that hold SEARCH."""
    from models.nouns.register import list_names

    with _register(workspace) as (session, _):
        entries = list_names(session, search, limit + 1)
    for entry in entries[:limit]:
        others = [s.text for s in entry.surfaces if s.text != entry.name]
        also = f"  also: {', '.join(others[:5])}{' …' if len(others) > 5 else ''}" if others else ""
        click.echo(f"{entry.id[:12]}  {entry.category:<10} {entry.name}{also}")
    if len(entries) > limit:
        click.echo(f"… and more: narrow the search, or raise --limit above {limit}.")
    if not entries:
        click.echo("No such name is registered." if search else "No names are registered yet.")


@names.command("remove")
@click.argument("name")
@click.option("--yes", is_flag=True, help="Do it; without this, only say what would be removed.")
@workspace_option
def remove_name_command(name: str, yes: bool, workspace: Path | None) -> None:
    """Take NAME (a name, or the beginning of an id of at least 8 digits) out of the register."""
    from models.errors import RegisterError
    from models.nouns.register import find_names, remove_name

    with _register(workspace) as (session, _):
        found = find_names(session, name)
        if not found:
            raise RegisterError(
                f"No name {name!r} is registered.", "`kiyome register names list` shows all."
            )
        for entry in found:
            click.echo(f"{entry.id[:12]}  {entry.category:<10} {entry.name}")
        if len(found) > 1:
            raise RegisterError(
                f"{name!r} stands for {len(found)} entries.", "Give one by its id, as listed above."
            )
        if yes:
            remove_name(session, found[0].id)
    click.echo("Removed." if yes else "Nothing was removed: add --yes to remove it.")


@register.group()
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

    with _register(workspace) as (session, settings):
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
                click.echo(f"refused {name}: {why}")
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

    with _register(workspace) as (session, _):
        rows = list_motifs(session)
    for row in rows:
        owner = f"  ({row.owner})" if row.owner else ""
        click.echo(f"{row.id[:12]}  {row.category:<10} {row.label}{owner}")
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

    with _register(workspace) as (session, _):
        found = [
            row for row in list_motifs(session) if len(motif) >= 8 and row.id.startswith(motif)
        ]
        if len(found) != 1:
            raise RegisterError(
                f"{len(found) or 'No'} motifs have an id that begins with {motif!r}.",
                "`kiyome register motifs list` shows the ids; give at least 8 digits.",
            )
        click.echo(f"{found[0].id[:12]}  {found[0].category:<10} {found[0].label}")
        if yes:
            remove_motif(session, found[0].id)
    if yes:
        with _register(workspace) as (session, settings):
            remove_unlisted_pictures(session, settings.workspace)
    click.echo("Removed." if yes else "Nothing was removed: add --yes to remove it.")
