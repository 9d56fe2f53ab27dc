"""Starting the publication of what was signed on the page, in a process of its own.

The page holds no workspace and loads no detector; publishing does both, and outlives the page.
"""

from __future__ import annotations

import os
import subprocess
import sys
import threading
from collections.abc import Callable
from pathlib import Path

from models.settings import Settings

Starter = Callable[[str], None]
"""Starts publishing what is approved for a dataset, and returns at once."""

_WAIT_S = 3600


def choose_starter(settings: Settings) -> Starter:
    """What starts publishing in the workspace of these settings."""
    workspace, policy = settings.workspace.absolute(), settings.policy.absolute()

    def start(dataset: str) -> None:
        logs = workspace / "logs"
        logs.mkdir(parents=True, exist_ok=True)
        _start(_command(dataset, workspace, policy), settings, logs / "release.log")

    return start


def _command(dataset: str, workspace: Path, policy: Path) -> list[str]:
    where = ["--workspace", str(workspace), "--policy", str(policy)]
    words = ["releases", "publish", "--dataset", dataset, "--wait", str(_WAIT_S)]
    return [sys.executable, "-m", "flows", *words, *where]


def _start(command: list[str], settings: Settings, log: Path) -> None:
    with log.open("ab") as out:
        process = subprocess.Popen(  # noqa: S603  (our own command)
            command,
            env={**os.environ, **settings.as_variables()},
            stdin=subprocess.DEVNULL,
            stdout=out,
            stderr=subprocess.STDOUT,
            start_new_session=True,
        )
    threading.Thread(target=process.wait, daemon=True).start()
