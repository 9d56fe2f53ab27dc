"""What a release says in the ledger: of a use also which of its evidence was kept."""

from __future__ import annotations

import json
from typing import Any

import pyarrow as pa
import pytest

from models.canonical import canonical_json
from models.consent.purposes import Preference, Purpose
from models.consent.statements import Statement
from models.policy import Policy
from models.reasons import Reason
from models.releases.release import Release
from models.releases.usage import UsageRecorder

KEPT, UNKEPT = "1" * 64, "2" * 64
POLICY = Policy(name="strict", version="1")
RELEASE = Release("b" * 64, "set", 1, "c" * 64, "d" * 64, "releases/set", 1, 0, 0)


def record_of(verdict: str, *evidence: str) -> dict[str, Any]:
    """The record of one asset that rests on statements with this evidence."""
    said = [
        Statement(
            carrier="sidecar",
            source=f"{number}.json",
            preferences={Purpose.GENERATIVE_TRAINING: Preference.ALLOWED},
            evidence_sha256=digest,
        )
        for number, digest in enumerate(evidence)
    ]
    row = {
        "asset_id": "a" * 64,
        "basis": [],
        "decided_by": "machine",
        "format": "PNG",
        "reasons": [Reason.CONSENT_GRANTED.value],
        "ruling_id": "",
        "statements": [canonical_json(each.as_dict()).decode() for each in said],
        "verdict": verdict,
    }
    texts = pa.list_(pa.string())
    lists = dict.fromkeys(("basis", "reasons", "statements"), texts)
    schema = pa.schema([(name, lists.get(name, pa.string())) for name in row])
    recorder = UsageRecorder(RELEASE, POLICY, {}, lambda _, __: "", 1_800_000_000, KEPT.__eq__)
    (record, *_) = recorder.record(pa.Table.from_pylist([row], schema))
    value: dict[str, Any] = json.loads(record.canonical())
    return value


@pytest.mark.parametrize(
    ("evidence", "places"),
    [((KEPT,), [0]), ((UNKEPT,), []), ((UNKEPT, KEPT), [0]), ((UNKEPT, "", KEPT, KEPT), [0])],
)
def test_a_use_says_which_of_its_evidence_is_kept(
    evidence: tuple[str, ...], places: list[int]
) -> None:
    consent = record_of("clear", *evidence)["consent"]
    assert consent["evidenceSha256"] == sorted(set(evidence) - {""})
    assert consent["keptEvidence"] == places


def test_without_evidence_there_is_nothing_to_say() -> None:
    assert "keptEvidence" not in record_of("clear", "")["consent"]


def test_an_exclusion_says_nothing_of_it() -> None:
    assert "keptEvidence" not in record_of("exclude", KEPT)["consent"]
