"""What a lead needs to know of the queue and of whoever works on it.

Nothing here reads evidence, and the pace of reviewers is told by their latest rulings: the queries
stay quick over a queue of a million items.
"""

from __future__ import annotations

import statistics
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import TYPE_CHECKING

from sqlalchemy import ColumnElement, and_, case, func, literal_column, select, text
from sqlalchemy.orm import InstrumentedAttribute, Session, aliased

from models.review.golden_marking import measure_reviewers
from models.review.items import LEASE_MS, UNDECIDED
from models.review.listing import DatasetCounts, count_items
from models.review.referred import REFERRED
from models.review.skips import count_skipped
from models.review.stored_rulings import STANDS
from models.review.turns import WaitsFor
from models.store.database import now_ms
from models.store.tables import ReviewItemRow, RulingRow

if TYPE_CHECKING:
    from models.review.quality.agreement import Agreement
    from models.review.quality.golden import Accuracy

DAY_MS = 24 * 60 * 60 * 1000
DAYS = 12
"""Days of which the desk shows what came in and what was ruled on."""

LATEST = 200
"""Rulings of a reviewer by which their pace and what they undid is told."""

PAIRS = 2000
"""Items on which two persons ruled, by which agreement is told: the latest."""

BOUNDS_DAYS = (1, 3, 7, 14, 30)
"""Where one column of the ages ends and the next begins, in days."""

_WAITS = text("state IN ('open', 'leased')")
_LEASED = text("state = 'leased'")
_TWICE = text("review_items.second_ruling != ''")
"""Literally the conditions of the partial indexes, without which SQLite does not use them."""


@dataclass(frozen=True, slots=True)
class Day:
    """One day, in UTC: its number since 1970, items that were asked about, and rulings."""

    number: int
    asked: int
    ruled: int


@dataclass(frozen=True, slots=True)
class Load:
    """What one reviewer does.

    Attributes:
        reviewer: who.
        by_day: rulings by day number, of the last ``DAYS``.
        held: items that they hold now.
        latest: of how many of their rulings the rest is told; at most ``LATEST``.
        seconds: the median time from one ruling to the next, without breaks longer than a lease;
            None where there is none.
        undone: how many of the latest were undone.
    """

    reviewer: str
    by_day: Mapping[int, int]
    held: int
    latest: int
    seconds: float | None
    undone: int

    @property
    def ruled(self) -> int:
        """Rulings of the last ``DAYS``."""
        return sum(self.by_day.values())


@dataclass(frozen=True, slots=True)
class Desk:
    """The figures of the lead's desk at one moment.

    Attributes:
        counts: items by dataset and state.
        days: the last ``DAYS``, the oldest first.
        ages: how many items wait for how long: a number for each column of ``BOUNDS_DAYS``, and one
            for those that wait longer.
        to_settle, with_lead: items that wait for a lead to settle or to decide, held or not.
        overdue: items that wait for longer than they should.
        oldest_ms: since when the oldest waits; 0 where nothing does.
        due_days: within how many days items should be decided.
        skipped: items that somebody has skipped in the last day.
        loads: reviewers, by name.
        agreement: how far two persons agreed who ruled on one item by themselves.
        golden: how right reviewers were on golden items.
    """

    counts: tuple[DatasetCounts, ...]
    days: tuple[Day, ...]
    ages: tuple[int, ...]
    to_settle: int
    with_lead: int
    overdue: int
    due_days: int
    oldest_ms: int
    skipped: int
    loads: tuple[Load, ...]
    agreement: Agreement
    golden: tuple[Accuracy, ...]

    @property
    def waiting(self) -> int:
        """Items that are not decided."""
        return sum(each.waiting for each in self.counts)


@dataclass(frozen=True, slots=True)
class _Ages:
    """See ``Desk``."""

    columns: tuple[int, ...]
    overdue: int
    oldest_ms: int


def look_at_queue(session: Session, due_days: int) -> Desk:
    """All figures of the desk.

    Args:
        due_days: after how many days an item should have been decided.
    """
    now = now_ms(session)
    ages = _count_ages(session, now, due_days)
    for_leads = _count_for_leads(session)
    return Desk(
        counts=count_items(session),
        days=_count_days(session, now),
        ages=ages.columns,
        to_settle=for_leads.get(WaitsFor.ADJUDICATION.value, 0),
        with_lead=for_leads.get(WaitsFor.LEAD.value, 0),
        overdue=ages.overdue,
        due_days=due_days,
        oldest_ms=ages.oldest_ms,
        skipped=count_skipped(session, now),
        loads=_measure_loads(session, now),
        agreement=_measure_agreement(session),
        golden=measure_reviewers(session),
    )


