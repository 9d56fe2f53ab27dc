"""How often somebody may ask: counted in the memory of one server, forgotten when it ends."""

from __future__ import annotations

import threading
import time
from collections import OrderedDict
from collections.abc import Callable

_MOST_KEYS = 10_000


class RateLimit:
    """A bucket for each key that holds a minute's requests and fills steadily.

    Args:
        a_minute: requests in a minute, and at once.
        now: seconds of a clock that never goes back.
    """

    def __init__(self, a_minute: int, now: Callable[[], float] = time.monotonic) -> None:
        self._most = float(a_minute)
        self._a_second = a_minute / 60
        self._now = now
        self._lock = threading.Lock()
        self._buckets: OrderedDict[str, tuple[float, float]] = OrderedDict()

    def take(self, key: str) -> float:
        """Count one request: 0 where it may be made, else the seconds until one may be."""
        with self._lock:
            left = self._left(key)
            allowed = left >= 1
            self._buckets[key] = (left - 1 if allowed else left, self._now())
            self._buckets.move_to_end(key)
            while len(self._buckets) > _MOST_KEYS:
                self._buckets.popitem(last=False)
        return 0.0 if allowed else (1 - left) / self._a_second

    def wait_for(self, key: str) -> float:
        """Seconds until a request may be made, without counting one; 0 where it may be now."""
        with self._lock:
            left = self._left(key)
        return 0.0 if left >= 1 else (1 - left) / self._a_second

    def _left(self, key: str) -> float:
        now = self._now()
        left, at = self._buckets.get(key, (self._most, now))
        return min(self._most, left + (now - at) * self._a_second)
