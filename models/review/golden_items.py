"""Golden items in the queue: decided items that a reviewer gets once more, as if they were open.

For the reviewer such an item is the item itself, under its own address, at its place in the order;
for everybody else it stays decided. Their ruling is sealed in the audit chain like any other, and
kept in a table of its own: no release, no outbox and no count of rulings knows it.
"""

from __future__ import annotations

import secrets
import uuid
from collections.abc import Collection, Mapping
from dataclasses import dataclass, replace
from typing import Any

from sqlalchemy import Select, and_, exists, insert, or_, select, text
from sqlalchemy.orm import Session

from models.accounts.records import key_of
from models.review.items import LEASE_MS, Item, ItemState, find_row, read_item
from models.review.listing import ItemSummary
from models.review.quality.giving import choose_golden
from models.review.ranking import PER_DAY, count_days, read_priority
from models.review.skips import is_skipped
from models.review.streams import Stream
from models.review.turns import Round, WaitsFor
from models.store.tables import (
    GoldenItemRow,
    GoldenRulingRow,
    GoldenServingRow,
    ReviewItemRow,
    RulingRow,
    TakedownRow,
)

_STATES = {
    "open": ItemState.OPEN,
    "leased": ItemState.LEASED,
    "decided": ItemState.DECIDED,
    "escalated": ItemState.ESCALATED,
    "asked_owner": ItemState.ASKED_OWNER,
    "superseded": ItemState.SUPERSEDED,
}
_WAITS_FOR = {ItemState.ESCALATED: WaitsFor.LEAD, ItemState.ASKED_OWNER: WaitsFor.OWNER}


@dataclass(frozen=True, slots=True)
class GoldenShare:
    """Which share of what a reviewer gets is golden, and the secret that decides which place is."""

    key: bytes
    share: float


def stands(answer: Any) -> Any:
    """Whether the item of a query is decided, alone, and with this ruling."""
    row = ReviewItemRow
    return and_(
        row.state == ItemState.DECIDED.value,
        row.cluster == "",
        exists().where(
            RulingRow.item_id == row.id,
            RulingRow.item_version == row.version,
            RulingRow.ruling == answer,
        ),
    )


