"""kiyome ledger"""

from __future__ import annotations

import click

from flows.cli.ledger.anchoring import anchor_command, status_command
from flows.cli.ledger.auditing import audit_command
from flows.cli.ledger.correcting import COMMANDS as CORRECTING
from flows.cli.ledger.operating import (
    deploy_command,
    operator_group,
    pause_command,
    unpause_command,
)
from flows.cli.ledger.owners import COMMANDS as OWNERS
from flows.cli.ledger.paying import COMMANDS as PAYING
from flows.cli.ledger.payouts import COMMANDS as PAYOUTS
from flows.cli.ledger.reading import check_command, prove_command, show_command, verify_command
from flows.cli.ledger.runs import COMMANDS as RUNS


@click.group()
def ledger() -> None:
    """Verify the usage ledger, and prove entries.

    Every use and exclusion of a release is a salted commitment in an append-only log with a signed
    head. The public folder can be published as it is: it says nothing about any asset. Heads can
    be anchored on an EVM chain, whose contract takes only a head that extends the one before.
    """


for command in (
    verify_command,
    show_command,
    prove_command,
    check_command,
    status_command,
    anchor_command,
    deploy_command,
    operator_group,
    pause_command,
    unpause_command,
    audit_command,
    *OWNERS,
    *RUNS,
    *CORRECTING,
    *PAYING,
    *PAYOUTS,
):
    ledger.add_command(command)
