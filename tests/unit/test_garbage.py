"""Looking for garbage less often, which processes that load much are told to."""

from __future__ import annotations

import subprocess
import sys

SCRIPT = """
import gc
from models.garbage import collect_seldom, keep_loaded
{}
looked = []
gc.callbacks.append(lambda phase, _: looked.append(phase))
kept = [[] for _ in range(9_000)]
print(len(looked), gc.get_freeze_count() > 0, gc.isenabled())
"""


def told(call: str) -> str:
    """What a process says of itself that was told so before it made nine thousand lists."""
    command = [sys.executable, "-c", SCRIPT.format(call)]
    return subprocess.run(command, capture_output=True, text=True, check=True).stdout.strip()


def test_nine_thousand_objects_make_nobody_look_for_garbage() -> None:
    assert told("collect_seldom()") == "0 False True"


def test_without_it_they_do() -> None:
    assert int(told("").split()[0]) > 10


def test_what_is_loaded_is_not_looked_at_again() -> None:
    assert told("keep_loaded()").split()[1:] == ["True", "True"]
