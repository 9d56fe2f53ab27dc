"""A re-cleansing that is ended at any point and run again publishes what an unharmed one does."""

from __future__ import annotations

import os
import shutil
import signal
import subprocess
import sys
import time
from pathlib import Path

import psutil
import pytest
from sqlalchemy import select

from models.ledger.log import UsageLedger
from models.nouns.register.storage import add_name
from models.settings import Settings
from models.store.database import Database
from models.store.schema import open_database
from models.store.tables import ReleaseRow
from tests.pipeline import ROOT, make_settings, manifest_bytes, run_kiyome
from tests.recleansing import (
    DATASET,
    FEW_SHARDS,
    KNOWN_POLICY,
    MANY_SHARDS,
    apply,
    make_known,
    run_cleanse,
    run_recleanse,
)

pytestmark = [pytest.mark.kill, pytest.mark.prefect]
POINTS = (
    *("carried-written", "release-built"),
    *("release-moved", "release-recorded", "ledger.promised"),
)


def _add_name(database: Database, _: Settings) -> None:
    with database.transaction() as session:
        add_name(session, "Blue Lantern", "character")


def _cleanse(folder: Path, shard_size: int) -> Path:
    root, settings = make_known(folder, shard_size=shard_size)
    run_cleanse(root, settings)
    apply(settings, _add_name)
    return folder


@pytest.fixture(scope="module")
def cleansed(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A cleansed dataset to which a name was added; copied for each test.

    It has so many shards that a re-cleansing starts processes for them.
    """
    return _cleanse(tmp_path_factory.mktemp("cleansed"), MANY_SHARDS)


@pytest.fixture(scope="module")
def unharmed(cleansed: Path, tmp_path_factory: pytest.TempPathFactory) -> bytes:
    """The manifest of a re-cleansing that nobody interrupts."""
    settings = _copy(cleansed, tmp_path_factory.mktemp("unharmed"))
    run_recleanse(settings)
    return manifest_bytes(settings, DATASET)


def _copy(cleansed: Path, folder: Path) -> Settings:
    shutil.copytree(cleansed / "workspace", folder / "workspace")
    return make_settings(folder, KNOWN_POLICY)


def _words(settings: Settings) -> tuple[str | Path, ...]:
    where = ("--workspace", settings.workspace, "--policy", settings.policy)
    return ("recleanse", DATASET, "--quiet", *where)


def test_a_recleansing_ended_at_one_point_after_another_is_finished_by_the_next(
    tmp_path: Path, unharmed: bytes
) -> None:
    cleansed = _cleanse(tmp_path, FEW_SHARDS)
    (tmp_path / "killed").mkdir()
    settings = _copy(cleansed, tmp_path / "killed")
    for point in POINTS:
        killed = run_kiyome(*_words(settings), env={"KIYOME_FAILPOINT": point})
        assert killed.returncode == -signal.SIGKILL, f"{point} was not reached"
    assert run_kiyome(*_words(settings)).returncode == 0
    assert manifest_bytes(settings, DATASET) == unharmed


def test_a_recleansing_whose_processes_all_die_says_so_and_the_next_one_finishes_it(
    tmp_path: Path, cleansed: Path, unharmed: bytes
) -> None:
    settings = _copy(cleansed, tmp_path)
    ended = run_kiyome(*_words(settings), env={"KIYOME_FAILPOINT": "carried-written"})
    assert ended.returncode == 1
    assert "were ended from outside in a row" in ended.stderr
    half = run_kiyome(*_words(settings), env={"KIYOME_FAILPOINT": "ledger.promised"})
    assert half.returncode == 1
    assert "the release is in force" in half.stderr
    assert manifest_bytes(settings, DATASET) == unharmed
    assert run_kiyome(*_words(settings)).returncode == 0
    assert manifest_bytes(settings, DATASET) == unharmed
    with open_database(settings.resolved_database_url).snapshot() as session:
        (release,) = session.scalars(select(ReleaseRow.id).where(ReleaseRow.number == 2))
    ledger = UsageLedger.open(settings.workspace / "ledger", settings.ledger_origin)
    assert ledger.batch(release) is not None


def test_processes_that_walk_shards_and_die_do_not_end_a_recleansing_that_gets_on(
    tmp_path: Path, cleansed: Path, unharmed: bytes
) -> None:
    settings = _copy(cleansed, tmp_path)
    done = run_kiyome(*_words(settings), env={"KIYOME_FAILPOINT": "carried-recorded"})
    assert done.returncode == 0, done.stderr
    assert manifest_bytes(settings, DATASET) == unharmed


def _find_walkers(run: subprocess.Popen[bytes]) -> list[psutil.Process]:
    """The processes that walk shards, with the one that they are forked from; none before."""
    children = psutil.Process(run.pid).children(recursive=True)
    family = [child for child in children if "forkserver" in " ".join(child.cmdline())]
    return family if len(family) > 1 else []


def test_the_processes_of_a_recleansing_that_was_killed_end_too(
    tmp_path: Path, cleansed: Path
) -> None:
    settings = _copy(cleansed, tmp_path)
    command = [sys.executable, "-m", "flows", *map(str, _words(settings))]
    quiet = {"stdout": subprocess.DEVNULL, "stderr": subprocess.DEVNULL}
    run = subprocess.Popen(command, cwd=ROOT, env={**os.environ}, **quiet)
    try:
        while not (walkers := _find_walkers(run)):
            assert run.poll() is None, "no process was started to walk shards"
            time.sleep(0.02)
    finally:
        run.kill()
        run.wait()
    _, alive = psutil.wait_procs(walkers, timeout=120)
    for each in alive:
        each.kill()
    assert not alive
