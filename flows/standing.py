"""The standing system: a Prefect server, the scheduled cleansing and the review page, as one."""

from __future__ import annotations

import contextlib
import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import psutil

from flows.prefect_environment import announce_server, is_answering, withdraw_server
from models.errors import SettingsError, WorkspaceError
from models.settings import Settings

_START_S = 180
_STOP_S = 20


@dataclass(frozen=True, slots=True)
class Part:
    """One process of the standing system."""

    name: str
    command: list[str]
    process: subprocess.Popen[bytes]
    log: Path


def run_standing(
    settings: Settings,
    root: str | None,
    *,
    dataset: str | None,
    layout: str,
    say: Callable[[str], None],
) -> None:
    """Start everything, say where it is, and wait until it is stopped or a part ends.

    Args:
        root: the dataset to cleanse on schedule; None runs no schedule.
        say: prints a line for the person who started it.

    Raises:
        SettingsError: a port is taken.
        WorkspaceError: a part ended by itself; the message names its log.
    """
    api = f"http://127.0.0.1:{settings.prefect_port}/api"
    for port, name in (
        (settings.prefect_port, "prefect_port"),
        (settings.review_port, "review_port"),
    ):
        _require_free(port, name)
    logs = settings.workspace / "logs"
    logs.mkdir(parents=True, exist_ok=True)
    environment = {
        **os.environ,
        **settings.as_variables(),
        "PREFECT_API_URL": api,
        "PREFECT_LOGGING_LEVEL": "INFO",
        "PREFECT_SERVER_LOGGING_LEVEL": "WARNING",
    }
    parts: list[Part] = []
    try:
        say("Starting the Prefect server …")
        parts.append(_start("Prefect server", _server_command(settings), environment, logs))
        _wait_for(api, parts)
        announce_server(settings.workspace, api)
        if root is not None:
            command = [sys.executable, "-m", "flows", "serve", root, "--layout", layout]
            command += ["--dataset", dataset] if dataset else []
            parts.append(_start("schedule", command, environment, logs))
        command = [sys.executable, "-m", "flows", "review"]
        parts.append(_start("review page", command, environment, logs))
        say(f"Prefect UI    http://127.0.0.1:{settings.prefect_port}")
        say(f"Review page   {settings.review_address}")
        if root is not None:
            say(f"Schedule      {settings.schedule} ({settings.timezone}), {root}")
        say(f"Logs          {logs}")
        say("Ctrl-C stops all of it.")
        _watch(parts)
    finally:
        withdraw_server(settings.workspace)
        say("Stopping …")
        _stop(parts)
        say("Stopped.")


def _server_command(settings: Settings) -> list[str]:
    port = str(settings.prefect_port)
    return [
        sys.executable, "-m", "prefect", "server", "start", "--host", "127.0.0.1", "--port", port
    ]  # fmt: skip


def _require_free(port: int, setting: str) -> None:
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind(("127.0.0.1", port))
        except OSError as error:
            raise SettingsError(
                f"Port {port} is in use.",
                f"Stop what uses it, or set {setting} in kiyome.toml to another port.",
            ) from error


def _start(name: str, command: list[str], environment: dict[str, str], logs: Path) -> Part:
    log = logs / f"{name.replace(' ', '-').lower()}.log"
    with log.open("ab") as out:
        process = subprocess.Popen(  # noqa: S603  (our own commands)
            command,
            env=environment,
            stdin=subprocess.DEVNULL,
            stdout=out,
            stderr=subprocess.STDOUT,
            start_new_session=True,
        )
    return Part(name, command, process, log)


def _wait_for(api: str, parts: list[Part]) -> None:
    deadline = time.monotonic() + _START_S
    while not is_answering(api):
        _require_running(parts)
        if time.monotonic() > deadline:
            raise WorkspaceError(
                f"The Prefect server did not answer at {api} within {_START_S} s.",
                f"Read {parts[0].log}.",
            )
        time.sleep(0.5)


def _watch(parts: list[Part]) -> None:
    while True:
        _require_running(parts)
        time.sleep(0.5)


def _require_running(parts: list[Part]) -> None:
    for part in parts:
        code = part.process.poll()
        if code is not None:
            raise WorkspaceError(
                f"The {part.name} ended by itself with code {code}.",
                f"Its last words are in {part.log}; mend the cause and start again.",
            )


def _stop(parts: list[Part]) -> None:
    """Ask every part to stop, the last started first; what does not is ended.

    A scheduled run goes on in a session of its own and would outlive its parent: it is ended too,
    which it survives like any other interruption.
    """
    offspring = _find_offspring(parts)
    for part in reversed(parts):
        if part.process.poll() is None:
            os.killpg(part.process.pid, signal.SIGINT)
    deadline = time.monotonic() + _STOP_S
    for part in reversed(parts):
        try:
            part.process.wait(max(0.1, deadline - time.monotonic()))
        except subprocess.TimeoutExpired:
            os.killpg(part.process.pid, signal.SIGKILL)
            part.process.wait()
    _, alive = psutil.wait_procs(offspring, timeout=1)
    for process in alive:
        with contextlib.suppress(psutil.NoSuchProcess):
            process.terminate()
    _, alive = psutil.wait_procs(alive, timeout=_STOP_S / 4)
    for process in alive:
        with contextlib.suppress(psutil.NoSuchProcess):
            process.kill()
    psutil.wait_procs(alive, timeout=_STOP_S / 4)


def _find_offspring(parts: list[Part]) -> list[psutil.Process]:
    found: list[psutil.Process] = []
    for part in parts:
        with contextlib.suppress(psutil.NoSuchProcess):
            found += psutil.Process(part.process.pid).children(recursive=True)
    return found
