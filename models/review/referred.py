"""What waits for a lead, and what owners were asked about: found by an index of their own."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from sqlalchemy import func, select, text, tuple_
from sqlalchemy.orm import Session

from models.review.listing import ItemSummary, read_summary, summary_columns
from models.review.turns import WaitsFor
from models.store.database import now_ms
from models.store.tables import ReviewItemRow

MOST_LISTED = 100
"""Items of each kind that are listed."""

REFERRED = text("state IN ('open', 'leased') AND waits_for IN ('adjudication', 'lead', 'owner')")
"""Literally the condition of the partial index, without which SQLite does not use it."""


@dataclass(frozen=True, slots=True)
class Referred:
    """Items that wait for one kind of word, without their evidence, and how many there are."""

    items: tuple[ItemSummary, ...]
    total: int


def list_referred(
    session: Session,
    waits_for: WaitsFor,
    after: tuple[Any, ...] | None = None,
    limit: int = MOST_LISTED,
) -> Referred:
    """The items that wait for a lead to settle or decide, or for an owner; the oldest first.

    Args:
        after: only those after this place in the list: ``due_ms``, ``updated_ms`` and id.
        limit: how many.
    """
    row = ReviewItemRow
    now = now_ms(session)
    chosen = (REFERRED, row.waits_for == waits_for.value)
    query = (
        select(*summary_columns())
        .where(*chosen)
        .order_by(row.due_ms, row.updated_ms, row.id)
        .limit(limit)
    )
    if after is not None:
        query = query.where(tuple_(row.due_ms, row.updated_ms, row.id) > after)
    items = tuple(read_summary(found, now) for found in session.execute(query))
    total = session.execute(select(func.count()).select_from(row).where(*chosen)).scalar_one()
    return Referred(items, total)
