"""`kiyome` and small programs in processes of their own, forked from one that has imported it all.

A process that starts anew imports for seconds of processor time what the last one imported. One
that is forked is as good for a test: it has a process id, memory, a session and an environment of
its own, dies of its own kill -9, and ends as an interpreter ends. What it cannot show is what a
command sets before it imports Prefect; tests of that start a process of their own.
"""

from __future__ import annotations

import atexit
import contextlib
import gc
import importlib
import json
import os
import random
import select
import shutil
import signal
import subprocess
import sys
import tempfile
import threading
import time
import types
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

import psutil

ROOT = Path(__file__).resolve().parents[1]
_IMPORTED = (
    *("uvicorn", "flows.__main__", "flows.cleanse", "flows.recleansing", "flows.running"),
    *("flows.cli.cleanse", "flows.cli.showing", "review_ui.app", "pyarrow.dataset", "web3"),
    *("prefect.flow_engine", "prefect.task_engine", "prefect.telemetry.run_telemetry"),
    *("spacy.lang.ja", "spacy.lang.ko", "spacy.lang.th", "spacy.lang.vi", "spacy.lang.zh"),
    *("psycopg", "sqlalchemy.dialects.postgresql.psycopg", "sqlalchemy.dialects.sqlite.pysqlite"),
)
_PAUSE_S = 0.02


@dataclass(frozen=True, slots=True)
class Started:
    """A process that runs, or has ended. Its code is that of ``subprocess``."""

    pid: int
    out: Path
    err: Path

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
            time.sleep(0.01)
        return code

    def kill(self) -> None:
        """kill -9 of this process alone: what it started is left to itself."""
        if self.poll() is None:
            with contextlib.suppress(ProcessLookupError):
                os.kill(self.pid, signal.SIGKILL)
            self.wait(30)

    def kill_all(self) -> None:
        """kill -9 of this process, and of everything in the session that it began."""
        with contextlib.suppress(ProcessLookupError):
            os.killpg(self.pid, signal.SIGKILL)
        self.wait(30)

    def finish(self, seconds: float) -> subprocess.CompletedProcess[str]:
        """Its exit code and what it wrote, once it has ended; what it leaves behind is killed.

        Raises:
            subprocess.TimeoutExpired: it did not end within so many seconds; it was killed.
        """
        code = self.wait(seconds)
        self.kill_all()
        out, err = (path.read_text(errors="replace") for path in (self.out, self.err))
        for path in (self.out, self.err):  # its code stays: it says that the process has ended
            path.unlink(missing_ok=True)
        if code is None:
            raise subprocess.TimeoutExpired(str(self.out), seconds, out, err)
        return subprocess.CompletedProcess(str(self.out), code, out, err)

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
    """Starts processes; everything that it started ends with it."""

    def __init__(self, folder: Path, env: Mapping[str, str]) -> None:
        folder.mkdir(parents=True, exist_ok=True)
        self._folder, self._count = folder, 0
        self._env = {**env}
        self._asking = threading.Lock()
        self._started: list[Started] = []
        self._process = subprocess.Popen(
            [sys.executable, "-m", "tests.forking"],
            cwd=ROOT,
            env={**os.environ, **env},
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            start_new_session=True,  # Ctrl-C is for the tests: it ends when they do
        )

    def start(self, *words: str | Path, env: Mapping[str, str] | None = None) -> Started:
        """Start `kiyome` with these words; both of its outputs go to one file."""
        return self._start({"words": [*map(str, words)]}, env, apart=False)

    def start_apart(self, *words: str | Path, env: Mapping[str, str] | None = None) -> Started:
        """The same, with a file for each output."""
        return self._start({"words": [*map(str, words)]}, env, apart=True)

    def start_code(
        self, code: str, *words: str | Path, env: Mapping[str, str] | None = None
    ) -> Started:
        """Start a program, as `python -c` would, with a file for each output."""
        return self._start({"code": code, "words": [*map(str, words)]}, env, apart=True)

    def _start(self, asked: dict[str, Any], env: Mapping[str, str] | None, apart: bool) -> Started:
        with self._asking:
            self._count += 1
            what = "code" if "code" in asked else asked["words"][0]
            out = self._folder / f"{self._count:04d}-{what}.out"
            err = out.with_suffix(".err") if apart else out
            whole = {**os.environ, **self._env, **(env or {})}
            asked |= {"env": whole, "out": str(out), "err": str(err)}
            assert self._process.stdin is not None
            assert self._process.stdout is not None
            self._process.stdin.write(json.dumps(asked).encode() + b"\n")
            self._process.stdin.flush()
            started = Started(int(self._process.stdout.readline()), out, err)
            self._started.append(started)
            return started

    def close(self) -> None:
        """End everything that still runs."""
        for started in self._started:
            if started.poll() is None:
                for child in started.children():
                    with contextlib.suppress(psutil.NoSuchProcess):
                        child.kill()
                started.kill()
        self._process.kill()
        self._process.communicate()


