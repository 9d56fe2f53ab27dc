"""Dates in HTTP headers (RFC 9110 5.6.7)."""

from __future__ import annotations

from datetime import UTC
from email.utils import parsedate_to_datetime


def read_http_date(text: str) -> float | None:
    """UTC seconds, or None if it is not a date."""
    try:
        moment = parsedate_to_datetime(text.strip()[:100])
        # "-0000" is UTC with the place unknown; without a zone it would be read as local time.
        return (moment if moment.tzinfo else moment.replace(tzinfo=UTC)).timestamp()
    except (ValueError, TypeError, IndexError, OverflowError, OSError):
        return None
