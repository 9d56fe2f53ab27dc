"""The records of refused assets are found by the owner index, as by a pass over all of them."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence, Set
from dataclasses import replace
from pathlib import Path

import pyarrow as pa
import pytest

from models.canonical import digest_bytes
from models.consent.purposes import Purpose
from models.ledger.batches import BatchStatement
from models.ledger.log import UsageLedger
from models.ledger.records import RecordType, RunRef
from models.ledger.revocations import Refusal, Revocations, find_revocations
from models.ledger.runs import name_batch
from models.reasons import Reason
from models.releases.listed import find_listed
from models.releases.manifest import MANIFEST, to_parquet
from models.releases.release import Release
from models.verdicts import Verdict
from tests.ledger_parts import ORIGIN, asset_id, make_record, owner_ref

FIRST, SECOND = "1" * 64, "2" * 64
MANIFEST_SHA256 = "c" * 64
REFUSED = (0, 1, 3, 4, 7)
OWNERS = {0: "", 1: owner_ref(1), 3: owner_ref(0), 4: owner_ref(1), 7: owner_ref(1)}

Known = Mapping[str, Sequence[str]] | None


@pytest.fixture
def ledger(tmp_path: Path) -> UsageLedger:
    """Two releases of the same assets, a run of the first, and a revocation between them."""
    made = UsageLedger.open(tmp_path / "ledger", ORIGIN)
    uses = [make_record(number, OWNERS.get(number, owner_ref(number % 3))) for number in range(10)]
    made.append(FIRST, uses, 1_800_000_000, manifest_sha256=MANIFEST_SHA256)
    run = [replace(use, run=RunRef("r", "m", 1)) for use in uses if use.type is RecordType.USE]
    made.append(name_batch("r", FIRST), run, 1_800_000_010)
    revoked = replace(uses[4], type=RecordType.REVOKE, decision=Verdict.EXCLUDE, prev=4)
    made.append("revocations-1", [revoked], 1_800_000_020)
    made.append(SECOND, uses[:4], 1_800_000_030, manifest_sha256=MANIFEST_SHA256)
    return made


def _find(ledger: UsageLedger, known: Callable[[str], Known] | None = None) -> Revocations:
    """``known``: from a batch's id to the owners of its assets."""
    use = Purpose.GENERATIVE_TRAINING
    refusal = Refusal(Reason.TAKEDOWN, 1_800_000_100_000)
    refused = {(asset_id(number), use): refusal for number in REFUSED}
    if known is None:
        return find_revocations(ledger, refused, 1_800_000_100)

    def whose(statement: BatchStatement, assets: Set[str]) -> Known:
        assert assets == {asset for asset, _ in refused}
        return known(statement.batch.batch_id)

    return find_revocations(ledger, refused, 1_800_000_100, whose)


def _all(batch_id: str) -> dict[str, list[str]]:
    used = REFUSED if batch_id == FIRST else REFUSED[:3]
    return {asset_id(number): [owner_ref(9), OWNERS[number]] for number in used}


def test_the_index_finds_what_a_pass_finds_and_makes_none(
    ledger: UsageLedger, monkeypatch: pytest.MonkeyPatch
) -> None:
    by_pass = _find(ledger)
    assert [record.prev for record in by_pass.records] != []
    assert by_pass.told == {(asset_id(4), Purpose.GENERATIVE_TRAINING): "revocations-1"}
    passed: list[str] = []
    openings = ledger.openings
    monkeypatch.setattr(ledger, "openings", lambda name: passed.append(name) or openings(name))
    assert _find(ledger, _all) == by_pass
    assert passed == ["revocations-1"]


def test_an_owner_that_is_not_the_records_makes_a_pass(ledger: UsageLedger) -> None:
    wrong = {asset_id(number): [owner_ref(9)] for number in REFUSED[:3]}
    found = _find(ledger, lambda name: wrong if name == SECOND else _all(name))
    assert found == _find(ledger)


def test_a_release_that_nobody_knows_is_passed_over_whole(ledger: UsageLedger) -> None:
    assert _find(ledger, lambda name: None if name == FIRST else _all(name)) == _find(ledger)


def test_an_index_that_is_damaged_makes_a_pass(ledger: UsageLedger) -> None:
    by_pass = _find(ledger)
    for path in (ledger.private_folder / "owners").iterdir():
        path.write_bytes(b"")
    assert _find(ledger, _all) == by_pass


def test_what_was_erased_is_passed_over(ledger: UsageLedger) -> None:
    ledger.erase_owner(owner_ref(1), 1_800_000_200)
    by_pass = _find(ledger)
    assert {record.owner_ref for record in by_pass.records} == {"", owner_ref(0)}
    assert _find(ledger, _all) == by_pass


def test_only_the_owners_own_records_are_opened(ledger: UsageLedger) -> None:
    every = list(ledger.openings(FIRST))
    assets = {opening.record["asset"]["sha256"] for opening in every}
    found = list(ledger.owned_openings(FIRST, [owner_ref(0), owner_ref(8)], assets))
    assert found == [each for each in every if each.record.get("ownerRef") == owner_ref(0)]


def test_of_an_owner_only_what_is_about_the_assets_is_found(ledger: UsageLedger) -> None:
    own = [each for each in ledger.openings(FIRST) if each.record.get("ownerRef") == owner_ref(0)]
    asset = own[-1].record["asset"]["sha256"]
    found = list(ledger.owned_openings(FIRST, [owner_ref(0)], {asset, "f" * 64}))
    assert found == [each for each in own if each.record["asset"]["sha256"] == asset]
    assert len(found) < len(own)


def _publish(workspace: Path, setters: Mapping[str, list[str]]) -> Release:
    said = {"carrier": "", "source": "", "trust": "", "license_ref": "", "evidence_sha256": ""}
    nothing = {
        "names": [],
        "captions": [],
        "reasons": [],
        "decided_by": "",
        "ruling_id": "",
        "basis": [],
        "attribution": False,
        "authors": [],
    }
    rows = [
        {**nothing, "asset_id": asset, "consent": [{**said, "setter": each} for each in named]}
        for asset, named in sorted(setters.items())
    ]
    data = to_parquet(pa.Table.from_pylist(rows, schema=MANIFEST))
    (workspace / "release").mkdir()
    (workspace / "release" / "manifest.parquet").write_bytes(data)
    return Release(FIRST, "set", 1, digest_bytes(data), "", "release", len(rows), 0, 0)


def test_a_manifest_says_which_assets_it_lists_and_who_spoke(tmp_path: Path) -> None:
    setters = {asset_id(1): ["a", "", "b", "a"], asset_id(2): [""], asset_id(3): []}
    release = _publish(tmp_path, setters)
    wanted = {asset_id(number) for number in (1, 2, 4)}
    assert find_listed(release, tmp_path, wanted) == {asset_id(1): ("a", "b"), asset_id(2): ()}
    assert find_listed(release, tmp_path, set()) == {}


@pytest.mark.parametrize("data", [None, b"PAR1"])
def test_a_manifest_that_is_lost_or_changed_says_nothing(
    tmp_path: Path, data: bytes | None
) -> None:
    release = _publish(tmp_path, {asset_id(1): ["a"]})
    path = tmp_path / "release" / "manifest.parquet"
    path.unlink() if data is None else path.write_bytes(data)
    assert find_listed(release, tmp_path, {asset_id(1)}) is None
