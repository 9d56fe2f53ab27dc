"""Revocations: records that say of an earlier use that its owner refuses it from now on.

A revocation cannot undo what was trained. It makes every later use of the asset a violation that an
auditor can show.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace

from models.consent.purposes import Preference, Purpose
from models.ledger.log import UsageLedger
from models.ledger.record_reading import read_record
from models.ledger.records import RecordType, UsageRecord
from models.reasons import Reason
from models.verdicts import Verdict

_ASSET = re.compile(rb'\{"asset":\{"mediaType":"[^"]*","sha256":"([0-9a-f]{64})"')
"""How the canonical JSON of a record about an asset begins (RFC 8785 sorts its keys)."""

AssetUse = tuple[str, Purpose]
"""An asset and the purpose that it was used for."""


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
    ledger: UsageLedger, refused: Mapping[AssetUse, Refusal], decided_at: int
) -> Revocations:
    """The revocations that the ledger lacks, from every use in a release that none follows.

    A release that used an asset again after a revocation, since the owner had given consent back,
    takes a revocation of its own. What was erased cannot be read, and is passed over.

    Args:
        decided_at: UTC seconds since 1970.

    Raises:
        LedgerError: an opening is damaged, or a file is gone.
    """
    last: dict[tuple[str, Purpose, str], tuple[int, UsageRecord, str]] = {}
    for index, record, batch_id in _read_about(ledger, {asset for asset, _ in refused}):
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


def _read_about(ledger: UsageLedger, assets: set[str]) -> Iterator[tuple[int, UsageRecord, str]]:
    """Every record about one of the assets, in the ledger's order, with its index and batch."""
    for batch in ledger.batches():
        for opening in ledger.openings(batch.batch_id):
            match = _ASSET.match(opening.canonical)
            if match is None or match[1].decode() not in assets:
                continue
            record = read_record(opening.record)
            if isinstance(record, UsageRecord):
                yield opening.index, record, batch.batch_id


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