@cache
def find_forker() -> Forker:
    """The one that the tests of this process share; it is started once, and ends with them."""
    folder = Path(tempfile.mkdtemp(prefix="kiyome-forked-"))
    forker = Forker(folder, {})
    atexit.register(shutil.rmtree, folder, ignore_errors=True)
    atexit.register(forker.close)
    return forker


def run_code(
    code: str, *words: str | Path, env: Mapping[str, str] | None = None, timeout: float = 120
) -> subprocess.CompletedProcess[str]:
    """A program in a process of its own, as `python -c` runs it; see ``Started.finish``."""
    return find_forker().start_code(code, *words, env=env).finish(timeout)


def _fork(asked: dict[str, Any]) -> int:
    pid = os.fork()
    if pid:
        return pid
    os.setsid()
    nothing = os.open(os.devnull, os.O_RDONLY)
    out = os.open(asked["out"], os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o644)
    err = out
    if asked["err"] != asked["out"]:
        err = os.open(asked["err"], os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o644)
    for source, target in ((nothing, 0), (out, 1), (err, 2)):
        os.dup2(source, target)
    for source in {nothing, out, err}:
        os.close(source)
    os.environ.clear()
    os.environ.update(asked["env"])
    random.seed()
    return 0


def _settings_of_prefect(environment: Mapping[str, str]) -> dict[str, str]:
    return {name: value for name, value in environment.items() if name.startswith("PREFECT_")}


def _run(asked: dict[str, Any], began_with: dict[str, str]) -> None:
    """What was asked for, in the process that was forked for it."""
    from prefect.context import refresh_global_settings_context

    if _settings_of_prefect(os.environ) != began_with:
        refresh_global_settings_context()  # of the environment that this process was given
    if code := asked.get("code"):
        program = types.ModuleType("__main__")
        sys.modules["__main__"] = program
        sys.argv = ["-c", *asked["words"]]
        exec(compile(code, "<string>", "exec"), vars(program))
    else:
        program = importlib.import_module("flows.__main__")
        sys.modules["__main__"] = program  # processes that are spawned import what this one is
        sys.argv = ["kiyome", *asked["words"]]
        program.main()


class _Forked:
    """The processes that were forked, until they end."""

    def __init__(self) -> None:
        self._running: dict[int, str] = {}

    def add(self, pid: int, out: str) -> None:
        self._running[pid] = out

    def wait_for_words(self) -> bytes:
        """The next words on standard input; meanwhile the exit codes of those that end are told."""
        while not select.select([0], [], [], _PAUSE_S if self._running else None)[0]:
            self._reap()
        return os.read(0, 1 << 20)

    def _reap(self) -> None:
        for pid in tuple(self._running):
            ended, status = os.waitpid(pid, os.WNOHANG)
            if ended:
                code = Path(self._running.pop(pid)).with_suffix(".code")
                partial = code.with_suffix(".partial")
                partial.write_text(str(os.waitstatus_to_exitcode(status)))
                partial.rename(code)

    def kill(self) -> None:
        """End them all: nobody waits for them."""
        for pid in self._running:
            with contextlib.suppress(ProcessLookupError):
                os.killpg(pid, signal.SIGKILL)


def _serve() -> Callable[[], None] | None:
    """Fork what is asked for on standard input, until that ends.

    Returns:
        In a forked process: what it is for.
    """
    from sqlalchemy.orm import configure_mappers

    for name in _IMPORTED:
        importlib.import_module(name)
    configure_mappers()  # as the first statement of each process would
    prefect = _settings_of_prefect(os.environ)
    gc.collect()
    gc.freeze()  # so that what all share is not copied by looking for what can go
    forked = _Forked()
    asked = b""
    while True:
        read = forked.wait_for_words()
        if not read:
            forked.kill()
            return None
        asked += read
        while b"\n" in asked:
            line, asked = asked.split(b"\n", 1)
            wanted = json.loads(line)
            pid = _fork(wanted)
            if pid == 0:
                return lambda: _run(wanted, prefect)
            forked.add(pid, wanted["out"])
            os.write(1, b"%d\n" % pid)


if __name__ == "__main__":
    _purpose = _serve()
    if _purpose is not None:
        _purpose()
