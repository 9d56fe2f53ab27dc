"""What the usage ledger holds of an owner, batch by batch, as a page shows it.

The figures are counted from the very records that the owner's proofs show; a proof is made only
when it is asked for. What was counted of a batch never changes, so it is kept: a new head costs the
new batches alone.
"""

from __future__ import annotations

import math
import threading
import time
from bisect import bisect_left
from collections import Counter, OrderedDict
from collections.abc import Iterator, Sequence
from contextlib import suppress
from dataclasses import dataclass, field, replace
from enum import StrEnum

from models.errors import LedgerError
from models.ledger.batches import Batch, BatchStatement
from models.ledger.chain.receipts import Receipt
from models.ledger.payout_record import PayoutRecord
from models.ledger.record_reading import read_record
from models.ledger.records import RecordType, UsageRecord
from models.owners.own_ledger import NothingKnownError, OwnLedger, Stamp
from models.verdicts import Verdict

KEPT = 100_000
"""Batches of owners whose figures are kept: about half a kilobyte each."""

SEARCHED = 2000
"""Records of an owner that are searched at a time for those about one work."""


class BatchKind(StrEnum):
    """What a batch of the ledger is about."""

    RELEASE = "release"
    RUN = "run"
    PAYOUT = "payout"
    CHANGE = "change"
    """Corrections and withdrawals."""


class Standing(StrEnum):
    """How far a batch has come onto a chain."""

    FINAL = "final"
    SENT = "sent"
    SIGNED = "signed"
    """It stands under the operator's signature alone."""


@dataclass(frozen=True, slots=True)
class BatchUsage:
    """What one batch holds of one owner.

    Attributes:
        batch_id: the batch.
        owner_ref: the pseudonym under which the ledger knows the owner.
        size: entries of the log once the batch is in.
        stamped_at: UTC seconds, as the operator said.
        kind: what the batch is about.
        dataset, release: of a release or run; "" for others. ``release`` is an id.
        run, model: of a run.
        used, excluded, revoked, corrected: different works.
        samples: how often a run drew works of theirs.
        violations: works that a run used although they had been withdrawn.
        excluded_by: excluded works by reason code.
        records: how many records there are.
        payouts: what is due to the owner.
        is_erased: the owner was erased since: nothing can be shown any more.
        is_provable: there is an owner index to prove from.
    """

    batch_id: str
    owner_ref: str
    size: int
    stamped_at: int
    kind: BatchKind = BatchKind.RELEASE
    dataset: str = ""
    release: str = ""
    run: str = ""
    model: str = ""
    used: int = 0
    excluded: int = 0
    revoked: int = 0
    corrected: int = 0
    samples: int = 0
    violations: int = 0
    excluded_by: dict[str, int] = field(default_factory=dict)
    records: int = 0
    payouts: tuple[PayoutRecord, ...] = ()
    is_erased: bool = False
    is_provable: bool = True


@dataclass(frozen=True, slots=True)
class WorkUse:
    """One record about one work: where it stands, and what it says."""

    batch_id: str
    owner_ref: str
    index: int
    size: int
    record: UsageRecord


@dataclass(frozen=True, slots=True)
class _Listed:
    """A batch of the log with what is published about it."""

    batch: Batch
    stamped_at: int
    is_provable: bool

    @classmethod
    def of(cls, published: BatchStatement) -> _Listed:
        """What a batch's statement says."""
        return cls(published.batch, published.stamped_at, published.owners is not None)


