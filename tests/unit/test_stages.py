"""The stage: done once, recorded last, never trusted without its record."""

from __future__ import annotations

import json
from collections.abc import Sequence
from pathlib import Path

import pyarrow as pa
import pytest

from models.assets.asset import Asset, Location
from models.errors import EncoderError, WorkspaceError
from models.reasons import Reason
from models.stages import (
    BASE_FIELDS,
    Progress,
    read_output,
    read_record,
    run_stage,
    stage_folder,
)

SHARD = "5" * 64


class Counting:
    """A stage that remembers what it was shown, and breaks on the assets it is told to."""

    name = "counting"
    schema = pa.schema([*BASE_FIELDS, pa.field("seen", pa.int32())])

    def __init__(self, breaks_on: Sequence[str] = (), fault: Reason | None = None) -> None:
        self.fingerprint = "f" * 64
        self.shown: list[str] = []
        self.breaks_on = set(breaks_on)
        self.fault = fault

    def examine(self, assets: Sequence[Asset], progress: Progress) -> pa.Table:
        self.shown += [asset.asset_id for asset in assets]
        if self.breaks_on & {asset.asset_id for asset in assets}:
            raise ZeroDivisionError("a detector broke")
        progress(len(assets))
        code = self.fault.value if self.fault else None
        rows = [
            {"asset_id": a.asset_id, "fault_code": code, "fault_detail": code, "seen": 1}
            for a in assets
        ]
        return pa.Table.from_pylist(rows, schema=self.schema)


def _assets(count: int) -> list[Asset]:
    return [Asset(f"{n:064x}", (Location(f"{n}.png", f"/{n}.png"),)) for n in range(count)]


def _folder(workspace: Path) -> Path:
    return stage_folder(workspace, "counting", SHARD)


def test_what_was_examined_is_not_examined_again(tmp_path: Path) -> None:
    run_stage(Counting(), SHARD, _assets(5), tmp_path)
    again = Counting()
    record = run_stage(again, SHARD, _assets(5), tmp_path)
    assert again.shown == []
    assert (record.asked, record.examined, record.reused) == (5, 0, 5)


def test_a_wider_question_examines_only_what_is_missing(tmp_path: Path) -> None:
    run_stage(Counting(), SHARD, _assets(3), tmp_path)
    wider = Counting()
    record = run_stage(wider, SHARD, _assets(5), tmp_path)
    assert wider.shown == [asset.asset_id for asset in _assets(5)[3:]]
    assert record.rows == 5


def test_an_output_without_its_record_does_not_exist(tmp_path: Path) -> None:
    stage = Counting()
    run_stage(stage, SHARD, _assets(2), tmp_path)
    (_folder(tmp_path) / f"{stage.fingerprint}.json").unlink()
    again = Counting()
    run_stage(again, SHARD, _assets(2), tmp_path)
    assert len(again.shown) == 2


def test_a_damaged_output_is_made_again(tmp_path: Path) -> None:
    record = run_stage(Counting(), SHARD, _assets(2), tmp_path)
    output = _folder(tmp_path) / record.output
    output.write_bytes(output.read_bytes()[:-1] + b"x")
    again = Counting()
    run_stage(again, SHARD, _assets(2), tmp_path)
    assert len(again.shown) == 2


def test_a_record_under_another_name_does_not_count(tmp_path: Path) -> None:
    stage = Counting()
    run_stage(stage, SHARD, _assets(2), tmp_path)
    folder = _folder(tmp_path)
    other = folder / f"{'0' * 64}.json"
    other.write_bytes((folder / f"{stage.fingerprint}.json").read_bytes())
    assert read_record(folder, "0" * 64) is None


def test_a_half_written_record_does_not_count(tmp_path: Path) -> None:
    stage = Counting()
    run_stage(stage, SHARD, _assets(2), tmp_path)
    path = _folder(tmp_path) / f"{stage.fingerprint}.json"
    path.write_bytes(path.read_bytes()[:40])
    assert read_record(_folder(tmp_path), stage.fingerprint) is None


def test_the_same_work_gives_the_same_bytes_however_it_was_split(tmp_path: Path) -> None:
    whole = run_stage(Counting(), SHARD, _assets(6), tmp_path / "a")
    run_stage(Counting(), SHARD, _assets(2), tmp_path / "b")
    parts = run_stage(Counting(), SHARD, _assets(6), tmp_path / "b")
    assert whole.output_sha256 == parts.output_sha256


def test_one_asset_that_breaks_the_stage_costs_the_others_nothing(tmp_path: Path) -> None:
    bad = _assets(9)[4].asset_id
    record = run_stage(Counting(breaks_on=[bad]), SHARD, _assets(9), tmp_path)
    rows = {r["asset_id"]: r for r in read_output(_folder(tmp_path), record).to_pylist()}
    assert rows.pop(bad)["fault_code"] == Reason.STAGE_FAILED.value
    assert len(rows) == 8
    assert all(row["fault_code"] is None and row["seen"] == 1 for row in rows.values())


def test_a_stage_that_cannot_work_at_all_ends_the_run_with_its_sentence(tmp_path: Path) -> None:
    class Unloaded(Counting):
        def examine(self, assets: Sequence[Asset], progress: Progress) -> pa.Table:
            raise EncoderError("The weights are missing.", "Fetch them.")

    with pytest.raises(EncoderError, match="weights are missing"):
        run_stage(Unloaded(), SHARD, _assets(3), tmp_path)


def test_a_stage_that_loses_an_asset_is_found_out(tmp_path: Path) -> None:
    class Forgetful(Counting):
        def examine(self, assets: Sequence[Asset], progress: Progress) -> pa.Table:
            return super().examine(assets, progress).slice(1)

    record = run_stage(Forgetful(), SHARD, _assets(4), tmp_path)
    assert record.rows == 4
    assert record.faults == {Reason.STAGE_FAILED.value: 4}


def test_a_fault_that_may_pass_is_tried_again(tmp_path: Path) -> None:
    record = run_stage(Counting(fault=Reason.STAGE_FAILED), SHARD, _assets(2), tmp_path)
    assert not record.settled
    mended = Counting()
    assert run_stage(mended, SHARD, _assets(2), tmp_path).faults == {}
    assert len(mended.shown) == 2


def test_a_fault_of_the_bytes_is_not_tried_again(tmp_path: Path) -> None:
    record = run_stage(Counting(fault=Reason.IMAGE_DAMAGED), SHARD, _assets(2), tmp_path)
    assert record.settled
    again = Counting()
    run_stage(again, SHARD, _assets(2), tmp_path)
    assert again.shown == []


def test_a_place_that_cannot_be_written_is_told_in_a_sentence(tmp_path: Path) -> None:
    (tmp_path / "stages").write_text("in the way", encoding="utf-8")
    with pytest.raises(WorkspaceError, match="Free some disk space or make the workspace writable"):
        run_stage(Counting(), SHARD, _assets(1), tmp_path)


def test_the_record_says_what_was_done(tmp_path: Path) -> None:
    stage = Counting()
    run_stage(stage, SHARD, _assets(4), tmp_path)
    written = json.loads((_folder(tmp_path) / f"{stage.fingerprint}.json").read_bytes())
    assert (written["asked"], written["examined"], written["rows"]) == (4, 4, 4)
    assert written["faults"] == {}
