"""The other waiting items about near-identical pictures, beside the one that is looked at."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from sqlalchemy import ColumnElement, Row, TextClause, and_, case, func, select, text
from sqlalchemy.orm import Session

from models.accounts.records import key_of
from models.review.asked import Aspect, compare_asked
from models.review.items import UNDECIDED, Item, ItemState
from models.review.turns import FOR_REVIEWERS
from models.store.database import now_ms
from models.store.tables import ReviewItemRow, RulingRow

MOST_ALIKE = 200
"""How many further items one ruling may cover."""

MOST_APART = 20
"""How many items that ask something else are shown."""

_REVIEWERS = sorted(each.value for each in FOR_REVIEWERS)
_CLUSTERED = text("review_items.cluster != ''")
"""Literally the condition of the partial index, without which SQLite does not use it."""


@dataclass(frozen=True, slots=True)
class AlikeItem:
    """A waiting item about a near-identical picture, beside the one that is looked at.

    Attributes:
        id, asset_id, version, name: which item.
        width, height: of its picture, or None where unknown.
        captions: its captions.
        same_captions: they are those of the item that is looked at.
        holder: another reviewer who holds it, or "".
        differs: in what its question differs; nothing where it asks the same.
    """

    id: str
    asset_id: str
    version: int
    name: str
    width: int | None
    height: int | None
    captions: tuple[str, ...]
    same_captions: bool
    holder: str
    differs: tuple[Aspect, ...]

    @property
    def free(self) -> bool:
        """Whether one ruling may cover it."""
        return not self.holder and not self.differs


@dataclass(frozen=True, slots=True)
class AlikeItems:
    """The other waiting items of a cluster.

    Attributes:
        free: those that ask the same and are free, in order of name.
        held: those that ask the same and are another reviewer's.
        apart: those that ask something else, the first few.
        more_free, more_apart: how many more of each there are.
        ruled: how many of the cluster have been ruled on, by ruling.
    """

    free: tuple[AlikeItem, ...]
    held: tuple[AlikeItem, ...]
    apart: tuple[AlikeItem, ...]
    more_free: int
    more_apart: int
    ruled: Mapping[str, int]

    @property
    def same(self) -> bool:
        """Whether all of them ask the same: only then a ruling covers them unless told not to."""
        return not self.apart and not self.more_apart


def find_alike(session: Session, item: Item, reviewer: str) -> AlikeItems | None:
    """The other items of an item's cluster that wait for the reviewer's word, or None.

    What the reviewer has ruled on as one of two persons is not among them.
    """
    if not item.cluster:
        return None
    row = ReviewItemRow
    now = now_ms(session)
    here = (row.dataset == item.dataset, row.cluster == item.cluster, _CLUSTERED)
    waiting = (
        *here,
        row.id != item.id,
        row.state.in_(UNDECIDED),
        row.waits_for.in_(_REVIEWERS),
        row.first_by != key_of(reviewer),
    )
    same = _asks(item.alike)
    columns = (row.id, row.asset_id, row.version, row.name, row.evidence)
    holder = case((is_held(now, reviewer), row.lease_holder), else_="").label("holder")
    counted = session.execute(
        select(func.coalesce(func.sum(case((same, 1), else_=0)), 0), func.count()).where(*waiting)
    ).one()
    all_same, total = int(counted[0]), int(counted[1])
    if not total:
        return None
    query = select(*columns, holder).where(*waiting).order_by(row.name, row.id)
    near = [_read(found, item) for found in session.execute(query.where(same).limit(MOST_ALIKE))]
    far = [_read(found, item) for found in session.execute(query.where(~same).limit(MOST_APART))]
    return AlikeItems(
        free=tuple(each for each in near if each.free),
        held=tuple(each for each in near if each.holder and not each.differs),
        apart=(*far, *(each for each in near if each.differs)),
        more_free=all_same - len(near),
        more_apart=total - all_same - len(far),
        ruled=_count_rulings(session, item, here),
    )


def _asks(alike: str) -> ColumnElement[bool]:
    """An item of an older Kiyome does not say what it asks, and asks the same as none."""
    row = ReviewItemRow
    return and_(row.alike == alike, row.alike != "")


def is_held(now: int, reviewer: str) -> ColumnElement[bool]:
    """Whether an item is another reviewer's at a time."""
    row = ReviewItemRow
    return and_(
        row.state == ItemState.LEASED.value,
        row.lease_until_ms > now,
        row.lease_holder != reviewer,
    )


def _read(found: Row[Any], item: Item) -> AlikeItem:
    evidence = json.loads(found.evidence)
    asset = evidence.get("asset")
    facts = asset if isinstance(asset, dict) else {}
    captions = _captions_of(evidence)
    differs = compare_asked(item.evidence, evidence)
    return AlikeItem(
        id=found.id,
        asset_id=found.asset_id,
        version=found.version,
        name=found.name,
        width=_as_side(facts.get("width")),
        height=_as_side(facts.get("height")),
        captions=captions,
        same_captions=captions == _captions_of(item.evidence),
        holder=found.holder,
        differs=differs,
    )


def _captions_of(evidence: Mapping[str, Any]) -> tuple[str, ...]:
    given = evidence.get("captions")
    captions = given if isinstance(given, list) else []
    return tuple(str(each.get("text", "")) for each in captions if isinstance(each, dict))


def _as_side(value: object) -> int | None:
    return value if isinstance(value, int) else None


def _count_rulings(
    session: Session, item: Item, here: tuple[ColumnElement[bool] | TextClause, ...]
) -> dict[str, int]:
    row = ReviewItemRow
    query = (
        select(RulingRow.ruling)
        .join(row, and_(row.id == RulingRow.item_id, row.version == RulingRow.item_version))
        .where(*here, row.id != item.id, row.state == ItemState.DECIDED.value)
    )
    return dict(Counter(session.scalars(query)))
