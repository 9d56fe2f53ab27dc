"""The item: one question put to reviewers, and how to look at one without touching it."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import Any

from sqlalchemy import Row, bindparam, select
from sqlalchemy.orm import Session

from models.review.ranking import read_priority
from models.review.turns import Round, WaitsFor
from models.store.database import execute, now_ms
from models.store.tables import ReviewItemRow

LEASE_MS = 10 * 60 * 1000
"""How long an item is kept for the reviewer who took it, in milliseconds."""


class ItemState(StrEnum):
    """Where an item is on its way. A lease past its time counts as none."""

    OPEN = "open"
    LEASED = "leased"
    AWAITING_SECOND = "awaiting_second"
    ADJUDICATION = "adjudication"
    ESCALATED = "escalated"
    ASKED_OWNER = "asked_owner"
    DECIDED = "decided"
    SUPERSEDED = "superseded"


WAITING = frozenset(ItemState) - {ItemState.DECIDED, ItemState.SUPERSEDED}
"""Items that are not decided, whoever they wait for."""

UNDECIDED = (ItemState.OPEN.value, ItemState.LEASED.value)
"""What the column ``state`` holds of them: whose word they wait for is another column."""

FREE_STATES = {
    WaitsFor.RULING.value: ItemState.OPEN,
    WaitsFor.SECOND.value: ItemState.AWAITING_SECOND,
    WaitsFor.ADJUDICATION.value: ItemState.ADJUDICATION,
    WaitsFor.LEAD.value: ItemState.ESCALATED,
    WaitsFor.OWNER.value: ItemState.ASKED_OWNER,
}
"""The state of an item that nobody holds, by whose word it waits for."""


@dataclass(frozen=True, slots=True)
class Question:
    """What is asked about one asset.

    Attributes:
        asset_id: the asset.
        digest: SHA-256 of what is asked: the same digest is the same question.
        priority: what is at stake (``models.review.ranking.rank``): higher comes first, where
            others wait as long.
        evidence: what the reviewer is shown; docs/review.md lists its keys.
        persons: how many have to rule on it, 1 or 2.
    """

    asset_id: str
    digest: str
    priority: int
    evidence: Mapping[str, Any]
    persons: int = 1


@dataclass(frozen=True, slots=True)
class Item:
    """An item with its evidence.

    Attributes:
        priority: as it is now: it grows with time.
        cluster: the representative of the near-identical pictures that the asset is one of, or "".
        alike: digest of what is asked apart from the picture, or "".
        lease_token: for its holder's eyes only.
        waits_for: whose word it waits for, also while somebody holds it.
        round: the rulings that stand while it is not decided.
        due_ms: until when an owner may answer; 0 where none is asked.
        asked_ms: since when the question is asked.
        settles: how many pictures one ruling settled when the last run looked.
        again: whoever is given it had skipped it, and nothing else is left for them.
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
    waits_for: WaitsFor
    round: Round
    due_ms: int
    asked_ms: int
    settles: int
    again: bool = False

    @property
    def waits(self) -> bool:
        """Whether it is not decided yet, and still asked."""
        return self.state in WAITING

    @property
    def blind(self) -> bool:
        """Whether two persons rule on it, each by themselves, and have not done so yet."""
        judged = self.round.waits_for is WaitsFor.ADJUDICATION
        return self.waits and self.round.persons > 1 and not judged


def find_item(session: Session, item_id: str) -> Item | None:
    """One item with its evidence, or None where there is no such item."""
    row = find_row(session, item_id)
    return read_item(row, now_ms(session)) if row else None


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
    ReviewItemRow.waits_for,
    ReviewItemRow.persons,
    ReviewItemRow.first_ruling,
    ReviewItemRow.first_by,
    ReviewItemRow.second_ruling,
    ReviewItemRow.second_by,
    ReviewItemRow.due_ms,
    ReviewItemRow.asked_ms,
    ReviewItemRow.settles,
)


_FOUND = select(*ITEM_COLUMNS).where(ReviewItemRow.id == bindparam("item"))


def find_row(session: Session, item_id: str) -> Row[Any] | None:
    """The ``ITEM_COLUMNS`` of one item."""
    return execute(session, _FOUND, {"item": item_id}).first()


def read_item(row: Row[Any], now: int) -> Item:
    """An ``Item`` from a row of ``ITEM_COLUMNS``, as it stands at ``now``."""
    values = dict(row._mapping)
    persons = values.pop("persons")
    standing = [values.pop(f"{turn}_{part}") for turn in _TURNS for part in ("ruling", "by")]
    return Item(
        **{
            **values,
            "state": read_state(row, now),
            "priority": read_priority(row.priority, row.asked_ms, now),
            "evidence": json.loads(values["evidence"]),
            "waits_for": WaitsFor(values["waits_for"]),
            "round": Round(persons, *standing),
        }
    )


def read_state(row: Row[Any], now: int) -> ItemState:
    """The state of an item at ``now``, from ``state``, ``waits_for`` and ``lease_until_ms``."""
    state = ItemState(row.state)
    if state is ItemState.OPEN or (state is ItemState.LEASED and row.lease_until_ms <= now):
        return FREE_STATES[row.waits_for]
    return state


_TURNS = ("first", "second")
