"""Passing over an item: whoever skips it is given others first, and everybody else gets it as ever.

A skip holds for a day, and for the question that was asked. Where only skipped items are left to
somebody, those come back, the one first that was skipped longest ago. Nobody is counted by skips.
"""

from __future__ import annotations

from sqlalchemy import ColumnElement, and_, delete, exists, func, select, text
from sqlalchemy.orm import InstrumentedAttribute, Session

from models.store.tables import ReviewItemRow, SkipRow

HOLDS_MS = 24 * 60 * 60 * 1000
"""For how long somebody who has skipped an item is given others first, in milliseconds."""

MOST_TRIED = 50
"""Skipped items that are tried when nothing else is left: others may hold locks on some."""


_NOTED = text(
    "INSERT INTO review_skips (reviewer_key, item_id, question, skipped_ms) "
    "VALUES (:key, :item, :question, :now) ON CONFLICT (reviewer_key, item_id) "
    "DO UPDATE SET question = excluded.question, skipped_ms = excluded.skipped_ms"
)


def note_skip(session: Session, item_id: str, question: str, key: str, now: int) -> None:
    """Keep that somebody has passed over an item, and forget what they skipped before yesterday.

    Args:
        session: an open transaction.
        item_id, question: what was skipped.
        key: who did so (name folded by ``models.accounts.records.key_of``).
        now: the database's time.
    """
    row = SkipRow
    forgotten = delete(row).where(row.reviewer_key == key, ~_holds(now))
    session.execute(forgotten.execution_options(synchronize_session=False))
    values = {"key": key, "item": item_id, "question": question, "now": now}
    session.execute(_NOTED, values)


def is_skipped(
    item_id: InstrumentedAttribute[str] | str,
    question: InstrumentedAttribute[str] | str,
    key: str | ColumnElement[str],
    now: int | ColumnElement[int],
) -> ColumnElement[bool]:
    """Whether somebody has passed over an item, or that of a query, and the skip still holds.

    Name and time may be parameters of the query.
    """
    row = SkipRow
    return exists().where(
        row.reviewer_key == key, row.item_id == item_id, row.question == question, _holds(now)
    )


def list_skipped(session: Session, key: str, now: int) -> tuple[str, ...]:
    """The items that somebody has passed over, longest ago first."""
    row = SkipRow
    query = select(row.item_id).where(row.reviewer_key == key, _holds(now))
    return tuple(session.scalars(query.order_by(row.skipped_ms, row.item_id)))


def count_skipped(session: Session, now: int) -> int:
    """How many items wait that somebody has skipped."""
    row, item = SkipRow, ReviewItemRow
    query = (
        select(func.count(row.item_id.distinct()))
        .join(item, and_(item.id == row.item_id, item.question == row.question))
        .where(_holds(now), item.state.in_(("open", "leased")))
    )
    return session.execute(query).scalar_one()


def _holds(now: int | ColumnElement[int]) -> ColumnElement[bool]:
    """A skip of the future, before a clock was put back, holds nothing."""
    return SkipRow.skipped_ms.between(now - HOLDS_MS + 1, now)
