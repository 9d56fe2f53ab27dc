"""The test seam that lets a process die at a named point."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest

SCRIPT = """
from models.failpoints import reach
for turn in range(3):
    reach("other.point")
    reach("shard.written")
    print(turn, flush=True)
"""


def _run(failpoint: str | None) -> subprocess.CompletedProcess[str]:
    environment = {k: v for k, v in os.environ.items() if k != "KIYOME_FAILPOINT"}
    if failpoint is not None:
        environment["KIYOME_FAILPOINT"] = failpoint
    return subprocess.run(
        [sys.executable, "-c", SCRIPT],
        env=environment,
        cwd=Path(__file__).resolve().parents[2],
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )


def test_nothing_happens_without_the_variable() -> None:
    result = _run(None)
    assert (result.returncode, result.stdout.split()) == (0, ["0", "1", "2"])


def test_nothing_happens_at_points_with_another_name() -> None:
    assert _run("shard").returncode == 0


@pytest.mark.kill
@pytest.mark.parametrize(
    ("failpoint", "seen"), [("shard.written", []), ("shard.written:3", ["0", "1"])]
)
def test_the_process_is_killed_at_the_named_point(failpoint: str, seen: list[str]) -> None:
    result = _run(failpoint)
    assert result.returncode == -signal.SIGKILL
    assert result.stdout.split() == seen
