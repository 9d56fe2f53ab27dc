"""The item: one question put to reviewers, and how to look at items without touching them."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import Any

from sqlalchemy import ColumnElement, Row, and_, case, func, select
from sqlalchemy.orm import Session

from models.store.database import now_ms
from models.store.tables import ReviewItemRow, RulingRow

LEASE_MS = 10 * 60 * 1000
"""How long an item is kept for the reviewer who took it, in milliseconds."""


class ItemState(StrEnum):
    """Where an item is on its way. A lease past its time counts as open."""

    OPEN = "open"
    LEASED = "leased"
    DECIDED = "decided"
    SUPERSEDED = "superseded"


WAITING = frozenset({ItemState.OPEN, ItemState.LEASED})


@dataclass(frozen=True, slots=True)
class Question:
    """What is asked about one asset.

    Attributes:
        asset_id: the asset.
        digest: SHA-256 of what is asked: the same digest is the same question.
        priority: higher comes first.
        evidence: what the reviewer is shown; docs/review.md lists its keys.
    """

    asset_id: str
    digest: str
    priority: int
    evidence: Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class ItemSummary:
    """One line of a list: an item without its evidence, and the ruling in force, if any."""

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
    ruling: str
    reviewer: str


@dataclass(frozen=True, slots=True)
class Item:
    """An item with its evidence.

    Attributes:
        cluster: the representative of the near-identical pictures that the asset is one of, or "".
        alike: digest of what is asked apart from the picture, or "".
        lease_token: for its holder's eyes only.
    """

    id: str
    dataset: str
    asset_id: str
    question: str
    version: int
    state: ItemState
    priority: int
    lease_token: str
    lease_holder: str
    lease_until_ms: int
    updated_ms: int
    cluster: str
    alike: str
    evidence: dict[str, Any]


@dataclass(frozen=True, slots=True)
class DatasetCounts:
    """How many items of a dataset are in which state."""

    dataset: str
    open: int
    leased: int
    decided: int
    superseded: int

    @property
    def waiting(self) -> int:
        """Items that still need a ruling."""
        return self.open + self.leased


@dataclass(frozen=True, slots=True)
class ItemPage:
    """A stretch of a list, and how long the whole list is."""

    items: tuple[ItemSummary, ...]
    total: int
    offset: int


def find_item(session: Session, item_id: str) -> Item | None:
    """One item with its evidence, or None where there is no such item."""
    row = session.execute(select(*ITEM_COLUMNS).where(ReviewItemRow.id == item_id)).first()
    return read_item(row, now_ms(session)) if row else None


def count_items(session: Session, dataset: str | None = None) -> tuple[DatasetCounts, ...]:
    """Counts by state for each dataset, in order of name."""
    state = _state_at(now_ms(session))
    query = select(ReviewItemRow.dataset, state, func.count()).group_by(
        ReviewItemRow.dataset, state
    )
    if dataset is not None:
        query = query.where(ReviewItemRow.dataset == dataset)
    counts: dict[str, dict[str, int]] = {}
    for name, value, count in session.execute(query):
        counts.setdefault(name, {})[value] = count
    return tuple(
        DatasetCounts(name, *(counts[name].get(state.value, 0) for state in ItemState))
        for name in sorted(counts)
    )


def list_items(
    session: Session,
    *,
    dataset: str | None = None,
    states: frozenset[ItemState] = WAITING,
    offset: int = 0,
    limit: int = 50,
) -> ItemPage:
    """Items without their evidence.

    Items that wait come in the order in which they are given out; others newest first.
    """
    state = _state_at(now_ms(session))
    chosen: list[ColumnElement[bool]] = [state.in_(sorted(s.value for s in states))]
    if dataset is not None:
        chosen.append(ReviewItemRow.dataset == dataset)
    total = session.execute(select(func.count()).where(*chosen)).scalar_one()
    row = ReviewItemRow
    query = (
        select(
            row.id,
            row.dataset,
            row.asset_id,
            row.version,
            state.label("state"),
            row.priority,
            row.name,
            row.reasons,
            row.lease_holder,
            row.lease_until_ms,
            row.updated_ms,
            func.coalesce(RulingRow.ruling, "").label("ruling"),
            func.coalesce(RulingRow.reviewer, "").label("reviewer"),
        )
        .outerjoin(
            RulingRow,
            and_(
                RulingRow.item_id == row.id,
                RulingRow.item_version == row.version,
                row.state == ItemState.DECIDED.value,
            ),
        )
        .where(*chosen)
        .order_by(*(IN_TURN if states <= WAITING else (row.updated_ms.desc(), row.id)))
        .offset(offset)
        .limit(limit)
    )
    items = tuple(
        ItemSummary(
            **{
                **found,
                "state": ItemState(found["state"]),
                "reasons": tuple(code for code in found["reasons"].split(",") if code),
            }
        )
        for found in session.execute(query).mappings()
    )
    return ItemPage(items, total, offset)


IN_TURN = (
    ReviewItemRow.skipped_ms,
    ReviewItemRow.priority.desc(),
    ReviewItemRow.cluster,
    ReviewItemRow.id,
)
"""The order in which items are given out: skipped ones last, then by priority; those of one cluster
one after another."""

ITEM_COLUMNS = (
    ReviewItemRow.id,
    ReviewItemRow.dataset,
    ReviewItemRow.asset_id,
    ReviewItemRow.question,
    ReviewItemRow.version,
    ReviewItemRow.state,
    ReviewItemRow.priority,
    ReviewItemRow.lease_token,
    ReviewItemRow.lease_holder,
    ReviewItemRow.lease_until_ms,
    ReviewItemRow.updated_ms,
    ReviewItemRow.cluster,
    ReviewItemRow.alike,
    ReviewItemRow.evidence,
)


def read_item(row: Row[Any], now: int) -> Item:
    """An ``Item`` from a row of ``ITEM_COLUMNS``, as it stands at ``now``."""
    values = dict(row._mapping)
    state = ItemState(values["state"])
    if state is ItemState.LEASED and values["lease_until_ms"] <= now:
        state = ItemState.OPEN
    return Item(**{**values, "state": state, "evidence": json.loads(values["evidence"])})


def _state_at(now: int) -> ColumnElement[str]:
    row = ReviewItemRow
    return case(
        (
            and_(row.state == ItemState.LEASED.value, row.lease_until_ms <= now),
            ItemState.OPEN.value,
        ),
        else_=row.state,
    )
