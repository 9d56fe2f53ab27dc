"""Whose turn it is: how often, and how many at a time, one host is asked."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field

from models.errors import KiyomeError
from models.fetching.exchange import Exchange
from models.fetching.fetched import Failure
from models.fetching.http_dates import read_http_date

_LOST = frozenset({Failure.TIMEOUT, Failure.UNREACHABLE, Failure.SERVER_ERROR})
_DAY = 86_400.0


class HostClosedError(KiyomeError):
    """A host is not asked any more.

    Attributes:
        detail: why, without a full stop.
    """

    def __init__(self, detail: str) -> None:
        super().__init__(f"The host is not asked: {detail}.")
        self.detail = detail

    def __reduce__(self) -> tuple[type[HostClosedError], tuple[str]]:  # type: ignore[override]
        return (type(self), (self.detail,))


@dataclass(frozen=True, slots=True)
class PacingRules:
    """How a host is treated.

    Attributes:
        concurrent: requests at a time to one host.
        delay_seconds: between the starts of two requests to one host.
        local_concurrent: requests at a time to a host that the operator has listed as private;
            there is no delay there.
        failures_in_a_row: after which a host is given up on for the run. Timeouts, lost
            connections, 5xx and 429 count.
        longest_wait_seconds: a host that asks to be left alone for longer is not asked again
            until then.
    """

    concurrent: int = 1
    delay_seconds: float = 0.5
    local_concurrent: int = 8
    failures_in_a_row: int = 8
    longest_wait_seconds: float = 60.0


@dataclass(slots=True)
class _Host:
    slots: threading.BoundedSemaphore
    next_start: float = 0.0
    closed_until: float = 0.0
    lost_in_a_row: int = 0
    lock: threading.Lock = field(default_factory=threading.Lock)


class Pacing:
    """Gives turns. One for all threads of a run."""

    def __init__(
        self,
        rules: PacingRules | None = None,
        *,
        clock: Callable[[], float] = time.monotonic,
        sleep: Callable[[float], None] = time.sleep,
    ) -> None:
        self.rules = rules or PacingRules()
        self._clock = clock
        self._sleep = sleep
        self._hosts: dict[str, _Host] = {}
        self._lock = threading.Lock()

    def _host(self, place: str, *, local: bool = False) -> _Host:
        with self._lock:
            host = self._hosts.get(place)
            if host is None:
                count = self.rules.local_concurrent if local else self.rules.concurrent
                host = self._hosts[place] = _Host(threading.BoundedSemaphore(count))
            return host

    @contextmanager
    def turn(self, place: str, *, local: bool = False) -> Iterator[None]:
        """Wait for the turn at a host, and hold it.

        Raises:
            HostClosedError: the host is given up on, or asks to be left alone.
        """
        host = self._host(place, local=local)
        self._check_open(host)
        with host.slots:
            while True:
                self._check_open(host)
                with host.lock:
                    now = self._clock()
                    wait = host.next_start - now
                    if wait <= 0:
                        host.next_start = now + (0.0 if local else self.rules.delay_seconds)
                        break
                self._sleep(wait)
            yield

    def _check_open(self, host: _Host) -> None:
        with host.lock:
            if host.lost_in_a_row >= self.rules.failures_in_a_row:
                raise HostClosedError("given up on this host for this run")
            rest = host.closed_until - self._clock()
        if rest > 0:
            raise HostClosedError(f"this host asks to be left alone for {rest:.0f} seconds")

    def note(self, place: str, found: Exchange, *, now: float) -> None:
        """Learn from an answer: whether the host is there, and whether it asks for patience.

        Args:
            place: the host.
            found: what came of the request.
            now: UTC seconds, for a Retry-After that is a date.
        """
        host = self._host(place)
        lost = found.failure in _LOST or found.status == 429
        asked = read_retry_after(found, now) if lost else None
        with host.lock:
            host.lost_in_a_row = host.lost_in_a_row + 1 if lost else 0
            if asked is None:
                return
            if asked > self.rules.longest_wait_seconds:
                host.closed_until = max(host.closed_until, self._clock() + min(asked, _DAY))
            else:
                host.next_start = max(host.next_start, self._clock() + asked)


def read_retry_after(found: Exchange, now: float) -> float | None:
    """Seconds that a response asks us to wait (RFC 9110 10.2.3), or None.

    Args:
        found: the response.
        now: UTC seconds.
    """
    waits: list[float] = []
    for value in found.values("retry-after"):
        text = value.strip()
        if text.isascii() and text.isdigit():
            waits.append(min(float(text[:12]), _DAY * 365))
        elif (until := read_http_date(text)) is not None:
            waits.append(max(0.0, until - now))
    return max(waits, default=None)
