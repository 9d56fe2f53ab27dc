"""Reads a record back from its opening: the counterpart of ``as_dict``."""

from __future__ import annotations

import re
from typing import Any

from models.consent.purposes import Preference, Purpose
from models.errors import LedgerError
from models.ledger.commitments import encode_canonical
from models.ledger.payout_record import PayoutRecord, Share
from models.ledger.records import (
    ConsentRef,
    DatasetRef,
    LicenceRef,
    MediaType,
    PolicyRef,
    RecordType,
    ReviewRef,
    RulingValue,
    RunRef,
    UsageRecord,
)
from models.reasons import Reason
from models.verdicts import Verdict

_ASSET = re.compile(rb'\{"asset":\{"mediaType":"[^"]*","sha256":"([0-9a-f]{64})"')
"""How the canonical JSON of a record about an asset begins (RFC 8785 sorts its keys)."""


def read_asset(canonical: bytes) -> str | None:
    """The asset that a record is about, from its canonical JSON; None where it is about none.

    Nothing else of the record is read: many are passed over for one that is wanted.
    """
    match = _ASSET.match(canonical)
    return None if match is None else match[1].decode()


def read_record(value: dict[str, Any]) -> UsageRecord | PayoutRecord:
    """The record that a dictionary from an opening stands for.

    Raises:
        LedgerError: it is no record, or holds something unknown.
    """
    try:
        payout = value["type"] == RecordType.PAYOUT
        record = _read_payout(value) if payout else _read_usage(value)
    except (LookupError, TypeError, ValueError) as error:
        raise LedgerError(
            "An opening does not hold a record of the ledger.",
            "Read it with the version of Kiyome that wrote it, or a later one.",
        ) from error
    # Compared as bytes: tuples and lists are one thing in JSON.
    if record.canonical() != encode_canonical(value):
        raise LedgerError(
            "A record holds something unknown.",
            "Read it with the version of Kiyome that wrote it, or a later one.",
        )
    return record


def _read_usage(value: dict[str, Any]) -> UsageRecord:
    policy, dataset, consent = value["policy"], value["dataset"], value["consent"]
    review, run, licence = value.get("review"), value.get("run"), value.get("license")
    return UsageRecord(
        type=RecordType(value["type"]),
        asset_sha256=value["asset"]["sha256"],
        media_type=MediaType(value["asset"]["mediaType"]),
        purpose=Purpose(value["purpose"]),
        value=Preference(value["value"]),
        decision=Verdict(value["decision"]),
        reasons=tuple(Reason(code) for code in value["reasons"]),
        policy=PolicyRef(policy["name"], policy["version"], policy["sha256"]),
        dataset=DatasetRef(dataset["name"], dataset["release"], dataset["manifestSha256"]),
        decided_at=value["times"]["decided"],
        observed_at=value["times"].get("observed"),
        consent=_read_consent(consent),
        review=review and ReviewRef(review["reviewerRef"], RulingValue(review["ruling"])),
        owner_ref=value.get("ownerRef", ""),
        run=run and RunRef(run["run"], run["model"], run["samples"], run["shardSha256"]),
        license=licence and LicenceRef(licence["id"], licence["sha256"]),
        prev=value.get("prev"),
    )


def _read_consent(value: dict[str, Any]) -> ConsentRef:
    evidence = tuple(value["evidenceSha256"])
    places = value.get("keptEvidence")
    kept = None if places is None else tuple(evidence[place] for place in places)
    return ConsentRef(tuple(value["carriers"]), evidence, value.get("groundsSha256", ""), kept)


def _read_payout(value: dict[str, Any]) -> PayoutRecord:
    rules = value["rules"]
    return PayoutRecord(
        owner_ref=value.get("ownerRef", ""),
        period=value["period"],
        rules_id=rules["id"],
        rules_version=rules["version"],
        rules_sha256=rules["sha256"],
        currency=value["currency"],
        digits=value["digits"],
        pot=int(value["pot"]),
        total_weight=value["totalWeight"],
        weight=value["weight"],
        gross=int(value["gross"]),
        carried_in=int(value["carriedIn"]),
        net=int(value["net"]),
        carried_out=int(value["carriedOut"]),
        decided_at=value["times"]["decided"],
        shares=tuple(
            Share(share["account"], share["share"], int(share["amount"]))
            for share in value["shares"]
        ),
        prev=value.get("prev"),
    )
