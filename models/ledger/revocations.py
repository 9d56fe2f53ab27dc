"""Revocations: records that say of an earlier use that its owner refuses it from now on.

A revocation cannot undo what was trained. It makes every later use of the asset a violation that an
auditor can show.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence, Set
from dataclasses import dataclass, replace

from models.consent.purposes import Preference, Purpose
from models.errors import LedgerError
from models.ledger.batches import BatchStatement
from models.ledger.commitments import Opening
from models.ledger.log import UsageLedger
from models.ledger.record_reading import read_asset, read_record
from models.ledger.records import RecordType, UsageRecord
from models.ledger.runs import is_run
from models.reasons import Reason
from models.verdicts import Verdict

AssetUse = tuple[str, Purpose]
"""An asset and the purpose that it was used for."""

Whose = Callable[[BatchStatement, Set[str]], Mapping[str, Sequence[str]] | None]
"""From the batch of a release and some assets to those that it used, each with the owners that its
records may stand under; None where nobody can tell. Then every record is looked at."""


@dataclass(frozen=True, slots=True)
class Refusal:
    """An owner's refusal of an asset for a purpose.

    Attributes:
        reason: TAKEDOWN or CONSENT_WITHDRAWN.
        since_ms: when it was acknowledged.
    """

    reason: Reason
    since_ms: int


@dataclass(frozen=True, slots=True)
class Revocations:
    """What the ledger says, or has still to be told, about refused uses.

    Attributes:
        records: revocations that are missing: one for each dataset that used an asset.
        told: the batch that revokes a use already, by asset and purpose.
    """

    records: tuple[UsageRecord, ...]
    told: Mapping[AssetUse, str]


def find_revocations(
    ledger: UsageLedger,
    refused: Mapping[AssetUse, Refusal],
    decided_at: int,
    whose: Whose = lambda _batch, _assets: None,
) -> Revocations:
    """The revocations that the ledger lacks, from every use in a release that none follows.

    A release that used an asset again after a revocation, since the owner had given consent back,
    takes a revocation of its own. What was erased cannot be read, and is passed over.

    Args:
        decided_at: UTC seconds since 1970.
        whose: what a release's manifest knows, so that only the records of a few owners are opened.

    Raises:
        LedgerError: an opening is damaged, or a file is gone.
    """
    last: dict[tuple[str, Purpose, str], tuple[int, UsageRecord, str]] = {}
    for index, record, batch_id in _read_about(ledger, {asset for asset, _ in refused}, whose):
        if (record.asset_sha256, record.purpose) not in refused:
            continue
        used = record.type is RecordType.USE and record.run is None
        if used or record.type is RecordType.REVOKE:
            key = (record.asset_sha256, record.purpose, record.dataset.name)
            last[key] = (index, record, batch_id)
    records: list[UsageRecord] = []
    told: dict[AssetUse, str] = {}
    for (asset, purpose, _), (index, record, batch_id) in sorted(last.items()):
        if record.type is RecordType.REVOKE:
            told[asset, purpose] = batch_id
        else:
            records.append(_revoke(record, index, refused[asset, purpose], decided_at))
    return Revocations(tuple(records), told)


def _read_about(
    ledger: UsageLedger, assets: Set[str], whose: Whose
) -> Iterator[tuple[int, UsageRecord, str]]:
    """Every use and revocation about one of the assets, batch by batch as they were appended, with
    its index and batch. Batches that hold neither, and runs, are passed over."""
    for batch in ledger.batches():
        statement = ledger.statement(batch.batch_id)
        if statement is None or is_run(statement):
            continue
        if not (statement.counts["use"] or statement.counts["revoke"]):
            continue
        for opening in _find_openings(ledger, statement, assets, whose):
            record = read_record(opening.record)
            if isinstance(record, UsageRecord):
                yield opening.index, record, batch.batch_id


def _find_openings(
    ledger: UsageLedger, statement: BatchStatement, assets: Set[str], whose: Whose
) -> Iterator[Opening]:
    """What a batch holds about some assets: by the owner index, else by a pass over all of it."""
    left = assets
    if statement.owners is not None and not statement.counts["revoke"]:
        listed = whose(statement, assets)
        if listed is not None:
            found = _find_owned(ledger, statement.batch.batch_id, listed)
            yield from found
            left = listed.keys() - {read_asset(opening.canonical) for opening in found}
    if not left:
        return
    for opening in ledger.openings(statement.batch.batch_id):
        if read_asset(opening.canonical) in left:
            yield opening


def _find_owned(
    ledger: UsageLedger, batch_id: str, listed: Mapping[str, Sequence[str]]
) -> list[Opening]:
    """What the owners of some assets have about them; nothing where the index cannot be read."""
    owners = dict.fromkeys(owner for owners in listed.values() for owner in owners)
    try:
        found = list(ledger.owned_openings(batch_id, owners, listed))
    except LedgerError:
        return []
    return sorted(found, key=lambda opening: opening.index)


def _revoke(used: UsageRecord, index: int, refusal: Refusal, decided_at: int) -> UsageRecord:
    since = refusal.since_ms // 1000
    return replace(
        used,
        type=RecordType.REVOKE,
        value=Preference.NOT_ALLOWED,
        decision=Verdict.EXCLUDE,
        reasons=(refusal.reason,),
        decided_at=max(decided_at, since),
        observed_at=since,
        review=None,
        prev=index,
    )
