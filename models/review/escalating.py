"""Handing an item to a lead, and back: nothing is ruled, and nothing that was ruled changes."""

from __future__ import annotations

import uuid
from typing import Any

from sqlalchemy import insert, select, update
from sqlalchemy.orm import Session

from models.canonical import digest_bytes
from models.errors import LeaseLostError, ReviewError
from models.failpoints import reach
from models.review.admissible import MAX_NOTE
from models.review.audit import append_audit
from models.review.golden_handing_on import escalate_golden
from models.review.golden_items import find_held_serving
from models.review.items import ITEM_COLUMNS, Item, ItemState, read_item
from models.review.referrals import ReferralKind
from models.review.releasing import RELEASED
from models.review.rulings import post_waiting
from models.review.turns import WaitsFor
from models.store.database import now_ms
from models.store.tables import ReferralRow, ReviewItemRow
from models.words import read_words


def escalate(
    session: Session, item_id: str, lease_token: str, item_version: int, note: str, reviewer: str
) -> None:
    """Hand an item to a lead, and end the lease. The lead may rule on it or hand it back.

    Args:
        session: an open transaction.
        item_id, lease_token, item_version, reviewer: as for ``models.review.rulings.decide``.
        note: what the lead should know.

    Raises:
        LeaseLostError: the lease has ended, or something else is asked now. Nothing is written.
        ReviewError: the note is missing or too long, or the item is with a lead already.
    """
    _refer(session, item_id, lease_token, item_version, note, reviewer, "escalate")


def send_back(
    session: Session, item_id: str, lease_token: str, item_version: int, note: str, lead: str
) -> None:
    """Hand an item back to the queue, with an answer for the reviewers. See ``escalate``."""
    _refer(session, item_id, lease_token, item_version, note, lead, "send_back")


def lock_leased(session: Session, item_id: str, token: str, version: int, holder: str) -> Item:
    """The item that somebody holds, locked.

    Raises:
        LeaseLostError: they do not hold it at this version.
    """
    row = ReviewItemRow
    query = select(*ITEM_COLUMNS).where(row.id == item_id).with_for_update()
    found = session.execute(query).first()
    if found is None:
        raise ReviewError(f"There is no item {item_id}.", "Go back to the queue.")
    now = now_ms(session)
    held = (ItemState.LEASED.value, version, token, holder)
    if (found.state, found.version, found.lease_token, found.lease_holder) != held:
        raise LeaseLostError(
            "The lease on this item has ended, or something else is asked about it now.",
            "Nothing was written; open the item again.",
        )
    return read_item(found, now)


def check_words(text: str, what: str) -> str:
    """A text that a person wrote, as it is stored.

    Raises:
        ReviewError: it is missing or too long.
    """
    words = read_words(text)
    if not words:
        raise ReviewError(f"{what} is missing.", "Write it.")
    if len(words) > MAX_NOTE:
        raise ReviewError(f"{what} is longer than {MAX_NOTE:,} characters.", "Shorten it.")
    return words


def wait_for(session: Session, item: Item, now: int, columns: dict[str, Any]) -> None:
    """End an item's lease, and let it wait for somebody else's word."""
    session.execute(
        update(ReviewItemRow)
        .where(ReviewItemRow.id == item.id)
        .values(**{**RELEASED, "updated_ms": now, **columns})
        .execution_options(synchronize_session=False)
    )


def _refer(
    session: Session,
    item_id: str,
    token: str,
    version: int,
    note: str,
    by: str,
    kind: ReferralKind,
) -> None:
    words = check_words(note, "The note")
    now = now_ms(session)
    detail = {"item_id": item_id, "note_sha256": digest_bytes(words.encode())}
    to_lead = kind == "escalate"
    serving = find_held_serving(session, item_id, token)
    if serving is not None and serving.version == version:
        if not to_lead:
            raise _not_with_lead()
        append_audit(session, by, kind, escalate_golden(session, serving, words, now), detail)
        return
    item = lock_leased(session, item_id, token, version, by)
    if to_lead is (item.waits_for is WaitsFor.LEAD):
        raise (
            ReviewError("The item is with a lead already.", "Look at the item as it is now.")
            if to_lead
            else _not_with_lead()
        )
    if item.round.waits_for is WaitsFor.ADJUDICATION:
        raise ReviewError("The item waits to be settled by a lead.", "Rule on it.")
    waits = WaitsFor.LEAD if to_lead else item.round.waits_for
    wait_for(session, item, now, {"waits_for": waits.value})
    reach("review.refer.item")
    referral_id = uuid.uuid4().hex
    values = {
        "id": referral_id,
        "item_id": item_id,
        "question": item.question,
        "kind": kind,
        "note": words,
        "given_by": by,
        "at_ms": now,
    }
    session.execute(insert(ReferralRow).values(**values))
    append_audit(session, by, kind, referral_id, detail)
    reach("review.refer.audit")
    post_waiting(session, item_id, waits.value, now)


def _not_with_lead() -> ReviewError:
    return ReviewError("The item is not with a lead.", "Look at the item as it is now.")
