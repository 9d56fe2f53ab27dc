"""A Dask cluster that runs already: its workers get no secret, and are refused without theirs."""

from __future__ import annotations

import os
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from models.settings import Settings
from models.store.schema import open_database
from tests.pipeline import ROOT, draw_dataset, make_settings, outcomes_of, run_kiyome

pytestmark = [pytest.mark.prefect, pytest.mark.timeout(900)]
pytest.importorskip("prefect_dask", reason="pip install 'kiyome[dask]'")


@contextmanager
def running_cluster(folder: Path, env: dict[str, str]) -> Iterator[str]:
    """A scheduler and a worker, as processes that nobody of the run has started."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    address = f"tcp://127.0.0.1:{port}"
    scheduler = ["scheduler", "--host", "127.0.0.1", "--port", str(port), "--no-dashboard"]
    worker = ["worker", address, "--nthreads", "1", "--no-dashboard", "--memory-limit", "0"]
    started = []
    try:
        for words in (scheduler, worker):
            with (folder / f"{words[0]}.log").open("wb") as out:
                process = subprocess.Popen(
                    [sys.executable, "-m", "dask", *words],
                    cwd=folder,
                    env={**os.environ, "PYTHONPATH": str(ROOT), **env},
                    stdin=subprocess.DEVNULL,
                    stdout=out,
                    stderr=subprocess.STDOUT,
                )
            started.append(process)
        deadline = time.monotonic() + 120
        while "Registered to" not in (folder / "worker.log").read_text():
            assert time.monotonic() < deadline, (folder / "worker.log").read_text()
            time.sleep(0.5)
        yield address
    finally:
        for process in reversed(started):
            process.terminate()
        for process in started:
            try:
                process.wait(30)
            except subprocess.TimeoutExpired:
                process.kill()
                process.wait()


def _cleanse(root: Path, settings: Settings, address: str) -> subprocess.CompletedProcess[str]:
    env = {
        "KIYOME_RUNNER": "dask",
        "KIYOME_RUNNER_ADDRESS": address,
        "KIYOME_DATABASE_URL": settings.resolved_database_url,
    }
    where = ("--workspace", settings.workspace, "--policy", settings.policy)
    return run_kiyome("cleanse", root, "--dataset", "set", "--quiet", *where, env=env, timeout=400)


def test_workers_that_run_already_need_the_secret_in_their_own_environment(
    tmp_path: Path,
) -> None:
    settings = make_settings(tmp_path, database_url=f"sqlite:///{tmp_path}/elsewhere.db")
    open_database(settings.resolved_database_url).dispose()
    root = draw_dataset(tmp_path / "set", 3)
    with running_cluster(tmp_path, {}) as address:
        refused = _cleanse(root, settings, address)
    assert refused.returncode == 1
    assert "has no KIYOME_DATABASE_URL" in refused.stderr
    with running_cluster(
        tmp_path, {"KIYOME_DATABASE_URL": settings.resolved_database_url}
    ) as address:
        done = _cleanse(root, settings, address)
    assert done.returncode == 0, done.stderr
    assert outcomes_of(settings, "set")["000.png"][0] == "clear"
