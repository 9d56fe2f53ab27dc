"""Lists and counts of items, without their evidence."""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Sequence
from dataclasses import dataclass, replace
from typing import Any

from sqlalchemy import (
    ColumnElement,
    Row,
    Select,
    TextClause,
    and_,
    bindparam,
    func,
    or_,
    select,
    text,
    true,
)
from sqlalchemy.orm import InstrumentedAttribute, Session

from models.review.items import FREE_STATES, UNDECIDED, WAITING, ItemState, read_state
from models.review.ranking import read_priority
from models.review.streams import ANY, Stream, select_in_turn
from models.store.database import execute, now_ms
from models.store.tables import ReviewItemRow, RulingRow


@dataclass(frozen=True, slots=True)
class ItemSummary:
    """One line of a list: an item without its evidence, and the ruling in force, if any.

    ``priority`` is as it is now.
    """

    id: str
    dataset: str
    asset_id: str
    version: int
    state: ItemState
    priority: int
    name: str
    reasons: tuple[str, ...]
    lease_holder: str
    lease_until_ms: int
    updated_ms: int
    persons: int
    due_ms: int
    asked_ms: int
    cluster: str
    ruling: str = ""
    reviewer: str = ""


@dataclass(frozen=True, slots=True)
class DatasetCounts:
    """How many items of a dataset are in which state."""

    dataset: str
    open: int
    leased: int
    awaiting_second: int
    adjudication: int
    escalated: int
    asked_owner: int
    decided: int
    superseded: int

    @property
    def waiting(self) -> int:
        """Items that still need a ruling, whoever's word they wait for."""
        return (
            self.open
            + self.leased
            + self.awaiting_second
            + self.adjudication
            + self.escalated
            + self.asked_owner
        )


@dataclass(frozen=True, slots=True)
class ItemPage:
    """A stretch of a list, and how long the whole list is."""

    items: tuple[ItemSummary, ...]
    total: int
    offset: int


def count_items(session: Session, dataset: str | None = None) -> tuple[DatasetCounts, ...]:
    """Counts by state for each dataset, in order of name."""
    row = ReviewItemRow
    query = select(row.dataset, row.state, row.waits_for, func.count()).group_by(
        row.dataset, row.state, row.waits_for
    )
    # Leases that have run out are few, and are found by their own index.
    expired = (
        select(row.dataset, row.waits_for, func.count())
        .where(_LEASED, row.lease_until_ms <= now_ms(session))
        .group_by(row.dataset, row.waits_for)
    )
    if dataset is not None:
        query = query.where(row.dataset == dataset)
        expired = expired.where(row.dataset == dataset)
    counts: dict[str, Counter[str]] = {}
    for name, state, waits_for, count in session.execute(query):
        shown = FREE_STATES[waits_for].value if state == ItemState.OPEN.value else state
        counts.setdefault(name, Counter())[shown] += count
    for name, waits_for, count in session.execute(expired):
        counts[name][ItemState.LEASED.value] -= count
        counts[name][FREE_STATES[waits_for].value] += count
    return tuple(
        DatasetCounts(name, *(counts[name][state.value] for state in ItemState))
        for name in sorted(counts)
    )


def count_waiting(session: Session, dataset: str, most: int) -> int:
    """How many items of a dataset wait; counting ends at ``most``, so that it takes no time."""
    counted: int = execute(session, _COUNTED, {"dataset": dataset, "most": most}).scalar_one()
    return counted


