"""Records about runs and payouts: what they hold, what they refuse, and reading them back."""

from __future__ import annotations

import dataclasses
from dataclasses import replace
from typing import Any

import pytest

from models.canonical import canonical_json
from models.errors import LedgerError
from models.ledger.batches import Batch, BatchStatement
from models.ledger.commitments import decode_canonical
from models.ledger.payout_record import PayoutRecord, Share
from models.ledger.record_reading import read_record
from models.ledger.records import (
    LicenceRef,
    RecordType,
    ReviewRef,
    RulingValue,
    RunRef,
    UsageRecord,
    licence_id,
)
from models.verdicts import Verdict
from tests.compensation_parts import ACCOUNTS
from tests.ledger_parts import make_record

USE = make_record(0)
RUN = RunRef("run-1", "model-1", 12, "e" * 64)
PAYOUT = PayoutRecord(
    owner_ref="1" * 32,
    period="2026-Q3",
    rules_id="atelier",
    rules_version="1",
    rules_sha256="f" * 64,
    currency="JPY",
    digits=0,
    pot=1000,
    total_weight="10",
    weight="3/2",
    gross=150,
    carried_in=60,
    net=210,
    carried_out=0,
    decided_at=1_800_000_000,
    shares=(Share(ACCOUNTS[0], 2, 140), Share(ACCOUNTS[1], 1, 70)),
)


def _payout(**changes: Any) -> PayoutRecord:
    return replace(PAYOUT, **changes)


def _record(**changes: Any) -> UsageRecord:
    return replace(USE, **changes)


def test_a_record_without_a_run_has_the_bytes_that_it_always_had() -> None:
    assert not {"run", "license", "prev"} & USE.as_dict().keys()


def test_a_record_says_which_run_used_the_asset_and_under_which_licence() -> None:
    value = _record(run=RUN, license=LicenceRef("CC-BY-4.0", "a" * 64), prev=7).as_dict()
    assert value["run"] == {
        "model": "model-1",
        "run": "run-1",
        "samples": 12,
        "shardSha256": "e" * 64,
    }
    assert value["license"] == {"id": "CC-BY-4.0", "sha256": "a" * 64}
    assert value["prev"] == 7


@pytest.mark.parametrize(
    "record",
    [
        USE,
        make_record(2),
        _record(run=RUN, license=LicenceRef("MIT"), owner_ref="1" * 32),
        _record(run=RUN, decision=Verdict.EXCLUDE),
        _record(type=RecordType.CORRECT, prev=0, run=replace(RUN, shard_sha256="")),
        _record(review=ReviewRef("0" * 32, RulingValue.APPROVE), observed_at=None),
        PAYOUT,
        _payout(owner_ref="", prev=3, shares=(), pot=1 << 200, gross=0, carried_in=210),
    ],
)
def test_a_record_reads_back_as_it_was_written(record: UsageRecord | PayoutRecord) -> None:
    assert record.canonical() == canonical_json(record.as_dict())
    assert read_record(decode_canonical(record.canonical())) == record


@pytest.mark.parametrize(
    "change", [{"caption": "a cat"}, {"type": "other"}, {"times": {}}, {"asset": None}]
)
@pytest.mark.parametrize("record", [USE, PAYOUT])
def test_a_record_that_holds_something_else_is_not_read(
    record: UsageRecord | PayoutRecord, change: dict[str, Any]
) -> None:
    with pytest.raises(LedgerError):
        read_record({**decode_canonical(record.canonical()), **change})


@pytest.mark.parametrize("samples", [0, -1, 1.5, True, 1 << 53])
def test_samples_are_whole_numbers_from_one(samples: Any) -> None:
    with pytest.raises(LedgerError, match="number of samples"):
        RunRef("run", "model", samples)


