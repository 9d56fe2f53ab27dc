"""kiyome register motifs"""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import click

from flows.cli.options import workspace_option
from flows.cli.register.motif_decisions import (
    confirm_command,
    correct_command,
    refuse_command,
    remove_command,
)
from flows.cli.register.motif_options import claim_options
from flows.cli.register.motif_reporting import Report, describe_group, describe_outcome
from flows.cli.register.opening import changing, looking, name_actor

if TYPE_CHECKING:
    from models.motifs.claims import Claim


@click.group()
def motifs() -> None:
    """Reference pictures of characters, logos and other motifs."""


@motifs.command("add")
@click.argument("path", type=click.Path(path_type=Path, exists=True))
@claim_options
@click.option(
    "--registered-by", "--by", "actor", default="", help="Who registers it.  [default: you]"
)
@click.option("--also-mine", is_flag=True, help="Register it though another owner has the same.")
@click.option("--skip-duplicates", is_flag=True, help="Leave out what looks the same as another.")
@click.option("--dry-run", is_flag=True, help="Only say what would happen.")
@click.option(
    "--report",
    "report_file",
    type=click.Path(path_type=Path, dir_okay=False),
    help="Also write what became of each picture into this CSV file.",
)
@workspace_option
def add_motif_command(
    path: Path,
    claim: Claim,
    actor: str,
    also_mine: bool,
    skip_duplicates: bool,
    dry_run: bool,
    report_file: Path | None,
    workspace: Path | None,
) -> None:
    """Register the picture at PATH, or every picture in the folder PATH.

    A folder may hold a motifs.csv with the columns file, label, category, owner, source, right,
    right_note and box. Otherwise a subfolder's name is the label of the pictures in it. A picture
    that cannot be used is refused, with the reason, and stops no other; the command then ends
    with status 1.

    \b
    Examples:
      kiyome register motifs add kirari.png --label "Hoshino Kirari" --category character
      kiyome register motifs add scene.jpg --label Kaburun --box 120,80,480,600
    """
    _register(
        path,
        claim,
        workspace,
        dry_run=dry_run,
        report_file=report_file,
        actor=actor,
        also_mine=also_mine,
        skip_duplicates=skip_duplicates,
    )


@motifs.command("check")
@click.argument("path", type=click.Path(path_type=Path, exists=True))
@claim_options
@workspace_option
def check_command(path: Path, claim: Claim, workspace: Path | None) -> None:
    """Say what registering PATH would come to, and change nothing.

    \b
    Example:
      kiyome register motifs check press-kit/ --owner "Tsukimori Press"
    """
    _register(path, claim, workspace, dry_run=True)


@motifs.command("list")
@click.argument("search", default="")
@click.option("--refused", is_flag=True, help="Only those that were refused.")
@workspace_option
def list_motifs_command(search: str, refused: bool, workspace: Path | None) -> None:
    """List registered motifs by label, all or those that SEARCH stands in.

    \b
    Example:
      kiyome register motifs list kirari
    """
    from models.motifs.listing import MotifFilter, list_groups
    from models.unicode import escape_unprintable

    chosen = MotifFilter(search, "refused" if refused else "")
    with looking(workspace) as session:
        groups = list_groups(session, chosen)
        for group in groups:
            for line in describe_group(group):
                click.echo(escape_unprintable(line))
    if not groups:
        click.echo("No such motif is registered." if search else "No motifs are registered yet.")


@motifs.command("history")
@click.argument("motif", default="")
@click.option("--limit", type=click.IntRange(min=1), default=50, show_default=True)
@workspace_option
def history_command(motif: str, limit: int, workspace: Path | None) -> None:
    """Show how the register changed, newest first, or how MOTIF did (an id or a label).

    \b
    Example:
      kiyome register motifs history "Hoshino Kirari"
    """
    from flows.cli.register.motif_reporting import describe_change
    from models.motifs.listing import read_history
    from models.unicode import escape_unprintable

    with looking(workspace) as session:
        changes = read_history(session, motif, limit=limit)
    for change in changes:
        click.echo(escape_unprintable(describe_change(change)))
    if not changes:
        click.echo("No change is recorded.")


@motifs.command("export")
@click.argument("folder", type=click.Path(path_type=Path, file_okay=False))
@workspace_option
def export_command(folder: Path, workspace: Path | None) -> None:
    """Write the registered pictures into FOLDER, with a motifs.csv that can be added again.

    \b
    Example:
      kiyome register motifs export register-backup/
    """
    from models.motifs.register import export_motifs

    with changing(workspace) as (session, settings):
        count = export_motifs(session, settings.workspace, folder)
    click.echo(f"{count} pictures written to {folder}.")


for command in (correct_command, remove_command, confirm_command, refuse_command):
    motifs.add_command(command)


def _register(
    path: Path,
    claim: Claim,
    workspace: Path | None,
    *,
    dry_run: bool,
    report_file: Path | None = None,
    actor: str = "",
    also_mine: bool = False,
    skip_duplicates: bool = False,
) -> None:
    from contextlib import ExitStack
    from dataclasses import replace

    from flows.cli.opening import opened
    from models.motifs.register import Manner, read_folder, register_folder, rehearsing
    from models.settings import load_settings
    from models.unicode import escape_unprintable

    if path.is_dir():
        folder, entries = path, read_folder(path, claim)
    else:
        folder = path.parent
        entries = [(path.name, replace(claim, label=claim.label or path.stem))]
    with ExitStack() as stack:
        settings = load_settings(workspace=workspace)
        database = None
        if not dry_run or settings.workspace.is_dir():
            settings, database = stack.enter_context(opened(workspace, create=not dry_run))
        manner = Manner(
            name_actor(actor),
            also_mine=also_mine,
            skip_duplicates=skip_duplicates,
            keep_files=not dry_run,
            max_pixels=settings.max_pixels,
        )
        transactions = (
            stack.enter_context(rehearsing(database))
            if dry_run or database is None
            else database.transaction
        )
        report = stack.enter_context(Report.written_to(report_file))
        outcomes = register_folder(
            transactions, settings.workspace.absolute(), folder, entries, manner
        )
        for name, outcome in outcomes:
            report.add(name, outcome)
            for line in describe_outcome(
                name, outcome, report.count, len(entries), dry_run=dry_run
            ):
                click.echo(escape_unprintable(line))
    click.echo(report.summary(dry_run=dry_run))
    if report.refused:
        raise SystemExit(1)