def serve_golden(
    session: Session,
    reviewer: str,
    golden: GoldenShare,
    stream: Stream,
    ahead: tuple[int, int],
    now: int,
) -> Item | None:
    """Give a reviewer a golden item in place of the next one, if their place in the queue says so.

    Of the golden items that the reviewer has neither had nor ruled on nor marked, one of those
    at which as much is at stake is chosen, and it is asked since when the other is, so that the
    order tells nothing. The same is looked up at every place, whether it is golden or not.

    Args:
        session: an open transaction.
        reviewer: who asks.
        golden: how often.
        stream: only items of this work stream.
        ahead: of the item that would come otherwise, what is stored of its priority, and since when
            it is asked.
        now: the database's time.
    """
    key = key_of(reviewer)
    stored, asked_ms = ahead
    stake = read_priority(stored, asked_ms, asked_ms)
    pool = _find_pool(session, reviewer, key, stream)
    nearest = min((abs(each // 10 - stake // 10) for each in pool.values()), default=0)
    near = [item_id for item_id, each in pool.items() if abs(each // 10 - stake // 10) == nearest]
    place = _count_place(session, key)
    chosen = choose_golden(golden.key, key, place, near, (), share=golden.share)
    if chosen is None:
        return None
    item = _read(session, chosen, now)
    golden_id = session.execute(
        select(GoldenItemRow.id).where(
            GoldenItemRow.item_id == chosen, GoldenItemRow.question == item.question
        )
    ).scalar_one()
    serving = GoldenServingRow(
        id=uuid.uuid4().hex,
        golden_id=golden_id,
        item_id=chosen,
        question=item.question,
        reviewer=reviewer,
        reviewer_key=key,
        state="open",
        version=item.version,
        asked_ms=asked_ms,
        served_ms=now,
        updated_ms=now,
    )
    session.add(serving)
    return show_served(item, change_serving(session, serving, "leased", now), now)


def resume_serving(session: Session, key: str, stream: Stream, now: int) -> Item | None:
    """The golden item that a reviewer holds, gave back or let run out, leased again; or None.

    One that was skipped waits until the skip holds no more, or nothing else is left.
    """
    row = GoldenServingRow
    held = and_(row.state == "leased", row.lease_until_ms > now)
    due = or_(held, ~is_skipped(row.item_id, row.question, key, now))
    serving = session.scalars(_select_open(key, stream).where(due).limit(1)).first()
    return None if serving is None else serve_again(session, serving, now)


def find_skipped_servings(
    session: Session, key: str, stream: Stream, now: int
) -> Mapping[str, GoldenServingRow]:
    """The golden items that a reviewer has skipped, by item id."""
    skipped = is_skipped(GoldenServingRow.item_id, GoldenServingRow.question, key, now)
    found = session.scalars(_select_open(key, stream).where(skipped))
    return {serving.item_id: serving for serving in found}


def serve_again(session: Session, serving: GoldenServingRow, now: int) -> Item:
    """Lease a golden item to its reviewer once more."""
    change_serving(session, serving, "leased", now)
    return show_served(_read(session, serving.item_id, now), serving, now)


def _select_open(key: str, stream: Stream) -> Select[tuple[GoldenServingRow]]:
    row, item = GoldenServingRow, ReviewItemRow
    return (
        select(row)
        .join(item, and_(item.id == row.item_id, item.question == row.question))
        .where(
            row.reviewer_key == key,
            row.state.in_(("open", "leased")),
            item.state == ItemState.DECIDED.value,
            *stream.conditions(),
        )
        .order_by(row.served_ms, row.id)
    )


def find_serving(session: Session, item: Item, key: str) -> GoldenServingRow | None:
    """How a decided item was given to a reviewer as a golden one, or None where it was not."""
    if item.state is not ItemState.DECIDED:
        return None
    return find_serving_of(session, item.id, item.question, key)


def find_serving_of(
    session: Session, item_id: str, question: str, key: str
) -> GoldenServingRow | None:
    """See ``find_serving``; for an item that is known to be decided."""
    row = GoldenServingRow
    query = select(row).where(
        row.item_id == item_id, row.question == question, row.reviewer_key == key
    )
    return session.scalars(query).first()


def find_held_serving(session: Session, item_id: str, token: str) -> GoldenServingRow | None:
    """The golden item that is leased under a token, as long as it is decided for everybody else."""
    row, item = GoldenServingRow, ReviewItemRow
    query = (
        select(row)
        .join(item, and_(item.id == row.item_id, item.question == row.question))
        .where(
            row.item_id == item_id,
            row.lease_token == token,
            row.lease_token != "",
            row.state == "leased",
            item.state == ItemState.DECIDED.value,
        )
    )
    return session.scalars(query).first()


def find_servings(
    session: Session, reviewer: str, item_ids: Collection[str]
) -> Mapping[str, GoldenServingRow]:
    """Which of some items are golden for a reviewer, by item id."""
    row, item = GoldenServingRow, ReviewItemRow
    query = (
        select(row)
        .join(item, and_(item.id == row.item_id, item.question == row.question))
        .where(
            row.reviewer_key == key_of(reviewer),
            row.item_id.in_(sorted(item_ids)),
            item.state == ItemState.DECIDED.value,
        )
    )
    return {serving.item_id: serving for serving in session.scalars(query)}


def change_serving(
    session: Session, serving: GoldenServingRow, state: str, now: int, **values: Any
) -> GoldenServingRow:
    """Bring a golden item into another state for its reviewer; leased, it is kept or renewed."""
    held = serving.state == "leased" and state == "leased" and serving.lease_until_ms > now
    serving.state = state
    serving.updated_ms = now
    if state == "leased":
        serving.lease_token = serving.lease_token if held else secrets.token_hex(16)
        serving.lease_until_ms = now + LEASE_MS
    else:
        serving.lease_token, serving.lease_until_ms = "", 0
    for name, value in values.items():
        setattr(serving, name, value)
    session.flush()
    return serving


def show_served(item: Item, serving: GoldenServingRow, now: int) -> Item:
    """The item as its reviewer sees it."""
    state = _STATES[serving.state]
    held = state is ItemState.LEASED and serving.lease_until_ms > now
    return replace(
        item,
        state=ItemState.OPEN if state is ItemState.LEASED and not held else state,
        version=serving.version,
        lease_token=serving.lease_token,
        lease_holder=serving.reviewer if held else "",
        lease_until_ms=serving.lease_until_ms,
        updated_ms=serving.updated_ms,
        cluster="",
        alike="",
        **age_of(item, serving, now),
        waits_for=_WAITS_FOR.get(state, WaitsFor.RULING),
        round=Round(item.round.persons),
    )


def age_of(item: Item | ItemSummary, serving: GoldenServingRow, now: int) -> dict[str, Any]:
    """Since when a golden item is asked for its reviewer, and the priority that it has by that."""
    older = count_days(item.asked_ms, now) - count_days(serving.asked_ms, now)
    return {"asked_ms": serving.asked_ms, "priority": item.priority - PER_DAY * older}


def store_golden_ruling(
    session: Session, serving: GoldenServingRow, values: Mapping[str, Any], now: int
) -> None:
    """Keep a ruling on a golden item, which is decided for its reviewer from then on.

    Args:
        values: the columns that a ruling of the queue has.
    """
    kept = {name: values[name] for name in values if name not in ("came_with", "came_with_item")}
    session.execute(insert(GoldenRulingRow).values(**kept, serving_id=serving.id))
    change_serving(session, serving, "decided", now, ruling_id=values["id"])


def find_golden_ruling(
    session: Session, serving: GoldenServingRow, item_version: int
) -> GoldenRulingRow | None:
    """What the reviewer of a golden item ruled on one version of it."""
    row = GoldenRulingRow
    query = select(row).where(row.serving_id == serving.id, row.item_version == item_version)
    return session.scalars(query).first()


def _find_pool(session: Session, reviewer: str, key: str, stream: Stream) -> dict[str, int]:
    """What is at stake at the golden items that may be given to a reviewer, by item id."""
    row, item, served = GoldenItemRow, ReviewItemRow, GoldenServingRow
    query = (
        select(item.id, item.priority, item.asked_ms)
        .join(row, and_(row.item_id == item.id, row.question == item.question))
        .where(
            row.retired_ms.is_(None),
            row.marked_by != reviewer,
            stands(row.answer),
            ~exists().where(TakedownRow.asset_id == item.asset_id),
            ~exists().where(RulingRow.item_id == item.id, RulingRow.reviewer == reviewer),
            ~exists().where(
                served.item_id == item.id,
                served.question == item.question,
                served.reviewer_key == key,
            ),
            *stream.conditions(),
        )
    )
    found = session.execute(query).tuples()
    return {item_id: read_priority(stored, asked, asked) for item_id, stored, asked in found}


def _count_place(session: Session, key: str) -> int:
    """How many items the reviewer had been given before this one."""
    counted = text(
        "INSERT INTO golden_turns (reviewer_key, given) VALUES (:key, 1) "
        "ON CONFLICT (reviewer_key) DO UPDATE SET given = golden_turns.given + 1 RETURNING given"
    )
    given: int = session.execute(counted, {"key": key}).scalar_one()
    return given


def _read(session: Session, item_id: str, now: int) -> Item:
    found = find_row(session, item_id)
    if found is None:
        raise RuntimeError(f"there is no item {item_id}, of which a row says that it is golden")
    return read_item(found, now)
