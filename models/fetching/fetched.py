"""What a fetch comes to: a response, or a failure of a known kind."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from functools import cached_property
from typing import Protocol

from models.canonical import digest_bytes
from models.errors import KiyomeError


class Failure(StrEnum):
    """Why there is no response that can be used."""

    ABSENT = "absent"  # 404 or 410: it is certain that nothing is there
    DENIED = "denied"  # any other 4xx
    SERVER_ERROR = "server_error"  # 5xx
    TIMEOUT = "timeout"
    UNREACHABLE = "unreachable"  # no such host, refused, reset, TLS failure, cut short
    TOO_LARGE = "too_large"
    TOO_MANY_REDIRECTS = "too_many_redirects"
    FORBIDDEN_ADDRESS = "forbidden_address"  # private, loopback, link-local and the like
    FORBIDDEN_SCHEME = "forbidden_scheme"
    MALFORMED = "malformed"  # not a URL, or not HTTP
    UNVERIFIED = "unverified"  # the bytes are not those that their address names (a CID)


class FetchError(KiyomeError):
    """Something could not be fetched.

    Attributes:
        failure: of which kind.
        url: what was asked for.
    """

    def __init__(self, failure: Failure, url: str, detail: str) -> None:
        super().__init__(f"{url} cannot be fetched: {detail}.")
        self.failure = failure
        self.url = url
        self.detail = detail

    def __reduce__(self) -> tuple[type[FetchError], tuple[Failure, str, str]]:  # type: ignore[override]
        return (type(self), (self.failure, self.url, self.detail))


@dataclass(frozen=True)
class Fetched:
    """A response with status 2xx.

    Attributes:
        url: what was asked for.
        final_url: where it was found, after redirects.
        status: HTTP status; 200 for other schemes.
        headers: name and value of every header line, in order, as received; names in lower case.
        body: the bytes, decompressed.
        fetched_at: UTC seconds.
        verified: the bytes are proven to be those that the address names (CID, data URI).
    """

    url: str
    final_url: str
    status: int
    headers: tuple[tuple[str, str], ...]
    body: bytes
    fetched_at: int
    verified: bool = False

    @cached_property
    def sha256(self) -> str:
        """Digest of the body, in hex."""
        return digest_bytes(self.body)


class Fetch(Protocol):
    """Fetches one address."""

    def __call__(self, url: str, *, accept: str = "*/*", max_bytes: int | None = None) -> Fetched:
        """Fetch ``url``.

        Args:
            url: what to fetch.
            accept: the Accept header.
            max_bytes: a smaller limit than the fetcher's own.

        Raises:
            FetchError: there is no response with status 2xx within the limits.
        """
