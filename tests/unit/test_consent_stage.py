"""The consent stage: one row per asset, whatever happens."""

from __future__ import annotations

import json
import os
from dataclasses import replace
from pathlib import Path

import pytest

from models.assets.asset import Asset, Fault, Location
from models.canonical import digest_bytes
from models.consent.carriers.carrier import LoadSidecar
from models.consent.carriers.sidecar import SidecarCarrier
from models.consent.reading_json import MAX_BYTES
from models.consent.stage import ConsentStage, load_sidecar, read_statements, statements_of
from models.consent.statements import Condition, Statement
from models.reasons import Reason
from models.stages import run_stage
from tests.consent_files import data_mining, owner, picture, png_text, signed

REFUSAL = json.dumps({"dataMiningPreference": {"aiTraining": "notAllowed"}}).encode()
STAGE = ConsentStage(max_bytes=1_000_000)


def put(folder: Path, name: str, data: bytes) -> Location:
    (folder / name).write_bytes(data)
    return Location(name, str(folder / name), len(data), None, digest_bytes(data))


def asset(location: Location, *sidecars: Location) -> Asset:
    return Asset(location.digest, (location,), sidecars=sidecars)


def row(stage: ConsentStage, one: Asset) -> dict[str, object]:
    table = stage.examine([one], lambda _: None)
    assert table.schema.equals(stage.schema)
    return dict(table.to_pylist()[0])


def said(one: Asset) -> list[Statement]:
    result = row(STAGE, one)
    assert result["fault_code"] is None
    texts = result["statements"]
    assert isinstance(texts, list)
    return list(statements_of(texts))


def test_every_carrier_is_heard(tmp_path: Path) -> None:
    image = put(tmp_path, "a.png", png_text(data_mining("DMI-PROHIBITED").encode()))
    sidecar = put(tmp_path, "a.json", REFUSAL)
    assert [s.carrier for s in said(asset(image, sidecar))] == ["sidecar", "plus"]
    credentials = put(tmp_path, "b.png", signed())
    assert [s.carrier for s in said(asset(credentials))] == ["c2pa"]


def test_silence_is_a_row_without_statements(tmp_path: Path) -> None:
    assert said(asset(put(tmp_path, "a.png", picture()))) == []


def test_a_statement_reads_back_as_it_was_written(tmp_path: Path) -> None:
    image = put(tmp_path, "a.png", picture())
    (statement,) = said(asset(image, put(tmp_path, "a.json", REFUSAL)))
    assert Statement.from_dict(statement.as_dict()) == statement
    assert statement.evidence_sha256 == digest_bytes(REFUSAL)


def test_rows_keep_the_order_and_progress_counts_them(tmp_path: Path) -> None:
    assets = [asset(put(tmp_path, f"{i}.png", picture(colour=(i, 0, 0)))) for i in range(5)]
    counted: list[int] = []
    table = STAGE.examine(assets, counted.append)
    assert table["asset_id"].to_pylist() == [a.asset_id for a in assets]
    assert sum(counted) == 5


def test_no_assets_no_rows() -> None:
    assert STAGE.examine([], lambda _: None).num_rows == 0


class TestFaults:
    def test_a_file_that_changed_is_a_fault(self, tmp_path: Path) -> None:
        image = put(tmp_path, "a.png", picture())
        (tmp_path / "a.png").write_bytes(picture(colour=(1, 2, 3)))
        assert row(STAGE, asset(image))["fault_code"] == Reason.BYTES_CHANGED.value

    def test_a_file_that_is_gone_is_a_fault(self, tmp_path: Path) -> None:
        image = put(tmp_path, "a.png", picture())
        (tmp_path / "a.png").unlink()
        assert row(STAGE, asset(image))["fault_code"] == Reason.IMAGE_MISSING.value

    def test_a_file_that_is_too_large_is_a_fault(self, tmp_path: Path) -> None:
        image = put(tmp_path, "a.png", picture())
        assert row(ConsentStage(max_bytes=10), asset(image))["fault_code"] == "file_too_large"

    def test_a_fault_of_the_scan_is_passed_on(self, tmp_path: Path) -> None:
        image = put(tmp_path, "a.png", picture())
        faulty = replace(asset(image), fault=Fault(Reason.IMAGE_EMPTY, "zero bytes"))
        result = row(STAGE, faulty)
        assert (result["fault_code"], result["fault_detail"]) == ("image_empty", "zero bytes")

    def test_an_unreadable_caption_does_not_silence_the_owner(self, tmp_path: Path) -> None:
        image = put(tmp_path, "a.png", picture())
        sidecar = put(tmp_path, "a.json", REFUSAL)
        faulty = replace(asset(image, sidecar), fault=Fault(Reason.CAPTION_UNREADABLE, "not UTF-8"))
        assert len(said(faulty)) == 1

    def test_one_fault_does_not_stop_the_others(self, tmp_path: Path) -> None:
        gone = Location("b.png", str(tmp_path / "b.png"), 1, None, "cd" * 32)
        assets = [asset(put(tmp_path, "a.png", picture())), asset(gone)]
        table = STAGE.examine(assets, lambda _: None)
        assert table["fault_code"].to_pylist() == [None, "image_missing"]


