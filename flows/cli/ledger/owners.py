"""kiyome ledger owner, erase-owner, consistency"""

from __future__ import annotations

import re
from pathlib import Path
from typing import TYPE_CHECKING

import click

from flows.cli.ledger.opening import make_folder, open_ledger
from flows.cli.options import workspace_option

if TYPE_CHECKING:
    from models.ledger.log import UsageLedger

_REFERENCE = re.compile(r"[0-9a-f]{32}", re.ASCII)


@click.command("owner")
@click.argument("owner")
@click.option("--batch", help="Only this batch (the beginning of a release's id).")
@click.option(
    "--to",
    type=click.Path(path_type=Path, file_okay=False),
    default=Path(),
    help="Folder for the proof files.  [default: this one]",
)
@click.option("--hide", is_flag=True, help="Leave the records out: prove only how many there are.")
@click.option("--unknown", is_flag=True, help="Prove the absence of an owner never seen before.")
@workspace_option
def owner_command(
    owner: str, batch: str | None, to: Path, hide: bool, unknown: bool, workspace: Path | None
) -> None:
    """Prove to OWNER everything that the ledger holds of them: one file for each batch.

    OWNER is the name under which statements know them, or their reference of 32 hex digits. A file
    says "these are all my records" or "I have nothing here", and is verified with nothing beside
    it: `kiyome ledger check FILE`. Give the files to the owner only: they show the records.

    \b
    Examples:
      kiyome ledger owner hanako@example.com --to proofs
      kiyome ledger owner hanako@example.com --batch 3f2a… --hide
    """
    from models.errors import LedgerError

    ledger = open_ledger(workspace)
    reference = _refer(ledger, owner)
    if not unknown and not ledger.knows_owner(reference):
        raise LedgerError(
            f"The ledger has never recorded an owner {owner!r}.",
            "Check how it is spelt; add --unknown to prove that there is nothing of theirs.",
        )
    names = _find_batches(ledger, batch)
    make_folder(to)
    written = 0
    for name in names:
        path = to / f"owner-{reference[:8]}-{name}.json"  # never over another owner's
        try:
            kind = ledger.prove_owner(name, reference, path, reveal=not hide)
        except LedgerError as error:
            if batch:
                raise
            click.echo(f"{name[:16]}…: {error}", err=True)
            continue
        written += 1
        click.echo(f"{path}: {kind.value}")
    if not written:
        raise LedgerError(
            f"Nothing can be proven to {owner!r}.", "`kiyome ledger show` lists the batches."
        )


@click.command("erase-owner")
@click.argument("owner")
@click.option("--yes", is_flag=True, help="Do it; without this, only say what would be erased.")
@workspace_option
def erase_owner_command(owner: str, yes: bool, workspace: Path | None) -> None:
    """Make everything that the ledger holds of OWNER unreadable, for ever.

    Their key is destroyed with all that it opens. The public log does not change, and every proof
    that was given out still verifies. Backups that hold the key have to be destroyed as well.

    \b
    Example:
      kiyome ledger erase-owner hanako@example.com --yes
    """
    from models.errors import LedgerError

    ledger = open_ledger(workspace)
    reference = _refer(ledger, owner)
    if yes:
        erasure = ledger.erase_owner(reference)
        click.echo(f"Erased on {erasure.day}: {reference}")
        click.echo("Now destroy the backups of the ledger's private folder that are older.")
        return
    counts = ledger.erasable(reference)
    if not counts and not ledger.knows_owner(reference):
        raise LedgerError("The ledger holds nothing of this owner.", "Check how the name is spelt.")
    for name, count in counts.items():
        click.echo(f"{name}: {count} records would become unreadable")
    for erasure in ledger.erasures():
        if erasure.owner_ref == reference:
            click.echo(f"Erased before, on {erasure.day}.")
    click.echo(f"Nothing was erased: add --yes to erase {sum(counts.values())} records.")


@click.command("consistency")
@click.argument("old", type=click.IntRange(min=1))
@click.argument("new", type=click.IntRange(min=1), required=False)
@click.option(
    "--to",
    type=click.Path(path_type=Path, dir_okay=False),
    default=Path("consistency.json"),
    show_default=True,
    help="The proof file.",
)
@workspace_option
def consistency_command(old: int, new: int | None, to: Path, workspace: Path | None) -> None:
    """Prove that the log of NEW entries (the present one) begins with that of OLD entries.

    \b
    Example:
      kiyome ledger consistency 12000 --to consistency.json
    """
    open_ledger(workspace).prove_consistency(old, to, new)
    click.echo(str(to))


def _find_batches(ledger: UsageLedger, beginning: str | None) -> list[str]:
    """The batch that is meant, or all of them."""
    from models.errors import LedgerError

    names = [batch.batch_id for batch in ledger.batches()]
    if not beginning or beginning in names:
        return [beginning] if beginning else names
    found = [name for name in names if name.startswith(beginning)]
    if len(found) > 1:
        raise LedgerError(f"{len(found)} batches begin with {beginning!r}.", "Give more of the id.")
    return found or [beginning]


def _refer(ledger: UsageLedger, owner: str) -> str:
    return owner if _REFERENCE.fullmatch(owner) else ledger.reference("owner", owner)


COMMANDS = (owner_command, erase_owner_command, consistency_command)
