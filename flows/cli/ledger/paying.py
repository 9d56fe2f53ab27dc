"""kiyome ledger pay, statement"""

from __future__ import annotations

import re
from pathlib import Path
from typing import TYPE_CHECKING

import click

from flows.cli.ledger.opening import open_ledger_of
from flows.cli.options import workspace_option

if TYPE_CHECKING:
    from models.ledger.log import UsageLedger

_rules_option = click.option(
    "--rules",
    "rules_file",
    type=click.Path(path_type=Path, dir_okay=False),
    required=True,
    help="The rule file (docs/compensation.md).",
)
_period_option = click.option("--period", "name", required=True, help="2026, 2026-Q3 or 2026-07.")


@click.command("pay")
@_rules_option
@_period_option
@click.option(
    "--accounts",
    "accounts_file",
    type=click.Path(path_type=Path, dir_okay=False),
    help="Where owners' money goes; without it nobody is paid by a contract.",
)
@click.option("--dry-run", is_flag=True, help="Show the amounts; write and enter nothing.")
@workspace_option
def pay_command(
    rules_file: Path,
    name: str,
    accounts_file: Path | None,
    dry_run: bool,
    workspace: Path | None,
) -> None:
    """Compute what every owner is due for a period, and enter it into the ledger.

    Writes payouts.json (private) and, where owners have accounts, claims.json into the workspace's
    folder payouts/. A period is paid once: asked again, this shows what was entered.

    \b
    Examples:
      kiyome ledger pay --rules rules.toml --period 2026-Q3 --dry-run
      kiyome ledger pay --rules rules.toml --period 2026-Q3 --accounts accounts.toml
    """
    import time

    from models.ledger.compensation.accounts import load_accounts
    from models.ledger.compensation.kept_rules import keep_rules
    from models.ledger.compensation.paying import pay_period
    from models.ledger.compensation.periods import Period
    from models.ledger.compensation.rules import load_rules
    from models.ledger.statements.amounts import write_amount

    rules, period = load_rules(rules_file), Period.parse(name)
    accounts = load_accounts(accounts_file) if accounts_file else {}
    ledger, base = _open(workspace)
    folder = base / "payouts" / f"{rules.id}-{period.name}"
    now = int(time.time())
    payment = pay_period(ledger, rules, period, accounts, folder, now, dry_run=dry_run)
    if payment.batch is not None and not dry_run:
        keep_rules(rules_file, rules, folder)
    for record in payment.records:
        owner = record.owner_ref or "(unknown owners, in reserve)"
        carried = write_amount(record.carried_out, record.digits)
        click.echo(
            f"{owner:<32}  weight {record.weight:>12}  "
            f"net {write_amount(record.net, record.digits):>14} {record.currency}  "
            f"carried over {carried:>14}"
        )
    if payment.tree is not None:
        click.echo(f"claims   {len(payment.tree.payouts)}, root 0x{payment.tree.root.hex()}")
        click.echo(f"total    {payment.tree.total} of the token's smallest units")
    if payment.batch is None:
        click.echo("Nothing was entered.")
    else:
        click.echo(f"entered  {payment.batch.batch_id}; files in {folder}")


@click.command("statement")
@click.argument("owner")
@_period_option
@_rules_option
@click.option(
    "--to",
    type=click.Path(path_type=Path, file_okay=False),
    required=True,
    help="A new folder for the statement and its proofs.",
)
@click.option(
    "--lang",
    "language",
    type=click.Choice(["en", "ja"]),
    default="en",
    show_default=True,
    help="Language of statement.html.",
)
@workspace_option
def statement_command(
    owner: str, name: str, rules_file: Path, to: Path, language: str, workspace: Path | None
) -> None:
    """Write OWNER's statement for a period: what was used, what is due, and the proofs.

    OWNER is the name under which statements know them, or their reference of 32 hex digits. Give
    the folder to the owner only: the proofs show their records.

    \b
    Example:
      kiyome ledger statement hanako@example.com --period 2026-Q3 --rules rules.toml --to hanako
    """
    import time

    from models.errors import LedgerError
    from models.ledger.chain.receipts import AnchorFiles
    from models.ledger.compensation.periods import Period
    from models.ledger.compensation.rules import load_rules
    from models.ledger.note import read_key_file
    from models.ledger.statements.writing import write_statement

    rules, period = load_rules(rules_file), Period.parse(name)
    ledger, base = _open(workspace)
    is_reference = re.fullmatch("[0-9a-f]{32}", owner, re.ASCII)
    reference = owner if is_reference else ledger.reference("owner", owner)
    if not ledger.knows_owner(reference):
        raise LedgerError(
            f"The ledger has never recorded an owner {owner!r}.", "Check how it is spelt."
        )
    statement = write_statement(
        ledger,
        read_key_file(ledger.private_folder / "signing.key"),
        reference,
        period,
        rules,
        base / "payouts" / f"{rules.id}-{period.name}",
        max(AnchorFiles(ledger.public_folder).receipts(), key=lambda r: r.size, default=None),
        to,
        int(time.time()),
        "ja" if language == "ja" else "en",
    )
    proven = sum(1 for proof in statement.proofs if proof.file)
    click.echo(f"{to / 'statement.html'}: {len(statement.lines)} records, {proven} proofs")
    if len(statement.proofs) > proven:
        click.echo(
            f"{len(statement.proofs) - proven} batches are older than owner indexes: their "
            "records are listed without such a proof.",
            err=True,
        )


def _open(workspace: Path | None) -> tuple[UsageLedger, Path]:
    from models.settings import load_settings

    settings = load_settings(workspace=workspace)
    return open_ledger_of(settings), settings.workspace.absolute()


COMMANDS = (pay_command, statement_command)
