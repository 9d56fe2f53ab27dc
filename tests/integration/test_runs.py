"""Training runs in a real ledger."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from models.consent.purposes import Preference, Purpose
from models.errors import LedgerError
from models.ledger.log import UsageLedger
from models.ledger.records import RecordType, UsageRecord
from models.ledger.runs import RunEntry, Violation, enter_run, find_withdrawn, read_samples
from models.ledger.verification import verify_ledger
from models.reasons import Reason
from models.verdicts import Verdict
from tests.compensation_parts import OWNERS
from tests.ledger_parts import ORIGIN, asset_id, make_record

RELEASE = "b" * 64
NUMBERS = (0, 1, 3, 4)  # those that `make_record` makes a use of


@pytest.fixture
def ledger(tmp_path: Path) -> UsageLedger:
    """One release of four assets; every one has an owner of its own but the last."""
    made = UsageLedger.open(tmp_path / "ledger", ORIGIN)
    owners = (*OWNERS, "")
    records = [
        replace(make_record(number), owner_ref=owner)
        for number, owner in zip(NUMBERS, owners, strict=True)
    ]
    made.append(RELEASE, [*records, make_record(2)], 1_800_000_000)
    return made


def _entry(**changes: Any) -> RunEntry:
    assets = {asset_id(number): "" for number in NUMBERS}
    given: dict[str, Any] = {
        "run": "run-1",
        "model": "model-1",
        "release_id": RELEASE,
        "dataset": "sample",
        "purpose": Purpose.GENERATIVE_TRAINING,
        "samples": dict.fromkeys(assets, 1),
        "licences": assets,
        "taken_down": frozenset(),
        "decided_at": 1_800_000_100,
    }
    return RunEntry(**given | changes)


def _entered(ledger: UsageLedger, entry: RunEntry) -> dict[str, dict[str, Any]]:
    openings = ledger.openings(entry.batch_id)
    return {opening.record["asset"]["sha256"]: opening.record for opening in openings}


def test_a_run_is_entered_as_one_record_for_each_asset(ledger: UsageLedger) -> None:
    entry = _entry(samples={asset_id(0): 3, asset_id(4): 2})
    report = enter_run(ledger, entry)
    assert (report.assets, report.samples, report.is_new) == (2, 5, True)
    found = _entered(ledger, entry)
    assert {asset: record["run"]["samples"] for asset, record in found.items()} == entry.samples
    first = found[asset_id(0)]
    assert first["ownerRef"] == OWNERS[0]
    assert first["run"] == {"model": "model-1", "run": "run-1", "samples": 3, "shardSha256": ""}
    assert first["times"]["decided"] == entry.decided_at
    assert "ownerRef" not in found[asset_id(4)]


def test_a_run_s_record_is_the_release_s_own_with_the_run_beside_it(ledger: UsageLedger) -> None:
    entry = _entry(licences={asset_id(n): "CC-BY-4.0" for n in NUMBERS}, decided_at=1_800_000_000)
    enter_run(ledger, entry)
    released = {o.record["asset"]["sha256"]: o.record for o in ledger.openings(RELEASE)}
    for asset, record in _entered(ledger, entry).items():
        assert record.pop("license") == {"id": "CC-BY-4.0", "sha256": ""}
        del record["run"]
        assert record == released[asset]


def test_entering_a_run_again_changes_nothing(ledger: UsageLedger) -> None:
    first = enter_run(ledger, _entry())
    head = ledger.head()
    again = enter_run(ledger, _entry(decided_at=1_900_000_000))
    assert again.batch == first.batch
    assert not again.is_new
    assert ledger.head() == head


@pytest.mark.parametrize(
    "change",
    [
        {"samples": {asset_id(0): 1}},
        {"samples": {asset_id(number): 2 for number in NUMBERS}},
        {"model": "model-2"},
    ],
)
def test_a_run_with_other_numbers_is_not_taken_for_the_same(
    ledger: UsageLedger, change: dict[str, Any]
) -> None:
    enter_run(ledger, _entry())
    with pytest.raises(LedgerError, match="with other numbers"):
        enter_run(ledger, _entry(**change))


def test_a_run_may_use_several_releases(ledger: UsageLedger) -> None:
    other = "c" * 64
    ledger.append(other, [make_record(0)], 1_800_000_000)
    enter_run(ledger, _entry())
    second = _entry(release_id=other, samples={asset_id(0): 1})
    assert enter_run(ledger, second).is_new


def test_an_asset_outside_the_release_is_named(ledger: UsageLedger) -> None:
    with pytest.raises(LedgerError, match=f"1 asset.*{asset_id(2)}"):
        enter_run(ledger, _entry(samples={asset_id(0): 1, asset_id(2): 1}))


def test_many_strangers_are_counted_and_the_first_named(ledger: UsageLedger) -> None:
    strangers = sorted(asset_id(number) for number in range(100, 120))
    with pytest.raises(LedgerError, match=f"20 asset.*{strangers[0]}.*and 15 more"):
        enter_run(ledger, _entry(samples=dict.fromkeys(strangers, 1)))


def test_a_taken_down_asset_is_refused_and_nothing_is_entered(ledger: UsageLedger) -> None:
    size = ledger.head().size
    with pytest.raises(LedgerError, match=rf"{asset_id(1)} \(taken down\)"):
        enter_run(ledger, _entry(taken_down={asset_id(1)}))
    assert ledger.head().size == size


def test_an_acknowledged_violation_is_recorded_as_what_it_is(ledger: UsageLedger) -> None:
    entry = _entry(taken_down={asset_id(1)})
    report = enter_run(ledger, entry, acknowledge=True)
    assert report.violations == {asset_id(1): Violation.TAKEN_DOWN}
    record = _entered(ledger, entry)[asset_id(1)]
    assert (record["type"], record["decision"]) == ("use", "exclude")
    assert (record["reasons"], record["value"]) == (["takedown"], "notAllowed")
    assert record["ownerRef"] == OWNERS[1]
    assert _entered(ledger, entry)[asset_id(0)]["decision"] == "clear"
    assert enter_run(ledger, entry).violations == report.violations


def _later(ledger: UsageLedger, name: str, **changes: Any) -> None:
    record: UsageRecord = replace(make_record(0), **changes)
    ledger.append(name, [record], 1_800_000_050)


WITHDRAWN: dict[str, Any] = {
    "type": RecordType.EXCLUDE,
    "decision": Verdict.EXCLUDE,
    "value": Preference.NOT_ALLOWED,
    "reasons": (Reason.CONSENT_REFUSED,),
}


@pytest.mark.parametrize("kind", [RecordType.EXCLUDE, RecordType.REVOKE])
def test_an_asset_that_was_withdrawn_later_is_refused(
    ledger: UsageLedger, kind: RecordType
) -> None:
    _later(ledger, "later", **WITHDRAWN | {"type": kind})
    with pytest.raises(LedgerError, match=r"\(withdrawn\)"):
        enter_run(ledger, _entry())
    entry = _entry()
    enter_run(ledger, entry, acknowledge=True)
    assert _entered(ledger, entry)[asset_id(0)]["reasons"] == ["consent_refused"]


def test_what_was_said_last_counts(ledger: UsageLedger) -> None:
    _later(ledger, "later", **WITHDRAWN)
    _later(ledger, "latest")
    assert find_withdrawn(ledger, _entry()) == {}
    assert enter_run(ledger, _entry()).is_new


def test_what_was_revoked_and_is_held_again_is_entered_under_the_newer_release(
    ledger: UsageLedger,
) -> None:
    _later(ledger, "later", **WITHDRAWN | {"type": RecordType.REVOKE})
    _later(ledger, "excluded", **WITHDRAWN)
    _later(ledger, "f" * 64)
    with pytest.raises(LedgerError, match="held again by a newer release") as refused:
        enter_run(ledger, _entry())
    assert "is entered under that one" in str(refused.value.remedy)
    again = _entry(release_id="f" * 64, samples={asset_id(0): 1}, licences={asset_id(0): ""})
    assert enter_run(ledger, again).violations == {}


def test_another_dataset_s_exclusion_or_another_purpose_s_is_no_withdrawal(
    ledger: UsageLedger,
) -> None:
    elsewhere = replace(make_record(0).dataset, name="elsewhere")
    _later(ledger, "elsewhere", **WITHDRAWN, dataset=elsewhere)
    _later(ledger, "mining", **WITHDRAWN, purpose=Purpose.DATA_MINING)
    assert find_withdrawn(ledger, _entry()) == {}


def test_an_exclusion_before_the_release_is_no_withdrawal(tmp_path: Path) -> None:
    ledger = UsageLedger.open(tmp_path / "ledger", ORIGIN)
    _later(ledger, "before", **WITHDRAWN)
    ledger.append(RELEASE, [make_record(number) for number in NUMBERS], 1_800_000_000)
    assert enter_run(ledger, _entry()).is_new


def test_an_erased_owner_s_asset_is_refused_and_recorded_without_an_owner(
    ledger: UsageLedger,
) -> None:
    ledger.erase_owner(OWNERS[0])
    with pytest.raises(LedgerError, match=r"\(erased\)"):
        enter_run(ledger, _entry())
    entry = _entry()
    enter_run(ledger, entry, acknowledge=True)
    record = _entered(ledger, entry)[asset_id(0)]
    assert record["decision"] == "exclude"
    assert record["consent"] == {"carriers": [], "evidenceSha256": []}
    assert "ownerRef" not in record


def test_a_run_for_a_purpose_that_was_not_cleared_is_refused(ledger: UsageLedger) -> None:
    with pytest.raises(LedgerError, match=r"no use of release b+ for inference"):
        enter_run(ledger, _entry(purpose=Purpose.INFERENCE))


def test_a_release_that_is_not_in_the_ledger_is_refused(ledger: UsageLedger) -> None:
    with pytest.raises(LedgerError, match="not in the ledger"):
        enter_run(ledger, _entry(release_id="d" * 64))


@pytest.mark.parametrize("change", [{"run": "a run"}, {"model": "名前"}, {"run": ""}])
def test_a_name_that_is_free_text_is_refused(ledger: UsageLedger, change: dict[str, str]) -> None:
    with pytest.raises(LedgerError):
        enter_run(ledger, _entry(**change))


def test_a_dry_run_says_what_would_happen_and_enters_nothing(ledger: UsageLedger) -> None:
    head = ledger.head()
    report = enter_run(ledger, _entry(), dry_run=True)
    assert (report.assets, report.batch) == (4, None)
    assert ledger.head() == head


def test_a_ledger_with_runs_verifies_with_its_openings(ledger: UsageLedger) -> None:
    enter_run(ledger, _entry(taken_down={asset_id(1)}), acknowledge=True)
    report = verify_ledger(ledger.public_folder, ledger.vkey, ledger.private_folder)
    assert report.ok, report.failures


def test_samples_are_read_from_a_table(tmp_path: Path) -> None:
    path = tmp_path / "samples.csv"
    path.write_bytes(f"\ufeffasset,samples\r\n{'a' * 64},3\r\n{'b' * 64},0\r\n".encode())
    assert read_samples(path) == {"a" * 64: 3}


@pytest.mark.parametrize(
    ("text", "problem"),
    [
        ("", "does not begin"),
        ("id,count\n", "does not begin"),
        (f"asset,samples\n{'A' * 64},1\n", "line 2"),
        (f"asset,samples\n{'a' * 64},1.0\n", "line 2"),
        (f"asset,samples\n{'a' * 64},-1\n", "line 2"),
        (f"asset,samples\n{'a' * 64},9007199254740992\n", "line 2"),
        (f"asset,samples\n{'a' * 64}\n", "line 2"),
        (f"asset,samples\n{'a' * 64},1\n{'a' * 64},1\n", "line 3.*twice"),
        ("asset,samples\n\xff", "cannot be read"),
    ],
)
def test_a_table_that_is_not_right_is_refused(tmp_path: Path, text: str, problem: str) -> None:
    path = tmp_path / "samples.csv"
    path.write_bytes(text.encode("latin-1"))
    with pytest.raises(LedgerError, match=problem):
        read_samples(path)
