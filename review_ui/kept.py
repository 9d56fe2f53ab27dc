"""Figures over the whole queue, kept for a while where there is much to count.

Counting a million items takes a good part of a second. Whoever counts again only after fifty times
as long spends at most a fiftieth of a processor on it. A short queue is always counted anew.
"""

from __future__ import annotations

import logging
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from typing import Generic, TypeVar

from sqlalchemy.orm import Session

from models.errors import StoreError
from models.review.desk import Desk, look_at_queue
from models.review.listing import DatasetCounts, count_items, count_waiting
from models.store.database import Database

TIMES = 50
"""How many times as long as it took to count a figure it is kept."""

LONGEST_S = 60.0
"""No figure that is shown is older."""

MANY = 20_000
"""Items of a queue that is counted anew each time, at most."""

MOST_COUNTED = 10_000
"""Waiting items of a dataset that are counted for a page's heading."""

FULL_S = 10.0
"""How long it is kept that there are so many or more."""

_T = TypeVar("_T")
_log = logging.getLogger("kiyome.review")


@dataclass(frozen=True, slots=True)
class _Known(Generic[_T]):
    """A figure, since when it is counted, and until when it is not counted again."""

    figure: _T
    began: float
    good_until: float


class Kept(Generic[_T]):
    """One figure. One thread counts at a time.

    A figure that should be counted again is given out meanwhile, as long as it is not older than
    ``LONGEST_S``: nobody waits for a count but the first, and whoever comes after a long pause.

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
        self._known: _Known[_T] | None = None

    def get(self, database: Database) -> _T:
        """The figure: new, or of a long queue at most ``LONGEST_S`` old.

        Raises:
            StoreError: it has to be counted now, and the database cannot be used.
        """
        known, now = self._known, self._clock()
        if known is not None and now < known.good_until:
            return known.figure
        if known is not None and now < known.began + LONGEST_S:
            if not self._lock.locked():
                threading.Thread(target=self._count_behind, args=(database,), daemon=True).start()
            return known.figure
        with self._lock:
            newer = self._known
            if newer is not None and newer is not known:
                return newer.figure
            return self._count_now(database)

    def _count_behind(self, database: Database) -> None:
        """Count while the old figure is shown, unless another thread does so."""
        if not self._lock.acquire(blocking=False):
            return
        try:
            self._count_now(database)
        except StoreError as error:
            _log.warning("a figure over the whole queue could not be counted: %s", error)
        finally:
            self._lock.release()

    def _count_now(self, database: Database) -> _T:
        began = self._clock()
        with database.snapshot() as session:
            figure = self._count(session)
        now = self._clock()
        good_until = min(began + LONGEST_S, now + (now - began) * TIMES)
        self._known = _Known(figure, began, good_until) if self._is_large(figure) else None
        return figure


class WaitingCounts:
    """How many items of a dataset wait, up to ``MOST_COUNTED``.

    The page of every item says so. Only that there are so many or more is kept, for a few seconds;
    any smaller number is counted anew each time.

    Args:
        clock: seconds, from anywhere.
    """

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        self._clock = clock
        self._full_until: dict[str, float] = {}

    def get(self, session: Session, dataset: str) -> int:
        """How many wait; ``MOST_COUNTED`` stands for so many or more."""
        if self._clock() < self._full_until.get(dataset, 0.0):
            return MOST_COUNTED
        counted = count_waiting(session, dataset, MOST_COUNTED)
        if counted == MOST_COUNTED:
            self._full_until[dataset] = self._clock() + FULL_S
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
