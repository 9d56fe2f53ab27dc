"""The exchange: one request and all that came of it. What every layer of fetching shares.

Error responses are kept with their headers: a 403 that carries ``X-Robots-Tag: noai`` has said
something.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Literal

from models.fetching.fetched import Failure, Fetched, FetchError

Headers = tuple[tuple[str, str], ...]
Method = Literal["GET", "HEAD"]

Admit = Callable[[str], "tuple[Failure, str] | None"]
"""Asked before a redirect is followed: None, or why not."""

REDIRECTS = frozenset({301, 302, 303, 307, 308})


@dataclass(frozen=True, slots=True)
class Request:
    """What is asked for.

    Attributes:
        url: absolute.
        method: GET or HEAD.
        accept: the Accept header.
        max_bytes: a smaller limit than the fetcher's own, or None.
        want_body: False reads the headers of a GET and hangs up: what a server says to HEAD is
            often not what it says to GET, and some refuse HEAD.
        etag: for If-None-Match; sent to ``url`` only, not to where it redirects.
        last_modified: for If-Modified-Since; likewise.
        admit: asked before each redirect is followed.
    """

    url: str
    method: Method = "GET"
    accept: str = "*/*"
    max_bytes: int | None = None
    want_body: bool = True
    etag: str = ""
    last_modified: str = ""
    admit: Admit | None = field(default=None, compare=False)


@dataclass(frozen=True, slots=True)
class Hop:
    """A response that redirected. Its headers count as statements, too."""

    url: str
    status: int
    headers: Headers


@dataclass(frozen=True, slots=True)
class Exchange:
    """What came of a request.

    Attributes:
        url: what was asked for.
        final_url: where the answer came from, after redirects; ``url`` if there were none.
        fetched_at: UTC seconds.
        status: HTTP status of the last response; None if there was none.
        headers: its header lines, in order, names in lower case, repeated lines kept apart.
        body: decompressed; None if it was not asked for, or did not arrive whole and sound. The
            body of an error response is kept.
        hops: the redirects that led there.
        failure: why there is no response that can be used; None for 2xx, and for 304 to a
            conditional request.
        detail: the failure in words, without a full stop.
        partial: what arrived of a body that is not whole. Fit to find a refusal in, never to find
            that there is none.
        final: asking again now is of no use.
    """

    url: str
    final_url: str
    fetched_at: int
    status: int | None = None
    headers: Headers = ()
    body: bytes | None = None
    hops: tuple[Hop, ...] = ()
    failure: Failure | None = None
    detail: str = ""
    partial: bytes = b""
    final: bool = False

    def values(self, name: str) -> list[str]:
        """The values of every header line of this name, in order."""
        return values_of(self.headers, name)


def values_of(headers: Headers, name: str) -> list[str]:
    """The values of every header line of this name (in lower case), in order."""
    return [value for key, value in headers if key == name]


def failure_of_status(status: int, *, conditional: bool = False) -> tuple[Failure, str] | None:
    """The failure that an HTTP status means, or None if the response can be used."""
    if 200 <= status < 300 and status != 206:
        return None
    if status == 304 and conditional:
        return None
    words = f"the server answers {status}"
    if status in (404, 410):
        return Failure.ABSENT, words
    if 400 <= status < 500:
        return Failure.DENIED, words
    if 500 <= status < 600:
        return Failure.SERVER_ERROR, words
    if status == 206:
        return Failure.MALFORMED, "the server sends a part, unasked (206)"
    return Failure.MALFORMED, words


class Exchanger(ABC):
    """Something that makes exchanges; every one is a ``Fetch``, too."""

    @abstractmethod
    def answer(self, request: Request) -> Exchange:
        """Make one exchange. Failures are part of the answer, not raised."""

    def exchange(
        self,
        url: str,
        *,
        method: Method = "GET",
        accept: str = "*/*",
        max_bytes: int | None = None,
        want_body: bool = True,
    ) -> Exchange:
        """Make one exchange; the arguments are those of ``Request``."""
        return self.answer(
            Request(url, method=method, accept=accept, max_bytes=max_bytes, want_body=want_body)
        )

    def __call__(self, url: str, *, accept: str = "*/*", max_bytes: int | None = None) -> Fetched:
        """Fetch ``url`` (``fetched.Fetch``).

        Raises:
            FetchError: there is no response with status 2xx within the limits.
        """
        found = self.answer(Request(url, accept=accept, max_bytes=max_bytes))
        if found.failure is not None:
            raise FetchError(found.failure, url, found.detail)
        if found.status is None or found.body is None:
            raise FetchError(Failure.UNREACHABLE, url, "there is no body")
        return Fetched(
            url=url,
            final_url=found.final_url,
            status=found.status,
            headers=found.headers,
            body=found.body,
            fetched_at=found.fetched_at,
        )
