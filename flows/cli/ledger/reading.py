"""Commands that read the usage ledger: verify, show, prove, check."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import TYPE_CHECKING

import click

from flows.cli.ledger.opening import make_folder, open_ledger
from flows.cli.options import workspace_option

if TYPE_CHECKING:
    from models.ledger.report import VerificationReport


@click.command("verify")
@click.argument(
    "folder", type=click.Path(path_type=Path, exists=True, file_okay=False), required=False
)
@click.option("--key", help="The log's public key, from a source that you trust.")
@workspace_option
def verify_command(folder: Path | None, key: str | None, workspace: Path | None) -> None:
    """Check the ledger from its files alone. Exits with 1 if anything does not hold.

    FOLDER is a copy of a ledger's public folder; without it the workspace's own ledger is checked,
    together with the openings that only the workspace has.
    """
    from models.errors import LedgerError
    from models.ledger.verification import verify_ledger
    from models.settings import load_settings

    private = None
    if folder is None:
        base = load_settings(workspace=workspace).workspace.absolute() / "ledger"
        folder, private = base / "public", base / "private"
        if not folder.is_dir():
            raise LedgerError(
                f"There is no ledger in {base}.", "`kiyome cleanse` begins one with a release."
            )
    _show(verify_ledger(folder, key, private))


@click.command("show")
@workspace_option
def show_command(workspace: Path | None) -> None:
    """Show the head, the public key and the batches."""
    opened = open_ledger(workspace)
    head = opened.head()
    click.echo(f"origin  {head.origin}\nkey     {opened.vkey}")
    click.echo(f"size    {head.size} entries\nroot    {head.root.hex()}")
    for batch in opened.batches():
        count = batch.size - batch.first_index
        click.echo(
            f"batch   {count} entries from {batch.first_index}, release {batch.batch_id[:16]}…"
        )


@click.command("prove")
@click.argument("asset")
@click.option(
    "--to",
    type=click.Path(path_type=Path, file_okay=False),
    default=Path(),
    help="Folder for the proof files.  [default: this one]",
)
@click.option("--hide", is_flag=True, help="Leave the record out: prove only that it is there.")
@workspace_option
def prove_command(asset: str, to: Path, hide: bool, workspace: Path | None) -> None:
    """Write a proof file for every entry about ASSET (the beginning of its id).

    A proof file needs nothing beside it: `kiyome ledger check FILE` verifies it anywhere.
    """
    from models.errors import LedgerError
    from models.ledger.record_reading import read_asset

    if len(asset) < 8:
        raise LedgerError(f"{asset!r} is too short.", "Give at least 8 digits of the asset's id.")
    opened = open_ledger(workspace)
    make_folder(to)
    written = 0
    for batch in opened.batches():
        for opening in opened.openings(batch.batch_id):
            about = read_asset(opening.canonical)  # a payout is about none
            if about is None or not about.startswith(asset.lower()):
                continue
            path, record = to / f"proof-{opening.index}.json", opening.record
            opened.prove_inclusion(opening.index, path, reveal=not hide, opening=opening)
            written += 1
            click.echo(f"{path}: {record['type']} for {record['purpose']}, entry {opening.index}")
    if not written:
        remedy = "`kiyome ledger show` lists its batches."
        if opened.erasures():
            remedy = "Entries of owners who were erased cannot be found any more. " + remedy
        raise LedgerError(f"The ledger has no entry about {asset!r}.", remedy)


@click.command("check")
@click.argument("file", type=click.Path(path_type=Path, exists=True, dir_okay=False))
@click.option("--key", help="The log's public key, from a source that you trust.")
def check_command(file: Path, key: str | None) -> None:
    """Check a proof FILE of any kind. Exits with 1 if it does not hold.

    `kiyome verify` does the same with code that shares nothing with what made the proof, and also
    asks the chain.
    """
    from models.ledger.proofs import verify_proof_file

    _show(verify_proof_file(file, key))


def _show(report: VerificationReport) -> None:
    for check in report.checks:
        mark = click.style("ok  ", fg="green") if check.ok else click.style("FAIL", fg="red")
        click.echo(f"{mark}  {check.name}: {check.detail}")
    if not report.ok:
        sys.exit(1)
