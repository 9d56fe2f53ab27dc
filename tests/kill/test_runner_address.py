"""Clusters that run already, at an address: a worker that dies costs time and nothing else.

Scheduler, head and workers are processes of their own, as an operator starts them.
"""

from __future__ import annotations

import os
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from pathlib import Path

import pytest

from models.settings import Settings
from tests.chaos.worlds import free_port
from tests.pipeline import ROOT, draw_dataset, make_settings, outcomes_of, run_kiyome

pytestmark = [pytest.mark.kill, pytest.mark.prefect, pytest.mark.timeout(600)]
PICTURES = 8
TOKEN = "0123456789abcdef" * 4


@contextmanager
def _started(log: Path, *words: str, env: Mapping[str, str]) -> Iterator[subprocess.Popen[bytes]]:
    """A program in a process group of its own, which is ended with it."""
    with log.open("wb") as out:
        process = subprocess.Popen(
            words,
            env={**os.environ, "PYTHONPATH": str(ROOT), **env},
            cwd=log.parent,
            stdin=subprocess.DEVNULL,
            stdout=out,
            stderr=out,
            start_new_session=True,
        )
    try:
        yield process
    finally:
        with suppress(ProcessLookupError):
            os.killpg(process.pid, signal.SIGKILL)
        process.wait(30)


def _wait_for(word: str, log: Path) -> None:
    deadline = time.monotonic() + 120
    while word not in (said := log.read_text("utf-8", errors="replace")):
        assert time.monotonic() < deadline, said[-2000:]
        time.sleep(0.1)


def _cleanse(
    settings: Settings, runner: str, address: str, **more: str
) -> subprocess.CompletedProcess[str]:
    root = draw_dataset(settings.workspace.parent / "set", PICTURES)
    where = ("--workspace", settings.workspace, "--policy", settings.policy)
    env = {
        "KIYOME_SHARD_SIZE": "2",
        "KIYOME_WORKERS": "2",
        "KIYOME_RUNNER": runner,
        "KIYOME_RUNNER_ADDRESS": address,
        "KIYOME_DATABASE_URL": settings.resolved_database_url,
        **more,
    }
    return run_kiyome("cleanse", root, "--dataset", "set", "--quiet", *where, env=env, timeout=300)


@pytest.fixture
def settings(tmp_path: Path) -> Settings:
    """A workspace whose database, a secret, lies elsewhere."""
    return make_settings(tmp_path, database_url=f"sqlite:///{tmp_path}/elsewhere.db")


def _require_clear(settings: Settings, done: subprocess.CompletedProcess[str]) -> None:
    assert done.returncode == 0, done.stderr
    outcomes = outcomes_of(settings, "set")
    assert len(outcomes) == PICTURES
    assert {verdict for verdict, _ in outcomes.values()} == {"clear"}


def test_a_dask_worker_that_dies_leaves_its_shards_to_another(
    settings: Settings, tmp_path: Path
) -> None:
    pytest.importorskip("prefect_dask", reason="pip install 'kiyome[dask]'")
    dask = (sys.executable, "-m", "dask")
    address = f"tcp://127.0.0.1:{free_port()}"
    secret = {"KIYOME_DATABASE_URL": settings.resolved_database_url}
    deadly = {**secret, "KIYOME_FAILPOINT": "shard-elsewhere:1"}

    @contextmanager
    def worker(name: str, env: Mapping[str, str]) -> Iterator[subprocess.Popen[bytes]]:
        log = tmp_path / f"{name}.log"
        words = ("worker", address, "--nthreads", "1", "--no-dashboard", "--no-nanny")
        with _started(log, *dask, *words, env=env) as process:
            _wait_for("Registered to", log)
            yield process

    scheduler = ("scheduler", "--host", address, "--no-dashboard")
    with (
        _started(tmp_path / "scheduler.log", *dask, *scheduler, env={}),
        worker("deadly", deadly) as dying,
        worker("sound", secret),
    ):
        done = _cleanse(settings, "dask", address)
        assert dying.wait(30) == -signal.SIGKILL
    _require_clear(settings, done)


def test_a_ray_head_that_asks_for_its_token_outlives_processes_that_die(
    settings: Settings, tmp_path: Path
) -> None:
    pytest.importorskip("prefect_ray", reason="pip install 'kiyome[ray]'")
    folder = Path(tempfile.mkdtemp(prefix="ray-"))  # its sockets' paths have to be short
    port, for_clients = free_port(), free_port()
    words = (
        *("start", "--head", "--block", "--disable-usage-stats", "--include-dashboard", "false"),
        *("--node-ip-address", "127.0.0.1", "--port", str(port), "--num-cpus", "2"),
        *("--ray-client-server-port", str(for_clients), "--temp-dir", str(folder)),
    )
    env = {
        "KIYOME_DATABASE_URL": settings.resolved_database_url,
        "KIYOME_FAILPOINT": "shard-elsewhere:2",
        "RAY_AUTH_MODE": "token",
        "RAY_AUTH_TOKEN": TOKEN,
    }
    ray = str(Path(sys.executable).with_name("ray"))
    log = tmp_path / "head.log"
    try:
        with _started(log, ray, *words, env=env):
            _wait_for("Ray runtime started", log)
            address = f"ray://127.0.0.1:{for_clients}"
            done = _cleanse(settings, "ray", address, RAY_AUTH_TOKEN=TOKEN)
    finally:
        shutil.rmtree(folder, ignore_errors=True)
    _require_clear(settings, done)
