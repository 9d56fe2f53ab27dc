"""Noticing what a dataset's next run has to apply: requests and rulings since the last one began.

What happened stands in the outbox, and when runs began with the runs: nothing has to be ticked off,
so that nothing is lost where whoever notices ends, and nobody else's reading is disturbed.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from models.outbox import ASKED, ENDED, SETTLED
from models.runs import WAITING
from models.store.database import Database, now_ms
from models.store.tables import OutboxRow, RunRow

TOPICS = (ASKED, SETTLED, ENDED, "ruling", "ruling_undone", "takedown.acknowledged")
"""What changes what a run decides."""

_LONGEST = 10
"""Times the wait after which a run is due although more keeps coming in."""

_AGAIN_MS = 60_000
"""After which a run is asked for again that did not end well; twice as long each time."""

_MOST_DOUBLINGS = 6

_LATE_MS = 60_000
"""For so long a row may turn up behind others: its transaction began before theirs and ended
after."""


@dataclass(frozen=True, slots=True)
class Noticed:
    """What waits for a run.

    Attributes:
        first_ms, last_ms: when the first and the last of it was noticed; 0 for nothing.
        seen: the newest rows, which may be met again.
        looked_ms: up to when rows were looked at.
        tried_ms: when a run was last asked for, so that one that does not end well is asked for
            again: later and later.
        tries: how often.
        under_way: a run has begun since that has not ended; once it ends well, nothing waits.
    """

    first_ms: int = 0
    last_ms: int = 0
    seen: frozenset[str] = frozenset()
    looked_ms: int = 0
    tried_ms: int = 0
    tries: int = 0
    under_way: bool = False

    @property
    def waits(self) -> bool:
        """Whether anything waits."""
        return self.first_ms > 0


def notice(database: Database, dataset: str, before: Noticed | None) -> tuple[Noticed, int]:
    """Look for what has happened since the last look.

    Args:
        before: what the last look found; None for the first one, which begins where the last run
            of the dataset began that has ended well.

    Returns:
        What waits now, and the database's time, in UTC milliseconds.
    """
    with database.snapshot() as session:
        now = now_ms(session)
        began = _last_began(session, dataset, ("finished", WAITING))
        running = _last_began(session, dataset, ("running",))
        if before is None:
            rows = _list_rows(session, min(began, now - 2 * _LATE_MS))
            # Noticed when they happened: what the last run has seen does not wait.
            waiting = [at for _, at in rows if at > began]
            known = Noticed(min(waiting, default=0), max(waiting, default=0))
        else:
            rows = _list_rows(session, before.looked_ms - _LATE_MS)
            fresh = [row_id for row_id, _ in rows if row_id not in before.seen]
            known = before
            if fresh:
                known = replace(before, first_ms=before.first_ms or now, last_ms=now)
    seen = frozenset(row_id for row_id, at in rows if at > now - 2 * _LATE_MS)
    under_way = known.waits and running > known.last_ms
    known = replace(known, seen=seen, looked_ms=now, under_way=under_way)
    if known.waits and began > known.last_ms:
        known = replace(known, first_ms=0, last_ms=0, tried_ms=0, tries=0, under_way=False)
    return known, now


def is_due(noticed: Noticed, now: int, wait_ms: int) -> bool:
    """Whether a run is to be asked for: nothing came for a while, or something waits for long.

    Args:
        wait_ms: how long it has to be quiet.
    """
    if not noticed.waits:
        return False
    if noticed.tries:
        pause = max(wait_ms, _AGAIN_MS) * 2 ** min(noticed.tries - 1, _MOST_DOUBLINGS)
        if now < noticed.tried_ms + pause:
            return False
    return now >= min(noticed.last_ms + wait_ms, noticed.first_ms + _LONGEST * wait_ms)


def _list_rows(session: Session, after: int) -> list[tuple[str, int]]:
    query = select(OutboxRow.id, OutboxRow.created_ms).where(
        OutboxRow.created_ms > after, OutboxRow.topic.in_(TOPICS)
    )
    return [(row.id, row.created_ms) for row in session.execute(query)]


def _last_began(session: Session, dataset: str, statuses: tuple[str, ...]) -> int:
    """When the last run began that has one of these statuses; 0 where there was none."""
    query = select(func.max(RunRow.started_ms)).where(
        RunRow.dataset == dataset, RunRow.status.in_(statuses)
    )
    return session.scalar(query) or 0
