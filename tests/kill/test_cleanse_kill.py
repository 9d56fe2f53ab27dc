"""kill -9 at any point, then run again: the same manifest as a run that nobody killed (P8)."""

from __future__ import annotations

import signal
from pathlib import Path

import pytest

from models.ledger.verification import verify_ledger
from models.settings import Settings
from tests.pipeline import (
    draw_dataset,
    make_settings,
    manifest_bytes,
    outcomes_of,
    release_of,
    run_kiyome,
)

POINTS = (
    "stage-written:1",
    "stage-recorded:5",
    "release-built",
    "release-moved",
    "release-recorded",
    "ledger.staged",
    "ledger.promised",
)
CAPTIONS = {3: "Hoshino Kirari waves", 7: "hoshino_kirari, 1girl"}

pytestmark = [pytest.mark.kill, pytest.mark.prefect]


def _cleanse(root: Path, settings: Settings, failpoint: str = "") -> int:
    env = {"KIYOME_SHARD_SIZE": "4", "KIYOME_WORKERS": "2"}
    if failpoint:
        env["KIYOME_FAILPOINT"] = failpoint
    where = ("--workspace", settings.workspace, "--policy", settings.policy)
    done = run_kiyome("cleanse", root, "--dataset", "set", "--quiet", *where, env=env)
    assert failpoint or done.returncode == 0, done.stderr
    return done.returncode


def _register(settings: Settings) -> None:
    words = ("register", "names", "add", "Hoshino Kirari", "--category", "character")
    assert run_kiyome(*words, "--workspace", settings.workspace).returncode == 0


@pytest.mark.timeout(600)
def test_a_run_killed_again_and_again_ends_like_one_that_was_never_killed(tmp_path: Path) -> None:
    root = draw_dataset(tmp_path / "set", 16, CAPTIONS)
    (tmp_path / "whole").mkdir()
    (tmp_path / "killed").mkdir()
    whole, killed = make_settings(tmp_path / "whole"), make_settings(tmp_path / "killed")
    _register(whole)
    _register(killed)
    _cleanse(root, whole)
    for point in POINTS:
        assert _cleanse(root, killed, point) == -signal.SIGKILL, f"{point} was not reached"
    _cleanse(root, killed)
    assert manifest_bytes(killed, "set") == manifest_bytes(whole, "set")
    assert outcomes_of(killed, "set") == outcomes_of(whole, "set")
    assert release_of(killed, "set").number == release_of(whole, "set").number == 1
    shelf = killed.workspace / "releases" / "set"
    assert len(list(shelf.iterdir())) == 1
    for settings in (whole, killed):
        ledger = settings.workspace / "ledger"
        report = verify_ledger(ledger / "public", None, ledger / "private")
        assert report.ok, report.checks
        assert report.size == release_of(settings, "set").cleared
    assert run_kiyome("recount", "--workspace", killed.workspace).returncode == 0
