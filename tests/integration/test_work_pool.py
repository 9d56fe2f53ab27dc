"""A work pool with real workers: who carries a run out, and what a killed one leaves behind."""

from __future__ import annotations

import contextlib
import json
import os
import signal
import socket
import subprocess
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from http import HTTPStatus
from pathlib import Path
from typing import Any

import psutil
import pytest

from models.settings import Settings
from tests.pipeline import ROOT, draw_dataset, make_settings, outcomes_of, release_of

pytestmark = [pytest.mark.prefect, pytest.mark.kill, pytest.mark.timeout(900)]
POOL = "studio"


@dataclass
class Pool:
    """A Prefect server with one work pool, and a dataset to cleanse."""

    api: str
    env: dict[str, str]
    root: Path
    settings: Settings
    logs: Path

    def ask(self, path: str, body: dict[str, Any] | None = None) -> Any:
        data = None if body is None else json.dumps(body).encode()
        headers = {"Content-Type": "application/json"}
        request = urllib.request.Request(self.api + path, data=data, headers=headers)
        for _ in range(60):
            try:
                with urllib.request.urlopen(request, timeout=60) as answer:
                    return json.loads(answer.read())
            except urllib.error.HTTPError as error:
                if error.code != HTTPStatus.SERVICE_UNAVAILABLE:
                    raise
                time.sleep(1)  # its database is busy; Prefect's own clients ask again too
        pytest.fail(f"{path} could not be asked for a minute:\n{self.said()}")

    def call(self, *words: str, **more: str) -> subprocess.CompletedProcess[str]:
        command = [sys.executable, "-m", *words]
        return subprocess.run(
            command,
            cwd=ROOT,
            env={**self.env, **more},
            capture_output=True,
            text=True,
            timeout=180,
            check=False,
        )

    def deploy(self, *more: str) -> subprocess.CompletedProcess[str]:
        where = ["--workspace", str(self.settings.workspace), "--policy", str(self.settings.policy)]
        words = ["deploy", str(self.root), "--pool", POOL, "--dataset", "set", *where, *more]
        return self.call("flows", *words)

    def deployment(self, name: str) -> dict[str, Any]:
        found: dict[str, Any] = self.ask(f"/deployments/name/{name}")
        return found

    @contextlib.contextmanager
    def worker(self, name: str) -> Iterator[psutil.Process]:
        command = ["worker", "start", "--pool", POOL, "--type", "process", "--name", name]
        with (self.logs / f"{name}.log").open("ab") as out:
            process = subprocess.Popen(
                [sys.executable, "-m", "prefect", *command],
                cwd=ROOT,
                env=self.env,
                stdin=subprocess.DEVNULL,
                stdout=out,
                stderr=subprocess.STDOUT,
                start_new_session=True,
            )
        try:
            yield psutil.Process(process.pid)
        finally:
            kill_all(process.pid)
            process.wait()

    def begin(self) -> str:
        deployment = self.deployment("cleanse/set")
        run = self.ask(f"/deployments/{deployment['id']}/create_flow_run", {})
        return str(run["id"])

    def state(self, run_id: str) -> str:
        return str((self.ask(f"/flow_runs/{run_id}")["state"] or {}).get("type"))

    def was_heard(self, run_id: str) -> bool:
        wanted = {
            "event": {"name": ["prefect.flow-run.heartbeat"]},
            "resource": {"id": [f"prefect.flow-run.{run_id}"]},
        }
        return bool(self.ask("/events/filter", {"filter": wanted})["events"])

    def said(self) -> str:
        return "\n".join(f"{p.name}:\n{p.read_text()[-3000:]}" for p in self.logs.glob("*.log"))


def kill_all(pid: int) -> None:
    """End a process and all that it started, as a power cut would."""
    with contextlib.suppress(psutil.NoSuchProcess):
        process = psutil.Process(pid)
        for each in [*process.children(recursive=True), process]:
            with contextlib.suppress(psutil.NoSuchProcess):
                each.send_signal(signal.SIGKILL)


def wait_for(condition: Callable[[], Any], seconds: float, pool: Pool, what: str) -> Any:
    deadline = time.monotonic() + seconds
    while time.monotonic() < deadline:
        with contextlib.suppress(OSError):
            if found := condition():
                return found
        time.sleep(0.5)
    pytest.fail(f"{what} did not happen within {seconds} s:\n{pool.said()}")