class UsageHistory:
    """Counts owners' records, and keeps the counts. Threads may share it."""

    def __init__(self, ledger: OwnLedger) -> None:
        self.ledger = ledger
        self._lock = threading.Lock()
        self._listed: dict[str, tuple[Stamp, _Listed]] = {}
        self._counting: threading.Thread | None = None
        self._kept: OrderedDict[tuple[str, str, int], BatchUsage] = OrderedDict()

    def batches_of(self, owner_ref: str) -> list[BatchUsage]:
        """Every batch of the log as it stands to an owner, the newest first.

        Batches that hold nothing of theirs are there too: that can be proven as well.

        Raises:
            LedgerError: a file of the ledger is missing or damaged.
        """
        return self.batches_so_far(owner_ref, None)[0]

    def batches_so_far(self, owner_ref: str, seconds: float | None) -> tuple[list[BatchUsage], int]:
        """Batches as ``batches_of`` gives them, as far as they are counted in some CPU seconds.

        Returns:
            Those, and how many are left; ``count_on`` counts them while nobody waits.

        Raises:
            LedgerError: a file of the ledger is missing or damaged.
        """
        until = math.inf if seconds is None else time.thread_time() + seconds
        erased, has_key = self._erased(owner_ref), self.ledger.has_key(owner_ref)
        counted: list[BatchUsage] = []
        left = 0
        for name, stamp in self.ledger.published():
            known = self._listed.get(name)
            if known is not None and known[0] == stamp:
                listed = known[1]
            elif time.thread_time() > until:
                left += 1
                continue
            else:
                found = self._read_listed(name, stamp)
                if found is None:  # on its way into the log
                    continue
                listed = found
            if not has_key and listed.batch.first_index >= erased:
                # Not kept: the owner's first record gives them a key, and may come any time.
                counted.append(_empty(listed, owner_ref))
                continue
            usage = self._recall(owner_ref, name, erased)
            if usage is None and time.thread_time() > until:
                left += 1
                continue
            counted.append(usage or self._count(listed, owner_ref, erased))
        counted.sort(key=lambda usage: -usage.size)
        return counted, left

    def count_on(self, owner_refs: Sequence[str]) -> None:
        """Count what is left of some owners' batches in a thread, one at a time in this process."""
        with self._lock:
            if self._counting is None or not self._counting.is_alive():
                self._counting = threading.Thread(
                    target=self._count_all, args=(tuple(owner_refs),), daemon=True
                )
                self._counting.start()

    def _count_all(self, owner_refs: Sequence[str]) -> None:
        for owner_ref in owner_refs:
            with suppress(LedgerError):  # the owner's next page meets it, and says so
                self.batches_of(owner_ref)

    def batch_of(self, owner_ref: str, batch_id: str) -> BatchUsage | None:
        """One batch of the log as it stands to an owner; None where there is no such batch.

        Raises:
            LedgerError: a file of the ledger is missing or damaged.
        """
        published = self.ledger.statement(batch_id)
        if published is None:
            return None
        listed = _Listed.of(published)
        return self._count(listed, owner_ref, self._erased(owner_ref))

    def uses_of(self, usage: Sequence[BatchUsage], asset_id: str, start: int = 0) -> list[WorkUse]:
        """The records about one work among ``SEARCHED`` of the owner's, the newest first.

        Which records are about it is known only once they are opened.

        Args:
            usage: what ``batches_of`` gave, the newest first.
            start: how many of the newest records are passed over.

        Raises:
            LedgerError: a file of the ledger is missing or damaged.
        """
        found = []
        end = start + SEARCHED
        for each in usage:
            if end <= 0:
                break
            first, last = max(0, each.records - end), each.records - max(0, start)
            if first < last:
                opened = list(self._read(each, first, last - first))
                found += [use for use in opened[::-1] if use.record.asset_sha256 == asset_id]
            start, end = start - each.records, end - each.records
        return found

    def list_records(self, usage: BatchUsage, most: int, start: int = 0) -> list[WorkUse]:
        """Records about works among ``most`` of the owner's in a batch, from ``start`` on.

        Raises:
            LedgerError: a file of the ledger is missing or damaged.
        """
        return list(self._read(usage, start, most)) if usage.records else []

    def holds_record(self, usage: BatchUsage, index: int) -> bool:
        """Whether an entry of the log is one of the owner's records in a batch.

        Raises:
            LedgerError: a file of the ledger is missing or damaged.
        """
        if not usage.records:
            return False
        return self.ledger.own_opening(usage.batch_id, usage.owner_ref, index) is not None

    def _erased(self, owner_ref: str) -> int:
        """Entries of the log when an owner was erased last; 0 where they never were."""
        erasures = self.ledger.erasures()
        return max((each.size for each in erasures if each.owner_ref == owner_ref), default=0)

    def _read(
        self, usage: BatchUsage, start: int = 0, most: int | None = None
    ) -> Iterator[WorkUse]:
        openings = self.ledger.own_openings(usage.batch_id, usage.owner_ref, start, most)
        for opening in openings:
            record = read_record(opening.record)
            if isinstance(record, UsageRecord):
                yield WorkUse(usage.batch_id, usage.owner_ref, opening.index, usage.size, record)

    def _read_listed(self, name: str, stamp: Stamp) -> _Listed | None:
        published = self.ledger.statement(name)
        if published is None:
            return None
        listed = _Listed.of(published)
        self._listed[name] = stamp, listed
        return listed

    def _recall(self, owner_ref: str, batch_id: str, erased: int) -> BatchUsage | None:
        key = (owner_ref, batch_id, erased)
        with self._lock:
            if key in self._kept:
                self._kept.move_to_end(key)
            return self._kept.get(key)

    def _count(self, listed: _Listed, owner_ref: str, erased: int) -> BatchUsage:
        known = self._recall(owner_ref, listed.batch.batch_id, erased)
        if known is not None:
            return known
        try:
            counted = count_batch(self.ledger, listed.batch, listed.stamped_at, owner_ref, erased)
        except NothingKnownError:
            # Not kept: the owner's first record gives them a key, and may come any time.
            return _empty(listed, owner_ref)
        if not listed.is_provable:
            counted = replace(counted, is_provable=False)
        with self._lock:
            self._kept[owner_ref, listed.batch.batch_id, erased] = counted
            while len(self._kept) > KEPT:
                self._kept.popitem(last=False)
        return counted


