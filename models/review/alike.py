"""The other waiting items about near-identical pictures, beside the one that is looked at."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from sqlalchemy import (
    BigInteger,
    ColumnElement,
    Row,
    Text,
    and_,
    bindparam,
    case,
    func,
    select,
    text,
)
from sqlalchemy.orm import Session

from models.accounts.records import key_of
from models.review.asked import Aspect, compare_asked
from models.review.items import UNDECIDED, Item, ItemState
from models.review.turns import FOR_REVIEWERS
from models.store.database import execute, now_ms
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
    here = {"dataset": item.dataset, "cluster": item.cluster, "item": item.id}
    waiting = {**here, "alike": item.alike, "key": key_of(reviewer)}
    counted = execute(session, _COUNTED, waiting).one()
    all_same, total = int(counted[0]), int(counted[1])
    if not total:
        return None
    values = {**waiting, "now": now_ms(session), "reviewer": reviewer}
    near = [_read(found, item) for found in execute(session, _NEAR, values)]
    far = [_read(found, item) for found in execute(session, _FAR, values)]
    return AlikeItems(
        free=tuple(each for each in near if each.free),
        held=tuple(each for each in near if each.holder and not each.differs),
        apart=(*far, *(each for each in near if each.differs)),
        more_free=all_same - len(near),
        more_apart=total - all_same - len(far),
        ruled=dict(Counter(execute(session, _RULED, here).scalars())),
    )


def is_held(
    now: int | ColumnElement[int], reviewer: str | ColumnElement[str]
) -> ColumnElement[bool]:
    """Whether an item is another reviewer's at a time; both may be parameters of the query."""
    row = ReviewItemRow
    return and_(
        row.state == ItemState.LEASED.value,
        row.lease_until_ms > now,
        row.lease_holder != reviewer,
    )


_BESIDE = (
    ReviewItemRow.dataset == bindparam("dataset"),
    ReviewItemRow.cluster == bindparam("cluster"),
    _CLUSTERED,
    ReviewItemRow.id != bindparam("item"),
)
_WAITING = (
    *_BESIDE,
    ReviewItemRow.state.in_(UNDECIDED),
    ReviewItemRow.waits_for.in_(_REVIEWERS),
    ReviewItemRow.first_by != bindparam("key"),
)
_SAME = and_(ReviewItemRow.alike == bindparam("alike"), ReviewItemRow.alike != "")
"""An item of an older Kiyome does not say what it asks, and asks the same as none."""

_HELD = is_held(bindparam("now", type_=BigInteger), bindparam("reviewer", type_=Text))
_SHOWN = (
    select(
        *(ReviewItemRow.id, ReviewItemRow.asset_id, ReviewItemRow.version),
        *(ReviewItemRow.name, ReviewItemRow.evidence),
        case((_HELD, ReviewItemRow.lease_holder), else_="").label("holder"),
    )
    .where(*_WAITING)
    .order_by(ReviewItemRow.name, ReviewItemRow.id)
)
_COUNTED = select(func.coalesce(func.sum(case((_SAME, 1), else_=0)), 0), func.count()).where(
    *_WAITING
)
_NEAR = _SHOWN.where(_SAME).limit(MOST_ALIKE)
_FAR = _SHOWN.where(~_SAME).limit(MOST_APART)
_RULED = (
    select(RulingRow.ruling)
    .join(
        ReviewItemRow,
        and_(
            ReviewItemRow.id == RulingRow.item_id,
            ReviewItemRow.version == RulingRow.item_version,
        ),
    )
    .where(*_BESIDE, ReviewItemRow.state == ItemState.DECIDED.value)
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
