"""Taking and ending a ruling: one reviewer's decision on one version of one item.

A ruling row is never changed and never deleted. It is in force while its item is decided and still
at the version that was ruled on; undoing it, or asking something else, moves the version on.
"""

from __future__ import annotations

import uuid
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from sqlalchemy import insert, select, update
from sqlalchemy.orm import Session

from models.canonical import canonical_json
from models.errors import AlreadyRuledError, LeaseLostError, ReviewError
from models.failpoints import reach
from models.review.audit import RULED, append_audit, describe_ruling
from models.review.items import ItemState
from models.review.leasing import RELEASED
from models.review.reason_codes import RULING_REASONS, RulingKind
from models.review.stored_rulings import (
    StoredRuling,
    find_ruling,
    find_ruling_by_id,
    rulings_with,
)
from models.store.database import now_ms
from models.store.tables import OutboxRow, ReviewItemRow, RulingRow

MAX_NOTE = 2000
"""Longest note, in characters."""


@dataclass(frozen=True, slots=True)
class Ruled:
    """What became of a submitted ruling.

    Attributes:
        item_id, item_version: what was ruled on.
        ruling: what was ruled.
        ruling_id: the stored ruling; "" for a skip, which stores none.
        repeated: the same ruling had been stored before, and nothing was written now.
        in_force: False where a repeated ruling has been undone or outdated in the meantime.
    """

    item_id: str
    item_version: int
    ruling: RulingKind
    ruling_id: str
    repeated: bool = False
    in_force: bool = True


@dataclass(frozen=True, slots=True)
class AskedItem:
    """An item at the version that is ruled on."""

    id: str
    version: int
    dataset: str
    asset_id: str
    question: str


@dataclass(frozen=True, slots=True)
class GivenRuling:
    """A ruling as a reviewer gave it; ``ruled_ms`` is the database's time."""

    ruling: RulingKind
    reason_code: str
    note: str
    reviewer: str
    ruled_ms: int


def decide(
    session: Session,
    item_id: str,
    lease_token: str,
    item_version: int,
    ruling: str,
    reason_code: str,
    note: str,
    reviewer: str,
) -> Ruled:
    """Take a ruling: the item, the ruling, the audit row and the outbox row, all or none.

    ``skip`` puts the item behind the others and stores no ruling; its reason code and note are
    ignored. Submitting again what is already stored for the same item version by the same
    reviewer returns the stored ruling.

    Args:
        session: an open transaction.
        item_id, item_version: what the reviewer was looking at.
        lease_token: proof that the reviewer holds the item.
        ruling: approve, exclude or skip.
        reason_code: a ``RulingReason`` that goes with the ruling.
        note: free text of at most ``MAX_NOTE`` characters; some reason codes need one.
        reviewer: who rules.

    Raises:
        AlreadyRuledError: this version of the item has another ruling.
        LeaseLostError: the lease has ended, or something else is asked now. Nothing is written.
        ReviewError: the ruling, reason code or note cannot be taken, or there is no such item.
    """
    kind, reason, note = _validate(ruling, reason_code, note, reviewer)
    row = ReviewItemRow
    columns = (row.dataset, row.asset_id, row.question)
    found = session.execute(select(*columns).where(row.id == item_id).with_for_update()).first()
    if found is None:
        raise ReviewError(f"There is no item {item_id}.", "Go back to the queue.")
    stored = find_ruling(session, item_id, item_version)
    if stored is not None:
        return _repeat(stored, kind, reviewer)
    now = now_ms(session)
    skipped = kind is RulingKind.SKIP
    after = {**RELEASED, "updated_ms": now}
    after |= {"skipped_ms": now} if skipped else {"state": ItemState.DECIDED.value}
    changed = session.execute(
        update(row)
        .where(
            row.id == item_id,
            row.version == item_version,
            row.state == ItemState.LEASED.value,
            row.lease_token == lease_token,
            row.lease_holder == reviewer,
        )
        .values(**after)
        .execution_options(synchronize_session=False)
        .returning(row.id)
    )
    if changed.first() is None:
        raise LeaseLostError(
            "The lease on this item has ended, or something else is asked about it now.",
            "Nothing was written; open the item again.",
        )
    reach("review.decide.item")
    if skipped:
        return Ruled(item_id, item_version, kind, "")
    asked = AskedItem(item_id, item_version, found.dataset, found.asset_id, found.question)
    given = GivenRuling(kind, reason, note, reviewer, now)
    return Ruled(item_id, item_version, kind, store_ruling(session, asked, given))


