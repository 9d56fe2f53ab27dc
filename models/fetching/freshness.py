"""How long a response may be used again (RFC 9111, for a cache that serves one user)."""

from __future__ import annotations

import re

from models.fetching.exchange import Headers, values_of
from models.fetching.http_dates import read_http_date

_DIRECTIVE = re.compile(r'([!#$%&\'*+.^_`|~0-9a-z-]+)(?:\s*=\s*("[^"]*"|[^\s,]*))?', re.IGNORECASE)
_LONGEST = 2**31


def may_store(headers: Headers) -> bool:
    """Whether a response may be kept at all."""
    directives = _read_cache_control(headers)
    varies = any("*" in value for value in values_of(headers, "vary"))
    return "no-store" not in directives and not varies


def find_lifetime(headers: Headers, received_at: int, *, unstated: int) -> int:
    """Seconds after ``received_at`` for which a response is fresh; 0 if it must be asked for again.

    Args:
        headers: of the response.
        received_at: UTC seconds.
        unstated: the answer where the response does not say.
    """
    directives = _read_cache_control(headers)
    if "no-cache" in directives or "no-store" in directives:
        return 0
    age = max((_read_seconds(value) or 0 for value in values_of(headers, "age")), default=0)
    if "max-age" in directives:
        # What cannot be read is stale; of several values the smallest counts (RFC 9111 4.2.1).
        return max(0, min(_read_seconds(v) or 0 for v in directives["max-age"]) - age)
    if not directives and any(
        "no-cache" in value.lower() for value in values_of(headers, "pragma")
    ):
        return 0
    expires = values_of(headers, "expires")
    if expires:
        dates = values_of(headers, "date")
        sent = (read_http_date(dates[0]) if dates else None) or received_at
        return max(0, int(min((read_http_date(v) or 0) - sent for v in expires)) - age)
    return max(0, unstated - age)


def _read_cache_control(headers: Headers) -> dict[str, list[str]]:
    found: dict[str, list[str]] = {}
    for value in values_of(headers, "cache-control"):
        for match in _DIRECTIVE.finditer(value[:4096]):
            found.setdefault(match[1].lower(), []).append((match[2] or "").strip('"'))
    return found


def _read_seconds(text: str) -> int | None:
    text = text.strip()
    if not (text.isascii() and text.isdigit()):
        return None
    return min(int(text[:12]), _LONGEST)
