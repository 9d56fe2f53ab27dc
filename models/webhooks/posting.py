"""One POST to a receiver: an address that may be connected to, within limits, no redirects.

A webhook's address is written by somebody who may use the page; it must not make Kiyome talk to
the machine that it runs on or to the network around it. Addresses are checked, and pinned, as those
of every other request are (``models.fetching``).
"""

from __future__ import annotations

import ssl
from collections.abc import Callable, Mapping
from dataclasses import dataclass

import httpcore

from models.errors import WebhookError
from models.fetching.addresses import (
    AddressRefusedError,
    AddressRules,
    choose_addresses,
    read_literal,
)
from models.fetching.fetched import FetchError
from models.fetching.resolving import Resolve, resolve_by_system
from models.fetching.urls import Target, read_target
from models.fetching.user_agent import make_user_agent
from models.fetching.wire import Budget, CheckedBackend, NoSuchHostError, WireLimitError
from models.settings import Settings

CONNECT_SECONDS = 5.0
READ_SECONDS = 10.0
TOTAL_SECONDS = 15.0
_MOST_HEADER_BYTES = 32 * 1024
_PORTS = frozenset({443})


@dataclass(frozen=True, slots=True)
class Answer:
    """What a receiver said.

    Attributes:
        status: HTTP status; 0 where there was no answer.
        failure: "" for a 2xx, else a code: ``status``, ``redirect``, ``timeout``, ``unreachable``,
            ``tls``, ``refused_address``, ``malformed``.
        retry_after: seconds for which it asks to be left alone, or 0.
    """

    status: int = 0
    failure: str = ""
    retry_after: int = 0


Post = Callable[[str, Mapping[str, str], bytes], Answer]
"""Sends a body with headers to an address, and says what came of it; never raises for a failure."""


def rules_of(settings: Settings) -> AddressRules:
    """Which addresses webhooks may be sent to.

    Raises:
        SettingsError: ``webhook_allow`` cannot be read.
    """
    return AddressRules(settings.webhook_allow, _PORTS)


def check_address(url: str, rules: AddressRules) -> Target:
    """The address of a webhook, as far as it can be checked without asking for its name.

    Raises:
        WebhookError: it is no https address, or one that may not be sent to.
    """
    try:
        target = read_target(url)
        if read_literal(target.host) is not None:
            choose_addresses(target.host, [target.host], target.port, rules)
    except FetchError as error:
        raise WebhookError(
            f"This address cannot be sent to: {error.detail}.", "Give an https address."
        ) from error
    except AddressRefusedError as error:
        raise WebhookError(
            f"This address is not sent to: {error.detail}.",
            "Name it in webhook_allow, if it is meant.",
        ) from error
    named = rules.names(target.host, target.port)
    if target.scheme != "https" and not named:
        raise WebhookError(
            "This address is not encrypted: whoever listens in could read what is told.",
            "Give an https address, or name host:port in webhook_allow.",
        )
    if target.port not in rules.ports and not named and read_literal(target.host) is None:
        raise WebhookError(
            f"Webhooks are not sent to port {target.port}.",
            "Use port 443, or name host:port in webhook_allow.",
        )
    return target


class Poster:
    """Sends deliveries. Safe to share by threads: every request has a connection of its own."""

    def __init__(
        self,
        rules: AddressRules,
        *,
        contact: str = "",
        ssl_context: ssl.SSLContext | None = None,
        resolve: Resolve = resolve_by_system,
        total_seconds: float = TOTAL_SECONDS,
    ) -> None:
        """
        Args:
            rules: which addresses are open.
            contact: for the User-Agent.
            ssl_context: whom to trust; the bundled authorities by default.
            resolve: finds the addresses of a name.
            total_seconds: what one request may take, however steadily bytes drip.
        """
        self._rules = rules
        self._user_agent = make_user_agent(contact)
        self._ssl_context = ssl_context or httpcore.default_ssl_context()
        self._resolve = resolve
        self._total_seconds = total_seconds

    def __call__(self, url: str, headers: Mapping[str, str], body: bytes) -> Answer:
        """Send one delivery. A redirect counts as a failure: it would lead past the checks."""
        try:
            target = check_address(url, self._rules)
        except WebhookError:
            return Answer(failure="refused_address")
        budget = Budget(self._total_seconds, _MOST_HEADER_BYTES)
        backend = CheckedBackend(budget, self._resolve, self._rules)
        origin = httpcore.Origin(target.scheme.encode(), target.host.encode(), target.port)
        connection = httpcore.HTTPConnection(
            origin, ssl_context=self._ssl_context, network_backend=backend
        )
        try:
            with connection:
                return self._ask(connection, target, headers, body)
        except AddressRefusedError:
            return Answer(failure="refused_address")
        except httpcore.TimeoutException:
            return Answer(failure="timeout")
        except (NoSuchHostError, httpcore.NetworkError) as error:
            cause = error.__context__ or error.__cause__
            secured = isinstance(cause, ssl.SSLError) or "SSL" in str(error)
            return Answer(failure="tls" if secured else "unreachable")
        except (WireLimitError, httpcore.ProtocolError):
            return Answer(failure="malformed")

    def _ask(
        self,
        connection: httpcore.HTTPConnection,
        target: Target,
        headers: Mapping[str, str],
        body: bytes,
    ) -> Answer:
        lines = {
            "Host": target.authority,
            "User-Agent": self._user_agent,
            "Accept": "*/*",
            "Content-Type": "application/json",
            "Content-Length": str(len(body)),
            "Connection": "close",
            **headers,
        }
        url = httpcore.URL(
            scheme=target.scheme.encode(),
            host=target.host.encode(),
            port=target.stated_port,
            target=target.path.encode(),
        )
        timeouts = {
            "connect": CONNECT_SECONDS,
            "read": READ_SECONDS,
            "write": READ_SECONDS,
            "pool": CONNECT_SECONDS,
        }
        with connection.stream(
            "POST",
            url,
            headers=[(name.encode(), value.encode()) for name, value in lines.items()],
            content=body,
            extensions={"timeout": timeouts},
        ) as response:
            # The body is of no interest, and might be without end.
            return _read(response)


def _read(response: httpcore.Response) -> Answer:
    status = response.status
    if 200 <= status < 300:
        return Answer(status)
    if 300 <= status < 400:
        return Answer(status, "redirect")
    asked = next((value for name, value in response.headers if name.lower() == b"retry-after"), b"")
    seconds = int(asked) if asked.isdigit() and len(asked) < 10 else 0
    return Answer(status, "status", seconds)
