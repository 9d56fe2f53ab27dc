"""What the doctor checks around a workspace: room, clocks, and the storage that releases go to."""

from __future__ import annotations

import shutil
import time

from flows.diagnosis import Diagnosis, Health
from models.settings import Settings

_LOW_DISK = 2 * 1024**3
_MOST_APART_S = 60
"""Seconds that two clocks may be apart, and a run may have begun in time to come."""


def check_disk(settings: Settings) -> Diagnosis:
    """Whether there is room; where a run would not even begin, that is said."""
    from models.workspace import LEAST_FREE

    if not settings.workspace.is_dir():
        return Diagnosis("disk", Health.BAD, "not examined: see workspace")
    free = shutil.disk_usage(settings.workspace.absolute()).free
    found = f"{free / 1024**3:.1f} GiB free"
    mend = "Free some space, or put the workspace elsewhere."
    if free < LEAST_FREE:
        found += ": no run begins until there is more"
        return Diagnosis("disk", Health.BAD, found, f"{mend} What was examined is kept.")
    if free < _LOW_DISK:
        return Diagnosis("disk", Health.WARNING, found, mend)
    return Diagnosis("disk", Health.GOOD, found)


def check_clock(settings: Settings) -> Diagnosis:
    """Whether the database's clock goes as this machine's, and neither was ahead before.

    When consent ends, a lease runs out and a takedown counts is told by the database's.
    """
    from sqlalchemy import func, select

    from models.beginning import open_known_database
    from models.store.database import now_ms
    from models.store.tables import RunRow

    database = open_known_database(settings)
    try:
        with database.snapshot() as session:
            asked = time.time()
            now = now_ms(session) / 1000
            newest = (session.scalar(select(func.max(RunRow.started_ms))) or 0) / 1000
    finally:
        database.dispose()
    apart = now - asked
    if abs(apart) > _MOST_APART_S:
        way = "ahead of" if apart > 0 else "behind"
        return Diagnosis(
            "clock",
            Health.WARNING,
            f"the database's clock is {abs(apart):,.0f} s {way} this machine's",
            "Set both by NTP. Leases and the end of consent are told by the database's.",
        )
    if newest - now > _MOST_APART_S:
        return Diagnosis(
            "clock",
            Health.WARNING,
            f"the last run began {newest - now:,.0f} s from now: the clock was ahead then, or is "
            "behind now",
            "Set the clock by NTP. What was acknowledged stays in force whatever the clock says.",
        )
    return Diagnosis("clock", Health.GOOD, "the database's clock goes as this machine's")


def check_release_target(settings: Settings) -> Diagnosis:
    """Whether the storage that releases are copied to lets itself be read."""
    from models.mirror.target import open_target

    subject = "release target"
    if not settings.release_target:
        return Diagnosis(subject, Health.GOOD, "none: releases stay in the workspace")
    there = open_target(settings.release_target).read("kiyome.json") is not None
    found = settings.release_target + ("" if there else ", to which nothing was pushed yet")
    return Diagnosis(subject, Health.GOOD, found)
