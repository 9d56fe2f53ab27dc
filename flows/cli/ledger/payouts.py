"""kiyome ledger payouts deploy, fund, status"""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING

import click

from flows.cli.ledger.opening import (
    Opened,
    confirmation,
    make_pace,
    opened,
    say,
    signer_opener,
    wait_option,
    yes_option,
)
from flows.cli.options import workspace_option

if TYPE_CHECKING:
    from models.ledger.chain.funding import Claims
    from models.ledger.chain.paying_out import FundingPlan, PayoutsOperator


@click.group("payouts")
def payouts_group() -> None:
    """Pay owners by a contract: make it, give it a period's money, look at it."""


@payouts_group.command("deploy")
@click.option("--token", help="The ERC-20 token to pay in.  [default: the chain's own coin]")
@yes_option
@wait_option
@workspace_option
def deploy_payouts_command(
    token: str | None, yes: bool, wait: float, workspace: Path | None
) -> None:
    """Make the contract that pays owners, once, with your account as its owner.

    \b
    Example:
      kiyome ledger payouts deploy --token 0x…
    """
    from models.ledger.chain.contract import check_address
    from models.ledger.chain.payouts_contract import NO_TOKEN

    paid_in = NO_TOKEN if token is None else check_address(token)
    with opened(workspace) as found:
        done = _operator(found, wait, yes, "Make the contract?").deploy(paid_in)
    if done is None:
        click.echo("Nothing was sent.")
    elif not done.contract:
        click.echo(f"under way ({done.state}). Run the same command again for the address.")
    else:
        click.echo(f"contract  {done.contract}\nmade by   {done.tx_hash}")
        click.echo(f'Put into kiyome.toml:\n  ledger_payouts = "{done.contract}"')


@payouts_group.command("fund")
@click.option(
    "--rules",
    "rules_file",
    type=click.Path(path_type=Path, dir_okay=False),
    required=True,
    help="The rule file (docs/compensation.md).",
)
@click.option("--period", "name", required=True, help="2026, 2026-Q3 or 2026-07.")
@click.option(
    "--reclaim-days",
    type=click.IntRange(min=90, max=3650),
    default=365,
    show_default=True,
    help="When what nobody claimed may be taken back.",
)
@click.option("--dry-run", is_flag=True, help="Say what would be sent and what it would cost.")
@yes_option
@wait_option
@workspace_option
def fund_command(
    rules_file: Path,
    name: str,
    reclaim_days: int,
    dry_run: bool,
    yes: bool,
    wait: float,
    workspace: Path | None,
) -> None:
    """Give the contract the money of a period that `kiyome ledger pay` entered.

    A token is approved first. A period is added once: asked again, also after a crash, this goes on
    with what is under way, or shows what was added.

    \b
    Example:
      kiyome ledger payouts fund --rules rules.toml --period 2026-Q3 --dry-run
    """
    from models.ledger.chain.operating import Done

    with opened(workspace) as found:
        claims = _claims(found, rules_file, name)
        operator = _operator(found, wait, yes, f"Pay {claims.total} into the contract?")
        click.echo(f"claims    {claims.count}, sha256 {claims.sha256}")
        click.echo(f"total     {claims.total} of the smallest units")
        if dry_run:
            _show_plan(operator.plan(claims, reclaim_days))
            return
        made = operator.fund(claims, reclaim_days)
    if made is None:
        click.echo("Nothing was sent.")
    elif isinstance(made, Done):
        click.echo(f"under way ({made.state}). Run the same command again.")
    else:
        click.echo(f"funded    period {made.period} of {made.contract} {made.tx_hash}")


@payouts_group.command("status")
@workspace_option
def payouts_status_command(workspace: Path | None) -> None:
    """Show the contract and its periods. Needs no key, sends nothing."""
    from models.errors import LedgerError
    from models.ledger.chain.funding import read_funding, read_payouts
    from models.ledger.chain.payouts_contract import NO_TOKEN

    with opened(workspace) as found:
        if not found.settings.ledger_payouts:
            raise LedgerError(
                "No contract for payouts is named.", "Make one with `kiyome ledger payouts deploy`."
            )
        state = read_payouts(found.chain, found.settings.ledger_payouts.lower())
        folder = found.settings.workspace.absolute() / "payouts"
    known = {}
    for path in sorted(folder.glob("*/funding.json")):
        funding = read_funding(path.parent)
        if funding is not None and funding.contract == state.contract:
            known[funding.period] = path.parent.name
    coin = "the chain's own coin" if state.token == NO_TOKEN else state.token
    click.echo(f"contract  {state.contract}{', paused' if state.paused else ''}")
    click.echo(f"owner     {state.owner}\npays in   {coin}")
    for number, period in enumerate(state.periods, 1):
        until = datetime.fromtimestamp(min(period.reclaimable_from, 253402300799), UTC)
        click.echo(
            f"period    {number}: {period.remaining} left to claim, to be taken back from "
            f"{until.date().isoformat()}, {known.get(number, 'not from this workspace')}"
        )
    for path in sorted(folder.glob("*/claims.json")):
        if path.parent.name not in known.values():
            click.echo(f"not paid  {path.parent.name}: `kiyome ledger payouts fund` pays it")


def _claims(found: Opened, rules_file: Path, name: str) -> Claims:
    from models.errors import LedgerError
    from models.ledger.chain.funding import read_claims
    from models.ledger.compensation.paying import batch_name
    from models.ledger.compensation.periods import Period
    from models.ledger.compensation.rules import load_rules

    rules, period = load_rules(rules_file), Period.parse(name)
    statement = found.ledger.statement(batch_name(rules.id, period.name))
    if statement is None:
        raise LedgerError(
            f"{period.name} was not entered yet.", "Run `kiyome ledger pay` for it first."
        )
    folder = found.settings.workspace.absolute() / "payouts" / f"{rules.id}-{period.name}"
    return read_claims(folder, statement.manifest_sha256)


def _operator(found: Opened, wait: float, yes: bool, what: str) -> PayoutsOperator:
    from models.ledger.chain.paying_out import PayoutsOperator

    return PayoutsOperator(
        found.ledger.private_folder,
        found.chain,
        found.settings,
        signer_opener(found.settings),
        make_pace(wait),
        say,
        confirmation(yes=yes, what=what),
    )


def _show_plan(plan: FundingPlan) -> None:
    if plan.period is not None:
        click.echo(f"The contract has this money already, as period {plan.period}.")
        return
    click.echo(f"account   holds {plan.holds}")
    if plan.cost is not None:
        click.echo(f"first     {plan.step}")
        click.echo(
            f"gas       {plan.cost.gas:,}, at most {plan.cost.wei / 10**18:.6f} of the chain's coin"
        )
    if plan.step == "approve":
        click.echo("then      add the period: what that takes can be told once it is approved")
    click.echo("Nothing was sent (--dry-run).")


COMMANDS = (payouts_group,)
