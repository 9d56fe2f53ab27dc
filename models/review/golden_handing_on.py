"""Golden items that are handed on: they go to a lead or an owner and come back, as all others do.

To everybody but their reviewer they stay decided, so they are in no list of items that wait. A lead
finds them on a list of their own, and hands them back or settles them as the known answer has it.
A question reaches its owner like any other: what they say may show that the known answer is wrong.
"""

from __future__ import annotations

import uuid
from collections.abc import Collection
from dataclasses import dataclass
from typing import Any

from sqlalchemy import and_, exists, insert, select, update
from sqlalchemy.orm import Session

from models.accounts.records import key_of
from models.canonical import digest_bytes
from models.errors import ReviewError
from models.failpoints import reach
from models.review.admissible import check_words
from models.review.audit import RULED, append_audit, describe_ruling
from models.review.golden_items import change_serving, store_golden_ruling
from models.review.items import ItemState
from models.store.database import now_ms
from models.store.tables import (
    GoldenHandingRow,
    GoldenItemRow,
    GoldenRulingRow,
    GoldenServingRow,
    OwnerQuestionRow,
    ReferralRow,
    ReviewItemRow,
    RulingRow,
)

_ESCALATED, _ASKED, _OPEN = (
    ItemState.ESCALATED.value,
    ItemState.ASKED_OWNER.value,
    ItemState.OPEN.value,
)


@dataclass(frozen=True, slots=True)
class HandedGolden:
    """A golden item that its reviewer has handed to a lead.

    Attributes:
        serving_id: names it.
        answer: the known answer.
        note, handed_ms: what the reviewer wrote, and when.
    """

    serving_id: str
    item_id: str
    dataset: str
    name: str
    reviewer: str
    answer: str
    note: str
    handed_ms: int


def hand_on_golden(
    session: Session, serving: GoldenServingRow, state: ItemState, handing_id: str, now: int
) -> None:
    """Let a golden item wait for a lead or an owner, for its reviewer.

    Args:
        handing_id: of the note or the question, which the caller stores.
    """
    change_serving(session, serving, state.value, now)
    _tie(session, handing_id, serving)


def _tie(session: Session, handing_id: str, serving: GoldenServingRow) -> None:
    session.execute(insert(GoldenHandingRow).values(id=handing_id, serving_id=serving.id))


def list_handed_golden(session: Session) -> tuple[HandedGolden, ...]:
    """The golden items that wait for a lead, the oldest first."""
    served, item, mark = GoldenServingRow, ReviewItemRow, GoldenItemRow
    told, tied = ReferralRow, GoldenHandingRow
    query = (
        select(
            *(served.id, served.item_id, item.dataset, item.name, served.reviewer),
            *(mark.answer, told.note, told.at_ms),
        )
        .join(item, _is_still_golden())
        .join(mark, mark.id == served.golden_id)
        .join(tied, tied.serving_id == served.id)
        .join(told, and_(told.id == tied.id, told.kind == "escalate"))
        .where(served.state == _ESCALATED)
        .order_by(told.at_ms, told.id)
    )
    # The newest note of each: an earlier one has been answered.
    newest = {found[0]: HandedGolden(*found) for found in session.execute(query)}
    return tuple(sorted(newest.values(), key=lambda each: each.handed_ms))


def _is_still_golden() -> Any:
    served, item = GoldenServingRow, ReviewItemRow
    same = and_(item.id == served.item_id, item.question == served.question)
    return and_(same, item.state == ItemState.DECIDED.value)


def send_golden_back(session: Session, serving_id: str, note: str, lead: str) -> None:
    """Give a golden item back to its reviewer, with an answer.

    Raises:
        ReviewError: it does not wait for a lead, or the answer is missing or too long.
    """
    words = check_words(note, "The note")
    serving, now = _lock_escalated(session, serving_id), now_ms(session)
    change_serving(session, serving, _OPEN, now)
    referral_id = uuid.uuid4().hex
    _tie(session, referral_id, serving)
    values = {"id": referral_id, "item_id": serving.item_id, "question": serving.question}
    told = {"kind": "send_back", "note": words, "given_by": lead, "at_ms": now}
    session.execute(insert(ReferralRow).values(**values, **told))
    detail = {"item_id": serving.item_id, "note_sha256": digest_bytes(words.encode())}
    append_audit(session, lead, "send_back", referral_id, detail)
    reach("review.golden.sent_back")


