"""Pays a period: enters it into the ledger, and writes the files that it is paid from."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Protocol

from models.errors import LedgerError
from models.failpoints import reach
from models.files import write_atomically
from models.ledger.batches import NO_DIGEST, Batch, BatchStatement
from models.ledger.commitments import encode_canonical
from models.ledger.compensation.accounting import account_for, pad, plant
from models.ledger.compensation.accounts import Accounts
from models.ledger.compensation.payouts import PayoutTree
from models.ledger.compensation.periods import Period
from models.ledger.compensation.rules import Rules
from models.ledger.compensation.uses import Books, OpenableLedger, gather, read_books
from models.ledger.payout_record import PayoutRecord

FORMAT = "kiyome.payouts/1"
CLAIMS_FORMAT = "kiyome.claims/1"


class PayableLedger(OpenableLedger, Protocol):
    """What paying needs of a ledger; ``UsageLedger`` has it."""

    def statement(self, batch_id: str) -> BatchStatement | None:
        """What the log published about a batch; None where it was never appended."""

    def append(
        self,
        batch_id: str,
        records: Sequence[PayoutRecord],
        stamped_at: int,
        *,
        manifest_sha256: str = NO_DIGEST,
        policy_sha256: str = NO_DIGEST,
    ) -> Batch:
        """Append one batch."""


@dataclass(frozen=True, slots=True)
class Payment:
    """A period as it is paid.

    Attributes:
        records: one for each owner, sorted by owner; padding is left out.
        tree: what the contract pays from; None where nobody has an account.
        batch: where it stands in the log; None for a dry run.
    """

    records: tuple[PayoutRecord, ...]
    tree: PayoutTree | None
    batch: Batch | None


def batch_name(rules_id: str, period: str) -> str:
    """The id of the batch that enters a period."""
    return f"payout-{rules_id}-{period}"


def pay_period(
    ledger: PayableLedger,
    rules: Rules,
    period: Period,
    accounts: Accounts,
    folder: Path,
    now: int,
    *,
    dry_run: bool = False,
) -> Payment:
    """Pay a period once. Asked again, also after a crash, it pays what was entered then.

    Writes ``payouts.json`` (private: owners and amounts) and, where anybody has an account,
    ``claims.json`` (what the contract pays, with proofs) into ``folder``, before the batch is
    appended. The batch publishes the digest of the rules, and that of the claims.

    Args:
        folder: made where missing.
        now: UTC seconds.
        dry_run: write and append nothing.

    Raises:
        LedgerError: the period is not over, cannot be paid in this order, was paid under other
            rules, or a file cannot be written.
    """
    batch_id = batch_name(rules.id, period.name)
    entered = ledger.statement(batch_id)
    if entered is not None:
        if entered.policy_sha256 != rules.sha256:
            raise LedgerError(
                f"{period.name} was paid under another version of the rules {rules.id}.",
                "Give the file that was used then; its SHA-256 is in the batch as policy_sha256.",
            )
        return _restore(ledger, entered, rules, folder, write=not dry_run)
    if now < period.end and not dry_run:
        raise LedgerError(
            f"{period.name} is not over.", "Pay it once it is, or try with --dry-run."
        )
    records = account_for(rules, period, read_books(ledger), accounts, now)
    tree = plant(records, rules.units_per_minor)
    if dry_run:
        return Payment(tuple(records), tree, None)
    claims = encode_claims(rules, period.name, tree)
    _write(folder, records, rules, claims)
    reach("payout.written")
    batch = ledger.append(
        batch_id,
        pad(records),
        now,
        manifest_sha256=digest_claims(claims),
        policy_sha256=rules.sha256,
    )
    return Payment(tuple(records), tree, batch)


def encode_claims(rules: Rules, period: str, tree: PayoutTree | None) -> bytes | None:
    """The content of ``claims.json``; None without a tree."""
    if tree is None:
        return None
    value: dict[str, Any] = {
        "claims": [tree.claim(payout.index) for payout in tree.payouts],
        "format": CLAIMS_FORMAT,
        "period": period,
        "root": "0x" + tree.root.hex(),
        "rules": {"id": rules.id, "sha256": rules.sha256, "version": rules.version},
        "total": str(tree.total),
    }
    return encode_canonical(value) + b"\n"


def digest_claims(claims: bytes | None) -> str:
    """SHA-256 of ``claims.json``: what the batch and the contract name it by."""
    return NO_DIGEST if claims is None else hashlib.sha256(claims).hexdigest()


def is_padding(record: PayoutRecord) -> bool:
    """Whether a record stands for nobody."""
    return not record.owner_ref and not record.gross and not record.carried_in


def _restore(
    ledger: PayableLedger, entered: BatchStatement, rules: Rules, folder: Path, *, write: bool
) -> Payment:
    books: Books = gather(ledger.openings(entered.batch.batch_id))
    records = tuple(record for record in books.payouts if not is_padding(record))
    tree = plant(records, rules.units_per_minor)
    claims = encode_claims(rules, records[0].period if records else "", tree)
    if digest_claims(claims) != entered.manifest_sha256:
        path = folder / "claims.json"
        if path.exists() and digest_claims(path.read_bytes()) == entered.manifest_sha256:
            return Payment(records, tree, entered.batch)  # an owner was erased since
        raise LedgerError(
            f"{path} is gone, and an owner of it was erased: it cannot be made again.",
            "Restore it from a backup.",
        )
    if write and records:
        _write(folder, records, rules, claims)
    return Payment(records, tree, entered.batch)


def _write(
    folder: Path, records: Sequence[PayoutRecord], rules: Rules, claims: bytes | None
) -> None:
    first = records[0]
    value = {
        "currency": first.currency,
        "digits": first.digits,
        "format": FORMAT,
        "owners": [
            {
                "carried_in": str(record.carried_in),
                "carried_out": str(record.carried_out),
                "gross": str(record.gross),
                "net": str(record.net),
                "owner_ref": record.owner_ref,
                "shares": [share.as_dict() for share in record.shares],
                "weight": record.weight,
            }
            for record in records
        ],
        "period": first.period,
        "pot": str(first.pot),
        "rules": {"id": rules.id, "sha256": rules.sha256, "version": rules.version},
        "total_weight": first.total_weight,
    }
    try:
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        write_atomically(folder / "payouts.json", encode_canonical(value) + b"\n", 0o600)
        if claims is not None:
            write_atomically(folder / "claims.json", claims)
    except OSError as error:
        raise LedgerError(
            f"The payout's files cannot be written to {folder}: {error.strerror}.",
            "Nothing was entered. Mend the cause and pay again.",
        ) from error