def count_batch(
    ledger: OwnLedger, batch: Batch, stamped_at: int, owner_ref: str, erased: int
) -> BatchUsage:
    """Count what a batch holds of an owner.

    Args:
        erased: entries of the log when the owner was erased last; 0 where they never were.

    Raises:
        LedgerError: a file of the ledger is missing or damaged.
        NothingKnownError: the owner has no key.
    """
    begun = BatchUsage(batch.batch_id, owner_ref, batch.size, stamped_at)
    if batch.first_index < erased:
        return replace(begun, is_erased=True)
    works: dict[RecordType, set[str]] = {kind: set() for kind in RecordType}
    by_reason: Counter[str] = Counter()
    violations: set[str] = set()
    payouts: list[PayoutRecord] = []
    samples = records = 0
    last: UsageRecord | None = None
    for opening in ledger.own_openings(batch.batch_id, owner_ref):
        records += 1
        record = read_record(opening.record)
        if record.owner_ref != owner_ref:
            raise LedgerError(
                f"The batch {batch.batch_id} shows a record of somebody else.",
                "Do not hand it out; verify the ledger.",
            )
        if isinstance(record, PayoutRecord):
            payouts.append(record)
            continue
        last = record
        if record.type is RecordType.EXCLUDE and record.asset_sha256 not in works[record.type]:
            by_reason.update(reason.value for reason in record.reasons)
        works[record.type].add(record.asset_sha256)
        if record.run is not None:
            samples += record.run.samples
            if record.decision is not Verdict.CLEAR:
                violations.add(record.asset_sha256)
    return BatchUsage(
        batch_id=batch.batch_id,
        owner_ref=owner_ref,
        size=batch.size,
        stamped_at=stamped_at,
        kind=_kind_of(works, last, payouts, batch.batch_id),
        dataset=last.dataset.name if last else "",
        release=last.dataset.release if last else "",
        run=last.run.run if last and last.run else "",
        model=last.run.model if last and last.run else "",
        used=len(works[RecordType.USE]),
        excluded=len(works[RecordType.EXCLUDE]),
        revoked=len(works[RecordType.REVOKE]),
        corrected=len(works[RecordType.CORRECT]),
        samples=samples,
        violations=len(violations),
        excluded_by=dict(sorted(by_reason.items())),
        records=records,
        payouts=tuple(payouts),
    )


def stand(
    ledger: OwnLedger, receipts: Sequence[Receipt], size: int
) -> tuple[Standing, Receipt | None]:
    """How far the first ``size`` entries of the log have come onto a chain, and the receipt.

    Args:
        receipts: all of the log's, by size. The first that covers the entries is given.
    """
    place = bisect_left(receipts, size, key=lambda receipt: receipt.size)
    if place < len(receipts):
        return Standing.FINAL, receipts[place]
    return (Standing.SENT if ledger.is_sent(size) else Standing.SIGNED), None


def _kind_of(
    works: dict[RecordType, set[str]],
    last: UsageRecord | None,
    payouts: Sequence[PayoutRecord],
    batch_id: str,
) -> BatchKind:
    if payouts or (last is None and batch_id.startswith("payout-")):
        return BatchKind.PAYOUT
    if works[RecordType.REVOKE] or works[RecordType.CORRECT]:
        return BatchKind.CHANGE
    return BatchKind.RUN if last is not None and last.run is not None else BatchKind.RELEASE


def _empty(listed: _Listed, owner_ref: str) -> BatchUsage:
    batch = listed.batch
    return BatchUsage(batch.batch_id, owner_ref, batch.size, listed.stamped_at, is_provable=False)
