"""How far a run has come, in a file that anybody who may read the workspace can look at."""

from __future__ import annotations

import json
import time
from dataclasses import asdict, dataclass
from pathlib import Path

from models.files import write_atomically

_PAUSE_S = 1.0


@dataclass(frozen=True, slots=True)
class Progress:
    """How far a run has come.

    Attributes:
        run: its id.
        finished, total: shards.
        began_at, noted_at: UTC seconds.
    """

    run: str
    finished: int
    total: int
    began_at: float
    noted_at: float

    @property
    def seconds_left(self) -> float | None:
        """Seconds until the last shard, if the others take as long; None before the first."""
        if not self.finished:
            return None
        return (self.noted_at - self.began_at) / self.finished * (self.total - self.finished)


class ProgressNote:
    """Keeps the file of one run: at most once a second, and at the end."""

    def __init__(self, workspace: Path, run: str, total: int) -> None:
        self._path = _path(workspace, run)
        self._run, self._total = run, total
        self._began = time.time()
        self._noted = 0.0

    def note(self, finished: int) -> None:
        """Say how many shards are finished. A disk that is full does not end a run here."""
        now = time.time()
        if finished < self._total and now - self._noted < _PAUSE_S:
            return
        self._noted = now
        progress = Progress(self._run, finished, self._total, self._began, now)
        try:
            self._path.parent.mkdir(parents=True, exist_ok=True)
            write_atomically(self._path, json.dumps(asdict(progress)).encode())
        except OSError:
            return


def read_progress(workspace: Path, run: str) -> Progress | None:
    """How far a run has come; None where nobody noted it."""
    try:
        return Progress(**json.loads(_path(workspace, run).read_bytes()))
    except (OSError, ValueError, TypeError):
        return None


def _path(workspace: Path, run: str) -> Path:
    return workspace / "runs" / f"{run}.progress.json"
