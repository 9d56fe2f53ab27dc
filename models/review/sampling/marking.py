"""Which items are a sample's at the moment.

An item is a sample's while it asks the sample's question: as soon as a run asks something else
about the asset, it is an item like any other, with its findings on it.
"""

from __future__ import annotations

from sqlalchemy import ColumnElement, bindparam, exists, select
from sqlalchemy.orm import Session

from models.review.items import UNDECIDED
from models.store.database import execute
from models.store.tables import AssuranceAssetRow, ReviewItemRow


def asks_for_sample() -> ColumnElement[bool]:
    """Whether the item of a query asks the question of some sample."""
    row = AssuranceAssetRow
    return exists().where(row.item_id == ReviewItemRow.id, row.question == ReviewItemRow.question)


def is_sampled(session: Session, item_id: str) -> bool:
    """Whether an item asks the question of some sample now."""
    return execute(session, _SAMPLED, {"item": item_id}).first() is not None


_SAMPLED = select(ReviewItemRow.id).where(ReviewItemRow.id == bindparam("item"), asks_for_sample())


def list_awaiting(session: Session, dataset: str) -> frozenset[str]:
    """Ids of the assets of a dataset about which some sample still waits for a ruling."""
    row = ReviewItemRow
    query = select(row.asset_id).where(
        row.dataset == dataset, row.state.in_(UNDECIDED), asks_for_sample()
    )
    return frozenset(session.scalars(query))
