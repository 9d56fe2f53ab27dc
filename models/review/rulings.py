"""The ruling: one reviewer's decision on one version of one item, taken in one transaction.

A ruling row is never changed and never deleted. It is in force while its item is decided and still
at the version that was ruled on; undoing it, or asking something else, moves the version on.
"""

from __future__ import annotations

import uuid
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from sqlalchemy import ColumnElement, and_, insert, select, update
from sqlalchemy.orm import Session

from models.canonical import canonical_json
from models.errors import AlreadyRuledError, LeaseLostError, ReviewError
from models.failpoints import reach
from models.review.audit import RULED, append_audit, describe_ruling
from models.review.items import ItemState
from models.review.leasing import RELEASED
from models.review.reason_codes import RULING_REASONS, RulingKind
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
class StoredRuling:
    """A ruling as it stands in the database, its asset's name, and whether it is in force."""

    id: str
    item_id: str
    item_version: int
    dataset: str
    asset_id: str
    question: str
    ruling: str
    reason_code: str
    note: str
    reviewer: str
    ruled_ms: int
    name: str
    in_force: bool


@dataclass(frozen=True, slots=True)
class EffectiveRuling:
    """The ruling in force on an asset, and the digest of the question that it answers."""

    question: str
    ruling: str
    reason_code: str
    reviewer: str
    ruling_id: str


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
    values = {
        "id": uuid.uuid4().hex,
        "item_id": item_id,
        "item_version": item_version,
        "dataset": found.dataset,
        "asset_id": found.asset_id,
        "question": found.question,
        "ruling": kind.value,
        "reason_code": reason,
        "note": note,
        "reviewer": reviewer,
        "ruled_ms": now,
    }
    session.execute(insert(RulingRow).values(**values))
    reach("review.decide.ruling")
    append_audit(session, reviewer, RULED, values["id"], describe_ruling(values))
    reach("review.decide.audit")
    _post(session, "ruling", {"ruling_id": values["id"], **describe_ruling(values)}, now)
    reach("review.decide.outbox")
    return Ruled(item_id, item_version, kind, values["id"])


def undo(session: Session, ruling_id: str, reviewer: str) -> str:
    """End a ruling that is in force: its item is open again under the next version.

    Any reviewer may do so; the audit row names who did, and whose ruling it was.

    Returns:
        The id of the item.

    Raises:
        ReviewError: there is no such ruling, or it is no longer in force.
    """
    stored = _select_ruling(session, RulingRow.id == ruling_id)
    if stored is None:
        raise ReviewError(f"There is no ruling {ruling_id}.", "Go back to the queue.")
    now = now_ms(session)
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
    if changed.first() is None:
        raise ReviewError("This ruling is no longer in force.", "Look at the item as it is now.")
    reach("review.undo.item")
    detail = {
        "item_id": stored.item_id,
        "item_version": stored.item_version,
        "ruling": stored.ruling,
        "reviewer": stored.reviewer,
    }
    append_audit(session, reviewer, "undo", ruling_id, detail)
    _post(session, "ruling_undone", {"ruling_id": ruling_id, **detail}, now)
    return stored.item_id


def effective_rulings(session: Session, dataset: str) -> dict[str, EffectiveRuling]:
    """The rulings in force on a dataset's assets, by asset id."""
    query = select(
        RulingRow.asset_id,
        RulingRow.question,
        RulingRow.ruling,
        RulingRow.reason_code,
        RulingRow.reviewer,
        RulingRow.id,
    ).join(ReviewItemRow, _IN_FORCE)
    query = query.where(ReviewItemRow.dataset == dataset).order_by(RulingRow.asset_id)
    return {asset_id: EffectiveRuling(*rest) for asset_id, *rest in session.execute(query)}


def find_ruling(session: Session, item_id: str, item_version: int) -> StoredRuling | None:
    """The ruling on one version of one item, or None."""
    return _select_ruling(
        session, and_(RulingRow.item_id == item_id, RulingRow.item_version == item_version)
    )


def latest_ruling(session: Session, reviewer: str) -> StoredRuling | None:
    """The newest ruling of a reviewer that is in force: the one that an undo would end."""
    return _select_ruling(session, and_(RulingRow.reviewer == reviewer, _IN_FORCE))


def rulings_on(session: Session, item_id: str) -> tuple[StoredRuling, ...]:
    """All rulings on an item, the newest first, whether in force or not."""
    return _select_rulings(session, RulingRow.item_id == item_id, limit=None)


_IN_FORCE = and_(
    ReviewItemRow.id == RulingRow.item_id,
    ReviewItemRow.version == RulingRow.item_version,
    ReviewItemRow.state == ItemState.DECIDED.value,
)


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


def _select_ruling(session: Session, condition: ColumnElement[bool]) -> StoredRuling | None:
    return next(iter(_select_rulings(session, condition, limit=1)), None)


def _select_rulings(
    session: Session, condition: ColumnElement[bool], limit: int | None
) -> tuple[StoredRuling, ...]:
    columns = RulingRow.__table__.columns
    query = (
        select(*columns, ReviewItemRow.name, _IN_FORCE.label("in_force"))
        .join(ReviewItemRow, ReviewItemRow.id == RulingRow.item_id)
        .where(condition)
        .order_by(RulingRow.ruled_ms.desc(), RulingRow.item_version.desc())
        .limit(limit)
    )
    return tuple(
        StoredRuling(**{**found, "in_force": bool(found["in_force"])})
        for found in session.execute(query).mappings()
    )
