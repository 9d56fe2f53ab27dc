"""Examining assets in a process apart, which may die of them without harm.

One such process is at work at a time: it holds detectors of its own. It is asked by lines of JSON
and answers with the path of a file (``tasks.apart_process``); where it goes away instead, the next
takes its place, and ``models.deaths`` decides what to ask of it.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
import tempfile
import threading
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from types import TracebackType
from typing import IO, Any, Self

import pyarrow as pa

import models.errors
from models.assets.asset import Asset
from models.deaths import Death, examine_in_parts
from models.errors import KiyomeError, WorkspaceError
from models.reasons import Reason
from models.stages import Progress, Stage, fault_table

_one_at_a_time = threading.Lock()


@dataclass(frozen=True, slots=True)
class Place:
    """Where assets are that are examined apart.

    Attributes:
        order: the order file of the run.
        shard: digest of the shard that they belong to.
        workers: threads that the process may use.
    """

    order: Path
    shard: str
    workers: int


def examine_apart(
    place: Place, stage: Stage, assets: Sequence[Asset], progress: Progress
) -> pa.Table:
    """One row per asset; those that processes die of get a fault that says so.

    Args:
        stage: what examines them.

    Raises:
        KiyomeError: the stage cannot work there on any asset.
    """
    with _one_at_a_time, tempfile.TemporaryDirectory(prefix="kiyome-apart-") as folder:
        asked = {
            "order": str(place.order),
            "shard": place.shard,
            "workers": place.workers,
            "stage": stage.name,
            "fingerprint": stage.fingerprint,
            "output": str(Path(folder) / "rows.arrow"),
        }
        with _Apart(asked) as apart:

            def attempt(part: Sequence[Asset]) -> pa.Table | Death:
                answer = apart.examine([asset.asset_id for asset in part])
                if not isinstance(answer, Death):
                    progress(len(part))
                    return answer.cast(stage.schema)
                return answer

            def blame(part: Sequence[Asset], why: str) -> pa.Table:
                progress(len(part))
                ids = [asset.asset_id for asset in part]
                return fault_table(stage.schema, ids, Reason.PROCESS_LOST.value, why)

            return pa.concat_tables(examine_in_parts(assets, attempt, blame))


class _Apart:
    """The process; it is started when it is needed, and again after it has died."""

    def __init__(self, asked: dict[str, Any]) -> None:
        self._asked = asked
        self._process: subprocess.Popen[bytes] | None = None
        self._complaints: IO[bytes] = tempfile.TemporaryFile()  # noqa: SIM115  (closed at the end)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        if self._process is not None:
            self._process.kill()
            self._forget()
        self._complaints.close()

    def examine(self, asset_ids: list[str]) -> pa.Table | Death:
        """The rows of some assets of the shard, or how the process died."""
        if self._process is None:
            self._start()
        answer = self._ask({"assets": asset_ids})
        if isinstance(answer, Death):
            return answer
        # Not mapped: the next answer is written over it.
        with pa.OSFile(self._asked["output"]) as source:
            return pa.ipc.open_file(source).read_all()

    def _start(self) -> None:
        # Where this is a worker of a cluster, modules may be found by what it was told later.
        environment = {**os.environ, "PYTHONPATH": os.pathsep.join(filter(None, sys.path))}
        self._process = subprocess.Popen(
            [sys.executable, "-P", "-m", "tasks.apart_process"],
            env=environment,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=self._complaints,
            start_new_session=True,  # Ctrl-C is for the one that asks, and no asset's fault
        )
        ready = self._ask(self._asked)
        if isinstance(ready, Death):
            raise self._failed(f"{ready.words} before it began")

    def _ask(self, question: dict[str, Any]) -> dict[str, Any] | Death:
        process = self._process
        if process is None or process.stdin is None or process.stdout is None:
            raise RuntimeError("the process apart was not started")
        try:
            process.stdin.write(json.dumps(question).encode() + b"\n")
            process.stdin.flush()
            line = process.stdout.readline()
        except BrokenPipeError:
            line = b""
        if not line.endswith(b"\n"):
            code = self._forget()
            if code >= 0:  # it ended by itself, and of no asset
                raise self._failed(f"ended with code {code}")
            return Death(-code)
        answer: dict[str, Any] = json.loads(line)
        if "problem" in answer:
            kind = getattr(models.errors, answer["kind"], KiyomeError)
            raise kind(answer["problem"], answer["remedy"])
        return answer

    def _failed(self, how: str) -> WorkspaceError:
        self._complaints.seek(0)
        lines = self._complaints.read().decode("utf-8", "replace").strip().splitlines()
        said = f" ({lines[-1][:300]})" if lines else ""
        return WorkspaceError(
            f"A process that was to examine assets apart {how}{said}.",
            "Mend the cause, as by more memory, and run again: what was examined is kept.",
        )

    def _forget(self) -> int:
        """Wait for the end of the process; its exit code."""
        process, self._process = self._process, None
        if process is None:
            return 0
        for pipe in (process.stdin, process.stdout):
            if pipe is not None:
                try:
                    pipe.close()
                except BrokenPipeError:
                    continue
        return process.wait()
