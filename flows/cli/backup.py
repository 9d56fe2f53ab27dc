"""kiyome backup"""

from __future__ import annotations

import sys
import time
from contextlib import contextmanager
from pathlib import Path
from typing import IO, TYPE_CHECKING

import click

from flows.cli.options import workspace_option

if TYPE_CHECKING:
    from collections.abc import Iterator

    from models.backup.making import Made
    from models.backup.restoring import Checked
    from models.settings import Settings
    from models.store.database import Database


@click.group()
def backup() -> None:
    """Make, check and restore backups.

    A backup is one file with everything that cannot be made anew: the database, registers,
    releases, evidence, and the ledger with its private keys. Whoever has it can open the ledger:
    keep it as you keep a password. What a run makes anew (stage outputs, thumbnails, indexes)
    stays out, unless you ask for it.

    \b
      kiyome backup make /backups --keep 14
      kiyome backup make - | age -r age1… > kiyome.tar.age
      kiyome backup check /backups/kiyome-20310406T030000Z.tar.gz
      kiyome backup restore /backups/kiyome-20310406T030000Z.tar.gz --workspace new
    """


@backup.command("make")
@click.argument("to")
@click.option("--everything", is_flag=True, help="Also what a run would make anew.")
@click.option(
    "--keep",
    type=click.IntRange(min=1),
    help="Then delete all but so many of the newest backups in the folder TO.",
)
@click.option(
    "--wait",
    type=click.FloatRange(min=0, max=10_080),
    default=0,
    show_default=True,
    metavar="MINUTES",
    help="How long to wait for a run that is going on.",
)
@click.option("--dry-run", is_flag=True, help="Say what would be kept, and how large it is.")
@workspace_option
def make(
    to: str, everything: bool, keep: int | None, wait: float, dry_run: bool, workspace: Path | None
) -> None:
    """Write a backup to TO: a folder, a new file (.tar or .tar.gz), or - for standard output.

    People may go on reviewing meanwhile. A run may not: schedule backups for another time.
    """
    from flows.backing_up import delete_older, find_configuration, name_backup, write_backup
    from flows.cli.opening import opened
    from models.backup.contents import list_contents
    from models.errors import BackupError

    place = Path(to)
    target = None if to == "-" else name_backup(place) if place.is_dir() else place
    if keep and (target is None or not place.is_dir()):
        raise BackupError(
            f"--keep needs a folder, and there is none at {to}.",
            "Name the folder that the backups are in, or make it first.",
        )
    with opened(workspace) as (settings, database):
        if dry_run:
            items = list(list_contents(settings.workspace, everything=everything))
            click.echo(f"Files of the workspace: {len(items)}, {_size(sum(i.size for i in items))}")
            click.echo(f"Database: {database.engine.url!r}")
            for name, path in find_configuration(settings).items():
                click.echo(f"Beside them: {name}, from {path}")
            click.echo(f"It would be written to {target or 'standard output'}.")
            return
        if target is None:
            made = _send_on(settings, database, everything=everything, wait_s=wait * 60)
        else:
            made = write_backup(
                settings, database, target, everything=everything, wait_s=wait * 60, told=_tell
            )
    where = target or "standard output"
    click.echo(f"{where}: {made.files} files ({_size(made.size)}), {made.rows} rows", err=True)
    for old in delete_older(place, keep) if keep else ():
        click.echo(f"Deleted {old}", err=True)


@backup.command("check")
@click.argument("file", metavar="FILE")
def check(file: str) -> None:
    """Read the backup FILE (or - for standard input) to its end, and compare its digests."""
    from models.backup.restoring import check_backup

    with _opened_source(file) as stream:
        _show(check_backup(stream), "Whole and unchanged")


