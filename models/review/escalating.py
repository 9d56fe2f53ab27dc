"""Handing an item to a lead, and back: nothing is ruled, and nothing that was ruled changes."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from sqlalchemy import insert, select, update
from sqlalchemy.orm import Session

from models.canonical import digest_bytes, digest_lines
from models.errors import LeaseLostError, ReviewError
from models.failpoints import reach
from models.review.admissible import check_words
from models.review.audit import append_audit
from models.review.golden_handing_on import hand_on_golden
from models.review.golden_items import find_held_serving
from models.review.items import ITEM_COLUMNS, Item, ItemState, read_item
from models.review.referrals import ReferralKind
from models.review.releasing import RELEASED
from models.review.rulings import post_waiting
from models.review.turns import WaitsFor
from models.store.database import now_ms
from models.store.tables import GoldenServingRow, ReferralRow, ReviewItemRow


@dataclass(frozen=True, slots=True)
class HandedOn:
    """An item that was handed on.

    Attributes:
        id: of the note or the question that goes with it.
        repeated: the same had been written before, and nothing was written now.
    """

    id: str
    repeated: bool = False


def escalate(
    session: Session, item_id: str, lease_token: str, item_version: int, note: str, reviewer: str
) -> HandedOn:
    """Hand an item to a lead, and end the lease. The lead may rule on it or hand it back.

    Submitting again what is stored, under the same lease and in the same words, writes nothing.

    Args:
        session: an open transaction.
        item_id, lease_token, item_version, reviewer: as for ``models.review.rulings.decide``.
        note: what the lead should know.

    Raises:
        LeaseLostError: the lease has ended, or something else is asked now. Nothing is written.
        ReviewError: the note is missing or too long, or the item is with a lead already.
    """
    return _refer(session, item_id, lease_token, item_version, note, reviewer, "escalate")


def send_back(
    session: Session, item_id: str, lease_token: str, item_version: int, note: str, lead: str
) -> HandedOn:
    """Hand an item back to the queue, with an answer for the reviewers. See ``escalate``."""
    return _refer(session, item_id, lease_token, item_version, note, lead, "send_back")


def name_handing(kind: str, item_id: str, lease_token: str, item_version: int) -> str:
    """The id of what is written when an item is handed on.

    A lease ends with that, so its token says which handing on it was: who repeats a request that
    was not answered names the same row again.
    """
    return digest_lines([kind, item_id, lease_token, str(item_version)])[:32]


def lock_item(session: Session, item_id: str) -> None:
    """Let nobody else change an item until the transaction ends."""
    row = ReviewItemRow
    session.execute(select(row.id).where(row.id == item_id).with_for_update())


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
        raise lease_lost()
    return read_item(found, now)


def find_serving_held_by(
    session: Session, item_id: str, token: str, version: int, holder: str
) -> GoldenServingRow | None:
    """The golden item that somebody holds at this version, or None."""
    serving = find_held_serving(session, item_id, token)
    if serving is None or (serving.version, serving.reviewer) != (version, holder):
        return None
    return serving


def lease_lost() -> LeaseLostError:
    """Somebody does not hold an item as they believe."""
    return LeaseLostError(
        "The lease on this item has ended, or something else is asked about it now.",
        "Nothing was written; open the item again.",
    )


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
) -> HandedOn:
    words = check_words(note, "The note")
    referral_id = name_handing(kind, item_id, token, version)
    lock_item(session, item_id)
    if (stored := session.get(ReferralRow, referral_id)) is not None:
        if (stored.given_by, stored.note) != (by, words):
            raise lease_lost()
        return HandedOn(referral_id, repeated=True)
    now = now_ms(session)
    serving = find_serving_held_by(session, item_id, token, version, by)
    if serving is not None:
        if kind != "escalate":
            raise _not_with_lead()
        question, waits = serving.question, None
        hand_on_golden(session, serving, ItemState.ESCALATED, referral_id, now)
    else:
        item = lock_leased(session, item_id, token, version, by)
        question, waits = item.question, _find_next(item, kind)
        wait_for(session, item, now, {"waits_for": waits.value})
    reach("review.refer.item")
    values = {
        "id": referral_id,
        "item_id": item_id,
        "question": question,
        "kind": kind,
        "note": words,
        "given_by": by,
        "at_ms": now,
    }
    session.execute(insert(ReferralRow).values(**values))
    detail = {"item_id": item_id, "note_sha256": digest_bytes(words.encode())}
    append_audit(session, by, kind, referral_id, detail)
    reach("review.refer.audit")
    if waits is not None:
        post_waiting(session, item_id, waits.value, now)
    return HandedOn(referral_id)


def _find_next(item: Item, kind: ReferralKind) -> WaitsFor:
    """Whose word an item waits for once it is handed on."""
    with_lead = item.waits_for is WaitsFor.LEAD
    if kind == "escalate" and with_lead:
        raise ReviewError("The item is with a lead already.", "Look at the item as it is now.")
    if kind == "send_back" and not with_lead:
        raise _not_with_lead()
    if item.round.waits_for is WaitsFor.ADJUDICATION:
        raise ReviewError("The item waits to be settled by a lead.", "Rule on it.")
    return WaitsFor.LEAD if kind == "escalate" else item.round.waits_for


def _not_with_lead() -> ReviewError:
    return ReviewError("The item is not with a lead.", "Look at the item as it is now.")
