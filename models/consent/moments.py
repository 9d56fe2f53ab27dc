"""Moments as a reader sees them."""

from __future__ import annotations

from datetime import UTC, datetime


def show_moment(seconds: int) -> str:
    """A moment, UTC seconds since 1970, as ``2026-01-31T09:00Z``; the number where no date fits."""
    try:
        return datetime.fromtimestamp(seconds, UTC).strftime("%Y-%m-%dT%H:%MZ")
    except (ValueError, OverflowError, OSError):
        return str(seconds)
