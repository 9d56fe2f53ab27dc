"""`kiyome up`: a real Prefect server, a schedule that makes runs appear, the review page."""

from __future__ import annotations

import json
import os
import signal
import socket
import subprocess
import sys
import time
import urllib.request
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import psutil
import pytest

from flows.deployments import BESIDE
from models.settings import Settings
from tests.pipeline import ROOT, draw_dataset, make_settings, outcomes_of

pytestmark = [pytest.mark.prefect, pytest.mark.timeout(400)]


@dataclass
class Standing:
    """A running `kiyome up`."""

    process: subprocess.Popen[bytes]
    settings: Settings
    printed: Path

    @property
    def api(self) -> str:
        return f"http://127.0.0.1:{self.settings.prefect_port}/api"

    def ask(self, path: str, body: dict[str, Any] | None = None) -> Any:
        data = None if body is None else json.dumps(body).encode()
        headers = {"Content-Type": "application/json"}
        if body is not None:
            token = self.ask("/csrf-token?client=test")
            headers |= {"Prefect-Csrf-Token": token["token"], "Prefect-Csrf-Client": "test"}
        request = urllib.request.Request(self.api + path, data=data, headers=headers)
        with urllib.request.urlopen(request, timeout=30) as answer:
            return json.loads(answer.read())

    def logs(self) -> str:
        parts = [self.printed, *sorted((self.settings.workspace / "logs").glob("*.log"))]
        return "\n".join(f"{path.name}:\n{path.read_text()[-3000:]}" for path in parts)


def _command_of(process: psutil.Process) -> list[str]:
    try:
        return process.cmdline()
    except psutil.NoSuchProcess:
        return []


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
    return port


def _wait_for(condition: Callable[[], Any], seconds: float, standing: Standing, what: str) -> Any:
    deadline = time.monotonic() + seconds
    while time.monotonic() < deadline:
        assert standing.process.poll() is None, f"it ended by itself:\n{standing.logs()}"
        try:
            if found := condition():
                return found
        except OSError:
            pass
        time.sleep(0.5)
    pytest.fail(f"{what} did not happen within {seconds} s:\n{standing.logs()}")


@pytest.fixture(scope="module")
def standing(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Standing]:
    """The standing system on a small dataset, with a run due every minute."""
    tmp_path = tmp_path_factory.mktemp("standing")
    root = draw_dataset(tmp_path / "set", 3)
    settings = make_settings(
        tmp_path, prefect_port=_free_port(), review_port=_free_port(), schedule="* * * * *"
    )
    env = {
        **{k: v for k, v in os.environ.items() if not k.startswith("PREFECT_")},
        "KIYOME_PREFECT_PORT": str(settings.prefect_port),
        "KIYOME_REVIEW_PORT": str(settings.review_port),
        "KIYOME_SCHEDULE": settings.schedule,
        "PYTHONUNBUFFERED": "1",
    }
    where = ["--workspace", str(settings.workspace), "--policy", str(settings.policy)]
    printed = tmp_path / "printed.log"
    with printed.open("wb") as out:
        process = subprocess.Popen(
            [sys.executable, "-m", "flows", "up", str(root), *where],
            cwd=ROOT,
            env=env,
            stdin=subprocess.DEVNULL,
            stdout=out,
            stderr=subprocess.STDOUT,
            start_new_session=True,
        )
    running = Standing(process, settings, printed)
    try:
        _wait_for(lambda: "Ctrl-C stops" in printed.read_text(), 150, running, "the start")
        yield running
    finally:
        if process.poll() is None:
            for child in psutil.Process(process.pid).children(recursive=True):
                child.kill()
            process.kill()
            process.wait()


def test_it_says_where_everything_is(standing: Standing) -> None:
    said = standing.printed.read_text()
    assert f"http://127.0.0.1:{standing.settings.prefect_port}" in said
    assert f"http://127.0.0.1:{standing.settings.review_port}" in said
    assert "* * * * *" in said


def test_the_schedule_makes_runs_appear_and_one_is_carried_out(standing: Standing) -> None:
    def scheduled() -> Any:
        found = standing.ask("/flow_runs/filter", {"limit": 50})
        return [run for run in found if run["auto_scheduled"]]

    runs = _wait_for(scheduled, 90, standing, "a scheduled run")
    assert all(run["deployment_id"] for run in runs)

    def completed() -> Any:
        wanted = {"flow_runs": {"state": {"type": {"any_": ["COMPLETED"]}}}}
        # Others look what there is to do, and may have done so before.
        return standing.ask(
            "/flow_runs/filter", {**wanted, "flows": {"name": {"any_": ["cleanse"]}}}
        )

    _wait_for(completed, 200, standing, "a completed cleansing")
    assert outcomes_of(standing.settings, "set")["000.png"][0] == "clear"


def test_no_flow_is_carried_out_twice_at_a_time(standing: Standing) -> None:
    deployments = standing.ask("/deployments/filter", {})
    scheduled = [d for d in deployments if d["entrypoint"] and "sign_off" not in d["entrypoint"]]
    assert len(scheduled) == len(deployments) - 1 == len(BESIDE) + 1
    for deployment in scheduled:
        assert deployment["global_concurrency_limit"]["limit"] == 1, deployment["name"]
        assert deployment["concurrency_options"]["collision_strategy"] == "CANCEL_NEW"


def test_the_summary_is_an_artifact_that_a_person_can_read(standing: Standing) -> None:
    def written() -> Any:
        return standing.ask("/artifacts/filter", {"limit": 20})

    artifacts = _wait_for(written, 200, standing, "an artifact")
    summary = next(a for a in artifacts if a["key"] == "cleanse-set")
    assert "| clear | 3 |" in summary["data"]


def test_the_review_page_answers(standing: Standing) -> None:
    def answered() -> Any:
        address = f"http://127.0.0.1:{standing.settings.review_port}/"
        with urllib.request.urlopen(address, timeout=60) as answer:
            return answer.status == 200

    assert _wait_for(answered, 60, standing, "an answer of the review page")


def test_ctrl_c_stops_all_of_it_in_the_middle_of_a_run(standing: Standing) -> None:
    def children() -> list[psutil.Process]:
        return psutil.Process(standing.process.pid).children(recursive=True)

    def running() -> Any:
        return [p for p in children() if "prefect.engine" in _command_of(p)]

    _wait_for(running, 150, standing, "a run in progress")
    started = children()
    standing.process.send_signal(signal.SIGINT)
    assert standing.process.wait(90) == 0, standing.logs()
    _, alive = psutil.wait_procs(started, timeout=20)
    assert alive == []
    assert "Stopped." in standing.printed.read_text()
    assert not (standing.settings.workspace / "prefect-server.json").exists()
