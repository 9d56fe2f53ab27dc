"""The process apart: it dies of pictures, and whoever asked it does not."""

from __future__ import annotations

import os
import signal
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from models.canonical import digest_bytes
from models.errors import WorkspaceError
from models.planning import make_plan
from models.runs import start_run
from models.settings import Settings
from models.stages import stage_folder
from models.store.schema import open_database
from tasks import apart
from tasks.order import Desk, ShardWork, open_desk, write_order
from tests.pipeline import draw_dataset, make_settings

pytestmark = pytest.mark.kill


@pytest.fixture
def settings(tmp_path: Path) -> Settings:
    """A workspace of this test's own, and a dataset beside it."""
    draw_dataset(tmp_path / "set", 4)
    made = make_settings(tmp_path, shard_size=8)
    made.workspace.mkdir()
    return made


@pytest.fixture
def desk(settings: Settings, tmp_path: Path) -> Iterator[Desk]:
    """The desk of a run that has begun, with a plan of one shard."""
    root = str(tmp_path / "set")
    plan: dict[str, Any] = {
        "layout": "auto",
        "shard_size": 8,
        "max_bytes": settings.max_bytes,
        "workers": 1,
    }
    make_plan(settings.workspace, "set", root, **plan)
    database = open_database(settings.resolved_database_url)
    run_id = start_run(database, "set")
    yield open_desk(str(write_order(run_id, "set", root, "auto", settings, database)))
    open_desk.cache_clear()
    database.dispose()


def _work_of_which_a_process_died(desk: Desk) -> ShardWork:
    (path,) = desk.shard_file("x").parent.glob("*.parquet")
    stage = desk.detectors.features
    folder = stage_folder(desk.workspace, stage.name, path.stem)
    folder.mkdir(parents=True)
    (folder / f"{stage.fingerprint}.begun").touch()
    return ShardWork(desk, stage, path.stem, desk.shard(path.stem).assets)


def test_a_picture_that_a_process_dies_of_is_found_out_and_the_others_get_their_rows(
    desk: Desk, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    deadly = digest_bytes((tmp_path / "set" / "002.png").read_bytes())
    work = _work_of_which_a_process_died(desk)
    monkeypatch.setenv("KIYOME_FAILPOINT", f"features-{deadly}")
    record = work.carry_out()
    assert record.faults == {"process_lost": 1}
    rows = {row["asset_id"]: row for row in work.read().to_pylist()}
    assert len(rows) == 4
    assert "SIGKILL" in rows.pop(deadly)["fault_detail"]
    assert all(row["width"] for row in rows.values())
    monkeypatch.delenv("KIYOME_FAILPOINT")
    assert work.carry_out().settled


def test_one_that_is_killed_from_outside_is_replaced_and_costs_no_picture_its_rows(
    desk: Desk, monkeypatch: pytest.MonkeyPatch
) -> None:
    started: list[int] = []
    start = apart._Apart._start

    def start_and_kill_the_first(self: apart._Apart) -> None:
        start(self)
        assert self._process is not None
        started.append(self._process.pid)
        if len(started) == 1:
            os.kill(self._process.pid, signal.SIGKILL)

    monkeypatch.setattr(apart._Apart, "_start", start_and_kill_the_first)
    work = _work_of_which_a_process_died(desk)
    record = work.carry_out()
    assert len(set(started)) == 2
    assert record.rows == 4
    assert record.settled


def test_what_it_cannot_do_is_told_as_here(desk: Desk, settings: Settings) -> None:
    work = _work_of_which_a_process_died(desk)
    settings.policy.write_text(settings.policy.read_text() + "\n# edited\n\n[motifs]\nrisk = 0.9\n")
    with pytest.raises(WorkspaceError, match="was edited while the run was going on"):
        work.carry_out()
