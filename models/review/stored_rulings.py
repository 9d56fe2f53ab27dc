"""Rulings as they stand in the database: which there are, and which are in force.

A ruling is in force while its item is decided and still at the version that was ruled on. It stands
while it is in force, or is one of two that an item needs. Releases know only those in force.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from sqlalchemy import (
    ColumnElement,
    RowMapping,
    Select,
    and_,
    bindparam,
    func,
    or_,
    select,
    text,
    tuple_,
)
from sqlalchemy.orm import Session

from models.review.items import ItemState
from models.review.turns import WaitsFor
from models.store.database import execute
from models.store.tables import GoldenRulingRow, GoldenServingRow, ReviewItemRow, RulingRow


@dataclass(frozen=True, slots=True)
class StoredRuling:
    """A ruling as it is in the database, its asset's name, and whether it is in force or stands.

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
    stands: bool


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

_ENDED = (ItemState.DECIDED.value, ItemState.SUPERSEDED.value)

_IN_FORCE = and_(
    ReviewItemRow.id == RulingRow.item_id,
    ReviewItemRow.version == RulingRow.item_version,
    ReviewItemRow.state == ItemState.DECIDED.value,
)

STANDS = or_(
    _IN_FORCE,
    and_(
        ReviewItemRow.id == RulingRow.item_id,
        or_(
            ReviewItemRow.first_ruling == RulingRow.id,
            ReviewItemRow.second_ruling == RulingRow.id,
        ),
        # Once a lead has settled it, the two rulings are history.
        or_(
            ReviewItemRow.state != ItemState.DECIDED.value,
            ReviewItemRow.waits_for != WaitsFor.ADJUDICATION.value,
        ),
    ),
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
    return _find_first(session, _BY_ID, {"ruling": ruling_id})


def find_ruling(session: Session, item_id: str, item_version: int) -> StoredRuling | None:
    """The ruling on one version of one item, or None."""
    return _find_first(session, _BY_VERSION, {"item": item_id, "version": item_version})


def latest_ruling(session: Session, reviewer: str) -> StoredRuling | None:
    """The newest ruling of a reviewer that stands: the one that an undo would end."""
    found = _find_first(session, _LATEST, {"reviewer": reviewer})
    golden = _find_golden(session, _LATEST_GOLDEN, {"reviewer": reviewer})
    if found is None or golden is None:
        return found or golden
    return max(found, golden, key=lambda each: each.ruled_ms)


def rulings_with(session: Session, ruling_id: str) -> tuple[StoredRuling, ...]:
    """The rulings that were taken together with one, in order of item, in force or not."""
    found = _find(session, _TAKEN_WITH, {"ruling": ruling_id})
    return tuple(sorted(found, key=lambda stored: stored.item_id))


def rulings_on(session: Session, item_id: str) -> tuple[StoredRuling, ...]:
    """All rulings on an item, the newest first, whether in force or not."""
    return _find(session, _ON_ITEM, {"item": item_id})


def list_rulings(
    session: Session,
    reader: str,
    *,
    dataset: str | None = None,
    after: tuple[int, str] | None = None,
    limit: int = 50,
) -> tuple[StoredRuling, ...]:
    """Rulings that somebody may look at, in force or not, in the order in which they were taken.

    While an item waits, whoever may still have to rule on it must not see what others ruled: of
    those items only the reader's own rulings are listed.

    Args:
        reader: who looks.
        dataset: on items of this dataset; None for any.
        after: only those after this time and id in the list.
    """
    row = RulingRow
    chosen = [or_(ReviewItemRow.state.in_(_ENDED), row.reviewer == reader)]
    if dataset is not None:
        chosen.append(row.dataset == dataset)
    if after is not None:
        chosen.append(tuple_(row.ruled_ms, row.id) > after)
    query = (
        select(
            *row.__table__.columns,
            ReviewItemRow.name,
            _IN_FORCE.label("in_force"),
            STANDS.label("stands"),
        )
        .join(ReviewItemRow, ReviewItemRow.id == row.item_id)
        .where(*chosen)
        .order_by(row.ruled_ms, row.id)
        .limit(limit)
    )
    return tuple(map(_read, session.execute(query).mappings()))


def count_covered(session: Session, ruling_id: str) -> int:
    """How many rulings that stand were taken together with one."""
    counted: int = execute(session, _COVERED, {"ruling": ruling_id}).scalar_one()
    return counted


def _select_rulings(condition: ColumnElement[bool]) -> Select[Any]:
    columns = RulingRow.__table__.columns
    return (
        select(
            *columns,
            ReviewItemRow.name,
            _IN_FORCE.label("in_force"),
            STANDS.label("stands"),
        )
        .join(ReviewItemRow, ReviewItemRow.id == RulingRow.item_id)
        .where(condition)
        .order_by(RulingRow.ruled_ms.desc(), RulingRow.came_with, RulingRow.item_version.desc())
    )


_BY_ID = _select_rulings(RulingRow.id == bindparam("ruling")).limit(1)
_BY_VERSION = _select_rulings(
    and_(RulingRow.item_id == bindparam("item"), RulingRow.item_version == bindparam("version"))
).limit(1)
_LATEST = _select_rulings(and_(RulingRow.reviewer == bindparam("reviewer"), STANDS)).limit(1)
_ON_ITEM = _select_rulings(RulingRow.item_id == bindparam("item"))
_TAKEN_WITH = _select_rulings(and_(RulingRow.came_with == bindparam("ruling"), _TOGETHER))
_COVERED = (
    select(func.count())
    .select_from(RulingRow)
    .join(ReviewItemRow, STANDS)
    .where(RulingRow.came_with == bindparam("ruling"), _TOGETHER)
)


def _find(
    session: Session, query: Select[Any], values: Mapping[str, Any]
) -> tuple[StoredRuling, ...]:
    return tuple(map(_read, execute(session, query, values).mappings()))


def _find_first(
    session: Session, query: Select[Any], values: Mapping[str, Any]
) -> StoredRuling | None:
    return next(iter(_find(session, query, values)), None)


def _read(found: RowMapping) -> StoredRuling:
    flags = {name: bool(found[name]) for name in ("in_force", "stands")}
    return StoredRuling(**{**found, **flags})


def golden_ruling_on(session: Session, ruling_id: str) -> StoredRuling | None:
    """A ruling on a golden item, in force or not, as its reviewer sees it: like any other."""
    return _find_golden(session, _GOLDEN_BY_ID, {"ruling": ruling_id})


def golden_rulings_on(session: Session, serving_id: str) -> tuple[StoredRuling, ...]:
    """All rulings on a golden item as one reviewer had it, the newest first."""
    found = execute(session, _ON_SERVING, {"serving": serving_id}).mappings()
    return tuple(map(_read_golden, found))


_GOLDEN_IN_FORCE = GoldenServingRow.ruling_id == GoldenRulingRow.id


def _select_golden(condition: ColumnElement[bool]) -> Select[Any]:
    row, serving, item = GoldenRulingRow, GoldenServingRow, ReviewItemRow
    kept = (column for column in row.__table__.columns if column.name != "serving_id")
    return (
        select(*kept, item.name, _GOLDEN_IN_FORCE.label("in_force"))
        .join(serving, serving.id == row.serving_id)
        # It is the reviewer's as long as the item is decided for everybody else.
        .join(
            item,
            and_(
                item.id == row.item_id,
                item.question == row.question,
                item.state == ItemState.DECIDED.value,
            ),
        )
        .where(condition)
        .order_by(row.ruled_ms.desc(), row.item_version.desc())
    )


_GOLDEN_BY_ID = _select_golden(GoldenRulingRow.id == bindparam("ruling"))
_ON_SERVING = _select_golden(GoldenRulingRow.serving_id == bindparam("serving"))
_LATEST_GOLDEN = _select_golden(
    and_(GoldenRulingRow.reviewer == bindparam("reviewer"), _GOLDEN_IN_FORCE)
).limit(1)


def _find_golden(
    session: Session, query: Select[Any], values: Mapping[str, Any]
) -> StoredRuling | None:
    found = execute(session, query, values).mappings().first()
    return None if found is None else _read_golden(found)


def _read_golden(found: RowMapping) -> StoredRuling:
    in_force = bool(found["in_force"])
    values = {**found, "in_force": in_force, "stands": in_force}
    return StoredRuling(**values, came_with="", came_with_item="")