class TestSidecars:
    def test_one_that_cannot_be_read_is_undetermined(self, tmp_path: Path) -> None:
        image = put(tmp_path, "a.png", picture())
        gone = Location("a.json", str(tmp_path / "a.json"), 1, None, "")
        (statement,) = said(asset(image, gone))
        assert statement.condition is Condition.UNDETERMINED
        assert "no such file" in statement.notes[0]

    @pytest.mark.skipif(os.geteuid() == 0, reason="root may read everything")
    def test_one_without_permission_is_undetermined(self, tmp_path: Path) -> None:
        image = put(tmp_path, "a.png", picture())
        sidecar = put(tmp_path, "a.json", REFUSAL)
        (tmp_path / "a.json").chmod(0)
        assert said(asset(image, sidecar))[0].condition is Condition.UNDETERMINED

    def test_one_that_is_too_large_is_undetermined(self, tmp_path: Path) -> None:
        image = put(tmp_path, "a.png", picture())
        sidecar = put(tmp_path, "a.json", b" " * (MAX_BYTES + 1))
        assert said(asset(image, sidecar))[0].condition is Condition.UNDETERMINED

    def test_an_empty_one_is_malformed(self, tmp_path: Path) -> None:
        image = put(tmp_path, "a.png", picture())
        assert said(asset(image, put(tmp_path, "a.json", b"")))[0].condition is Condition.MALFORMED

    def test_one_that_changed_is_undetermined_and_its_refusal_counts(self, tmp_path: Path) -> None:
        image = put(tmp_path, "a.png", picture())
        sidecar = replace(put(tmp_path, "a.json", REFUSAL), digest="cd" * 32)
        (statement,) = said(asset(image, sidecar))
        assert statement.condition is Condition.UNDETERMINED
        assert statement.preferences

    def test_one_about_other_things_says_nothing(self, tmp_path: Path) -> None:
        image = put(tmp_path, "a.png", picture())
        record = put(tmp_path, "a.json", b'{"url": "https://example.org", "status": "success"}')
        assert said(asset(image, record)) == []


class BrokenCarrier:
    name = "broken"
    fingerprint = "broken/1"

    def read(self, asset: Asset, data: bytes | None, load: LoadSidecar) -> list[Statement]:
        raise RuntimeError("out of order")


def test_a_carrier_that_fails_is_evidence_and_the_others_still_run(tmp_path: Path) -> None:
    image = put(tmp_path, "a.png", picture())
    one = asset(image, put(tmp_path, "a.json", REFUSAL))
    statements = read_statements(one, picture(), (BrokenCarrier(), SidecarCarrier()), load_sidecar)
    assert [s.condition for s in statements] == [Condition.UNDETERMINED, Condition.SOUND]
    assert "out of order" in statements[0].notes[0]


def test_a_name_that_is_not_unicode_does_not_stop_the_stage(tmp_path: Path) -> None:
    image = put(tmp_path, "a.png", picture())
    sidecar = replace(put(tmp_path, "a.json", REFUSAL), name="b\udcff.json")
    assert said(asset(replace(image, name="a\udcff.png"), sidecar))[0].source == "b?.json"


def test_the_fingerprint_covers_trust_anchors_and_limits() -> None:
    anchors = owner().anchor_pem.decode()
    prints = {
        STAGE.fingerprint,
        ConsentStage(1_000_000, anchors).fingerprint,
        ConsentStage(2_000_000).fingerprint,
    }
    assert len(prints) == 3
    assert ConsentStage(1_000_000).fingerprint == STAGE.fingerprint


def test_two_runs_write_the_same_bytes(tmp_path: Path) -> None:
    image = put(tmp_path, "a.png", signed())
    records = []
    for name in ("one", "two"):
        (tmp_path / name).mkdir()
        records.append(run_stage(STAGE, "ab" * 32, [asset(image)], tmp_path / name))
    assert records[0].output_sha256 == records[1].output_sha256
