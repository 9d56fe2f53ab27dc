"""The acquisition gate: nothing is fetched that robots.txt asks not to fetch (RFC 9309).

robots.txt says what may be fetched, not what may be done with it: a disallow is no statement of
consent, and the gate makes none.
"""

from __future__ import annotations

import re
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass, field, replace

from protego import Protego

from models.fetching.exchange import Exchange, Exchanger, Request
from models.fetching.fetched import Failure, FetchError
from models.fetching.urls import Target, read_target
from models.fetching.user_agent import PRODUCT

ROBOTS_PATH = "/robots.txt"
EXEMPT_PATHS = frozenset({ROBOTS_PATH, "/.well-known/tdmrep.json"})

_MAX_BYTES = 512 * 1024  # RFC 9309 2.5 asks for 500 KiB at least
_FRESH_SECONDS = 86_400.0  # RFC 9309 2.4
_UNDETERMINED_SECONDS = 600.0
_ORIGINS = 4096  # kept in memory
# 4xx means that there are no rules (RFC 9309 2.3.1.3), but these say "not now", not "no".
_NOT_NOW = frozenset({408, 425, 429})
_AGENT_LINE = re.compile(r"\s*user[-\s]*agent\s*(?::|\s)\s*(.*)", re.IGNORECASE)
_TOKEN = re.compile(r"[a-z_-]+")


@dataclass(frozen=True, slots=True)
class _Rules:
    """What is known of one origin: rules, none, or why they cannot be read."""

    parsed: Protego | None = None
    failure: Failure | None = None
    detail: str = ""


@dataclass(slots=True)
class _Origin:
    lock: threading.Lock = field(default_factory=threading.Lock)
    rules: _Rules | None = None
    until: float = 0.0


class RobotsGate(Exchanger):
    """Asks robots.txt before everything else, also before a redirect is followed."""

    def __init__(
        self,
        inner: Exchanger,
        *,
        token: str = PRODUCT,
        enabled: bool = True,
        exempt_paths: frozenset[str] = EXEMPT_PATHS,
        is_exempt: Callable[[Target], bool] = lambda _: False,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        """
        Args:
            inner: fetches, robots.txt as well.
            token: our product token.
            enabled: False lets everything through.
            exempt_paths: files that are published to be read by machines.
            is_exempt: further addresses that need no asking, such as the operator's own gateway.
            clock: monotonic seconds.
        """
        self._inner = inner
        self._token = token.lower()
        self._enabled = enabled
        self._exempt_paths = exempt_paths
        self._is_exempt = is_exempt
        self._clock = clock
        self._origins: dict[str, _Origin] = {}
        self._lock = threading.Lock()

    def answer(self, request: Request) -> Exchange:
        """The answer, or a failure without a status if robots.txt is against it."""
        if not self._enabled:
            return self._inner.answer(request)
        refusal = self.ask(request.url)
        if refusal is not None:
            failure, detail = refusal
            now = int(time.time())
            return Exchange(
                request.url, request.url, now, failure=failure, detail=detail, final=True
            )
        outer = request.admit

        def admit(url: str) -> tuple[Failure, str] | None:
            return self.ask(url) or (outer(url) if outer else None)

        # A redirect of an exempt file is part of reading it (RFC 9309 2.3.1.2).
        if self._exempts(request.url):
            return self._inner.answer(request)
        return self._inner.answer(replace(request, admit=admit))

    def ask(self, url: str) -> tuple[Failure, str] | None:
        """None if ``url`` may be fetched, else why not."""
        try:
            target = read_target(url)
        except FetchError:
            return None  # the fetcher says what is wrong with it
        if not self._enabled or self._exempts(url):
            return None
        rules = self._find_rules(target)
        if rules.failure is not None:
            return rules.failure, f"its robots.txt cannot be read ({rules.detail})"
        if rules.parsed is None or rules.parsed.can_fetch(target.url, self._token):
            return None
        return Failure.DENIED, "robots.txt asks not to fetch it"

    def _exempts(self, url: str) -> bool:
        try:
            target = read_target(url)
        except FetchError:
            return False
        return target.path in self._exempt_paths or self._is_exempt(target)

    def _find_rules(self, target: Target) -> _Rules:
        with self._lock:
            origin = self._origins.get(target.origin)
            if origin is None:
                while len(self._origins) >= _ORIGINS:
                    del self._origins[next(iter(self._origins))]
                origin = self._origins[target.origin] = _Origin()
        with origin.lock:  # one slot asks, the others wait for its answer
            if origin.rules is None or self._clock() >= origin.until:
                origin.rules = self._read_rules(target.origin + ROBOTS_PATH)
                lost = origin.rules.failure is not None
                origin.until = self._clock() + (_UNDETERMINED_SECONDS if lost else _FRESH_SECONDS)
            return origin.rules

    def _read_rules(self, url: str) -> _Rules:
        found = self._inner.answer(
            Request(url, accept="text/plain, */*;q=0.1", max_bytes=_MAX_BYTES)
        )
        if found.failure is None:
            return _Rules(self._parse(found.body or b""))
        if found.failure is Failure.TOO_LARGE and found.partial:
            return _Rules(self._parse(found.partial))  # RFC 9309 2.5: the rest may be ignored
        if found.failure in (Failure.ABSENT, Failure.DENIED) and found.status not in _NOT_NOW:
            return _Rules()
        return _Rules(failure=found.failure, detail=found.detail)

    def _parse(self, body: bytes) -> Protego:
        return parse_robots(body, self._token)


def parse_robots(body: bytes, token: str) -> Protego:
    """Parse robots.txt as far as it concerns one product token (in lower case) and ``*``.

    Every other robot is read as one and the same: the parser keeps a copy of a group's rules for
    each robot it names, which a hostile file could make into gigabytes.
    """
    text = body.removeprefix(b"\xef\xbb\xbf").decode("utf-8", "replace")
    lines = []
    for line in text.splitlines():
        match = _AGENT_LINE.match(line)
        if match is None:
            lines.append(line)
            continue
        value = match[1].partition("#")[0].strip().lower()
        named = _TOKEN.match(value)
        if value.split(None, 1)[:1] == ["*"]:
            lines.append("User-agent: *")
        elif named and named[0] == token:
            lines.append(f"User-agent: {token}")
        else:
            # A line that names nobody still ends the group above it.
            lines.append("User-agent: another-robot" if value else "User-agent:")
    return Protego.parse("\n".join(lines))
