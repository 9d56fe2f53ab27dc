"""The fetcher: HTTP with every address checked and every resource bounded."""

from __future__ import annotations

import re
import ssl
import time
from collections.abc import Callable
from dataclasses import dataclass, replace

import httpcore

from models.errors import SettingsError
from models.fetching.addresses import (
    AddressRefusedError,
    AddressRules,
    choose_addresses,
    read_literal,
)
from models.fetching.decoding import (
    ACCEPT_ENCODING,
    BodyDecoder,
    BodyTooLargeError,
    EncodingError,
)
from models.fetching.exchange import (
    REDIRECTS,
    Exchange,
    Exchanger,
    Headers,
    Hop,
    Request,
    failure_of_status,
)
from models.fetching.fetched import Failure, FetchError
from models.fetching.pacing import HostClosedError, Pacing
from models.fetching.resolving import Resolve, resolve_by_system
from models.fetching.urls import Target, read_redirect, read_target
from models.fetching.user_agent import make_user_agent
from models.fetching.wire import Budget, CheckedBackend, NoSuchHostError, WireLimitError

_LOCAL_NAMES = (".localhost", ".local", ".internal", ".lan", ".home.arpa", ".intranet")


@dataclass(frozen=True, slots=True)
class FetchLimits:
    """What one exchange may take.

    Attributes:
        max_bytes: of a body, decompressed.
        max_header_bytes: of one response's headers.
        max_header_lines: of one response.
        max_redirects: followed.
        connect_seconds: to find and reach a host.
        read_seconds: between two arrivals of bytes.
        total_seconds: for everything but waiting for one's turn.
        allow_downgrade: follow a redirect from https to http.
    """

    max_bytes: int = 20 * 1024 * 1024
    max_header_bytes: int = 64 * 1024
    max_header_lines: int = 256
    max_redirects: int = 5
    connect_seconds: float = 10.0
    read_seconds: float = 15.0
    total_seconds: float = 60.0
    allow_downgrade: bool = False


