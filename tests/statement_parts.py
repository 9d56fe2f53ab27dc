"""A ledger that one owner gets a statement from, for several tests."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

from models.consent.purposes import Preference
from models.ledger.compensation.accounts import Accounts
from models.ledger.compensation.paying import Payment, pay_period
from models.ledger.compensation.periods import Period
from models.ledger.compensation.rules import Rules
from models.ledger.log import UsageLedger
from models.ledger.note import read_key_file
from models.ledger.statements.statement import Statement
from models.ledger.statements.words import Language
from models.ledger.statements.writing import write_statement
from models.reasons import Reason
from models.verdicts import Verdict
from tests.compensation_parts import ACCOUNTS, IN_Q3, OWNERS, make_use
from tests.ledger_parts import make_ledger, make_record

Q3 = Period.parse("2026-Q3")
OWNER = OWNERS[0]
ACCOUNTS_OF_OWNERS: Accounts = {OWNER: {ACCOUNTS[0]: 2, ACCOUNTS[1]: 1}}


def make_used_ledger(folder: Path) -> UsageLedger:
    """A release and a run in the third quarter; the owner has four used assets, one of them used
    after it was taken down, and two that were kept out. A third batch holds nothing of theirs.
    """
    ledger = make_ledger(folder / "ledger")
    release = [replace(make_record(3 * n), owner_ref=OWNERS[n % 2]) for n in range(8)]
    kept_out = [replace(make_record(3 * n + 2), owner_ref=OWNER) for n in range(2)]
    named = [replace(record, decided_at=IN_Q3) for record in [*release, *kept_out]]
    ledger.append("b" * 64, named, IN_Q3)
    uses = [
        make_use(n, OWNERS[n % 2], 10 + n, "CC-BY-4.0" if n < 4 else "", at=IN_Q3 + 60)
        for n in range(8)
    ]
    uses[2] = replace(
        uses[2],
        decision=Verdict.EXCLUDE,
        value=Preference.NOT_ALLOWED,
        reasons=(Reason.TAKEDOWN,),
    )
    ledger.append("run-1-bbbb", uses, IN_Q3 + 60)
    ledger.append("other", [replace(make_record(99), owner_ref=OWNERS[2])], IN_Q3 + 90)
    return ledger


def pay_q3(ledger: UsageLedger, rules: Rules, accounts: Accounts | None = None) -> Payment:
    """Pay the third quarter."""
    given = ACCOUNTS_OF_OWNERS if accounts is None else accounts
    return pay_period(ledger, rules, Q3, given, payouts_of(ledger), Q3.end)


def payouts_of(ledger: UsageLedger) -> Path:
    """Where the period is paid from."""
    return ledger.public_folder.parent.parent / "payouts"


def state(
    ledger: UsageLedger, rules: Rules, to: Path, language: Language = "en", owner: str = OWNER
) -> Statement:
    """Write a statement for the third quarter."""
    return write_statement(
        ledger,
        read_key_file(ledger.private_folder / "signing.key"),
        owner,
        Q3,
        rules,
        payouts_of(ledger),
        None,
        to,
        Q3.end + 86_400,
        language,
    )
