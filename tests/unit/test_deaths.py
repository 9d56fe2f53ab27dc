"""Work that processes die of: narrowed down to the assets at fault, in so many tries at most."""

from __future__ import annotations

import signal
import subprocess
import sys
from collections.abc import Callable, Sequence
from pathlib import Path

import pyarrow as pa
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from models.assets.asset import Asset, Location
from models.deaths import Death, examine_in_parts
from models.reasons import Reason
from models.stages import (
    BASE_FIELDS,
    Progress,
    Stage,
    examine_each,
    fault_table,
    read_output,
    run_stage,
    stage_folder,
)

SCHEMA = pa.schema(BASE_FIELDS)
SHARD = "5" * 64
KILLED = Death(signal.SIGSEGV)


class Plain:
    """A stage that finds nothing in anything."""

    name = "plain"
    fingerprint = "f" * 64
    schema = SCHEMA

    def examine(self, assets: Sequence[Asset], progress: Progress) -> pa.Table:
        progress(len(assets))
        return _rows(assets)


def _assets(count: int) -> list[Asset]:
    return [Asset(f"{n:064x}", (Location(f"{n}.png", f"/{n}.png"),)) for n in range(count)]


def _rows(assets: Sequence[Asset]) -> pa.Table:
    rows = [{"asset_id": a.asset_id, "fault_code": None, "fault_detail": None} for a in assets]
    return pa.Table.from_pylist(rows, schema=SCHEMA)


def _blame(assets: Sequence[Asset], why: str) -> pa.Table:
    ids = [asset.asset_id for asset in assets]
    return fault_table(SCHEMA, ids, Reason.PROCESS_LOST.value, why)


def _dying_of(deadly: set[str]) -> Callable[[Sequence[Asset]], pa.Table | Death]:
    def attempt(part: Sequence[Asset]) -> pa.Table | Death:
        return KILLED if deadly & {asset.asset_id for asset in part} else _rows(part)

    return attempt


@settings(deadline=None)
@given(st.integers(0, 40), st.sets(st.integers(0, 39), max_size=3))
def test_just_those_that_processes_die_of_are_blamed(count: int, deadly: set[int]) -> None:
    assets = _assets(count)
    named = {assets[n].asset_id for n in deadly if n < count}
    tables = examine_in_parts(assets, _dying_of(named), _blame)
    rows = [row for table in tables for row in table.to_pylist()]
    assert sorted(row["asset_id"] for row in rows) == [asset.asset_id for asset in assets]
    assert {row["asset_id"] for row in rows if row["fault_code"]} == named
    assert all("SIGSEGV" in row["fault_detail"] for row in rows if row["fault_code"])


def test_a_machine_on_which_everything_dies_is_given_up_after_so_many_deaths() -> None:
    tries: list[int] = []

    def attempt(part: Sequence[Asset]) -> Death:
        tries.append(len(part))
        return KILLED

    tables = examine_in_parts(_assets(100), attempt, _blame, most=7)
    assert len(tries) == 7
    rows = [row for table in tables for row in table.to_pylist()]
    assert len(rows) == 100
    assert all(row["fault_code"] == "process_lost" for row in rows)


def test_an_asset_of_which_one_process_died_by_chance_is_not_blamed() -> None:
    answers: list[pa.Table | Death] = [KILLED, _rows(_assets(1))]
    (table,) = examine_in_parts(_assets(1), lambda _: answers.pop(0), _blame)
    assert table["fault_code"].to_pylist() == [None]


@pytest.mark.parametrize(
    ("code", "words"),
    [(9, "SIGKILL, as the system does for want of memory"), (11, "SIGSEGV"), (99, "signal 99")],
)
def test_a_death_is_told_in_words(code: int, words: str) -> None:
    assert words in Death(code).words


class TestStages:
    """What a stage does with assets that a process died of."""

    def _apart(self, asked: list[str], deadly: set[str]) -> Callable[..., pa.Table]:
        def apart(stage: Stage, assets: Sequence[Asset], progress: Progress) -> pa.Table:
            asked.extend(asset.asset_id for asset in assets)
            return pa.concat_tables(examine_in_parts(assets, _dying_of(deadly), _blame))

        return apart

    def _die(self, workspace: Path) -> None:
        """What a process leaves that dies while it examines."""
        code = (
            "from pathlib import Path; from models.deaths import noting_begun; import os, sys\n"
            "with noting_begun(Path(sys.argv[1])): os.kill(os.getpid(), 9)"
        )
        note = stage_folder(workspace, "plain", SHARD) / f"{Plain.fingerprint}.begun"
        died = subprocess.run([sys.executable, "-c", code, str(note)], check=False)
        assert died.returncode == -9

    def test_they_are_examined_apart_from_then_on_as_long_as_they_are_deadly(
        self, tmp_path: Path
    ) -> None:
        assets, asked = _assets(4), list[str]()
        deadly = {assets[2].asset_id}
        self._die(tmp_path)
        apart = self._apart(asked, deadly)
        record = run_stage(Plain(), SHARD, assets, tmp_path, apart=apart)
        assert len(asked) == 4
        assert record.faults == {"process_lost": 1}
        again = run_stage(Plain(), SHARD, assets, tmp_path, apart=self._apart(asked, set()))
        assert asked[4:] == [assets[2].asset_id]
        assert again.settled
        rows = read_output(stage_folder(tmp_path, "plain", SHARD), again)
        assert rows["asset_id"].to_pylist() == [asset.asset_id for asset in assets]

    def test_work_that_nothing_died_of_is_never_done_apart(self, tmp_path: Path) -> None:
        asked = list[str]()
        apart = self._apart(asked, set())
        for count in (2, 4):
            run_stage(Plain(), SHARD, _assets(count), tmp_path, apart=apart)
        assert not asked
        assert not list(tmp_path.rglob("*.begun"))

    def test_an_error_that_a_process_outlives_is_no_death(self, tmp_path: Path) -> None:
        class Broken(Plain):
            def examine(self, assets: Sequence[Asset], progress: Progress) -> pa.Table:
                raise KeyboardInterrupt

        with pytest.raises(KeyboardInterrupt):
            run_stage(Broken(), SHARD, _assets(2), tmp_path)
        assert not list(tmp_path.rglob("*.begun"))
        assert examine_each(Plain(), _assets(2), lambda _: None).num_rows == 2