class Fetcher(Exchanger):
    """Makes HTTP exchanges, within limits, with open addresses only. Safe to share by threads.

    Every request resolves the name, checks every address, and has a connection of its own to the
    address that was checked.
    """

    def __init__(
        self,
        limits: FetchLimits | None = None,
        rules: AddressRules | None = None,
        *,
        contact: str = "",
        pacing: Pacing | None = None,
        ssl_context: ssl.SSLContext | None = None,
        resolve: Resolve = resolve_by_system,
        proxy: str = "",
        now: Callable[[], float] = time.time,
    ) -> None:
        """
        Args:
            limits: what one exchange may take.
            rules: what the operator opens.
            contact: for the User-Agent.
            pacing: whose turn it is; None for no pacing at all.
            ssl_context: whom to trust; the bundled authorities by default.
            resolve: finds the addresses of a name.
            proxy: ``"http://host:port"`` of a proxy; those of the environment are not used. The
                proxy resolves the names, so that it, not Kiyome, must keep strangers' URLs out of
                the network around it. Literal addresses are still checked here.
            now: UTC seconds.

        Raises:
            SettingsError: ``contact`` or ``proxy`` cannot be used.
        """
        self.limits = limits or FetchLimits()
        self._rules = rules or AddressRules()
        self._user_agent = make_user_agent(contact)
        self._pacing = pacing
        self._ssl_context = ssl_context or httpcore.default_ssl_context()
        self._resolve = resolve
        self._proxy = _read_proxy(proxy) if proxy else None
        self._now = now

    def answer(self, request: Request) -> Exchange:
        """Make one exchange and follow its redirects, each checked anew."""
        url, hops, left = request.url, list[Hop](), self.limits.total_seconds
        found = Exchange(url, url, int(self._now()))
        try:
            target = read_target(url)
            while True:
                shown = url if not hops else target.url
                found = Exchange(url, shown, int(self._now()), hops=tuple(hops))
                found, spent = self._take_turn(target, request, found, left)
                left -= spent
                if found.status not in REDIRECTS or found.failure is not None:
                    return found
                if len(hops) >= self.limits.max_redirects:
                    words = f"it redirects more than {self.limits.max_redirects} times"
                    return replace(found, failure=Failure.TOO_MANY_REDIRECTS, detail=words)
                following = self._read_location(target, found)
                if request.admit and (refusal := request.admit(following.url)):
                    return replace(found, failure=refusal[0], detail=refusal[1])
                hops.append(Hop(found.final_url, found.status, found.headers))
                target = following
        except FetchError as error:
            return replace(found, failure=error.failure, detail=error.detail, final=True)

    def _read_location(self, target: Target, found: Exchange) -> Target:
        """Where a redirect leads.

        Raises:
            FetchError: nowhere that may be gone to.
        """
        locations = set(found.values("location"))
        if len(locations) != 1:
            raise FetchError(Failure.MALFORMED, found.url, "it redirects without saying where")
        location = locations.pop().encode("latin-1")
        try:
            following = read_redirect(target, location.decode("utf-8"))
        except UnicodeDecodeError:
            following = read_redirect(target, location.decode("latin-1"))
        downgraded = (target.scheme, following.scheme) == ("https", "http")
        if downgraded and not self.limits.allow_downgrade:
            words = "it redirects from https to http"
            raise FetchError(Failure.FORBIDDEN_SCHEME, found.url, words)
        return following

    def _take_turn(
        self, target: Target, request: Request, found: Exchange, left: float
    ) -> tuple[Exchange, float]:
        """One request when it is the host's turn, and the seconds it took."""
        local = self._rules.names(target.host, target.port)
        if self._pacing is None:
            started = time.monotonic()
            return self._ask(target, request, found, left), time.monotonic() - started
        try:
            with self._pacing.turn(target.place, local=local):
                started = time.monotonic()
                answered = self._ask(target, request, found, left)
                spent = time.monotonic() - started
                self._pacing.note(target.place, answered, now=self._now())
                return answered, spent
        except HostClosedError as error:
            detail = error.detail
            failure = Failure.UNREACHABLE
            return replace(found, failure=failure, detail=detail, final=True), 0.0

    def _ask(self, target: Target, request: Request, found: Exchange, left: float) -> Exchange:
        """One request on a connection of its own; what goes wrong becomes the answer's failure."""
        budget = Budget(left, self.limits.max_header_bytes)
        found = replace(found, fetched_at=int(self._now()))
        try:
            if self._proxy is not None:
                self._check_unresolved(target)
            with self._open(target, budget) as connection:
                return self._converse(connection, target, request, found, budget)
        except AddressRefusedError as error:
            return replace(
                found, failure=Failure.FORBIDDEN_ADDRESS, detail=error.detail, final=True
            )
        except NoSuchHostError as error:
            detail = error.problem.rstrip(".")
            return replace(found, failure=Failure.UNREACHABLE, detail=detail, final=True)
        except (WireLimitError, httpcore.NetworkError, httpcore.TimeoutException) as error:
            failure, detail = _explain(error, budget, "headers")
        except (httpcore.ProtocolError, httpcore.ProxyError) as error:
            failure, detail = _explain(error, budget, "headers")
        return replace(found, failure=failure, detail=detail)

    def _open(
        self, target: Target, budget: Budget
    ) -> httpcore.HTTPConnection | httpcore.ConnectionPool:
        trusted = self._proxy.host.decode("ascii") if self._proxy else ""
        backend = CheckedBackend(budget, self._resolve, self._rules, trusted=trusted)
        if self._proxy is not None:
            return httpcore.HTTPProxy(
                self._proxy, ssl_context=self._ssl_context, network_backend=backend
            )
        origin = httpcore.Origin(target.scheme.encode(), target.host.encode(), target.port)
        return httpcore.HTTPConnection(
            origin, ssl_context=self._ssl_context, network_backend=backend
        )

    def _check_unresolved(self, target: Target) -> None:
        """What can be checked of a host that only the proxy will resolve.

        Raises:
            AddressRefusedError: it is closed.
        """
        if read_literal(target.host) is not None:
            choose_addresses(target.host, [target.host], target.port, self._rules)
        elif not self._rules.names(target.host, target.port):
            if "." not in target.host or target.host.endswith(_LOCAL_NAMES):
                raise AddressRefusedError(f"{target.host} is a local name")
            if target.port not in self._rules.ports:
                raise AddressRefusedError(f"port {target.port} is not open")

    def _converse(
        self,
        connection: httpcore.HTTPConnection | httpcore.ConnectionPool,
        target: Target,
        request: Request,
        found: Exchange,
        budget: Budget,
    ) -> Exchange:
        conditional = not found.hops and bool(request.etag or request.last_modified)
        timeouts = {
            "connect": self.limits.connect_seconds,
            "read": self.limits.read_seconds,
            "write": self.limits.read_seconds,
            "pool": self.limits.connect_seconds,
        }
        url = httpcore.URL(
            scheme=target.scheme.encode(),
            host=target.host.encode(),
            port=target.stated_port,
            target=target.path.encode(),
        )
        headers = self._headers(target, request, conditional=conditional)
        with connection.stream(
            request.method, url, headers=headers, extensions={"timeout": timeouts}
        ) as response:
            lines = _read_headers(response.headers)
            found = replace(found, status=response.status, headers=lines)
            size = sum(len(name) + len(value) for name, value in response.headers)
            if len(lines) > self.limits.max_header_lines or size > self.limits.max_header_bytes:
                words = "it has too many headers"
                lines = lines[: self.limits.max_header_lines]
                return replace(found, headers=lines, failure=Failure.TOO_LARGE, detail=words)
            refusal = None
            if response.status not in REDIRECTS:
                refusal = failure_of_status(response.status, conditional=conditional)
            if refusal is not None:
                found = replace(found, failure=refusal[0], detail=refusal[1])
            if not request.want_body or request.method == "HEAD" or response.status in REDIRECTS:
                return found
            return self._read_body(response, request, found, budget)

    def _headers(
        self, target: Target, request: Request, *, conditional: bool
    ) -> list[tuple[bytes, bytes]]:
        headers = [
            ("Host", target.authority),
            ("User-Agent", self._user_agent),
            ("Accept", request.accept),
            ("Accept-Encoding", ACCEPT_ENCODING),
            ("Connection", "close"),
        ]
        if conditional and request.etag:
            headers.append(("If-None-Match", request.etag))
        if conditional and request.last_modified:
            headers.append(("If-Modified-Since", request.last_modified))
        return [(name.encode(), value.encode("latin-1", "replace")) for name, value in headers]

    def _read_body(
        self, response: httpcore.Response, request: Request, found: Exchange, budget: Budget
    ) -> Exchange:
        limit = self.limits.max_bytes
        if request.max_bytes is not None:
            limit = min(limit, request.max_bytes)
        # Framing and compression may make a body longer on the wire, but not without end.
        budget.allowed = budget.received + 2 * limit + self.limits.max_header_bytes
        decoder = None
        try:
            decoder = BodyDecoder(found.values("content-encoding"), limit)
            for chunk in response.iter_stream():
                decoder.feed(chunk)
            if decoder.complete:
                return replace(found, body=decoder.body)
            failure, detail = Failure.UNREACHABLE, "the body is cut short"
        except (BodyTooLargeError, EncodingError) as error:
            failure, detail = _explain(error, budget, "body")
        except (WireLimitError, httpcore.NetworkError, httpcore.TimeoutException) as error:
            failure, detail = _explain(error, budget, "body")
        except httpcore.ProtocolError as error:
            failure, detail = _explain(error, budget, "body")
        partial = decoder.body if decoder else b""
        if found.failure is not None:  # what the status says weighs more than its broken body
            return replace(found, partial=partial, detail=f"{found.detail}; {detail}")
        return replace(found, failure=failure, detail=detail, partial=partial)


