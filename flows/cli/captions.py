"""kiyome captions"""

from __future__ import annotations

import getpass
from pathlib import Path

import click

from flows.cli.opening import opened
from flows.cli.options import dataset_option, resolve_dataset, workspace_option
from models.unicode import escape_unprintable

STATES = ("in_force", "proposed", "refused", "all")


@click.group()
def captions() -> None:
    """List and undo edits of captions.

    An edit is a text that people put in the place of one caption of one image. Reviewers rewrite
    captions on the review page, and accept there what owners propose. An edit holds in every later
    release; the dataset itself is never changed.

    \b
    Examples:
      kiyome captions list
      kiyome captions list --csv captions.csv
      kiyome captions undo 3f0c…
    """


@captions.command("list")
@dataset_option
@click.option(
    "--state",
    type=click.Choice(STATES),
    default="in_force",
    show_default=True,
    help="Which edits: those that hold, wait for a reviewer, or were refused.",
)
@click.option(
    "--limit", type=click.IntRange(min=1), default=50, show_default=True, help="How many at most."
)
@click.option(
    "--csv",
    "file",
    type=click.Path(path_type=Path, dir_okay=False),
    help="Write all of them to a file, with the captions as they were.",
)
@workspace_option
def list_command(
    dataset: str | None, state: str, limit: int, file: Path | None, workspace: Path | None
) -> None:
    """List the caption edits of a dataset."""
    from models.captions.exporting import write_csv
    from models.captions.records import EditFilter, EditState, count_edits, list_edits

    with opened(workspace) as (settings, database):
        name = resolve_dataset(settings.workspace, dataset)
        chosen = EditFilter(name, None if state == "all" else EditState(state))
        with database.snapshot() as session:
            if file is not None:
                click.echo(f"{write_csv(session, chosen, file)} edits are in {file}.")
                return
            total = count_edits(session, chosen)
            for edit in list_edits(session, chosen, limit=limit):
                click.echo(escape_unprintable(f"{edit.id}  {edit.name}  {edit.state.value}"))
                click.echo(escape_unprintable(f"  - {edit.original}"))
                click.echo(escape_unprintable(f"  + {edit.text}"))
    if total > limit:
        click.echo(f"… and {total - limit} more: raise --limit, or write all with --csv FILE.")
    if not total:
        click.echo("No caption edits.")


@captions.command("undo")
@click.argument("edit_id", metavar="ID")
@click.option("--by", help="Who undoes it.  [default: the name of your account]")
@workspace_option
def undo_command(edit_id: str, by: str | None, workspace: Path | None) -> None:
    """Undo the edit ID: the caption stands again as it did before.

    A ruling that the edit was made with is undone too, and its item is asked about again.
    """
    from models.captions.ruling import undo_edit_or_ruling

    with opened(workspace) as (_, database), database.transaction() as session:
        edit = undo_edit_or_ruling(session, edit_id, by or getpass.getuser(), lead=True)
    click.echo(escape_unprintable(f"Undone: {edit.name} has its caption of before again."))
    click.echo("Run `kiyome cleanse` for a release with it.")
