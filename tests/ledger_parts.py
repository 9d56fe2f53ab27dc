"""Records and ledgers that several ledger tests share."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator
from pathlib import Path

from models.consent.purposes import Preference, Purpose
from models.ledger.log import UsageLedger
from models.ledger.records import (
    ConsentRef,
    DatasetRef,
    MediaType,
    PolicyRef,
    RecordType,
    UsageRecord,
)
from models.reasons import Reason
from models.verdicts import Verdict

ORIGIN = "kiyome.test/ledger"
_POLICY = PolicyRef("strict", "1.0", "a" * 64)
_DATASET = DatasetRef("sample", "b" * 64, "c" * 64)


def asset_id(number: int) -> str:
    """The id of a made-up asset."""
    return hashlib.sha256(b"asset %d" % number).hexdigest()


def owner_ref(number: int) -> str:
    """The pseudonym of a made-up owner."""
    return hashlib.sha256(b"owner %d" % number).hexdigest()[:32]


def make_record(number: int = 0, owner: str = "") -> UsageRecord:
    """A use; every third one is an exclusion."""
    used = number % 3 != 2
    return UsageRecord(
        type=RecordType.USE if used else RecordType.EXCLUDE,
        asset_sha256=asset_id(number),
        media_type=MediaType.PNG,
        purpose=Purpose.GENERATIVE_TRAINING,
        value=Preference.ALLOWED if used else Preference.NOT_ALLOWED,
        decision=Verdict.CLEAR if used else Verdict.EXCLUDE,
        reasons=(Reason.CONSENT_GRANTED if used else Reason.CONSENT_REFUSED,),
        policy=_POLICY,
        dataset=_DATASET,
        decided_at=1_800_000_000,
        observed_at=1_799_999_999,
        consent=ConsentRef(("sidecar",), ("d" * 64,)),
        owner_ref=owner,
    )


def make_records(count: int, start: int = 0) -> Iterator[UsageRecord]:
    """Records of consecutive made-up assets."""
    return (make_record(number) for number in range(start, start + count))


def make_owned_records(count: int, owners: int, start: int = 0) -> Iterator[UsageRecord]:
    """Records whose owners take turns; every tenth record has none."""
    for number in range(start, start + count):
        yield make_record(number, "" if number % 10 == 9 else owner_ref(number % owners))


def make_ledger(folder: Path, *sizes: int) -> UsageLedger:
    """A ledger with batches ``b0``, ``b1``, ... of the given sizes."""
    folder.mkdir(parents=True, exist_ok=True)
    ledger = UsageLedger.open(folder, ORIGIN)
    start = 0
    for number, size in enumerate(sizes):
        ledger.append(f"b{number}", make_records(size, start), 1_800_000_000 + number)
        start += size
    return ledger
