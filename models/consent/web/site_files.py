"""Files that many images share, asked for once: robots.txt, licences, pages."""

from __future__ import annotations

import threading
from collections import OrderedDict
from collections.abc import Callable
from concurrent.futures import Future
from dataclasses import dataclass

from models.consent.web.capture import Capture

_OVERHEAD = 1024  # bytes that a capture without a body is counted as


@dataclass(frozen=True, slots=True)
class _Entry:
    future: Future[tuple[Capture, ...]]
    asked_at: int


class SiteFiles:
    """What is known of addresses that many images need. Safe to share by threads.

    Two threads that want the same address at the same time ask for it once. What was asked for
    longest ago is forgotten first.

    Args:
        max_age_seconds: an answer that is older is asked for again.
        max_failed_seconds: the same, where the answer was a failure.
        max_bytes: of all bodies together.
    """

    def __init__(
        self,
        max_age_seconds: int = 3_600,
        max_failed_seconds: int = 300,
        max_bytes: int = 256 * 1024**2,
    ) -> None:
        self._max_age = max_age_seconds
        self._max_failed_age = max_failed_seconds
        self._max_bytes = max_bytes
        self._lock = threading.Lock()
        self._entries: OrderedDict[str, _Entry] = OrderedDict()
        self._sizes: dict[str, int] = {}
        self._bytes = 0

    def get(
        self, url: str, now: int, ask: Callable[[str], tuple[Capture, ...]]
    ) -> tuple[Capture, ...]:
        """The captures that asking for ``url`` gives, from memory where they are fresh.

        Args:
            url: the address.
            now: UTC seconds.
            ask: makes the request. What it raises is raised here, and not kept.
        """
        with self._lock:
            entry = self._entries.get(url)
            if entry is None or not self._is_fresh(entry, now):
                self._forget(url)
                mine = self._entries[url] = _Entry(Future(), now)
            else:
                mine = None
        if mine is None:
            assert entry is not None
            return entry.future.result()
        try:
            captures = ask(url)
        except BaseException as error:
            with self._lock:
                if self._entries.get(url) is mine:
                    self._forget(url)
            mine.future.set_exception(error)
            raise
        mine.future.set_result(captures)
        self._make_room(url, mine, captures)
        return captures

    def _is_fresh(self, entry: _Entry, now: int) -> bool:
        if not entry.future.done():
            return True
        failed = any(capture.failure for capture in entry.future.result())
        return now - entry.asked_at < (self._max_failed_age if failed else self._max_age)

    def _make_room(self, url: str, entry: _Entry, captures: tuple[Capture, ...]) -> None:
        size = sum(len(capture.body or b"") + _OVERHEAD for capture in captures)
        with self._lock:
            if self._entries.get(url) is not entry:
                return
            self._sizes[url] = size
            self._bytes += size
            for old in list(self._entries):
                if self._bytes <= self._max_bytes:
                    break
                if old in self._sizes:
                    self._forget(old)

    def _forget(self, url: str) -> None:
        self._entries.pop(url, None)
        self._bytes -= self._sizes.pop(url, 0)
