"""The lease: an item is one reviewer's for ten minutes, and then anybody's again.

A lease is dropped when another reviewer takes the item, not when the clock strikes: whoever was
slow and was not overtaken has lost nothing.
"""

from __future__ import annotations

import secrets
from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from sqlalchemy import Row, select, text, update
from sqlalchemy.orm import Session

from models.errors import AlreadyRuledError, LeaseLostError, ReviewError
from models.review.items import IN_TURN, ITEM_COLUMNS, LEASE_MS, Item, ItemState, read_item
from models.store.database import now_ms
from models.store.tables import ReviewItemRow

_HELD = text("state = 'leased'")
_OPEN_OR_HELD = text("state IN ('open', 'leased')")
"""Literally the condition of the partial index, without which SQLite does not use it."""


def lease_next(session: Session, reviewer: str, dataset: str | None = None) -> Item | None:
    """Give a reviewer the next item, for ten minutes.

    The reviewer's own live lease comes first and is renewed. Two reviewers never hold one item:
    on SQLite the transaction excludes other writers, on PostgreSQL rows locked by others are
    skipped.

    Args:
        session: an open transaction.
        reviewer: who asks.
        dataset: only items of this dataset; None for any.

    Returns:
        The item with its lease token, or None where nothing is left for this reviewer.
    """
    now = now_ms(session)
    row = ReviewItemRow
    here = [] if dataset is None else [row.dataset == dataset]
    query = select(*ITEM_COLUMNS).where(*here).order_by(*IN_TURN).limit(1)
    own = query.where(_HELD, row.lease_holder == reviewer, row.lease_until_ms > now)
    found = session.execute(own.with_for_update()).first()
    if found is None:
        free = query.where(_OPEN_OR_HELD, row.lease_until_ms <= now)
        found = session.execute(free.with_for_update(skip_locked=True)).first()
    return _grant(session, found, reviewer, now) if found else None


def lease_item(session: Session, item_id: str, reviewer: str) -> Item:
    """Give a reviewer one particular item, for ten minutes; a lease of their own is renewed.

    Raises:
        LeaseLostError: another reviewer holds it.
        AlreadyRuledError: it is decided.
        ReviewError: there is no such item, or nobody asks about it any more.
    """
    now = now_ms(session)
    query = select(*ITEM_COLUMNS).where(ReviewItemRow.id == item_id).with_for_update()
    found = session.execute(query).first()
    if found is None:
        raise ReviewError(f"There is no item {item_id}.", "Go back to the queue.")
    item = read_item(found, now)
    if item.state is ItemState.DECIDED:
        raise AlreadyRuledError("This item is already decided.", "Undo its ruling to rule again.")
    if item.state is ItemState.SUPERSEDED:
        raise ReviewError("Nobody asks about this asset any more.", "Take the next item.")
    if item.state is ItemState.LEASED and item.lease_holder != reviewer:
        raise LeaseLostError(f"{item.lease_holder} holds this item.", "Take the next item.")
    return _grant(session, found, reviewer, now)


def heartbeat(session: Session, item_id: str, lease_token: str) -> int:
    """Renew a lease while its reviewer is looking.

    Returns:
        Until when the item is kept, in UTC milliseconds.

    Raises:
        LeaseLostError: the lease has ended.
    """
    until = now_ms(session) + LEASE_MS
    if not _change_held(session, item_id, lease_token, {"lease_until_ms": until}):
        raise LeaseLostError("The lease on this item has ended.", "Open the item again.")
    return until


def give_back(session: Session, item_id: str, lease_token: str) -> bool:
    """End a lease without a ruling; the item keeps its place. False where there was no lease."""
    return _change_held(session, item_id, lease_token, RELEASED)


RELEASED: dict[str, Any] = {
    "state": ItemState.OPEN.value,
    "lease_token": "",
    "lease_holder": "",
    "lease_until_ms": 0,
}
"""What an item's columns hold when nobody holds the item."""


def _change_held(
    session: Session, item_id: str, lease_token: str, values: Mapping[str, Any]
) -> bool:
    row = ReviewItemRow
    changed = session.execute(
        update(row)
        .where(row.id == item_id, row.lease_token == lease_token, _HELD)
        .values(**values)
        .execution_options(synchronize_session=False)
        .returning(row.id)
    )
    return changed.first() is not None


def _grant(session: Session, found: Row[Any], reviewer: str, now: int) -> Item:
    item = read_item(found, now)
    own = item.state is ItemState.LEASED and item.lease_holder == reviewer
    token = item.lease_token if own else secrets.token_hex(16)
    until = now + LEASE_MS
    session.execute(
        update(ReviewItemRow)
        .where(ReviewItemRow.id == item.id)
        .values(
            state=ItemState.LEASED.value,
            lease_token=token,
            lease_holder=reviewer,
            lease_until_ms=until,
        )
        .execution_options(synchronize_session=False)
    )
    return replace(
        item,
        state=ItemState.LEASED,
        lease_token=token,
        lease_holder=reviewer,
        lease_until_ms=until,
    )
