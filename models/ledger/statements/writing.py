"""Writes the folder that an owner gets: the statement in three forms, and its proofs.

statement.json   everything, signed with the log's key
statement.html   the same for people, in one language
statement.csv    the lines as a table
proofs/          one file for every batch of the log
receipt.json     where the newest anchored head stands on a chain, where one was anchored
"""

from __future__ import annotations

import json
import tempfile
from pathlib import Path

from models.errors import LedgerError
from models.files import write_atomically
from models.ledger.chain.receipts import Receipt
from models.ledger.compensation.paying import batch_name, digest_claims
from models.ledger.compensation.periods import Period
from models.ledger.compensation.rules import Rules
from models.ledger.note import Signer
from models.ledger.payout_record import PayoutRecord
from models.ledger.statements.building import Claims, build_statement, find_payout
from models.ledger.statements.gathering import OwnRecords, ProvableLedger, gather_records
from models.ledger.statements.page import render_page
from models.ledger.statements.signing import sign_statement
from models.ledger.statements.statement import Claim, Statement
from models.ledger.statements.table import write_table
from models.ledger.statements.words import Language


def write_statement(
    ledger: ProvableLedger,
    signer: Signer,
    owner_ref: str,
    period: Period,
    rules: Rules,
    payouts: Path,
    receipt: Receipt | None,
    to: Path,
    made_at: int,
    language: Language = "en",
) -> Statement:
    """Write an owner's statement for a period.

    Args:
        owner_ref: the owner's pseudonym.
        payouts: the folder that the period was paid from.
        receipt: the newest that there is.
        to: a folder that does not exist yet, or is empty; only the user can read it.
        made_at: UTC seconds.

    Raises:
        LedgerError: the folder is not empty or cannot be written, a file of the ledger is damaged,
            or the period was paid under other rules.
    """
    if to.exists() and any(to.iterdir()):
        raise LedgerError(f"The folder {to} is not empty.", "Name a new folder.")
    head = ledger.head()
    try:
        to.parent.mkdir(parents=True, exist_ok=True)
        # Beside its place, and moved there once it is whole; nobody else can read it.
        with tempfile.TemporaryDirectory(prefix=".statement-", dir=to.parent) as beside:
            folder = Path(beside) / "made"
            folder.mkdir(mode=0o700)
            own = gather_records(ledger, owner_ref, folder)
            claims = _find_claims(ledger, own, period, rules, payouts)
            statement = build_statement(
                owner_ref, period, rules, own, claims, head, ledger.vkey, receipt, made_at
            )
            page = render_page(statement, language)
            write_atomically(folder / "statement.json", sign_statement(statement, signer))
            write_atomically(folder / "statement.csv", write_table(statement))
            write_atomically(folder / "statement.html", page.encode())
            if receipt is not None:
                write_atomically(folder / "receipt.json", receipt.encode())
            folder.replace(to)
    except OSError as error:
        raise LedgerError(
            f"The statement cannot be written to {to}: {error.strerror}.",
            "Name a folder that can be written.",
        ) from error
    return statement


def _find_claims(
    ledger: ProvableLedger, own: OwnRecords, period: Period, rules: Rules, payouts: Path
) -> Claims:
    """The owner's claims on the contract, from the file whose digest the batch publishes."""
    payout = find_payout(own, period, rules)
    if payout is None or not any(share.amount for share in payout.shares):
        return Claims()
    published = ledger.statement(batch_name(rules.id, period.name))
    path = payouts / "claims.json"
    data = path.read_bytes() if path.exists() else None
    if published is None or digest_claims(data) != published.manifest_sha256 or data is None:
        raise LedgerError(
            f"{path} is missing, or is not the file that {period.name} was paid from.",
            "Run `kiyome ledger pay` for the period again: it makes the file anew.",
        )
    value = json.loads(data)
    return Claims(_pick(value["claims"], payout, rules), value["root"], published.manifest_sha256)


def _pick(claims: list[dict[str, object]], payout: PayoutRecord, rules: Rules) -> tuple[Claim, ...]:
    """The first claim for each part that the owner is due."""
    left = [(share.account, str(share.amount * rules.units_per_minor)) for share in payout.shares]
    found = []
    for claim in claims:
        part = (str(claim["account"]), str(claim["amount"]))
        proof = claim["proof"]
        if part in left and isinstance(proof, list):
            left.remove(part)
            found.append(Claim(int(str(claim["index"])), *part, tuple(proof)))
    return tuple(found)
