"""`kiyome` in a process of its own, forked from one that has imported it: only the start is saved.

The forked process runs the command line as `kiyome` does, in a session of its own. Its exit code is
written beside its output, since only the process that forked it can ask for that.
"""

from __future__ import annotations

import importlib
import json
import os
import select
import signal
import subprocess
import sys
import time
import traceback
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import psutil

ROOT = Path(__file__).resolve().parents[2]


@dataclass(frozen=True, slots=True)
class Started:
    """A command that runs, or has ended. Its code is that of ``subprocess``."""

    pid: int
    out: Path

    def poll(self) -> int | None:
        """Its exit code, or None while it runs."""
        try:
            return int(self.out.with_suffix(".code").read_text())
        except (FileNotFoundError, ValueError):
            return None

    def wait(self, seconds: float) -> int | None:
        """Its exit code, or None if it still runs after so many seconds."""
        deadline = time.monotonic() + seconds
        while (code := self.poll()) is None and time.monotonic() < deadline:
            time.sleep(0.02)
        return code

    def kill(self) -> None:
        """kill -9 of this process alone: what it started is left to itself."""
        if self.poll() is None:
            os.kill(self.pid, signal.SIGKILL)
            self.wait(30)

    def children(self) -> list[psutil.Process]:
        """What it has started and still runs."""
        try:
            return psutil.Process(self.pid).children(recursive=True)
        except psutil.NoSuchProcess:
            return []

    def said(self) -> str:
        """What it wrote to the terminal."""
        return self.out.read_text(errors="replace")


class Forker:
    """Starts commands; everything that it started ends with it."""

    def __init__(self, folder: Path, env: Mapping[str, str]) -> None:
        folder.mkdir(parents=True, exist_ok=True)
        self._folder, self._count = folder, 0
        self._started: list[Started] = []
        self._process = subprocess.Popen(
            [sys.executable, "-m", "tests.chaos.forking"],
            cwd=ROOT,
            env={**os.environ, **env},
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        )

    def start(self, *words: str | Path, env: Mapping[str, str] | None = None) -> Started:
        """Start `kiyome` with these words."""
        self._count += 1
        out = self._folder / f"{self._count:04d}-{words[0]}.out"
        asked = {"words": [*map(str, words)], "env": {**(env or {})}, "out": str(out)}
        assert self._process.stdin is not None
        assert self._process.stdout is not None
        self._process.stdin.write(json.dumps(asked) + "\n")
        self._process.stdin.flush()
        started = Started(int(self._process.stdout.readline()), out)
        self._started.append(started)
        return started

    def close(self) -> None:
        """End everything that still runs."""
        for started in self._started:
            for child in started.children():
                child.kill()
            started.kill()
        self._process.kill()
        self._process.wait()


def _fork(asked: dict[str, Any]) -> int:
    pid = os.fork()
    if pid:
        return pid
    os.setsid()
    out = os.open(asked["out"], os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o644)
    nothing = os.open(os.devnull, os.O_RDONLY)
    for source, target in ((nothing, 0), (out, 1), (out, 2)):
        os.dup2(source, target)
    os.environ.update(asked["env"])
    sys.argv = ["kiyome", *asked["words"]]
    from flows.cli import main

    code = 1
    try:
        main()
        code = 0
    except SystemExit as ended:
        code = ended.code if isinstance(ended.code, int) else int(ended.code is not None)
    finally:
        if code and (error := sys.exc_info()[1]) is not None:
            traceback.print_exception(error)
        sys.stdout.flush()
        sys.stderr.flush()
        os._exit(code)


def _reap(outs: dict[int, str]) -> None:
    for pid in tuple(outs):
        ended, status = os.waitpid(pid, os.WNOHANG)
        if ended:
            code = Path(outs.pop(pid)).with_suffix(".code")
            partial = code.with_suffix(".partial")
            partial.write_text(str(os.waitstatus_to_exitcode(status)))
            partial.rename(code)


def _serve() -> None:
    """Fork what is asked for on standard input, until that ends."""
    importlib.import_module("uvicorn")  # what the commands import is imported here, once
    for name in ("flows.cleanse", "flows.recleansing", "flows.running", "review_ui.app"):
        importlib.import_module(name)

    outs: dict[int, str] = {}
    while True:
        _reap(outs)
        if not select.select([sys.stdin], [], [], 0.05)[0]:
            continue
        line = os.read(0, 1 << 20)
        if not line:
            return
        asked = json.loads(line)
        pid = _fork(asked)
        outs[pid] = asked["out"]
        os.write(1, b"%d\n" % pid)


if __name__ == "__main__":
    _serve()