def list_items(
    session: Session,
    *,
    dataset: str | None = None,
    states: frozenset[ItemState] = WAITING,
    offset: int = 0,
    limit: int = 50,
    after: str | None = None,
    stream: Stream = ANY,
    most: int | None = None,
    without: Collection[str] = (),
) -> ItemPage:
    """Items without their evidence.

    Items that wait come in the order in which they are given out; others newest first.

    Args:
        after: list in order of id instead, those after this id ("" for the first): whoever reads
            on from the last id of a page misses none and sees none twice.
        stream: only items of this work stream.
        most: the total is counted up to here; None counts all.
        without: ids of items that are left out.
    """
    now = now_ms(session)
    row = ReviewItemRow
    stream = replace(stream, dataset=dataset) if dataset is not None else stream
    state = _is_one_of(states, now)
    chosen: list[ColumnElement[bool] | TextClause] = [state, *stream.conditions()]
    if without:
        chosen.append(row.id.not_in(sorted(without)))
    counted = select(row.id).where(*chosen).limit(most)
    total = session.execute(select(func.count()).select_from(counted.subquery())).scalar_one()
    ids: Select[Any]
    if after is not None:
        ids = select(row.id).where(*chosen, row.id > after).order_by(row.id)
    elif states <= WAITING:
        turn = (row.id, row.priority, row.cluster)
        found = select_in_turn(stream, turn, [state], offset + limit).subquery()
        ids = select(found.c.id).order_by(found.c.priority.desc(), found.c.cluster, found.c.id)
    else:
        ids = select(row.id).where(*chosen).order_by(row.updated_ms.desc(), row.id)
    listed = list(session.scalars(ids.offset(offset).limit(limit)))
    return ItemPage(_read_summaries(session, listed, now), total, offset)


def _read_summaries(session: Session, ids: Sequence[str], now: int) -> tuple[ItemSummary, ...]:
    """Lines of a list, in this order, with the rulings in force."""
    row = ReviewItemRow
    ruled = and_(
        RulingRow.item_id == row.id,
        RulingRow.item_version == row.version,
        row.state == ItemState.DECIDED.value,
    )
    query = (
        select(
            *summary_columns(),
            func.coalesce(RulingRow.ruling, "").label("ruling"),
            func.coalesce(RulingRow.reviewer, "").label("reviewer"),
        )
        .outerjoin(RulingRow, ruled)
        .where(row.id.in_(ids))
    )
    found = {each.id: read_summary(each, now) for each in session.execute(query)}
    return tuple(found[each] for each in ids)


def summary_columns() -> tuple[InstrumentedAttribute[Any], ...]:
    """What a list reads of an item: never its evidence."""
    row = ReviewItemRow
    return (
        *(row.id, row.dataset, row.asset_id, row.version, row.state, row.waits_for, row.priority),
        *(row.name, row.reasons, row.lease_holder, row.lease_until_ms, row.updated_ms),
        *(row.persons, row.due_ms, row.asked_ms, row.cluster),
    )


def read_summary(found: Row[Any], now: int) -> ItemSummary:
    """A line of a list from a row of ``summary_columns``, and the ruling in force, if any."""
    values = {key: value for key, value in found._mapping.items() if key != "waits_for"}
    values["state"] = read_state(found, now)
    values["priority"] = read_priority(found.priority, found.asked_ms, now)
    values["reasons"] = tuple(code for code in found.reasons.split(",") if code)
    return ItemSummary(**values)


_LEASED = text("state = 'leased'")
"""Literally the condition of the partial index, without which SQLite does not use it."""

_ENDED = text("review_items.state IN ('decided', 'superseded')")
_WAITS = text("review_items.state IN ('open', 'leased')")


_SOME = (
    select(ReviewItemRow.id)
    .where(ReviewItemRow.dataset == bindparam("dataset"), ReviewItemRow.state.in_(UNDECIDED))
    .limit(bindparam("most"))
)
_COUNTED = select(func.count()).select_from(_SOME.subquery())


def _is_one_of(states: frozenset[ItemState], now: int) -> ColumnElement[bool] | TextClause:
    """Whether an item is in one of these states; the usual choices are found by an index."""
    row = ReviewItemRow
    if states == WAITING:
        return _WAITS
    ended = states - WAITING
    if not states & WAITING:
        return and_(_ENDED, row.state.in_(sorted(ended)))
    if states == frozenset(ItemState):
        return true()
    free = sorted(w for w, state in FREE_STATES.items() if state in states)
    nobody = or_(row.state == ItemState.OPEN.value, row.lease_until_ms <= now)
    chosen = [
        row.state.in_(sorted(ended)),
        and_(row.state.in_(UNDECIDED), nobody, row.waits_for.in_(free)),
    ]
    if ItemState.LEASED in states:
        chosen.append(and_(row.state == ItemState.LEASED.value, row.lease_until_ms > now))
    return or_(*chosen)
