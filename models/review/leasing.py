"""The lease: an item is one reviewer's for ten minutes, and then anybody's again.

A lease is dropped when another reviewer takes the item, not when the clock strikes: whoever was
slow and was not overtaken has lost nothing.
"""

from __future__ import annotations

import secrets
from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from sqlalchemy import Row, Select, select, text, update
from sqlalchemy.orm import Session

from models.accounts.records import key_of
from models.errors import AlreadyRuledError, LeaseLostError, ReviewError
from models.review.golden_items import (
    GoldenShare,
    change_serving,
    find_held_serving,
    find_serving,
    resume_serving,
    serve_golden,
    show_served,
)
from models.review.items import ITEM_COLUMNS, LEASE_MS, Item, ItemState, read_item
from models.review.questions_to_owners import return_overdue
from models.review.releasing import RELEASED
from models.review.streams import ANY, IN_TURN, Stream, select_in_turn
from models.review.turns import FOR_LEADS, FOR_REVIEWERS, WaitsFor
from models.store.database import now_ms
from models.store.tables import ReviewItemRow

_REVIEWERS = sorted(each.value for each in FOR_REVIEWERS)
_AT_A_TIME = 16
"""Items of a stream that are looked at first: others may hold locks on as many less one."""

_TURN = (
    ReviewItemRow.id,
    ReviewItemRow.skipped_ms,
    ReviewItemRow.priority,
    ReviewItemRow.cluster,
)
_HELD = text("state = 'leased'")
_OPEN_OR_HELD = text("state IN ('open', 'leased')")
"""Literally the condition of the partial index, without which SQLite does not use it."""


def lease_next(
    session: Session,
    reviewer: str,
    dataset: str | None = None,
    golden: GoldenShare | None = None,
    stream: Stream = ANY,
) -> Item | None:
    """Give a reviewer the next item, for ten minutes.

    The reviewer's own live lease comes first and is renewed. Two reviewers never hold one item:
    on SQLite the transaction excludes other writers, on PostgreSQL rows locked by others are
    skipped. Nobody is given an item on which they have ruled already. Items that an owner has not
    answered about in time are back in the queue before one is chosen.

    Args:
        session: an open transaction.
        reviewer: who asks.
        dataset: only items of this dataset; None for any.
        golden: which share of what the reviewer gets has a known answer; None for none.
        stream: only items of this work stream.

    Returns:
        The item with its lease token, or None where nothing is left for this reviewer.
    """
    now = now_ms(session)
    key = key_of(reviewer)
    return_overdue(session, now)
    row = ReviewItemRow
    stream = replace(stream, dataset=dataset) if dataset is not None else stream
    query = select(*ITEM_COLUMNS).where(row.waits_for.in_(_REVIEWERS))
    held = query.where(_HELD, row.lease_holder == reviewer, row.lease_until_ms > now)
    own = held.where(*stream.conditions()).order_by(*IN_TURN).limit(1)
    found = session.execute(own.with_for_update()).first()
    if found is not None:
        return _grant(session, found, reviewer, now)
    if golden and (served := resume_serving(session, key, stream, now)):
        return served
    found = _find_free(session, query, stream, key, now)
    if found is None:
        return None
    if golden and (served := serve_golden(session, reviewer, golden, stream, found.priority, now)):
        return served
    return _grant(session, found, reviewer, now)


def peek_next(session: Session, reviewer: str, stream: Stream, now: int) -> str:
    """The asset of the item that a reviewer would be given next, or "".

    Nothing is taken: somebody else may be given the item first.
    """
    columns = (*_TURN, ReviewItemRow.asset_id)
    waiting = _is_free(key_of(reviewer), now)
    first = session.execute(select_in_turn(stream, columns, waiting, 1)).first()
    return "" if first is None else str(first.asset_id)