@backup.command("restore")
@click.argument("file", metavar="FILE")
@click.option(
    "--database-url",
    default=None,
    help="An empty database for the rows.  [default: from kiyome.toml, else in the workspace]",
)
@workspace_option
def restore(file: str, database_url: str | None, workspace: Path | None) -> None:
    """Restore the backup FILE (or - for standard input) into a new workspace.

    Nothing is overwritten: the workspace must not be there yet, and the database must be empty. A
    backup of SQLite can be restored into PostgreSQL, and the other way round. At the end, audit
    chain and ledger are verified.
    """
    from models.backup.contents import KEPT_CONFIGURATION
    from models.backup.restoring import restore_backup
    from models.settings import load_settings

    settings = load_settings(workspace=workspace, database_url=database_url)
    place = settings.workspace.absolute()
    with _opened_source(file) as stream:
        restored = restore_backup(stream, place, settings.database_url, _tell)
    _show(restored, f"Restored to {place}")
    if (place / KEPT_CONFIGURATION).is_dir():
        click.echo(f"Policy and settings as they were: {place / KEPT_CONFIGURATION}")
    if not _verify(settings.model_copy(update={"workspace": place})):
        raise SystemExit(1)
    click.echo(
        "Next: put policy and settings in place, `kiyome doctor`, then `kiyome cleanse`. Erase "
        "owners again who were erased from the ledger after this backup was made."
    )


def _verify(settings: Settings) -> bool:
    from models.ledger.verification import verify_ledger
    from models.review.audit import verify_audit
    from models.store.schema import open_database

    database = open_database(settings.resolved_database_url)
    try:
        with database.snapshot() as session:
            audit = verify_audit(session)
    finally:
        database.dispose()
    click.echo(f"Audit chain: {audit.rows} rows, {'verified' if audit.ok else 'BROKEN'}")
    folder = settings.workspace / "ledger"
    if not (folder / "public").is_dir():
        return audit.ok
    report = verify_ledger(folder / "public", None, folder / "private")
    click.echo(f"Ledger: {report.size} entries, {'verified' if report.ok else 'BROKEN'}")
    if not (audit.ok and report.ok):
        click.echo("`kiyome audit verify` and `kiyome ledger verify` say what is wrong.", err=True)
    return audit.ok and report.ok


def _send_on(settings: Settings, database: Database, *, everything: bool, wait_s: float) -> Made:
    """A backup for the next program in a pipe; a terminal is no place for one."""
    from flows.backing_up import find_configuration
    from models.backup.making import make_backup
    from models.errors import BackupError
    from models.workspace import hold_workspace

    if sys.stdout.isatty():
        raise BackupError("Standard output is a terminal.", "Send it on: `… make - | age …`.")
    with hold_workspace(settings.workspace, wait_s=wait_s):
        made = make_backup(
            settings,
            database,
            find_configuration(settings),
            sys.stdout.buffer,
            compressed=False,
            everything=everything,
            told=_tell,
        )
        sys.stdout.buffer.flush()
    return made


@contextmanager
def _opened_source(file: str) -> Iterator[IO[bytes]]:
    from models.errors import BackupError

    if file == "-":
        yield sys.stdin.buffer
        return
    if not Path(file).is_file():
        raise BackupError(f"There is no file {file}.", "Name a backup's file.")
    with Path(file).open("rb") as stream:
        yield stream


def _show(found: Checked, what: str) -> None:
    said = found.description
    made = time.strftime("%Y-%m-%d %H:%M:%S UTC", time.gmtime(said.made_at))
    click.echo(
        f"{what}: made {made} by Kiyome {said.version}, schema {said.schema}; "
        f"{found.files} files ({_size(found.size)}), {found.rows} rows"
    )


def _tell(text: str) -> None:
    if sys.stderr.isatty():
        click.echo(f"\r\x1b[K{text}", nl=False, err=True)


def _size(size: float) -> str:
    for unit in ("B", "KiB", "MiB"):
        if size < 1024:
            return f"{size:.0f} {unit}"
        size /= 1024
    return f"{size:.1f} GiB"