@pytest.mark.parametrize("name", ["", "my run", "山田", "a" * 81])
def test_names_of_runs_models_and_licences_hold_no_free_text(name: str) -> None:
    for make in (
        lambda: RunRef(name, "model", 1),
        lambda: RunRef("run", name, 1),
        lambda: LicenceRef(name),
    ):
        with pytest.raises(LedgerError, match="does not have the form"):
            make()


def test_a_licence_that_is_no_id_is_replaced_by_a_digest() -> None:
    assert licence_id("GPL-2.0+") == "GPL-2.0+"
    assert LicenceRef(licence_id("https://example.com/a licence")).id.startswith("LicenseRef-")
    assert licence_id("a b") != licence_id("a c")


def test_only_a_run_can_have_used_what_was_excluded() -> None:
    with pytest.raises(LedgerError, match="cannot be recorded as used"):
        _record(decision=Verdict.EXCLUDE)
    with pytest.raises(LedgerError, match="cannot be recorded as used"):
        _record(decision=Verdict.REVIEW, run=RUN)


def test_a_correction_says_what_it_corrects() -> None:
    with pytest.raises(LedgerError, match="does not say what it corrects"):
        _record(type=RecordType.CORRECT)
    with pytest.raises(LedgerError, match="not the index"):
        _record(type=RecordType.CORRECT, prev=-1)


def test_a_payout_is_no_usage_record() -> None:
    with pytest.raises(LedgerError, match="not a record about an asset"):
        _record(type=RecordType.PAYOUT)


@pytest.mark.parametrize(
    ("change", "problem"),
    [
        ({"net": 209}, "do not add up"),
        ({"gross": 1001, "net": 1061}, "do not add up"),
        ({"shares": (Share(ACCOUNTS[0], 1, 209),)}, "not the whole"),
        ({"net": 210.0}, "whole number"),
        ({"gross": -150, "net": -90}, "whole number"),
        ({"gross": True, "net": 61}, "whole number"),
        ({"weight": "1.5"}, "weight"),
        ({"weight": "1/0"}, "weight"),
        ({"period": "2026-Q5"}, "period"),
        ({"currency": "yen"}, "currency"),
        ({"owner_ref": "hanako"}, "owner_ref"),
        ({"shares": (Share("hanako", 1, 210),)}, "account"),
        ({"digits": -1}, "out of range"),
        ({"prev": -1}, "out of range"),
    ],
)
def test_a_payout_that_cannot_be_is_refused(change: dict[str, Any], problem: str) -> None:
    with pytest.raises(LedgerError, match=problem):
        _payout(**change)


@pytest.mark.parametrize("text", ["a cat on a sofa", "hanako@example.com", "山田花子", "x" * 200])
def test_no_field_of_a_payout_takes_free_text(text: str) -> None:
    for field in dataclasses.fields(PayoutRecord):
        value = (text,) if field.name == "shares" else text
        with pytest.raises(LedgerError):
            _payout(**{field.name: value})
    for field in dataclasses.fields(Share):
        share = replace(PAYOUT.shares[0], **{field.name: text})
        with pytest.raises(LedgerError):
            _payout(shares=(share, PAYOUT.shares[1]))


def _statement(counts: dict[str, int]) -> BatchStatement:
    batch = Batch("b", 0, sum(counts.values()), "a" * 64)
    return BatchStatement(batch, counts, "b" * 64, 1)


OLD = {"decide": 0, "exclude": 1, "revoke": 0, "use": 2}


def test_a_batch_that_counts_four_types_stays_readable() -> None:
    assert _statement(OLD).counts == OLD


def test_a_batch_counts_payouts_and_corrections_where_it_holds_some() -> None:
    assert _statement(OLD | {"payout": 16, "correct": 1}).counts["payout"] == 16


@pytest.mark.parametrize("counts", [{"use": 3}, OLD | {"payout": 0}, OLD | {"other": 1}])
def test_counts_that_can_be_written_in_two_ways_are_refused(counts: dict[str, int]) -> None:
    with pytest.raises(LedgerError, match="its counts are not"):
        _statement(counts)
