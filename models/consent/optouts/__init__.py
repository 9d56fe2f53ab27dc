"""Opt-out lists: files in which owners, or those who speak for them, name what is not to be used.

A list can only refuse. Rows that opt in are counted and say nothing.
"""

from models.consent.optouts.lists import (
    MAX_BAD_SHARE,
    OptOutList,
    iterate_entries,
    iterate_said,
    read_optouts,
)
from models.consent.optouts.rows import OptOutEntry, Problem

__all__ = [
    "MAX_BAD_SHARE",
    "OptOutEntry",
    "OptOutList",
    "Problem",
    "iterate_entries",
    "iterate_said",
    "read_optouts",
]
