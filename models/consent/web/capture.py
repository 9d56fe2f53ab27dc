"""The capture: one HTTP exchange as it was kept when it happened, and the captures of one asset.

Readers of web signals look at captures only, so that evidence kept by img2dataset or in a WARC
file, and a live request, are read by the same code.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from urllib.parse import urlsplit

from models.fetching.fetched import Failure


@dataclass(frozen=True, slots=True)
class Capture:
    """One HTTP exchange.

    Attributes:
        url: what was asked for.
        status: HTTP status; None where it was not kept or there was no response.
        headers: every header line in order; names in any case, repeated lines kept apart.
        body: the body, decompressed; None where it was not kept.
        captured_at: UTC seconds, or None where it was not kept.
        failure: why there was no response that can be used; None where there was one.
        detail: the failure in words.
    """

    url: str
    status: int | None = None
    headers: tuple[tuple[str, str], ...] = ()
    body: bytes | None = None
    captured_at: int | None = None
    failure: Failure | None = None
    detail: str = ""

    def values(self, name: str) -> list[str]:
        """The values of every header line of this name, in order."""
        wanted = name.casefold()
        return [value for key, value in self.headers if key.casefold() == wanted]


@dataclass(frozen=True, slots=True)
class WebEvidence:
    """All captures that may say something about one asset.

    Attributes:
        asset_url: the absolute URL that the image was fetched from.
        page_url: the page that it stands on, or "".
        captures: of the image, the page and the site's files, in any order.
    """

    asset_url: str
    page_url: str = ""
    captures: tuple[Capture, ...] = ()

    def of(self, url: str) -> Iterator[Capture]:
        """The captures of one URL."""
        return (capture for capture in self.captures if capture.url == url)

    def site_file(self, path: str) -> Iterator[Capture]:
        """The captures of a file at the origin of the image, such as ``"/robots.txt"``."""
        return self.of(origin_of(self.asset_url) + path)


def origin_of(url: str) -> str:
    """Scheme and authority of an absolute URL, without credentials: ``"https://a.example:8443"``.

    Raises:
        ValueError: it is not an absolute URL with a host.
    """
    parts = urlsplit(url)
    if not parts.scheme or not parts.hostname:
        raise ValueError(f"{url!r} is not an absolute URL")
    host = f"[{parts.hostname}]" if ":" in parts.hostname else parts.hostname
    default = {"http": 80, "https": 443}.get(parts.scheme.lower())
    port = "" if parts.port in (None, default) else f":{parts.port}"
    return f"{parts.scheme.lower()}://{host}{port}"
