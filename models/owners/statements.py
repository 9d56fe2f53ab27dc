"""An owner's statements: which periods were paid, what each came to, and the files on demand."""

from __future__ import annotations

import io
import tempfile
import zipfile
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Literal, get_args

from models.errors import LedgerError
from models.ledger.compensation.kept_rules import read_kept_rules
from models.ledger.compensation.periods import Period
from models.ledger.payout_record import PayoutRecord
from models.ledger.statements.words import Language
from models.ledger.statements.writing import write_statement
from models.owners.own_ledger import OwnLedger
from models.owners.usage import BatchUsage

Form = Literal["html", "csv", "json", "zip"]
FORMS: tuple[Form, ...] = get_args(Form)


class NoStatementError(LedgerError):
    """There is no such period, or the rules that it was paid by were not kept."""


@dataclass(frozen=True, slots=True)
class PaidPeriod:
    """A period that was paid, as it stands to one owner.

    Attributes:
        batch_id: the batch that entered it: the name of the statement in addresses.
        owner_ref: the owner's pseudonym.
        rules_id, period: the rule file and the period; for an owner who is due nothing they are
            known where the rules were kept.
        stamped_at: UTC seconds at which it was entered.
        payout: what is due; None where nothing is.
        has_rules: the rule file was kept, so that a statement can be made.
    """

    batch_id: str
    owner_ref: str
    rules_id: str
    period: str
    stamped_at: int
    payout: PayoutRecord | None
    has_rules: bool


def list_periods(workspace: Path, usage: Sequence[BatchUsage]) -> list[PaidPeriod]:
    """Every period that was paid, in the order of ``usage``.

    Args:
        usage: what ``UsageHistory.batches_of`` gave for an owner.
    """
    found = []
    for each in usage:
        folder = _find_folder(workspace, each.batch_id)
        is_known = each.is_provable or each.records  # to somebody unknown nothing can be stated
        if each.is_erased or not is_known or (not each.payouts and folder is None):
            continue
        payout = each.payouts[-1] if each.payouts else None
        rules_id, period = _name(each.batch_id, payout)
        found.append(
            PaidPeriod(
                each.batch_id,
                each.owner_ref,
                rules_id,
                period,
                each.stamped_at,
                payout,
                folder is not None and (folder / "rules.toml").is_file(),
            )
        )
    return found


def make_statement(
    ledger: OwnLedger,
    workspace: Path,
    paid: PaidPeriod,
    form: Form,
    language: Language,
    made_at: int,
) -> bytes:
    """A statement in one form, made anew: ``zip`` holds all forms and every proof.

    Nothing is kept on the disk of it.

    Args:
        made_at: UTC seconds.

    Raises:
        NoStatementError: it cannot be made.
        LedgerError: a file of the ledger is missing or damaged.
    """
    published = ledger.statement(paid.batch_id)
    folder = _find_folder(workspace, paid.batch_id)
    rules = None
    if published is not None and folder is not None:
        rules = read_kept_rules(folder, published.policy_sha256)
    if folder is None or rules is None:
        raise NoStatementError(
            f"The rules that {paid.period} was paid by were not kept.",
            "Run `kiyome ledger pay` for the period again with the file that was used then.",
        )
    newest = max(ledger.receipts(), key=lambda receipt: receipt.size, default=None)
    with tempfile.TemporaryDirectory(prefix="kiyome-statement-") as beside:
        to = Path(beside) / "statement"
        write_statement(
            ledger,
            ledger.signer,
            paid.owner_ref,
            Period.parse(paid.period),
            rules,
            folder,
            newest,
            to,
            made_at,
            language,
        )
        return _pack(to) if form == "zip" else (to / f"statement.{form}").read_bytes()


def _find_folder(workspace: Path, batch_id: str) -> Path | None:
    """The folder that a period was paid from; batch and folder are named alike."""
    if not batch_id.startswith("payout-"):
        return None
    folder = workspace / "payouts" / batch_id.removeprefix("payout-")
    return folder if folder.is_dir() else None


def _name(batch_id: str, payout: PayoutRecord | None) -> tuple[str, str]:
    """Rules and period of a batch. Both may hold hyphens: a period is what ends one."""
    if payout is not None:
        return payout.rules_id, payout.period
    name = batch_id.removeprefix("payout-")
    for at, letter in enumerate(name):
        if letter == "-" and _is_period(name[at + 1 :]):
            return name[:at], name[at + 1 :]
    return name, ""


def _is_period(name: str) -> bool:
    try:
        Period.parse(name)
    except LedgerError:
        return False
    return True


def _pack(folder: Path) -> bytes:
    data = io.BytesIO()
    with zipfile.ZipFile(data, "w", zipfile.ZIP_DEFLATED) as packed:
        for path in sorted(folder.rglob("*")):
            if path.is_file():
                packed.writestr(path.relative_to(folder).as_posix(), path.read_bytes())
    return data.getvalue()
