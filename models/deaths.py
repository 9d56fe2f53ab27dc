"""Work that a process dies of: noted before it begins, and narrowed down to the assets at fault.

A decoder may crash on one picture, and the system may kill a process that needs more memory than
there is. Nothing can be caught then: the process is gone. So a note is left for as long as assets
are examined; one that is found there later says that a process has died meanwhile, and the same
assets are examined in a process apart (``tasks.apart``), which may die without harm.
"""

from __future__ import annotations

import signal
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path

import pyarrow as pa

from models.assets.asset import Asset

MOST_DEATHS = 48
"""Processes that may die of one stage's work on one shard. One asset of 2,000 costs 13 of them."""

_TRIES = 2
"""Processes that have to die of an asset alone before it is at fault: one may die by chance."""


@dataclass(frozen=True, slots=True)
class Death:
    """How a process died.

    Attributes:
        signal: number of the signal that ended it.
    """

    signal: int

    @property
    def words(self) -> str:
        """For a person: was ended by SIGSEGV."""
        try:
            name = signal.Signals(self.signal).name
        except ValueError:
            name = f"signal {self.signal}"
        hint = ", as the system does for want of memory" if name == "SIGKILL" else ""
        return f"was ended by {name}{hint}"


@contextmanager
def noting_begun(note: Path) -> Iterator[None]:
    """Leave a note while the block goes on; it stays only if the process dies in it.

    A note that cannot be written is no reason to stop.
    """
    with suppress(OSError):
        note.parent.mkdir(parents=True, exist_ok=True)
        note.touch()
    try:
        yield
    finally:
        forget_begun(note)


def forget_begun(note: Path) -> None:
    """Take a note back: what it was about has been done, or failed in a process that lives."""
    with suppress(OSError):
        note.unlink(missing_ok=True)


def offer_to_die() -> None:
    """Let the system end this process first where memory runs out, and not the one that asks."""
    with suppress(OSError):
        Path("/proc/self/oom_score_adj").write_text("1000", "ascii")


Attempt = Callable[[Sequence[Asset]], "pa.Table | Death"]
"""Examines some assets apart: their rows, or how the process died that examined them."""

Blame = Callable[[Sequence[Asset], str], pa.Table]
"""The rows of assets that could not be examined, with a sentence that says why."""


def examine_in_parts(
    assets: Sequence[Asset], attempt: Attempt, blame: Blame, most: int = MOST_DEATHS
) -> list[pa.Table]:
    """Examine assets, halving them wherever a process dies, until those at fault stand alone.

    Args:
        assets: what to examine.
        attempt: examines a part of them.
        blame: makes the rows of those that processes died of.
        most: after so many deaths the rest is not tried any more, and blamed as well.

    Returns:
        Tables that together hold one row per asset, in no particular order.
    """
    rows: list[pa.Table] = []
    waiting: list[tuple[Sequence[Asset], int]] = [(assets, 1)] if assets else []
    deaths = 0
    while waiting:
        part, turn = waiting.pop()
        if deaths >= most:
            rows.append(
                blame(part, f"It was not examined: {deaths} processes died over its shard before.")
            )
            continue
        answer = attempt(part)
        if not isinstance(answer, Death):
            rows.append(answer)
            continue
        deaths += 1
        if len(part) > 1:
            middle = len(part) // 2
            waiting += [(part[middle:], 1), (part[:middle], 1)]
        elif turn < _TRIES:
            waiting.append((part, turn + 1))
        else:
            detail = f"Each of {turn} processes that examined it alone {answer.words}."
            rows.append(blame(part, detail))
    return rows