def _count_for_leads(session: Session) -> dict[str, int]:
    """Items by whose word they wait for; a lead who holds one has not given theirs yet."""
    row = ReviewItemRow
    query = select(row.waits_for, func.count()).where(REFERRED).group_by(row.waits_for)
    return dict(session.execute(query).tuples().all())


def _count_days(session: Session, now: int) -> tuple[Day, ...]:
    today = now // DAY_MS
    first = today - DAYS + 1
    asked = _by_day(session, ReviewItemRow.asked_ms, first)
    ruled = _by_day(session, RulingRow.ruled_ms, first)
    return tuple(Day(day, asked.get(day, 0), ruled.get(day, 0)) for day in range(first, today + 1))


def _by_day(session: Session, moment: InstrumentedAttribute[int], first: int) -> dict[int, int]:
    query = select(_day_of(moment), func.count()).where(moment >= first * DAY_MS)
    found = session.execute(query.group_by(_day_of(moment)))
    return {int(number): count for number, count in found}


def _day_of(moment: InstrumentedAttribute[int]) -> ColumnElement[int]:
    """Whole days since 1970; both databases divide whole numbers by whole numbers."""
    return moment.op("/")(literal_column(str(DAY_MS)))


def _count_ages(session: Session, now: int, due_days: int) -> _Ages:
    """One pass over an index that holds all of it."""
    row = ReviewItemRow
    longer = [
        func.sum(case((row.asked_ms < now - days * DAY_MS, 1), else_=0))
        for days in (*BOUNDS_DAYS, due_days)
    ]
    query = select(func.count(), func.min(row.asked_ms), *longer).where(row.state.in_(UNDECIDED))
    total, oldest, *counts = session.execute(query).one()
    *waits, overdue = (int(count or 0) for count in counts)
    steps = pairwise((int(total), *waits, 0))
    return _Ages(tuple(more - less for more, less in steps), overdue, oldest or 0)


def _measure_loads(session: Session, now: int) -> tuple[Load, ...]:
    ruling, item = RulingRow, ReviewItemRow
    first = now // DAY_MS - DAYS + 1
    day = _day_of(ruling.ruled_ms)
    by_day: dict[str, dict[int, int]] = {}
    query = (
        select(ruling.reviewer, day, func.count())
        .where(ruling.ruled_ms >= first * DAY_MS)
        .group_by(ruling.reviewer, day)
    )
    for reviewer, number, count in session.execute(query):
        by_day.setdefault(reviewer, {})[int(number)] = count
    leases = (
        select(item.lease_holder, func.count())
        .where(_LEASED, item.lease_until_ms > now)
        .group_by(item.lease_holder)
    )
    held = dict(session.execute(leases).tuples().all())
    return tuple(
        _measure_load(session, reviewer, by_day.get(reviewer, {}), held.get(reviewer, 0))
        for reviewer in sorted(by_day.keys() | held.keys())
    )


def _measure_load(session: Session, reviewer: str, by_day: Mapping[int, int], held: int) -> Load:
    ruling, item = RulingRow, ReviewItemRow
    query = (
        select(
            ruling.ruled_ms,
            ruling.came_with,
            and_(item.question == ruling.question, ~STANDS).label("undone"),
        )
        .join(item, item.id == ruling.item_id)
        .where(ruling.reviewer == reviewer)
        .order_by(ruling.ruled_ms.desc())
        .limit(LATEST)
    )
    found = session.execute(query).all()
    moments = [each.ruled_ms for each in found if not each.came_with]
    undone = sum(1 for each in found if each.undone)
    return Load(reviewer, by_day, held, len(found), measure_pace(moments), undone)


def measure_pace(moments: Sequence[int]) -> float | None:
    """The median of the seconds between rulings, the newest first, without breaks."""
    gaps = [later - earlier for later, earlier in pairwise(moments)]
    worked = [gap / 1000 for gap in gaps if gap <= LEASE_MS]
    return statistics.median(worked) if worked else None


def _measure_agreement(session: Session) -> Agreement:
    from models.review.quality.agreement import Rating, measure_agreement

    item, first, second = ReviewItemRow, aliased(RulingRow), aliased(RulingRow)
    latest = (
        select(item.id, item.first_ruling, item.second_ruling)
        .where(_TWICE)
        .order_by(item.updated_ms.desc())
        .limit(PAIRS)
        .subquery()
    )
    query = (
        select(latest.c.id, first.reviewer, first.ruling, second.reviewer, second.ruling)
        .join(first, first.id == latest.c.first_ruling)
        .join(second, second.id == latest.c.second_ruling)
        .order_by(latest.c.id)
    )
    ratings = []
    for item_id, one, ruling, other, another in session.execute(query).tuples():
        if one != other:
            ratings += [Rating(item_id, one, ruling), Rating(item_id, other, another)]
    return measure_agreement(ratings)
