"""Processes that are killed, with each runner: the same manifest, or an outcome that says so."""

from __future__ import annotations

import importlib.util
import subprocess
from pathlib import Path

import pytest
from sqlalchemy import select

from models.canonical import digest_bytes
from models.settings import Settings
from models.store.schema import open_database
from models.store.tables import RunRow
from models.watching.progress import read_progress
from tests.pipeline import (
    draw_dataset,
    make_settings,
    manifest_bytes,
    outcomes_of,
    run_kiyome,
)

pytestmark = [pytest.mark.kill, pytest.mark.prefect, pytest.mark.timeout(900)]
RUNNERS = ("dask", "ray")
DEADLY = "005.png"
CAPTIONS = {3: "Hoshino Kirari waves", 7: "hoshino_kirari, 1girl"}


def _cleanse(
    root: Path, settings: Settings, runner: str, failpoint: str = ""
) -> subprocess.CompletedProcess[str]:
    if importlib.util.find_spec(f"prefect_{runner}" if runner != "threads" else "prefect") is None:
        pytest.skip(f"prefect-{runner} is not installed: pip install 'kiyome[{runner}]'")
    env = {
        "KIYOME_SHARD_SIZE": "4",
        "KIYOME_WORKERS": "2",
        "KIYOME_RUNNER": runner,
        # A secret: it goes to the workers by the environment, and is in no order and no parameter.
        "KIYOME_DATABASE_URL": settings.resolved_database_url,
    }
    if failpoint:
        env["KIYOME_FAILPOINT"] = failpoint
    where = ("--workspace", settings.workspace, "--policy", settings.policy)
    return run_kiyome("cleanse", root, "--dataset", "set", "--quiet", *where, env=env, timeout=600)


def _make(folder: Path) -> Settings:
    folder.mkdir()
    settings = make_settings(folder, database_url=f"sqlite:///{folder}/elsewhere.db")
    settings.workspace.mkdir()
    open_database(settings.resolved_database_url).dispose()
    words = ("register", "names", "add", "Hoshino Kirari", "--category", "character")
    env = {"KIYOME_DATABASE_URL": settings.resolved_database_url}
    added = run_kiyome(*words, "--workspace", settings.workspace, env=env)
    assert added.returncode == 0, added.stderr
    return settings


def _runs(settings: Settings) -> list[tuple[str, str, str]]:
    database = open_database(settings.resolved_database_url)
    with database.snapshot() as session:
        rows = session.scalars(select(RunRow).order_by(RunRow.started_ms))
        told = [(row.id, row.status, row.detail) for row in rows]
    database.dispose()
    return told


@pytest.fixture(scope="module")
def root(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A dataset of several shards, with something to find in it."""
    return draw_dataset(tmp_path_factory.mktemp("dataset") / "set", 12, CAPTIONS)


@pytest.fixture(scope="module")
def whole(root: Path, tmp_path_factory: pytest.TempPathFactory) -> Settings:
    """What threads make of it, with nobody killed."""
    settings = _make(tmp_path_factory.mktemp("threads") / "run")
    done = _cleanse(root, settings, "threads")
    assert done.returncode == 0, done.stderr
    return settings


@pytest.mark.parametrize("runner", RUNNERS)
def test_another_runner_gives_the_same_bytes_and_notes_its_progress(
    runner: str, root: Path, whole: Settings, tmp_path: Path
) -> None:
    settings = _make(tmp_path / "run")
    done = _cleanse(root, settings, runner)
    assert done.returncode == 0, done.stderr
    assert manifest_bytes(settings, "set") == manifest_bytes(whole, "set")
    assert outcomes_of(settings, "set") == outcomes_of(whole, "set")
    ((run_id, status, _),) = _runs(settings)
    assert status == "finished"
    progress = read_progress(settings.workspace, run_id)
    assert progress is not None
    assert progress.finished == progress.total > 1
    assert "elsewhere.db" not in (settings.workspace / "runs" / f"{run_id}.order.json").read_text()


@pytest.mark.parametrize("runner", RUNNERS)
def test_a_worker_that_is_killed_at_the_end_of_its_third_shard_costs_only_time(
    runner: str, root: Path, whole: Settings, tmp_path: Path
) -> None:
    settings = _make(tmp_path / "run")
    done = _cleanse(root, settings, runner, "shard-elsewhere:3")
    assert done.returncode == 0, done.stderr
    ((run_id, _, _),) = _runs(settings)
    progress = read_progress(settings.workspace, run_id)
    assert progress is not None
    assert progress.total > 4, "with fewer shards than that, two workers may both end before three"
    assert manifest_bytes(settings, "set") == manifest_bytes(whole, "set")
    assert outcomes_of(settings, "set") == outcomes_of(whole, "set")


def _require_outcomes(settings: Settings, whole: Settings) -> None:
    """The deadly picture is an error that says why, and every other outcome is as ever."""
    outcomes = outcomes_of(settings, "set")
    assert outcomes.pop(DEADLY) == ("error", "process_lost")
    expected = outcomes_of(whole, "set")
    assert expected.pop(DEADLY)[0] == "clear"
    assert outcomes == expected


def _deadly(root: Path) -> str:
    """The failpoint at which a process dies that decodes the deadly picture."""
    return f"features-{digest_bytes((root / DEADLY).read_bytes())}"


def test_a_picture_that_kills_the_process_of_the_run_costs_the_next_run_nothing_else(
    root: Path, whole: Settings, tmp_path: Path
) -> None:
    settings = _make(tmp_path / "run")
    assert _cleanse(root, settings, "threads", _deadly(root)).returncode == -9
    done = _cleanse(root, settings, "threads", _deadly(root))
    assert done.returncode == 0, done.stderr
    _require_outcomes(settings, whole)
    assert [status for _, status, _ in _runs(settings)] == ["interrupted", "finished"]
    mended = _cleanse(root, settings, "threads")
    assert mended.returncode == 0, mended.stderr
    assert manifest_bytes(settings, "set") == manifest_bytes(whole, "set")


@pytest.mark.parametrize("runner", RUNNERS)
def test_a_picture_that_kills_every_worker_is_an_outcome_and_the_run_ends(
    runner: str, root: Path, whole: Settings, tmp_path: Path
) -> None:
    settings = _make(tmp_path / "run")
    done = _cleanse(root, settings, runner, _deadly(root))
    assert done.returncode == 0, done.stderr
    _require_outcomes(settings, whole)
