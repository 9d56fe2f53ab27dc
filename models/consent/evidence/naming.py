"""Names of sources and subjects as the database holds them: short enough for any index.

A name may be as long as a stranger likes, and PostgreSQL indexes at most 2,704 bytes. What is too
long, or could not be printed, keeps its beginning for a reader and its digest, so that two names
never become one: else what one address refuses would be replaced by what another says.
"""

from __future__ import annotations

from models.canonical import digest_lines
from models.consent.reading_json import printable

MAX_NAME = 2000
"""Bytes of UTF-8 that a stored name may have."""

_SHOWN = 400  # characters of a longer name, each of four bytes at most


def name_in_store(name: str) -> str:
    """The name under which something is stored and looked for; applying it twice changes nothing.

    Args:
        name: of a source (``Observation.source``) or a subject (``str`` of ``Subject``).
    """
    shown = printable(name, MAX_NAME)
    if shown == name and len(name.encode()) <= MAX_NAME:
        return name
    return f"{printable(name, _SHOWN)}#{digest_lines([name])}"