def _read_headers(raw: list[tuple[bytes, bytes]]) -> Headers:
    return tuple((name.decode("latin-1").lower(), value.decode("latin-1")) for name, value in raw)


def _explain(error: Exception, budget: Budget, part: str) -> tuple[Failure, str]:
    """The failure that an error of the connection or the body means, and words for it."""
    if isinstance(error, httpcore.TimeoutException):
        return Failure.TIMEOUT, "it takes too long"
    if isinstance(error, WireLimitError | BodyTooLargeError):
        return Failure.TOO_LARGE, f"its {part} {'are' if part == 'headers' else 'is'} too large"
    if isinstance(error, EncodingError):
        return Failure.MALFORMED, error.problem[:1].lower() + error.problem[1:].rstrip(".")
    if isinstance(error, httpcore.LocalProtocolError):
        return Failure.MALFORMED, "it cannot be asked for in HTTP"
    if isinstance(error, httpcore.ProtocolError):
        if budget.ended or (part == "headers" and budget.received == 0):
            return Failure.UNREACHABLE, "the answer is cut short"
        return Failure.MALFORMED, f"it does not speak HTTP ({str(error)[:100]})"
    if part == "body":
        return Failure.UNREACHABLE, f"the body is cut short ({str(error)[:100]})"
    return Failure.UNREACHABLE, f"there is no connection ({str(error)[:100]})"


def _read_proxy(proxy: str) -> httpcore.URL:
    match = re.match(r"http://([A-Za-z0-9.-]+):([0-9]{1,5})/?\Z", proxy)
    if match is None:
        raise SettingsError(
            f"The proxy {proxy[:60]!r} cannot be used.", 'Write it as "http://host:port".'
        )
    return httpcore.URL(scheme=b"http", host=match[1].encode(), port=int(match[2]), target=b"/")
