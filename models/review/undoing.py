"""Taking a ruling back, whatever has become of its item since.

An item that one person ruled on is open again. Where two had to rule, the other person's ruling
stays and waits for a second one; where a lead settled it, it waits to be settled again. A
rewritten caption holds as long as the item is decided by the ruling that brought it.
"""

from __future__ import annotations

from typing import Any

from sqlalchemy import Row, func, select, update
from sqlalchemy.orm import Session

from models.accounts.records import key_of
from models.captions.making import hold_edits_on, undo_edits_on
from models.errors import ReviewError
from models.failpoints import reach
from models.outbox import post_event
from models.review.audit import append_audit
from models.review.closing import audit_closed, close_taken_down
from models.review.golden_items import change_serving
from models.review.items import UNDECIDED, ItemState
from models.review.releasing import RELEASED
from models.review.rulings import ASKED, post_waiting, read_asked_item
from models.review.stored_rulings import StoredRuling, find_ruling_by_id, rulings_with
from models.review.turns import FRESH, WaitsFor
from models.store.database import now_ms
from models.store.tables import AuditRow, GoldenRulingRow, GoldenServingRow, ReviewItemRow

_REPEATED_WITHIN = 10_000
"""Rows of the audit chain."""


def undo(session: Session, ruling_id: str, reviewer: str, *, lead: bool = False) -> str:
    """End a ruling that stands.

    A ruling in force may be ended by any reviewer, what a lead has settled by a lead, and a ruling
    that waits for another person's by whoever gave it. So end the rulings on the items that were
    ruled on together with it, as far as they stand; a ruling that came with another one is ended
    alone. Each audit row names who did it, and whose ruling it was. An item whose asset is taken
    down is closed instead of being asked about again.

    Args:
        session: an open transaction.
        ruling_id: which ruling.
        reviewer: who ends it.
        lead: they may end what a lead has settled.

    Returns:
        The id of the item.

    Raises:
        ReviewError: there is no such ruling, it does not stand any more, or it is for others to
            end.
    """
    golden = session.get(GoldenRulingRow, ruling_id)
    if golden is not None:
        return _undo_golden(session, golden, reviewer)
    stored = find_ruling_by_id(session, ruling_id)
    if stored is None:
        raise ReviewError(f"There is no ruling {ruling_id}.", "Go back to the queue.")
    together = (stored, *rulings_with(session, ruling_id))
    # Locked in order of id, as a run locks them: two transactions never wait for each other.
    ids = sorted(each.item_id for each in together)
    row = ReviewItemRow
    locked = select(*ASKED, row.state, row.waits_for).where(row.id.in_(ids)).order_by(row.id)
    items = {found.id: found for found in session.execute(locked.with_for_update())}
    hold_edits_on(session, ids)
    now = now_ms(session)
    ended: list[tuple[StoredRuling, bool]] = []
    for each in together:
        found = items[each.item_id]
        change = _undone(each, found, reviewer, lead=lead)
        if change is None and each is stored:
            raise ReviewError(
                "This ruling is no longer in force.", "Look at the item as it is now."
            )
        if change is None:
            continue
        session.execute(
            update(row)
            .where(row.id == each.item_id)
            .values(**{**change, "updated_ms": now})
            .execution_options(synchronize_session=False)
        )
        reach("review.undo.item")
        ended.append((each, found.state == ItemState.DECIDED.value))
    closed = close_taken_down(session, {each.asset_id for each, _ in ended})
    for each, was_decided in ended:
        detail = _describe(each)
        if each is not stored:
            detail["came_with"] = ruling_id
        append_audit(session, reviewer, "undo", each.id, detail)
        if was_decided:
            version = items[each.item_id].version
            undo_edits_on(session, each.item_id, version, reviewer, undone=each.id)
            post_event(session, "ruling_undone", {"ruling_id": each.id, **detail}, now)
        else:
            post_waiting(session, each.item_id, WaitsFor.RULING.value, now)
        reach("review.undo.audit")
    audit_closed(session, closed)
    return stored.item_id


def has_undone(session: Session, ruling_id: str, reviewer: str) -> bool:
    """Whether somebody has just taken a ruling back, so that doing so again changes nothing.

    Looked for among the newest rows of the audit chain: whoever repeats a request does so soon.
    """
    row = AuditRow
    newest = select(func.coalesce(func.max(row.seq), 0)).scalar_subquery()
    undone = select(row.seq).where(
        row.seq > newest - _REPEATED_WITHIN,
        row.action == "undo",
        row.subject == ruling_id,
        row.actor == reviewer,
    )
    return session.execute(undone.limit(1)).first() is not None


def _undone(
    stored: StoredRuling, found: Row[Any], reviewer: str, *, lead: bool
) -> dict[str, Any] | None:
    """What the item's columns hold without a ruling, or None where it cannot be taken back."""
    each = read_asked_item(found).round
    part = stored.id in (each.first, each.second)
    if found.state == ItemState.DECIDED.value:
        settled = found.waits_for == WaitsFor.ADJUDICATION.value
        in_force = stored.item_version == found.version
        if settled and in_force:
            back = each.as_columns() if lead else None
        elif settled or not (in_force or part):
            back = None
        else:
            back = each.without(stored.id).as_columns() if part else FRESH
        return None if back is None else {**back, **_reopened(found)}
    if found.state not in UNDECIDED or not part or stored.reviewer != reviewer:
        return None
    left = each.without(stored.id).as_columns()
    if found.waits_for in (WaitsFor.LEAD.value, WaitsFor.OWNER.value):
        left = {name: left[name] for name in left if name not in ("waits_for", "due_ms")}
    # Whoever holds the item as the second person goes on, and is the first one then.
    return {**left, **_reopened(found)} if each.second else left


def _reopened(found: Row[Any]) -> dict[str, Any]:
    return {**RELEASED, "version": found.version + 1}


def _describe(stored: StoredRuling | GoldenRulingRow) -> dict[str, Any]:
    return {
        "item_id": stored.item_id,
        "item_version": stored.item_version,
        "ruling": stored.ruling,
        "reviewer": stored.reviewer,
    }


def _undo_golden(session: Session, golden: GoldenRulingRow, reviewer: str) -> str:
    serving = session.get_one(GoldenServingRow, golden.serving_id)
    theirs = golden.reviewer == reviewer or serving.reviewer_key == key_of(reviewer)
    if serving.ruling_id != golden.id or not theirs:
        raise ReviewError("This ruling is no longer in force.", "Look at the item as it is now.")
    now = now_ms(session)
    change_serving(session, serving, "open", now, ruling_id="", version=serving.version + 1)
    closed = close_taken_down(session, [golden.asset_id])
    append_audit(session, reviewer, "undo", golden.id, _describe(golden))
    audit_closed(session, closed)
    return golden.item_id
