"""The bytes of one connection: to a checked address, within a time and a number of bytes."""

from __future__ import annotations

import socket
import ssl
import time
from collections.abc import Iterable
from typing import Any

import httpcore

from models.errors import KiyomeError
from models.fetching.addresses import AddressRules, choose_addresses, read_literal
from models.fetching.resolving import Resolve, resolve_within

_TRIED = 4  # addresses of one host


class WireLimitError(KiyomeError):
    """The other side sends more than it may."""


class NoSuchHostError(KiyomeError):
    """The name does not exist."""


class Budget:
    """What one request may still take.

    Attributes:
        deadline: ``time.monotonic()`` at which it ends.
        allowed: bytes that may be received before reading on is refused.
        received: bytes so far.
        ended: the other side has closed the connection.
    """

    def __init__(self, seconds: float, allowed: int) -> None:
        self.deadline = time.monotonic() + seconds
        self.allowed = allowed
        self.received = 0
        self.ended = False

    def left(self, wanted: float | None) -> float:
        """Seconds that may be waited now: 0 or less once time is up."""
        rest = self.deadline - time.monotonic()
        return rest if wanted is None else min(rest, wanted)


class CheckedBackend(httpcore.NetworkBackend):
    """Connects to addresses that the rules leave open, and to the very address that was checked.

    The name is resolved once, here. So a name that resolves to something else a moment later (DNS
    rebinding) changes nothing, and TLS still verifies the certificate for the name.
    """

    def __init__(
        self, budget: Budget, resolve: Resolve, rules: AddressRules, *, trusted: str = ""
    ) -> None:
        """``trusted`` is the host of the operator's own proxy, which is not checked."""
        self._budget = budget
        self._resolve = resolve
        self._rules = rules
        self._trusted = trusted
        self._system = httpcore.SyncBackend()

    def connect_tcp(
        self,
        host: str,
        port: int,
        timeout: float | None = None,
        local_address: str | None = None,
        socket_options: Iterable[Any] | None = None,  # noqa: ARG002  the protocol's, never given
    ) -> httpcore.NetworkStream:
        """Resolve, check, connect.

        Raises:
            AddressRefusedError: an address is closed.
            NoSuchHostError: the name does not exist.
            httpcore.NetworkError: there is no connection.
            httpcore.TimeoutException: not in time.
        """
        stop = time.monotonic() + self._left(timeout)
        addresses: list[str]
        if self._trusted and host == self._trusted:
            addresses = list(self._find(host, port, stop))
        else:
            found = [host] if read_literal(host) else self._find(host, port, stop)
            addresses = [str(a) for a in choose_addresses(host, found, port, self._rules)]
        failure: httpcore.ConnectError | httpcore.ConnectTimeout = httpcore.ConnectError(
            "the name has no address"
        )
        for tried, address in enumerate(addresses[:_TRIED]):
            rest = stop - time.monotonic()
            if rest <= 0:
                raise httpcore.ConnectTimeout("no connection in time")
            # The first of several addresses may be dead: leave time for the next.
            last = tried == min(len(addresses), _TRIED) - 1
            try:
                stream = self._system.connect_tcp(
                    address, port, timeout=rest if last else rest / 2, local_address=local_address
                )
            except (httpcore.ConnectError, httpcore.ConnectTimeout) as error:
                failure = error
            else:
                return BoundedStream(stream, self._budget)
        raise failure

    def _find(self, host: str, port: int, stop: float) -> list[str]:
        try:
            return list(resolve_within(self._resolve, host, port, stop - time.monotonic()))
        except TimeoutError as error:
            raise httpcore.ConnectTimeout(str(error)) from error
        except socket.gaierror as error:
            if error.errno in (socket.EAI_NONAME, getattr(socket, "EAI_NODATA", None)):
                raise NoSuchHostError(f"There is no host {host}.") from error
            raise httpcore.ConnectError(str(error)) from error
        except OSError as error:
            raise httpcore.ConnectError(str(error)) from error

    def _left(self, timeout: float | None) -> float:
        left = self._budget.left(timeout)
        if left <= 0:
            raise httpcore.ConnectTimeout("time is up")
        return left


class BoundedStream(httpcore.NetworkStream):
    """A connection that ends when its budget does."""

    def __init__(self, stream: httpcore.NetworkStream, budget: Budget) -> None:
        self._stream = stream
        self._budget = budget

    def read(self, max_bytes: int, timeout: float | None = None) -> bytes:
        """Receive.

        Raises:
            WireLimitError: more than the budget allows.
            httpcore.ReadTimeout: time is up, however steadily bytes drip.
            httpcore.ReadError: the connection is broken.
        """
        left = self._budget.left(timeout)
        if left <= 0:
            raise httpcore.ReadTimeout("time is up")
        if self._budget.received >= self._budget.allowed:
            raise WireLimitError("The other side sends more than it may.")
        data = self._stream.read(max_bytes, timeout=left)
        self._budget.received += len(data)
        self._budget.ended = not data
        return data

    def write(self, buffer: bytes, timeout: float | None = None) -> None:
        """Send.

        Raises:
            httpcore.WriteTimeout: time is up.
            httpcore.WriteError: the connection is broken.
        """
        left = self._budget.left(timeout)
        if left <= 0:
            raise httpcore.WriteTimeout("time is up")
        self._stream.write(buffer, timeout=left)

    def close(self) -> None:
        """Close the connection."""
        self._stream.close()

    def start_tls(
        self,
        ssl_context: ssl.SSLContext,
        server_hostname: str | None = None,
        timeout: float | None = None,
    ) -> httpcore.NetworkStream:
        """Turn to TLS; the certificate must be for ``server_hostname``.

        Raises:
            httpcore.ConnectError: it is not, or there is no TLS.
            httpcore.ConnectTimeout: time is up.
        """
        left = self._budget.left(timeout)
        if left <= 0:
            raise httpcore.ConnectTimeout("time is up")
        secured = self._stream.start_tls(ssl_context, server_hostname, timeout=left)
        inner = secured.get_extra_info("socket")
        if isinstance(inner, ssl.SSLSocket):
            # Python takes a connection cut without TLS's farewell for a proper end by default. A
            # body without a length could then be cut by anybody on the way, unnoticed.
            setattr(inner, "suppress_ragged_eofs", False)  # noqa: B010  unknown to typeshed
        return BoundedStream(secured, self._budget)

    def get_extra_info(self, info: str) -> Any:
        """What the connection knows of itself."""
        return self._stream.get_extra_info(info)