def _find_free(
    session: Session, query: Select[Any], stream: Stream, key: str, now: int
) -> Row[Any] | None:
    """The first free item of a stream, locked; what others have locked is passed over."""
    row = ReviewItemRow
    waiting = _is_free(key, now)
    lock = query.where(*waiting).order_by(*IN_TURN).limit(1).with_for_update(skip_locked=True)
    if stream.any:
        return session.execute(lock).first()
    seen, most = 0, _AT_A_TIME
    while True:
        first = session.execute(select_in_turn(stream, _TURN, waiting, most))
        ids = [each.id for each in first][seen:]
        found = session.execute(lock.where(row.id.in_(ids))).first() if ids else None
        if found is not None or seen + len(ids) < most:
            return found
        seen, most = most, most * 8


def _is_free(key: str, now: int) -> list[Any]:
    row = ReviewItemRow
    mine = row.waits_for.in_(_REVIEWERS)
    return [_OPEN_OR_HELD, mine, row.first_by != key, row.lease_until_ms <= now]


def lease_item(session: Session, item_id: str, reviewer: str, *, lead: bool = False) -> Item:
    """Give a reviewer one particular item, for ten minutes; a lease of their own is renewed.

    Args:
        session: an open transaction.
        item_id: which item.
        reviewer: who asks.
        lead: they may settle what two persons disagree about, and what was handed to a lead.

    Raises:
        LeaseLostError: another reviewer holds it.
        AlreadyRuledError: it is decided, or the reviewer has had their say.
        ReviewError: there is no such item, nobody asks about it any more, or it waits for somebody
            else's word.
    """
    now = now_ms(session)
    return_overdue(session, now)
    query = select(*ITEM_COLUMNS).where(ReviewItemRow.id == item_id).with_for_update()
    found = session.execute(query).first()
    if found is None:
        raise ReviewError(f"There is no item {item_id}.", "Go back to the queue.")
    item = read_item(found, now)
    if serving := find_serving(session, item, key_of(reviewer)):
        if serving.state not in ("open", "leased"):
            raise AlreadyRuledError("This item is already decided.", "Undo the ruling first.")
        return show_served(item, change_serving(session, serving, "leased", now), now)
    if item.state is ItemState.DECIDED:
        raise AlreadyRuledError("This item is already decided.", "Undo its ruling to rule again.")
    if item.state is ItemState.SUPERSEDED:
        raise ReviewError("Nobody asks about this asset any more.", "Take the next item.")
    if item.state is ItemState.LEASED and item.lease_holder != reviewer:
        raise LeaseLostError(f"{item.lease_holder} holds this item.", "Take the next item.")
    if not item.round.may_rule(key_of(reviewer)):
        raise AlreadyRuledError(
            "You have ruled on this item: another person's word is needed.", "Take the next item."
        )
    if item.waits_for is WaitsFor.OWNER:
        raise ReviewError(
            "The owner has been asked about this item.",
            "Wait for the answer, or take the question back.",
        )
    if item.waits_for in FOR_LEADS and not lead:
        raise ReviewError("This item waits for a lead.", "Take the next item.")
    return _grant(session, found, reviewer, now)


def heartbeat(session: Session, item_id: str, lease_token: str) -> int:
    """Renew a lease while its reviewer is looking.

    Returns:
        Until when the item is kept, in UTC milliseconds.

    Raises:
        LeaseLostError: the lease has ended.
    """
    now = now_ms(session)
    until = now + LEASE_MS
    if not _change_held(session, item_id, lease_token, {"lease_until_ms": until}):
        if serving := find_held_serving(session, item_id, lease_token):
            change_serving(session, serving, "leased", now)
            return until
        raise LeaseLostError("The lease on this item has ended.", "Open the item again.")
    return until


def give_back(session: Session, item_id: str, lease_token: str) -> bool:
    """End a lease without a ruling; the item keeps its place. False where there was no lease."""
    if _change_held(session, item_id, lease_token, RELEASED):
        return True
    serving = find_held_serving(session, item_id, lease_token)
    if serving is None:
        return False
    change_serving(session, serving, "open", now_ms(session))
    return True


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
