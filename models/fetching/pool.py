"""Many fetches at once, in a bounded number of slots."""

from __future__ import annotations

import queue
import threading
from collections import deque
from collections.abc import Callable, Hashable, Iterable, Iterator
from types import TracebackType
from typing import Generic, TypeVar
from urllib.parse import urlsplit

from models.fetching.fetched import Fetch, Fetched, FetchError

Key = TypeVar("Key", bound=Hashable)

_AHEAD = 512  # requests that are read ahead, to find some of other hosts


class _Line(Generic[Key]):
    """Requests that wait, by host, so that no slot waits for a host another slot is busy with."""

    def __init__(self, requests: Iterator[tuple[Key, str]]) -> None:
        self._requests = requests
        self._waiting: dict[str, deque[tuple[Key, str]]] = {}
        self._count = 0
        self._busy: dict[str, int] = {}

    def take(self) -> tuple[Key, str, str] | None:
        """The next request and its host; None if there is none left."""
        while self._count < _AHEAD and (request := next(self._requests, None)) is not None:
            self._waiting.setdefault(_host_of(request[1]), deque()).append(request)
            self._count += 1
        if not self._waiting:
            return None
        host = min(self._waiting, key=lambda name: self._busy.get(name, 0))
        key, url = self._waiting[host].popleft()
        if not self._waiting[host]:
            del self._waiting[host]
        self._count -= 1
        self._busy[host] = self._busy.get(host, 0) + 1
        return key, url, host

    def end(self, host: str) -> None:
        """A request to this host is done."""
        self._busy[host] -= 1
        if not self._busy[host]:
            del self._busy[host]


class _Attempt:
    """Carries whatever a fetch raises to the caller's thread, who would wait forever otherwise."""

    outcome: Fetched | BaseException

    def __enter__(self) -> _Attempt:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> bool:
        if error is not None:
            self.outcome = error
        return True


def _host_of(url: str) -> str:
    try:
        return urlsplit(url).hostname or ""
    except ValueError:
        return ""


def fetch_all(
    fetch: Fetch,
    requests: Iterable[tuple[Key, str]],
    slots: int = 8,
    progress: Callable[[int], None] | None = None,
) -> Iterator[tuple[Key, Fetched | FetchError]]:
    """Fetch many addresses and yield each as it ends; every key comes exactly once.

    ``requests`` is read as far ahead as needed, in the caller's thread. Nothing new is begun when
    the caller stops iterating or is interrupted (Ctrl-C); what is under way is left behind and
    ends within the fetcher's own limits.

    Args:
        fetch: fetches one address; called from several threads.
        requests: key and URL.
        slots: fetches at a time.
        progress: called with the number of fetches that have ended.

    Raises:
        ValueError: ``slots`` is less than 1.
        BaseException: ``fetch`` has raised something else than a FetchError: a fault in the code.
    """
    if slots < 1:
        raise ValueError("there must be at least one slot")
    return _fetch_all(fetch, iter(requests), slots, progress)


def _fetch_all(
    fetch: Fetch,
    requests: Iterator[tuple[Key, str]],
    slots: int,
    progress: Callable[[int], None] | None,
) -> Iterator[tuple[Key, Fetched | FetchError]]:
    line: _Line[Key] = _Line(requests)
    todo: queue.SimpleQueue[tuple[Key, str, str] | None] = queue.SimpleQueue()
    done: queue.SimpleQueue[tuple[Key, str, Fetched | BaseException]] = queue.SimpleQueue()
    stopped = threading.Event()

    def work() -> None:
        while (request := todo.get()) is not None and not stopped.is_set():
            key, url, host = request
            with _Attempt() as attempt:
                attempt.outcome = fetch(url)
            done.put((key, host, attempt.outcome))

    # Daemons: a slot that waits for a slow server must not keep an interrupted program alive.
    workers = 0
    running = ended = 0
    try:
        while True:
            while running < slots and (request := line.take()) is not None:
                if workers < slots and workers <= running:
                    threading.Thread(target=work, name=f"fetch {workers}", daemon=True).start()
                    workers += 1
                todo.put(request)
                running += 1
            if not running:
                return
            key, host, outcome = done.get()
            running -= 1
            ended += 1
            line.end(host)
            if not isinstance(outcome, Fetched | FetchError):
                raise outcome
            if progress is not None:
                progress(ended)
            yield key, outcome
    finally:
        stopped.set()
        for _ in range(workers):
            todo.put(None)
