"""kiyome consent import"""

from __future__ import annotations

import time
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING

import click

from flows.cli.opening import opened
from flows.cli.options import workspace_option

if TYPE_CHECKING:
    from models.consent.evidence.observation import Observation
    from models.consent.optouts.lists import OptOutList

_SHOWN = 10


@click.group("import")
def import_group() -> None:
    """Take in evidence from files: opt-out lists, web archives, declarations.

    What is taken in counts for every dataset of the workspace from the next run on. A list or
    declaration of the same name replaces what it said before; the old evidence is kept.
    """


@import_group.command("optouts")
@click.argument("file", type=click.Path(path_type=Path, exists=True, dir_okay=False))
@click.option("--name", help="What to call the list.  [default: the file's name]")
@click.option("--force", is_flag=True, help="Take the list though many rows cannot be understood.")
@click.option("--dry-run", is_flag=True, help="Only say what would be taken in.")
@workspace_option
def optouts_command(
    file: Path, name: str | None, force: bool, dry_run: bool, workspace: Path | None
) -> None:
    """Take in FILE, an opt-out list: CSV, Parquet, or text with one name a line.

    A row names an image by sha256, cid, url, domain, pdq or iscc; the columns are found by their
    names. A domain covers its subdomains. A list refuses and never grants.

    \b
    Examples:
      kiyome consent import optouts artists.csv --dry-run
      kiyome consent import optouts domains.txt --name artists-2026
    """
    from models.consent.evidence.observation import Observation, Outcome
    from models.consent.evidence.recording import record_long
    from models.consent.optouts.lists import iterate_said, read_optouts

    checked = read_optouts(file, name or file.name, forced=force or dry_run)
    _show(checked)
    if dry_run:
        if not force and (checked.bad_rows or not checked.entries):
            read_optouts(file, name or file.name)  # says so where the list would not be taken
        click.echo("Nothing was taken in (--dry-run).")
        return
    now = int(time.time())
    with opened(workspace, create=True) as (settings, database):
        observation = Observation(
            source=checked.source,
            carrier="optout",
            outcome=Outcome.READ,
            observed_at=now,
            note=f"{file.name}, SHA-256 {checked.sha256}",
        )
        said = iterate_said(checked, now)
        count = record_long(database, settings.workspace, observation, said)
    click.echo(f"Taken in as {checked.source}: {count:,} names. Run `kiyome cleanse` to apply it.")


@import_group.command("warc")
@click.argument(
    "files",
    nargs=-1,
    required=True,
    type=click.Path(path_type=Path, exists=True, dir_okay=False),
)
@workspace_option
def warc_command(files: tuple[Path, ...], workspace: Path | None) -> None:
    """Take in what web archives (WARC) kept when images were fetched.

    For every image in FILES: its response headers, its page, and the robots.txt, ai.txt, TDMRep and
    RSL files of its site. Of a file that is cut short, what is whole is taken in. An archive never
    replaces what a later one said.
    """
    from models.consent.evidence.naming import name_in_store
    from models.consent.evidence.recording import record
    from models.consent.evidence.view import view_evidence
    from models.consent.web.archived import SOURCE, WarcError, observe_archive

    damage: list[WarcError] = []

    def whole() -> Iterator[Observation]:
        try:
            yield from observe_archive(files, int(time.time()))
        except WarcError as error:
            damage.append(error)

    with opened(workspace, create=True) as (settings, database):
        seen = {s.source: s.observed_at for s in view_evidence(database).sources(SOURCE)}
        newer = (
            each for each in whole() if each.observed_at >= seen.get(name_in_store(each.source), 0)
        )
        count = record(database, settings.workspace, newer)
    click.echo(f"Taken in: what was said about {count:,} images when they were fetched.")
    if damage:
        raise damage[0]


@import_group.command("declarations")
@click.argument(
    "files",
    nargs=-1,
    required=True,
    type=click.Path(path_type=Path, exists=True, dir_okay=False),
)
@workspace_option
def declarations_command(files: tuple[Path, ...], workspace: Path | None) -> None:
    """Take in declarations that name their image themselves.

    FILES are signed consent statements (`kiyome declare sign`) or TDM·AI declarations by ISCC.
    """
    from models.consent.declarations import observe_declaration
    from models.consent.evidence.recording import record

    now = int(time.time())
    observations = [observe_declaration(path.read_bytes(), path.name, now) for path in files]
    with opened(workspace, create=True) as (settings, database):
        record(database, settings.workspace, observations)
    for observation in observations:
        click.echo(f"{observation.source}: {len(observation.said)} names. {observation.note}")


@import_group.command("withdraw")
@click.argument("source")
@click.option("--by", required=True, help="Who decided it.")
@click.option("--note", required=True, help="Why.")
@click.option("--yes", is_flag=True, help="Withdraw without asking.")
@workspace_option
def withdraw_command(source: str, by: str, note: str, yes: bool, workspace: Path | None) -> None:
    """Let a SOURCE that was taken in from a file say nothing any more.

    SOURCE begins with list:, declaration:, archive: or asset: (what is remembered of a file for its
    copies; it comes back while the file still refuses). The evidence is kept; the decision is
    entered in the audit trail. `kiyome consent sources` lists the sources.
    """
    from models.consent.evidence.observation import Observation, Outcome
    from models.consent.evidence.recording import record
    from models.consent.evidence.view import view_evidence
    from models.errors import KiyomeError
    from models.review.audit import append_audit

    if not source.startswith(("list:", "declaration:", "archive:", "asset:")):
        raise KiyomeError(
            f"{source!r} was not taken in from a file.",
            "Only lists, declarations, archives and remembered files can be withdrawn; others are "
            "read again.",
        )
    with opened(workspace) as (settings, database):
        known = {state.source: state for state in view_evidence(database).sources(source)}
        if source not in known:
            raise KiyomeError(
                f"There is no source {source!r}.", "`kiyome consent sources` lists them."
            )
        if not yes:
            click.confirm(
                "What this source refused will not be refused by it any more. Go on?", abort=True
            )
        observation = Observation(
            source=source,
            carrier=known[source].carrier,
            outcome=Outcome.ABSENT,
            observed_at=int(time.time()),
            note=f"withdrawn by {by}: {note}",
        )
        with database.transaction() as session:
            append_audit(session, by, "withdraw", source, {"note": note})
        record(database, settings.workspace, [observation])
    click.echo(f"{source} says nothing any more. Run `kiyome cleanse` to apply it.")


def _show(checked: OptOutList) -> None:
    click.echo(f"{checked.path}: {checked.rows:,} rows, {checked.entries:,} refuse something.")
    for note in checked.notes:
        click.echo(f"  note: {note}")
    for problem in checked.problems[:_SHOWN]:
        click.echo(f"  line {problem.line}: {problem.note}", err=True)
    if checked.bad_rows > _SHOWN:
        click.echo(f"  … {checked.bad_rows:,} rows could not be understood in full.", err=True)
