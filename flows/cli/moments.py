"""How commands write a moment."""

from __future__ import annotations

from datetime import UTC, datetime


def tell_moment(ms: int) -> str:
    """UTC milliseconds since 1970 as an ISO 8601 time, to the second."""
    return datetime.fromtimestamp(ms / 1000, UTC).isoformat(timespec="seconds")
