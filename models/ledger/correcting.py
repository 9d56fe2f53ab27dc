"""Correcting a record: another takes its place, by the rules of ``compensation.uses``.

A record of a run gets another number of samples, or is taken away. Nothing is changed in the log:
a record of type ``correct`` names the one that it supersedes.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

from models.errors import LedgerError
from models.ledger.batches import Batch
from models.ledger.compensation.periods import Period
from models.ledger.compensation.uses import read_books
from models.ledger.log import UsageLedger
from models.ledger.record_reading import read_record
from models.ledger.records import RecordType, RunRef, UsageRecord


@dataclass(frozen=True, slots=True)
class Correction:
    """What is to be appended.

    Attributes:
        standing: the record that stands now: the one that was named, or its last correction.
        before: what that one says.
        after: the record that is appended.
        batch_id: the name of its batch, which follows from it.
        counted_at: the time at which the use counts, UTC seconds: that of the first record.
        paid: the periods that hold that time and were paid already.
    """

    standing: int
    before: UsageRecord
    after: UsageRecord
    batch_id: str
    counted_at: int
    paid: tuple[str, ...]


def plan_correction(
    ledger: UsageLedger, index: int, samples: int | None, decided_at: int
) -> Correction:
    """What would be appended.

    Args:
        index: the record that is wrong, or the first of a chain of corrections.
        samples: how often the run drew the asset; None takes the use away.
        decided_at: when it is corrected, UTC seconds.

    Raises:
        LedgerError: there is no such record, it was erased, it is no use by a run, it was taken
            away before, or it says this already.
    """
    books = read_books(ledger)
    standing = index
    while standing in books.superseded:
        standing = books.superseded[standing]
    before = _read(ledger, standing)
    first = _read(ledger, index)
    if first.type not in (RecordType.USE, RecordType.CORRECT) or (
        first.type is RecordType.USE and first.run is None
    ):
        raise LedgerError(
            f"Entry {index} is no use by a training run.",
            "A release's own entries are corrected by the next release.",
        )
    if before.run is None:
        raise LedgerError(
            f"Entry {index} was taken away by entry {standing}.",
            "Enter the use anew with `kiyome ledger use`.",
        )
    if samples == before.run.samples:
        raise LedgerError(
            f"Entry {standing} says {samples} samples already.", "There is nothing to correct."
        )
    use = books.uses.get(standing)
    if use is None:
        raise LedgerError(
            f"Entry {index} counts for nothing: what it corrects cannot be read any more.",
            "Nothing was appended.",
        )
    run = None
    if samples is not None:
        run = RunRef(before.run.run, before.run.model, samples, before.run.shard_sha256)
    after = replace(before, type=RecordType.CORRECT, run=run, prev=standing, decided_at=decided_at)
    paid = {p.period for p in books.payouts if Period.parse(p.period).holds(use.counted_at)}
    # The name of a batch is public: nobody shall see from it which entries belong together.
    name = f"correct-{ledger.reference('correction', str(standing))}"
    return Correction(standing, before, after, name, use.counted_at, tuple(sorted(paid)))


def append_correction(ledger: UsageLedger, correction: Correction) -> Batch:
    """Append it. After a crash the next opening of the ledger finishes it, or nothing is in.

    Raises:
        LedgerError: it cannot be appended now, or somebody else has just corrected the record.
    """
    batch = ledger.append(correction.batch_id, [correction.after], correction.after.decided_at)
    if ledger.opening(batch.first_index).canonical != correction.after.canonical():
        raise LedgerError(
            f"Entry {correction.standing} was corrected by somebody else just now.",
            "Look at what it says, and correct that one if it is wrong.",
        )
    return batch


def _read(ledger: UsageLedger, index: int) -> UsageRecord:
    record = read_record(ledger.opening(index).record)
    if not isinstance(record, UsageRecord):
        raise LedgerError(
            f"Entry {index} is about a payout.", "What was paid is paid: it is settled outside."
        )
    return record
