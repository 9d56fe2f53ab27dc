"""Rulings as they stand in the database: which there are, and which are in force.

A ruling is in force while its item is decided and still at the version that was ruled on.
"""

from __future__ import annotations

from dataclasses import dataclass

from sqlalchemy import ColumnElement, and_, func, select, text
from sqlalchemy.orm import Session

from models.review.items import ItemState
from models.store.tables import ReviewItemRow, RulingRow


@dataclass(frozen=True, slots=True)
class StoredRuling:
    """A ruling as it stands in the database, its asset's name, and whether it is in force.

    ``came_with`` is the ruling that it was taken together with, on ``came_with_item``, or "".
    """

    id: str
    item_id: str
    item_version: int
    dataset: str
    asset_id: str
    question: str
    ruling: str
    reason_code: str
    note: str
    reviewer: str
    ruled_ms: int
    came_with: str
    came_with_item: str
    name: str
    in_force: bool


@dataclass(frozen=True, slots=True)
class EffectiveRuling:
    """The ruling in force on an asset, and the digest of the question that it answers."""

    question: str
    ruling: str
    reason_code: str
    reviewer: str
    ruling_id: str


_TOGETHER = text("rulings.came_with != ''")
"""Literally the condition of the partial index, without which SQLite does not use it."""

_IN_FORCE = and_(
    ReviewItemRow.id == RulingRow.item_id,
    ReviewItemRow.version == RulingRow.item_version,
    ReviewItemRow.state == ItemState.DECIDED.value,
)


def effective_rulings(session: Session, dataset: str) -> dict[str, EffectiveRuling]:
    """The rulings in force on a dataset's assets, by asset id."""
    query = select(
        RulingRow.asset_id,
        RulingRow.question,
        RulingRow.ruling,
        RulingRow.reason_code,
        RulingRow.reviewer,
        RulingRow.id,
    ).join(ReviewItemRow, _IN_FORCE)
    query = query.where(ReviewItemRow.dataset == dataset).order_by(RulingRow.asset_id)
    return {asset_id: EffectiveRuling(*rest) for asset_id, *rest in session.execute(query)}


def find_ruling_by_id(session: Session, ruling_id: str) -> StoredRuling | None:
    """One ruling, in force or not, or None."""
    return _select_ruling(session, RulingRow.id == ruling_id)


def find_ruling(session: Session, item_id: str, item_version: int) -> StoredRuling | None:
    """The ruling on one version of one item, or None."""
    return _select_ruling(
        session, and_(RulingRow.item_id == item_id, RulingRow.item_version == item_version)
    )


def latest_ruling(session: Session, reviewer: str) -> StoredRuling | None:
    """The newest ruling of a reviewer that is in force: the one that an undo would end."""
    return _select_ruling(session, and_(RulingRow.reviewer == reviewer, _IN_FORCE))


def rulings_with(session: Session, ruling_id: str) -> tuple[StoredRuling, ...]:
    """The rulings that were taken together with one, in order of item, in force or not."""
    found = _select_rulings(session, and_(RulingRow.came_with == ruling_id, _TOGETHER), limit=None)
    return tuple(sorted(found, key=lambda stored: stored.item_id))


def rulings_on(session: Session, item_id: str) -> tuple[StoredRuling, ...]:
    """All rulings on an item, the newest first, whether in force or not."""
    return _select_rulings(session, RulingRow.item_id == item_id, limit=None)


def count_covered(session: Session, ruling_id: str) -> int:
    """How many rulings in force were taken together with one."""
    query = (
        select(func.count())
        .select_from(RulingRow)
        .join(ReviewItemRow, _IN_FORCE)
        .where(RulingRow.came_with == ruling_id, _TOGETHER)
    )
    return session.execute(query).scalar_one()


def _select_ruling(session: Session, condition: ColumnElement[bool]) -> StoredRuling | None:
    return next(iter(_select_rulings(session, condition, limit=1)), None)


def _select_rulings(
    session: Session, condition: ColumnElement[bool], limit: int | None
) -> tuple[StoredRuling, ...]:
    columns = RulingRow.__table__.columns
    query = (
        select(*columns, ReviewItemRow.name, _IN_FORCE.label("in_force"))
        .join(ReviewItemRow, ReviewItemRow.id == RulingRow.item_id)
        .where(condition)
        .order_by(RulingRow.ruled_ms.desc(), RulingRow.came_with, RulingRow.item_version.desc())
        .limit(limit)
    )
    return tuple(
        StoredRuling(**{**found, "in_force": bool(found["in_force"])})
        for found in session.execute(query).mappings()
    )
