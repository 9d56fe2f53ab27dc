"""Figures over the whole queue, kept for a while where there is much to count.

Counting a million items takes a good part of a second. Whoever counts again only after twenty times
as long spends at most a twentieth of a processor on it. A short queue is always counted anew.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from functools import partial
from typing import Generic, TypeVar

from sqlalchemy.orm import Session

from models.review.desk import Desk, look_at_queue
from models.review.items import DatasetCounts, count_items
from models.store.database import Database

TIMES = 20
"""How many times as long as it took to count a figure it is kept."""

LONGEST_S = 60.0
MANY = 20_000
"""Items of a queue that is counted anew each time, at most."""

_T = TypeVar("_T")


class Kept(Generic[_T]):
    """One figure. One thread counts at a time; whoever comes meanwhile waits for what it counts.

    Args:
        count: counts it.
        is_large: whether there was much to count.
        clock: seconds, from anywhere.
    """

    def __init__(
        self,
        count: Callable[[Session], _T],
        is_large: Callable[[_T], bool],
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._count = count
        self._is_large = is_large
        self._clock = clock
        self._lock = threading.Lock()
        self._known: tuple[_T, float] | None = None

    def get(self, database: Database) -> _T:
        """The figure: new, or of a long queue at most ``TIMES`` as old as it takes to count it."""
        with self._lock:
            if self._known is not None and self._clock() < self._known[1]:
                return self._known[0]
            began = self._clock()
            with database.snapshot() as session:
                counted = self._count(session)
            now = self._clock()
            kept = min(LONGEST_S, (now - began) * TIMES)
            self._known = (counted, now + kept) if self._is_large(counted) else None
            return counted


def keep_counts() -> Kept[tuple[DatasetCounts, ...]]:
    """How many items of each dataset are in which state."""
    return Kept(count_items, is_long)


def keep_desk(due_days: int = 7) -> Kept[Desk]:
    """The figures of the lead's desk."""
    return Kept(partial(look_at_queue, due_days=due_days), lambda desk: is_long(desk.counts))


def is_long(counts: tuple[DatasetCounts, ...]) -> bool:
    """Whether a queue is long to count."""
    return sum(each.waiting + each.decided + each.superseded for each in counts) > MANY
