"""Reading a URL into what is asked of whom, in one spelling."""

from __future__ import annotations

from dataclasses import dataclass
from urllib.parse import quote, urljoin, urlsplit

from models.fetching.addresses import AddressRefusedError, normalise_host
from models.fetching.fetched import Failure, FetchError

URL_LENGTH = 16_384  # characters

_DEFAULT_PORTS = {"http": 80, "https": 443}
_PATH_SAFE = "/%:@!$&'()*+,;=~"
_QUERY_SAFE = _PATH_SAFE + "?[]"


@dataclass(frozen=True, slots=True)
class Target:
    """One HTTP address, normalised.

    Attributes:
        scheme: "http" or "https".
        host: a name or an IP address, without brackets.
        port: to connect to.
        path: path and query, as they are sent.
    """

    scheme: str
    host: str
    port: int
    path: str

    @property
    def stated_port(self) -> int | None:
        """The port, or None where it is the scheme's own."""
        return None if self.port == _DEFAULT_PORTS[self.scheme] else self.port

    @property
    def authority(self) -> str:
        """Host and port as in a Host header: the port only where it is not the scheme's own."""
        host = f"[{self.host}]" if ":" in self.host else self.host
        return host if self.stated_port is None else f"{host}:{self.stated_port}"

    @property
    def origin(self) -> str:
        """``"https://a.example:8443"``."""
        return f"{self.scheme}://{self.authority}"

    @property
    def url(self) -> str:
        """The whole address, without a fragment."""
        return self.origin + self.path

    @property
    def place(self) -> str:
        """Whose load it is: the host, and its port where that is neither 80 nor 443."""
        return self.host if self.port in _DEFAULT_PORTS.values() else f"{self.host} {self.port}"


def read_target(url: str) -> Target:
    """Read an absolute HTTP URL.

    Raises:
        FetchError: MALFORMED, FORBIDDEN_SCHEME, or FORBIDDEN_ADDRESS for credentials in the URL
            and for IP addresses that are spelled oddly.
    """
    text = url.strip(" \t\r\n")
    shown = text[:200]
    if len(text) > URL_LENGTH:
        raise FetchError(Failure.MALFORMED, shown, "the address is too long")
    if any(char < " " or char == "\x7f" for char in text):
        raise FetchError(Failure.MALFORMED, shown, "the address holds control characters")
    try:
        parts = urlsplit(text)
        port, hostname = parts.port, parts.hostname
    except ValueError as error:
        raise FetchError(Failure.MALFORMED, shown, "it is not a URL") from error
    if not parts.scheme:
        raise FetchError(Failure.MALFORMED, shown, "it is not an absolute URL")
    if parts.scheme not in _DEFAULT_PORTS:
        raise FetchError(Failure.FORBIDDEN_SCHEME, shown, f"{parts.scheme[:20]} is not fetched")
    if "@" in parts.netloc:
        raise FetchError(Failure.FORBIDDEN_ADDRESS, shown, "it holds a user name")
    if not hostname:
        raise FetchError(Failure.MALFORMED, shown, "it names no host")
    if (":" in hostname) != parts.netloc.startswith("["):
        raise FetchError(Failure.MALFORMED, shown, "the host is not a domain name")
    try:
        host = normalise_host(hostname)
        path = _normalise_path(parts.path) + (
            f"?{quote(parts.query, safe=_QUERY_SAFE)}" if parts.query else ""
        )
    except AddressRefusedError as error:
        raise FetchError(Failure.FORBIDDEN_ADDRESS, shown, error.detail) from error
    except ValueError as error:  # UnicodeEncodeError too: a lone surrogate
        raise FetchError(Failure.MALFORMED, shown, "it is not a URL") from error
    default = _DEFAULT_PORTS[parts.scheme]
    return Target(parts.scheme, host, default if port is None else port, path)


def read_redirect(base: Target, location: str) -> Target:
    """Read the Location header of a response from ``base``.

    Raises:
        FetchError: as ``read_target``.
    """
    try:
        joined = urljoin(base.url, location.strip(" \t\r\n"))
    except ValueError as error:
        raise FetchError(Failure.MALFORMED, base.url, "it redirects to no URL") from error
    return read_target(joined)


def _normalise_path(path: str) -> str:
    """Escape what needs it and remove dot segments (RFC 3986 5.2.4), also where they are escaped.

    Otherwise ``/open/../closed`` would be held against robots.txt as ``/open``.
    """
    segments = quote(path or "/", safe=_PATH_SAFE).split("/")[1:]
    kept: list[str] = []
    for position, segment in enumerate(segments):
        plain = segment.lower().replace("%2e", ".")
        last = position == len(segments) - 1
        if plain == "..":
            del kept[-1:]
        elif plain != ".":
            kept.append(segment)
            continue
        if last:
            kept.append("")
    return "/" + "/".join(kept)
