"""What a release says in the usage ledger: one record per asset and purpose, use or exclusion."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Iterator, Sequence
from typing import Any

import pyarrow as pa

from models.assets.asset import Asset
from models.consent.purposes import Preference, Purpose
from models.consent.statements import Statement
from models.ledger.records import (
    ConsentRef,
    DatasetRef,
    MediaType,
    PolicyRef,
    RecordType,
    ReviewRef,
    RulingValue,
    UsageRecord,
    token,
)
from models.policy import Policy
from models.reasons import Reason
from models.releases.release import Release
from models.verdicts import Verdict

Pseudonym = Callable[[str, str], str]
_LOGGED = {Verdict.CLEAR: RecordType.USE, Verdict.EXCLUDE: RecordType.EXCLUDE}


def record_usage(
    judged: Iterable[tuple[Sequence[Asset], pa.Table]],
    release: Release,
    policy: Policy,
    reviewers: dict[str, str],
    pseudonym: Pseudonym,
    decided_at: int,
) -> Iterator[UsageRecord]:
    """Every use and every exclusion of a release, in dataset order.

    Args:
        judged: for each shard its assets and its verdict rows.
        reviewers: reviewer by ruling id.
        pseudonym: ``UsageLedger.reference``: kind and name to a pseudonym.
        decided_at: UTC seconds.
    """
    policy_ref = PolicyRef(token(policy.name), token(policy.version), policy.digest)
    dataset_ref = DatasetRef(release.dataset, release.id, release.manifest_sha256)
    for _, verdicts in judged:
        for row in verdicts.to_pylist():
            kind = _LOGGED.get(Verdict(row["verdict"]))
            if kind is None:
                continue
            statements = [Statement.from_dict(json.loads(text)) for text in row["statements"]]
            for purpose in policy.consent.purposes:
                yield UsageRecord(
                    type=kind,
                    asset_sha256=row["asset_id"],
                    media_type=_media_type(row["format"]),
                    purpose=purpose,
                    value=applied_value(statements, purpose, kind),
                    decision=Verdict(row["verdict"]),
                    reasons=tuple(Reason(code) for code in row["reasons"]),
                    policy=policy_ref,
                    dataset=dataset_ref,
                    decided_at=decided_at,
                    consent=ConsentRef(
                        tuple(statement.carrier for statement in statements),
                        tuple(s.evidence_sha256 for s in statements if s.evidence_sha256),
                    ),
                    review=_review(row, reviewers, pseudonym),
                    owner_ref=_owner(statements, pseudonym),
                )


def applied_value(
    statements: Sequence[Statement], purpose: Purpose, kind: RecordType
) -> Preference:
    """What consent said about a purpose, as it was applied.

    A use rests on an authenticated grant, or on silence under an opt-out profile; an exclusion on
    the most restrictive thing that was said.
    """
    said = {statement.preference(purpose) for statement in statements}
    if kind is RecordType.USE:
        granted = any(
            s.trust.may_grant
            and s.preference(purpose) in (Preference.ALLOWED, Preference.CONSTRAINED)
            for s in statements
        )
        return Preference.ALLOWED if granted else Preference.UNKNOWN
    order = (Preference.NOT_ALLOWED, Preference.CONSTRAINED, Preference.ALLOWED)
    return next((value for value in order if value in said), Preference.UNKNOWN)


def _media_type(name: str | None) -> MediaType:
    return MediaType.__members__.get((name or "").upper(), MediaType.UNKNOWN)


def _owner(statements: Sequence[Statement], pseudonym: Pseudonym) -> str:
    setters = [s.setter for s in statements if s.setter and s.trust.may_grant]
    setters = setters or [s.setter for s in statements if s.setter]
    return pseudonym("owner", setters[0]) if setters else ""


def _review(
    row: dict[str, Any], reviewers: dict[str, str], pseudonym: Pseudonym
) -> ReviewRef | None:
    reviewer = reviewers.get(row["ruling_id"])
    if reviewer is None:
        return None
    cleared = row["verdict"] == Verdict.CLEAR.value
    ruling = RulingValue.APPROVE if cleared else RulingValue.EXCLUDE
    return ReviewRef(pseudonym("reviewer", reviewer), ruling)
