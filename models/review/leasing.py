"""The lease: an item is one reviewer's for ten minutes, and then anybody's again.

A lease is dropped when another reviewer takes the item, not when the clock strikes: whoever was
slow and was not overtaken has lost nothing.
"""

from __future__ import annotations

import secrets
from collections.abc import Mapping
from dataclasses import replace
from functools import lru_cache
from typing import Any

from sqlalchemy import BigInteger, Row, Select, Text, bindparam, select, text, update
from sqlalchemy.orm import Session

from models.accounts.records import key_of
from models.errors import AlreadyRuledError, LeaseLostError, ReviewError
from models.failpoints import reach
from models.review.golden_handing_on import return_golden_overdue
from models.review.golden_items import (
    GoldenShare,
    change_serving,
    find_held_serving,
    find_serving,
    find_skipped_servings,
    resume_serving,
    serve_again,
    serve_golden,
    show_served,
)
from models.review.items import ITEM_COLUMNS, LEASE_MS, Item, ItemState, read_item
from models.review.questions_to_owners import return_overdue
from models.review.releasing import RELEASED
from models.review.skips import MOST_TRIED, is_skipped, list_skipped
from models.review.streams import ANY, IN_TURN, Stream, select_in_turn
from models.review.turns import FOR_LEADS, FOR_REVIEWERS, WaitsFor
from models.store.database import execute, now_ms
from models.store.tables import ReviewItemRow

_REVIEWERS = sorted(each.value for each in FOR_REVIEWERS)
_AT_A_TIME = 16
"""Items of a stream that are looked at first: others may hold locks on as many less one."""

_MOST_KEPT = 256
"""Work streams of which the statements are kept."""

_TURN = (
    ReviewItemRow.id,
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
    skipped. Nobody is given an item on which they have ruled already, and what they have skipped
    comes back to them only where nothing else is left. Items that an owner has not answered about
    in time are back in the queue before one is chosen.

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
    stream = replace(stream, dataset=dataset) if dataset is not None else stream
    found = execute(session, _select_own(stream), {"holder": reviewer, "now": now}).first()
    if found is not None:
        return _grant(session, found, reviewer, now)
    if golden:
        return_golden_overdue(session, key, now)
    if golden and (served := resume_serving(session, key, stream, now)):
        return served
    found = _find_free(session, stream, key, now)
    if found is None:
        return _give_again(session, stream, reviewer, now, tested=golden is not None)
    ahead = (found.priority, found.asked_ms)
    if golden and (served := serve_golden(session, reviewer, golden, stream, ahead, now)):
        return served
    return _grant(session, found, reviewer, now)


def _give_again(
    session: Session, stream: Stream, reviewer: str, now: int, *, tested: bool
) -> Item | None:
    """What somebody has skipped longest ago, where nothing else is left for them."""
    key = key_of(reviewer)
    skipped = list_skipped(session, key, now)
    golden = find_skipped_servings(session, key, stream, now) if tested else {}
    free = select(ReviewItemRow.id).where(_SKIPPED, *_FREE)
    values = {"key": key, "now": now}
    left = set(session.scalars(free.where(*stream.conditions()), values)) | golden.keys()
    one = _OFFERED.where(*_FREE, ReviewItemRow.id == bindparam("item"))
    one = one.with_for_update(skip_locked=True)
    for item_id in [each for each in skipped if each in left][:MOST_TRIED]:
        if serving := golden.get(item_id):
            return replace(serve_again(session, serving, now), again=True)
        found = execute(session, one, {"item": item_id, **values}).first()
        if found is not None:
            return replace(_grant(session, found, reviewer, now), again=True)
    return None


def peek_next(session: Session, reviewer: str, stream: Stream, now: int) -> str:
    """The asset of the item that a reviewer would be given next, or "".

    Nothing is taken: somebody else may be given the item first.
    """
    values = {"key": key_of(reviewer), "now": now}
    first = execute(session, _select_first(stream, 1), values).first()
    return "" if first is None else str(first.asset_id)


def _find_free(session: Session, stream: Stream, key: str, now: int) -> Row[Any] | None:
    """The first free item of a stream, locked; what others have locked is passed over."""
    values: dict[str, Any] = {"key": key, "now": now}
    if stream.any:
        return execute(session, _LOCK_FIRST, values).first()
    seen, most = 0, _AT_A_TIME
    while True:
        first = execute(session, _select_first(stream, most), values)
        ids = [each.id for each in first][seen:]
        found = execute(session, _LOCK_FIRST_OF, {**values, "ids": ids}).first() if ids else None
        if found is not None or seen + len(ids) < most:
            return found
        seen, most = most, most * 8


_KEY, _NOW = bindparam("key", type_=Text), bindparam("now", type_=BigInteger)
_OFFERED = select(*ITEM_COLUMNS).where(ReviewItemRow.waits_for.in_(_REVIEWERS))
_FREE = (
    _OPEN_OR_HELD,
    ReviewItemRow.waits_for.in_(_REVIEWERS),
    ReviewItemRow.first_by != _KEY,
    ReviewItemRow.lease_until_ms <= _NOW,
)
_SKIPPED = is_skipped(ReviewItemRow.id, ReviewItemRow.question, _KEY, _NOW)
_NEW = (*_FREE, ~_SKIPPED)
_LOCK_FIRST = _OFFERED.where(*_NEW).order_by(*IN_TURN).limit(1).with_for_update(skip_locked=True)
_LOCK_FIRST_OF = _LOCK_FIRST.where(ReviewItemRow.id.in_(bindparam("ids", expanding=True)))
_GRANT = update(ReviewItemRow).where(ReviewItemRow.id == bindparam("item"))


@lru_cache(maxsize=_MOST_KEPT)
def _select_first(stream: Stream, most: int) -> Select[Any]:
    return select_in_turn(stream, (*_TURN, ReviewItemRow.asset_id), _NEW, most)


@lru_cache(maxsize=_MOST_KEPT)
def _select_own(stream: Stream) -> Select[Any]:
    held = (
        _HELD,
        ReviewItemRow.lease_holder == bindparam("holder"),
        ReviewItemRow.lease_until_ms > _NOW,
    )
    query = _OFFERED.where(*held, *stream.conditions()).order_by(*IN_TURN).limit(1)
    return query.with_for_update()


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
    return_golden_overdue(session, key_of(reviewer), now)
    query = select(*ITEM_COLUMNS).where(ReviewItemRow.id == item_id).with_for_update()
    found = session.execute(query).first()
    if found is None:
        raise ReviewError(f"There is no item {item_id}.", "Go back to the queue.")
    item = read_item(found, now)
    serving = find_serving(session, item, key_of(reviewer))
    item = item if serving is None else show_served(item, serving, now)
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
    if serving is not None:
        return show_served(item, change_serving(session, serving, "leased", now), now)
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
    lease = {"lease_token": token, "lease_holder": reviewer, "lease_until_ms": until}
    execute(session, _GRANT, {"item": item.id, "state": ItemState.LEASED.value, **lease})
    reach("review.lease.item")
    return replace(
        item,
        state=ItemState.LEASED,
        lease_token=token,
        lease_holder=reviewer,
        lease_until_ms=until,
    )