@pytest.fixture(scope="module")
def pool(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Pool]:
    """A server of this module's own, with the dataset deployed on a pool."""
    folder = tmp_path_factory.mktemp("pool")
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    api = f"http://127.0.0.1:{port}/api"
    env = {
        **{k: v for k, v in os.environ.items() if not k.startswith("PREFECT_")},
        "PREFECT_HOME": str(folder / "prefect"),
        "PREFECT_API_URL": api,
        "PREFECT_SERVER_ANALYTICS_ENABLED": "false",
        "DO_NOT_TRACK": "1",
        # What a lost run held is given back after a minute, instead of five.
        "PREFECT_SERVER_CONCURRENCY_INITIAL_DEPLOYMENT_LEASE_DURATION": "60",
        "KIYOME_SHARD_SIZE": "2",
        "KIYOME_SCHEDULE": "0 3 1 1 *",
        # A worker imports the flow from the installed package; here the checkout is one.
        "PYTHONPATH": str(ROOT),
        "PYTHONUNBUFFERED": "1",
    }
    settings = make_settings(folder)
    made = Pool(api, env, draw_dataset(folder / "set", 6), settings, folder)
    command = [sys.executable, "-m", "prefect", "server", "start", "--port", str(port)]
    with (folder / "server.log").open("wb") as out:
        server = subprocess.Popen(
            command,
            cwd=ROOT,
            env=env,
            stdin=subprocess.DEVNULL,
            stdout=out,
            stderr=subprocess.STDOUT,
            start_new_session=True,
        )
    try:
        wait_for(lambda: made.ask("/health"), 180, made, "the server's start")
        yield made
    finally:
        kill_all(server.pid)
        server.wait()


def test_a_dry_run_registers_nothing(pool: Pool) -> None:
    done = pool.deploy("--dry-run")
    assert done.returncode == 0, done.stderr
    assert "cleanse/set  0 3 1 1 *" in done.stdout
    assert pool.ask("/deployments/filter", {}) == []


def test_a_pool_that_is_missing_is_refused_and_the_message_makes_it(pool: Pool) -> None:
    done = pool.deploy()
    assert done.returncode == 1
    assert f"prefect work-pool create {POOL} --type process" in done.stderr
    made = pool.call("prefect", "work-pool", "create", POOL, "--type", "process")
    assert made.returncode == 0, made.stderr
    assert pool.deploy().returncode == 0


def test_a_registered_run_holds_what_workers_need_and_no_secret(pool: Pool) -> None:
    deployment = pool.deployment("cleanse/set")
    assert deployment["work_pool_name"] == POOL
    assert deployment["entrypoint"] == "flows.cleanse.cleanse"
    assert deployment["concurrency_options"]["collision_strategy"] == "CANCEL_NEW"
    assert deployment["parameters"]["root"] == str(pool.root)
    assert "database_url" not in deployment["parameters"]["settings"]
    assert deployment["job_variables"]["env"]["PREFECT_FLOWS_HEARTBEAT_FREQUENCY"] == "30"


def test_prefect_deploy_registers_the_same_by_the_file(pool: Pool) -> None:
    before = pool.deployment("cleanse/set")
    variables = {
        "KIYOME_ROOT": str(pool.root),
        "KIYOME_DATASET": "by-file",
        "KIYOME_POOL": POOL,
        "KIYOME_WORKSPACE": str(pool.settings.workspace),
        "KIYOME_POLICY": str(pool.settings.policy),
        "KIYOME_TIMEZONE": "UTC",
    }
    done = pool.call("prefect", "--no-prompt", "deploy", "--all", **variables)
    assert done.returncode == 0, done.stdout + done.stderr
    by_file = pool.deployment("cleanse/by-file")
    for same in ("entrypoint", "work_pool_name", "concurrency_options", "tags"):
        assert by_file[same] == before[same]
    assert by_file["parameters"]["root"] == str(pool.root)
    assert by_file["schedules"][0]["schedule"]["cron"] == "0 3 1 1 *"


def test_a_run_is_carried_out_by_a_worker_of_the_pool(pool: Pool) -> None:
    with pool.worker("first"):
        run_id = pool.begin()
        wait_for(lambda: pool.state(run_id) == "COMPLETED", 240, pool, "the run's end")
    assert outcomes_of(pool.settings, "set")["000.png"][0] == "clear"
    assert release_of(pool.settings, "set").number == 1


def test_a_worker_that_is_killed_with_its_run_leaves_it_to_the_other(pool: Pool) -> None:
    draw_dataset(pool.root, 8)
    with pool.worker("second") as second:
        lost = pool.begin()
        # One that was never heard of waits for Prefect's lease, which takes three times as long.
        wait_for(lambda: pool.was_heard(lost), 120, pool, "the run's first sign of life")
        kill_all(second.pid)
    assert pool.state(lost) == "RUNNING"
    with pool.worker("third"):

        def completed() -> bool:
            # Until Prefect gives the lost run's slot back, what is started is cancelled.
            run_id = pool.begin()
            wait_for(
                lambda: pool.state(run_id) in ("COMPLETED", "CANCELLED"), 240, pool, "an answer"
            )
            if pool.state(run_id) == "COMPLETED":
                return True
            time.sleep(5)
            return False

        wait_for(completed, 420, pool, "a run by the other worker")
    assert len(outcomes_of(pool.settings, "set")) == 8
    assert release_of(pool.settings, "set").number == 2
