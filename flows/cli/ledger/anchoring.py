"""kiyome ledger anchor, status"""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import click

from flows.cli.ledger.opening import make_pace, opened, say, signer_opener, wait_option
from flows.cli.options import workspace_option

if TYPE_CHECKING:
    from models.ledger.chain.anchoring import Plan
    from models.ledger.chain.journal import Pending
    from models.ledger.chain.status import ChainStatus


@click.command("anchor")
@click.option("--dry-run", is_flag=True, help="Say what would be sent and what it would cost.")
@wait_option
@workspace_option
def anchor_command(dry_run: bool, wait: float, workspace: Path | None) -> None:
    """Anchor the log's head on the chain, where it is newer than the one there.

    Goes on with a transaction that is under way: looks it up, sends it again, offers more for it,
    and writes its receipt once the block is final. Running it again does no harm.

    \b
    Example:
      kiyome ledger anchor --dry-run
    """
    from models.ledger.chain.anchoring import Anchorer
    from models.ledger.chain.journal import State

    with opened(workspace) as found:
        anchorer = Anchorer(
            found.ledger,
            found.chain,
            found.settings,
            signer_opener(found.settings),
            make_pace(wait),
            say,
        )
        if dry_run:
            _show_plan(anchorer.plan(), anchorer.journal.load())
            return
        outcome = anchorer.anchor()
    if outcome.state is None:
        click.echo("The log is empty: there is nothing to anchor.")
    elif outcome.state is State.FINALIZED:
        word = "anchored" if outcome.sent else "anchored already"
        click.echo(f"{word}  {outcome.size} entries\nreceipt   {outcome.receipt or 'none'}")
    else:
        click.echo(
            f"under way ({outcome.state}): {outcome.size} entries. Run `kiyome ledger anchor` "
            "again later for the receipt."
        )


@click.command("status")
@workspace_option
def status_command(workspace: Path | None) -> None:
    """Compare the log with the chain, and say what to do. Needs no key, sends nothing."""
    from models.ledger.chain.status import read_status

    with opened(workspace) as found:
        _show_status(read_status(found.settings, found.ledger, found.chain))


def _show_plan(plan: Plan, pending: Pending | None) -> None:
    click.echo(f"log       {plan.size} entries\non chain  {plan.anchored} entries")
    if pending is not None:
        click.echo(f"first     the transaction under way ({pending.purpose}, {pending.state})")
    if plan.cost is None:
        click.echo("There is nothing to anchor.")
        return
    click.echo(f"proof     {plan.proof} hashes, {plan.data:,} bytes of call data")
    click.echo(
        f"gas       {plan.cost.gas:,}, at most {plan.cost.wei / 10**18:.6f} of the chain's coin"
    )
    click.echo("Nothing was sent (--dry-run).")


def _show_status(status: ChainStatus) -> None:
    click.echo(f"chain     {status.backend}")
    click.echo(f"log       {status.head.size} entries, root {status.head.root.hex()}")
    if status.contract is not None:
        state = status.contract
        paused = ", paused" if state.paused else ""
        click.echo(f"on chain  {state.size} entries, root {state.root.hex()}")
        click.echo(f"contract  head number {state.sequence}, operator {state.operator}{paused}")
        if int(state.pending_operator, 16):
            click.echo(f"offered   to {state.pending_operator}, who has not accepted yet")
    if status.pending is not None:
        pending = status.pending
        click.echo(
            f"under way {pending.purpose}, {pending.state}, number {pending.nonce} of "
            f"{pending.sender}, {len(pending.attempts)} version(s)"
        )
        for attempt in pending.attempts:
            click.echo(f"          {attempt.tx_hash}, up to {int(attempt.max_fee) / 1e9:g} gwei")
    newest = (
        f", the newest of {status.newest_receipt.size} entries" if status.newest_receipt else ""
    )
    click.echo(f"receipts  {status.receipts}{newest}")
    if status.trouble:
        click.echo(click.style(status.trouble, fg="red"))
    click.echo(status.advice or "There is nothing to do.")
