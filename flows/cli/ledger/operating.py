"""kiyome ledger deploy, operator, pause, unpause"""

from __future__ import annotations

import re
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING

import click

from flows.cli.ledger.opening import opened, operator_of, wait_option, yes_option
from flows.cli.options import workspace_option

if TYPE_CHECKING:
    from models.ledger.chain.operating import ContractOperator, Done

_ADDRESS = re.compile(r"0x[0-9a-fA-F]{40}", re.ASCII)


@click.command("deploy")
@yes_option
@wait_option
@workspace_option
def deploy_command(yes: bool, wait: float, workspace: Path | None) -> None:
    """Make the ledger's contract, once, with your account as its operator.

    Prints what to put into kiyome.toml. Publish the address beside the log's public key: whoever
    verifies needs both from you.

    \b
    Example:
      KIYOME_LEDGER_CHAIN=rpc KIYOME_LEDGER_RPC=https://… kiyome ledger deploy
    """
    with opened(workspace, begin=True) as found:
        operator = operator_of(found, wait, yes=yes, what="Make the contract?")
        done = operator.deploy()
    if done is None:
        click.echo("Nothing was sent.")
    elif not done.contract:
        click.echo(f"under way ({done.state}). Run `kiyome ledger deploy` again for the address.")
    else:
        click.echo(f"contract  {done.contract}\nmade by   {done.tx_hash}")
        click.echo("Put into kiyome.toml, beside ledger_rpc and the account:")
        click.echo(f'  ledger_chain = "{found.settings.ledger_chain}"')
        click.echo(f"  ledger_chain_id = {done.chain_id}")
        click.echo(f'  ledger_contract = "{done.contract}"')
        click.echo(
            "Then `kiyome ledger anchor` anchors what is in the log; every run does from now on."
        )


@click.group("operator")
def operator_group() -> None:
    """Hand the contract over to another account, in two steps."""


@operator_group.command("propose")
@click.argument("account")
@yes_option
@wait_option
@workspace_option
def propose_command(account: str, yes: bool, wait: float, workspace: Path | None) -> None:
    """Offer the contract to ACCOUNT (0x…), which has to accept it.

    Until then nothing changes. The zero address takes an offer back.
    """
    from models.errors import LedgerError

    if not _ADDRESS.fullmatch(account):
        raise LedgerError(f"{account!r} is not an address.", "Give 0x and 40 hex digits.")
    _send(workspace, wait, yes, f"Offer it to {account}?", lambda it: it.propose(account.lower()))


@operator_group.command("accept")
@yes_option
@wait_option
@workspace_option
def accept_command(yes: bool, wait: float, workspace: Path | None) -> None:
    """Take the contract over, with the account that it was offered to."""
    _send(workspace, wait, yes, "Take the contract over?", lambda it: it.accept())


@click.command("pause")
@yes_option
@wait_option
@workspace_option
def pause_command(yes: bool, wait: float, workspace: Path | None) -> None:
    """Stop the contract from taking heads, until `unpause`."""
    _send(workspace, wait, yes, "Pause the contract?", lambda it: it.pause())


@click.command("unpause")
@yes_option
@wait_option
@workspace_option
def unpause_command(yes: bool, wait: float, workspace: Path | None) -> None:
    """Let the contract take heads again."""
    _send(workspace, wait, yes, "End the pause?", lambda it: it.unpause())


def _send(
    workspace: Path | None,
    wait: float,
    yes: bool,
    what: str,
    operate: Callable[[ContractOperator], Done | None],
) -> None:
    with opened(workspace) as found:
        done = operate(operator_of(found, wait, yes=yes, what=what))
    if done is None:
        click.echo("Nothing was sent.")
    elif done.tx_hash:
        click.echo(f"done      {done.tx_hash} ({done.state})")
    else:
        click.echo(f"under way ({done.state}). Run the same command again.")
