"""Closing what is asked about assets that an owner has had taken down.

No ruling lets such an asset into a release, so nobody is asked for one. The next run would withdraw
the question; until then the item must be nobody's, wherever it was on its way.
"""

from __future__ import annotations

from collections.abc import Collection

from sqlalchemy import select, update
from sqlalchemy.orm import Session

from models.review.audit import append_audit_many
from models.review.items import UNDECIDED, ItemState
from models.review.releasing import RELEASED
from models.review.turns import FRESH
from models.store.batching import cut_batches
from models.store.database import now_ms
from models.store.tables import GoldenServingRow, ReviewItemRow, TakedownRow

CLOSED = "close_item"
"""The action of the audit rows."""

_NAMED_AT_ONCE = 500


def close_taken_down(session: Session, asset_ids: Collection[str]) -> tuple[str, ...]:
    """Supersede what waits about those of some assets that are taken down; any lease ends.

    Decided items stay as they are. To a reviewer who has one as a golden item, it is closed as any
    other is. When a takedown is lifted, the next run asks again.

    Args:
        session: an open transaction, which has not locked the audit chain yet: items come first.
        asset_ids: assets that may have been taken down.

    Returns:
        Ids of the items that are closed by this; they go to ``audit_closed``.
    """
    row = ReviewItemRow
    down = _find_taken_down(session, asset_ids)
    about = [
        each
        for some in cut_batches(sorted(down), _NAMED_AT_ONCE)
        for each in session.scalars(select(row.id).where(row.asset_id.in_(some)))
    ]
    now = now_ms(session)
    closed: list[str] = []
    for some in cut_batches(sorted(about), _NAMED_AT_ONCE):
        locked = select(row.id, row.state).where(row.id.in_(some)).order_by(row.id)
        found = session.execute(locked.with_for_update()).all()
        waiting = [each.id for each in found if each.state in UNDECIDED]
        values = {**RELEASED, **FRESH, "state": ItemState.SUPERSEDED.value, "updated_ms": now}
        session.execute(
            update(row)
            .where(row.id.in_(waiting))
            .values(**values)
            .execution_options(synchronize_session=False)
        )
        _close_servings(session, some, now)
        closed += waiting
    return tuple(closed)


def audit_closed(session: Session, items: Collection[str]) -> None:
    """Record in the audit chain that items were closed by a takedown."""
    if items:
        rows = [(item_id, {"because": "takedown"}) for item_id in items]
        append_audit_many(session, "kiyome", CLOSED, rows)


def _find_taken_down(session: Session, asset_ids: Collection[str]) -> set[str]:
    row, wanted = TakedownRow, set(asset_ids)
    if len(wanted) <= _NAMED_AT_ONCE:
        return set(session.scalars(select(row.asset_id).where(row.asset_id.in_(sorted(wanted)))))
    # A run may ask about a million, and takedowns are few.
    return wanted.intersection(session.scalars(select(row.asset_id)))


def _close_servings(session: Session, item_ids: Collection[str], now: int) -> None:
    row = GoldenServingRow
    session.execute(
        update(row)
        .where(row.item_id.in_(item_ids), row.state != ItemState.DECIDED.value)
        .values(state=ItemState.SUPERSEDED.value, lease_token="", lease_until_ms=0, updated_ms=now)
        .execution_options(synchronize_session="fetch")
    )