def store_ruling(
    session: Session, item: AskedItem, given: GivenRuling, came_with: tuple[str, str] = ("", "")
) -> str:
    """Write a ruling, its audit row and its outbox row, for an item that is already decided.

    Args:
        session: the transaction in which the item has become decided.
        came_with: the ruling that this one was taken together with, and its item.

    Returns:
        The ruling's id.
    """
    ruling_id = uuid.uuid4().hex
    values = {
        "id": ruling_id,
        "item_id": item.id,
        "item_version": item.version,
        "dataset": item.dataset,
        "asset_id": item.asset_id,
        "question": item.question,
        "ruling": given.ruling.value,
        "reason_code": given.reason_code,
        "note": given.note,
        "reviewer": given.reviewer,
        "ruled_ms": given.ruled_ms,
        "came_with": came_with[0],
        "came_with_item": came_with[1],
    }
    session.execute(insert(RulingRow).values(**values))
    reach("review.decide.ruling")
    append_audit(session, given.reviewer, RULED, ruling_id, describe_ruling(values))
    reach("review.decide.audit")
    posted = {"ruling_id": ruling_id, **describe_ruling(values)}
    _post(session, "ruling", posted, given.ruled_ms)
    reach("review.decide.outbox")
    return ruling_id


def undo(session: Session, ruling_id: str, reviewer: str) -> str:
    """End a ruling that is in force: its item is open again under the next version.

    So are the items that were ruled on together with it, as far as those rulings are in force. A
    ruling that came with another one is ended alone. Any reviewer may do so; each audit row names
    who did, and whose ruling it was.

    Returns:
        The id of the item.

    Raises:
        ReviewError: there is no such ruling, or it is no longer in force.
    """
    stored = find_ruling_by_id(session, ruling_id)
    if stored is None:
        raise ReviewError(f"There is no ruling {ruling_id}.", "Go back to the queue.")
    together = (stored, *rulings_with(session, ruling_id))
    # Locked in order of id, as a run locks them: two transactions never wait for each other.
    ids = sorted(each.item_id for each in together)
    row = ReviewItemRow
    session.execute(select(row.id).where(row.id.in_(ids)).order_by(row.id).with_for_update())
    now = now_ms(session)
    if not _reopen(session, stored, now):
        raise ReviewError("This ruling is no longer in force.", "Look at the item as it is now.")
    reach("review.undo.item")
    ended = [stored, *(each for each in together[1:] if _reopen(session, each, now))]
    for each in ended:
        detail = {
            "item_id": each.item_id,
            "item_version": each.item_version,
            "ruling": each.ruling,
            "reviewer": each.reviewer,
        }
        if each is not stored:
            detail["came_with"] = ruling_id
        append_audit(session, reviewer, "undo", each.id, detail)
        _post(session, "ruling_undone", {"ruling_id": each.id, **detail}, now)
        reach("review.undo.audit")
    return stored.item_id


def _reopen(session: Session, stored: StoredRuling, now: int) -> bool:
    row = ReviewItemRow
    changed = session.execute(
        update(row)
        .where(
            row.id == stored.item_id,
            row.version == stored.item_version,
            row.state == ItemState.DECIDED.value,
        )
        .values(version=row.version + 1, skipped_ms=0, updated_ms=now, **RELEASED)
        .execution_options(synchronize_session=False)
        .returning(row.id)
    )
    return changed.first() is not None


def _validate(
    ruling: str, reason_code: str, note: str, reviewer: str
) -> tuple[RulingKind, str, str]:
    try:
        kind = RulingKind(ruling)
    except ValueError as error:
        raise ReviewError(f"{ruling!r} is not a ruling.", "Approve, exclude or skip.") from error
    if not reviewer.strip():
        raise ReviewError("A ruling needs a reviewer.", "Sign in first.")
    if kind is RulingKind.SKIP:
        return kind, "", ""
    text = RULING_REASONS.get(reason_code)
    if text is None or text.ruling is not kind:
        raise ReviewError(
            f"{reason_code!r} is not a reason to {kind.value}.", "Choose one of the reasons."
        )
    note = note.strip().replace("\0", "\ufffd")
    if len(note) > MAX_NOTE:
        raise ReviewError(f"The note is longer than {MAX_NOTE:,} characters.", "Shorten it.")
    if text.needs_note and not note:
        raise ReviewError("This reason needs a note.", "Say in the note why you rule so.")
    return kind, reason_code, note


def _repeat(stored: StoredRuling, kind: RulingKind, reviewer: str) -> Ruled:
    if stored.ruling != kind.value or stored.reviewer != reviewer:
        raise AlreadyRuledError(
            f"{stored.reviewer} already ruled on this: {stored.ruling}.",
            "Nothing was written; undo that ruling to rule again.",
        )
    return Ruled(stored.item_id, stored.item_version, kind, stored.id, True, stored.in_force)


def _post(session: Session, topic: str, payload: Mapping[str, Any], now: int) -> None:
    session.execute(
        insert(OutboxRow).values(
            id=uuid.uuid4().hex,
            topic=topic,
            payload=canonical_json(dict(payload)).decode(),
            created_ms=now,
            sent_ms=None,
        )
    )
