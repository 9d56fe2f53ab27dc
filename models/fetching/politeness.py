"""Trying again, a bounded number of times and with patience.

``pacing`` keeps a host from being asked too often; this module decides whether a failed request is
made again.
"""

from __future__ import annotations

import random
import time
from collections.abc import Callable
from dataclasses import dataclass

from models.fetching.exchange import Exchange, Exchanger, Request
from models.fetching.fetched import Failure
from models.fetching.pacing import read_retry_after

_RETRIED = frozenset({Failure.TIMEOUT, Failure.SERVER_ERROR, Failure.UNREACHABLE})


@dataclass(frozen=True, slots=True)
class RetryRules:
    """How often and how patiently a request is made again.

    Attributes:
        retries: after the first attempt.
        first_wait_seconds: before the first retry; each further one waits twice as long.
        longest_wait_seconds: a Retry-After beyond it ends the attempts.
        total_wait_seconds: of all waits for one request together.
    """

    retries: int = 2
    first_wait_seconds: float = 1.0
    longest_wait_seconds: float = 60.0
    total_wait_seconds: float = 120.0


class Polite(Exchanger):
    """Makes a request again where that may help."""

    def __init__(
        self,
        inner: Exchanger,
        rules: RetryRules | None = None,
        *,
        sleep: Callable[[float], None] = time.sleep,
        now: Callable[[], float] = time.time,
        draw: Callable[[], float] = random.random,
    ) -> None:
        """
        Args:
            inner: makes the request.
            rules: how often.
            sleep: waits, in seconds.
            now: UTC seconds.
            draw: a number from 0 to 1, so that not all slots come back at once.
        """
        self._inner = inner
        self._rules = rules or RetryRules()
        self._sleep = sleep
        self._now = now
        self._draw = draw

    def answer(self, request: Request) -> Exchange:
        """The first answer that is not worth another attempt, or the last one."""
        waited = 0.0
        for attempt in range(self._rules.retries + 1):
            found = self._inner.answer(request)
            if not _is_worth_retrying(found) or attempt == self._rules.retries:
                break
            wait = self._rules.first_wait_seconds * 2**attempt * (0.5 + self._draw())
            asked = read_retry_after(found, self._now()) or 0.0
            wait = max(wait, asked)
            if wait > self._rules.longest_wait_seconds:
                break
            if waited + wait > self._rules.total_wait_seconds:
                break
            self._sleep(wait)
            waited += wait
        return found


def _is_worth_retrying(found: Exchange) -> bool:
    return not found.final and (found.failure in _RETRIED or found.status == 429)