def settle_golden(session: Session, serving_id: str, note: str, lead: str) -> None:
    """Rule on a golden item in its reviewer's place, as it is decided; nothing of that counts.

    Args:
        note: of the ruling; where it is "", that of the ruling by which the item is decided.

    Raises:
        ReviewError: it does not wait for a lead, or the note is too long.
    """
    words = check_words(note, "The note") if note.strip() else ""
    serving, now = _lock_escalated(session, serving_id), now_ms(session)
    item, ruling = ReviewItemRow, RulingRow
    known = session.execute(
        select(item.dataset, item.asset_id, ruling.ruling, ruling.reason_code, ruling.note)
        .join(ruling, and_(ruling.item_id == item.id, ruling.item_version == item.version))
        .where(item.id == serving.item_id)
    ).one()
    values = {
        "id": uuid.uuid4().hex,
        "item_id": serving.item_id,
        "item_version": serving.version,
        "question": serving.question,
        "reviewer": lead,
        "ruled_ms": now,
        **known._mapping,
    }
    values["note"] = words or known.note
    store_golden_ruling(session, serving, values, now)
    append_audit(session, lead, RULED, str(values["id"]), describe_ruling(values))
    reach("review.golden.settled")


def _lock_escalated(session: Session, serving_id: str) -> GoldenServingRow:
    served = GoldenServingRow
    query = select(served).where(served.id == serving_id, served.state == _ESCALATED)
    query = query.where(exists().where(_is_still_golden()))
    found = session.scalars(query.with_for_update().execution_options(populate_existing=True))
    serving = found.first()
    if serving is None:
        raise ReviewError("This item does not wait for a lead.", "Look at the list again.")
    return serving


def return_golden_asked(session: Session, question_id: str, now: int) -> bool:
    """Give a golden item back to its reviewer once its question is answered or taken back.

    Returns:
        Whether the question is about a golden item.
    """
    served, tied = GoldenServingRow, GoldenHandingRow
    query = select(served).join(tied, tied.serving_id == served.id).where(tied.id == question_id)
    serving = session.scalars(query).first()
    if serving is not None and serving.state == _ASKED:
        change_serving(session, serving, _OPEN, now)
    return serving is not None


def return_golden_overdue(session: Session, key: str, now: int) -> None:
    """Give a reviewer (folded name) back the golden items about which no owner answers in time."""
    asked, tied, served = OwnerQuestionRow, GoldenHandingRow, GoldenServingRow
    waiting = select(served).where(served.reviewer_key == key, served.state == _ASKED)
    for serving in session.scalars(waiting).all():
        unanswered = (
            select(asked.id, asked.due_ms)
            .join(tied, tied.id == asked.id)
            .where(
                tied.serving_id == serving.id,
                asked.answered_ms.is_(None),
                asked.withdrawn_ms.is_(None),
                asked.overdue_ms.is_(None),
            )
        )
        found = session.execute(unanswered).all()
        if any(each.due_ms > now for each in found):
            continue
        change_serving(session, serving, _OPEN, now)
        detail = {"item_id": serving.item_id}
        for each in found:
            late = update(asked).where(asked.id == each.id).values(overdue_ms=now)
            session.execute(late.execution_options(synchronize_session=False))
            append_audit(session, "kiyome", "question_overdue", each.id, detail)


def golden_of_others(session: Session, ids: Collection[str], reader: str) -> frozenset[str]:
    """Those of some rulings, notes and questions that are about golden items of other reviewers."""
    return frozenset(_find_said(session, ids, GoldenServingRow.reviewer_key != key_of(reader)))


def golden_of_mine(session: Session, ids: Collection[str], reader: str) -> frozenset[str]:
    """Those of some rulings, notes and questions that are about golden items of the reader."""
    return frozenset(_find_said(session, ids, GoldenServingRow.reviewer_key == key_of(reader)))


def _find_said(session: Session, ids: Collection[str], whose: Any) -> set[str]:
    found: set[str] = set()
    for row in (GoldenHandingRow, GoldenRulingRow):
        query = select(row.id).join(GoldenServingRow, GoldenServingRow.id == row.serving_id)
        found.update(session.scalars(query.where(row.id.in_(sorted(ids)), whose)))
    return found
