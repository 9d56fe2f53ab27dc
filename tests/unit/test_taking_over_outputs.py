"""An output that nothing has changed for is put down under a new fingerprint, as it is."""

from __future__ import annotations

from dataclasses import asdict
from pathlib import Path
from typing import Any

import pyarrow as pa
import pytest

from models.recleansing.carrying import take_over
from models.recleansing.outputs import find_output
from models.recleansing.stamps import Stamps
from models.stages import BASE_FIELDS, StageRecord, stage_folder, store_record, store_table

SHARD, OLD, NEW = "5" * 64, "a" * 64, "b" * 64


def _keep_old(workspace: Path) -> None:
    rows: list[dict[str, Any]] = [{"asset_id": "1" * 64, "fault_code": None, "fault_detail": None}]
    folder = stage_folder(workspace, "motifs", SHARD)
    output, digest = store_table(folder, OLD, pa.Table.from_pylist(rows, pa.schema(BASE_FIELDS)))
    record = StageRecord("motifs", SHARD, OLD, output, digest, 1, 1, 1, 2.0, {})
    store_record(folder, OLD, asdict(record))


@pytest.mark.parametrize("links", [True, False])
def test_it_is_found_under_the_new_fingerprint_and_outlasts_the_old_one(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, *, links: bool
) -> None:
    def refuse(*_: object) -> None:
        raise OSError(95, "Operation not supported")

    _keep_old(tmp_path)
    old = find_output(tmp_path, "motifs", SHARD, OLD, None, Stamps())
    assert old is not None
    if not links:
        monkeypatch.setattr(Path, "hardlink_to", refuse)
    record = take_over(old, NEW, 0.5)
    old.path.unlink()
    new = find_output(tmp_path, "motifs", SHARD, NEW, None, Stamps())
    assert new is not None
    assert new.record == record
    assert (record.fingerprint, record.examined, record.seconds) == (NEW, 0, 0.5)
    assert new.table["asset_id"].to_pylist() == ["1" * 64]


def test_what_a_crash_left_of_it_is_put_down_again(tmp_path: Path) -> None:
    _keep_old(tmp_path)
    old = find_output(tmp_path, "motifs", SHARD, OLD, None, Stamps())
    assert old is not None
    record = take_over(old, NEW, 0.0)
    path = old.path.parent / f"{NEW}.json"
    path.write_bytes(b"")
    assert find_output(tmp_path, "motifs", SHARD, NEW, None, Stamps()) is None
    assert take_over(old, NEW, 0.0) == record
    assert find_output(tmp_path, "motifs", SHARD, NEW, None, Stamps()) is not None
