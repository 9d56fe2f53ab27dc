"""What the ledger says about a period: the uses by training runs, and what was paid before."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import Any, Protocol

from models.errors import LedgerError
from models.ledger.batches import Batch
from models.ledger.commitments import Opening
from models.ledger.payout_record import PayoutRecord
from models.ledger.record_reading import read_record


class OpenableLedger(Protocol):
    """What is read of a ledger; ``UsageLedger`` has it."""

    def batches(self) -> list[Batch]:
        """Every batch, in order."""

    def openings(self, batch_id: str) -> Iterator[Opening]:
        """The openings of a batch that can still be read, in order."""


@dataclass(frozen=True, slots=True)
class Use:
    """One asset's use by one run, as far as money is concerned.

    ``counted_at`` is when it was recorded, UTC seconds; a correction keeps the time of what it
    corrects. ``license`` is empty where none is known.
    """

    owner_ref: str
    asset_sha256: str
    purpose: str
    license: str
    samples: int
    counted_at: int


@dataclass(frozen=True, slots=True)
class Books:
    """What stands, once corrections are applied.

    Attributes:
        uses: by index in the log.
        payouts: every payout record, in order.
        superseded: by index, which record corrects it.
    """

    uses: dict[int, Use]
    payouts: tuple[PayoutRecord, ...]
    superseded: dict[int, int]


def read_books(ledger: OpenableLedger) -> Books:
    """Read every opening of the ledger once.

    Records that were erased are not there any more: they weigh nothing.

    Raises:
        LedgerError: an opening is damaged, or a correction is about something else than what it
            supersedes.
    """
    return gather(o for batch in ledger.batches() for o in ledger.openings(batch.batch_id))


def gather(openings: Iterable[Opening]) -> Books:
    """The books over openings in the order of the log.

    Raises:
        LedgerError: as ``read_books``.
    """
    # Looked for in the bytes: most records are about releases and need no reading.
    keys = (b'"run":{', b'"prev":', b'"totalWeight":')
    wanted = (o for o in openings if any(key in o.canonical for key in keys))
    return keep_books((opening.index, opening.record) for opening in wanted)


def keep_books(records: Iterable[tuple[int, dict[str, Any]]]) -> Books:
    """The books over records, each with its index, in the order of the log.

    A correction takes the place of what it names, or of what took that place before; without a run
    it only takes away. One of something that is no use, or cannot be read any more, weighs nothing.

    Raises:
        LedgerError: a correction is about another asset or owner than what it supersedes.
    """
    uses: dict[int, Use] = {}
    known: dict[int, Use] = {}
    superseded: dict[int, int] = {}
    payouts: list[PayoutRecord] = []
    for index, value in records:
        if value["type"] == "payout":
            payout = read_record(value)
            if isinstance(payout, PayoutRecord):
                payouts.append(payout)
            continue
        if value["type"] not in ("use", "correct"):
            continue
        old, prev = None, value.get("prev")
        if prev is not None:
            while prev in superseded:
                prev = superseded[prev]
            superseded[prev] = index
            uses.pop(prev, None)
            old = known.get(prev)
            if old is None:
                continue
            about = (value.get("ownerRef", ""), value["asset"]["sha256"])
            if about != (old.owner_ref, old.asset_sha256):
                raise LedgerError(
                    f"Entry {index} corrects entry {prev}, which is about another asset or owner.",
                    "Enter a correction that is about the same one.",
                )
        if "run" in value:
            uses[index] = known[index] = _read_use(value, old)
        elif old is not None:
            known[index] = old
    return Books(uses, tuple(payouts), superseded)


def _read_use(value: dict[str, Any], old: Use | None) -> Use:
    return Use(
        value.get("ownerRef", ""),
        value["asset"]["sha256"],
        value["purpose"],
        value.get("license", {}).get("id", ""),
        value["run"]["samples"],
        value["times"]["decided"] if old is None else old.counted_at,
    )
