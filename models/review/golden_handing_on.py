"""Golden items that are handed on: to their reviewer they are with a lead or an owner, as others.

What was said is kept for the reviewer alone. It reaches neither a lead nor an owner, and a question
comes back unanswered when its time is over.
"""

from __future__ import annotations

import uuid
from collections.abc import Collection
from typing import Any

from sqlalchemy import Select, and_, insert, select, update
from sqlalchemy.orm import Session

from models.accounts.records import key_of
from models.errors import ReviewError
from models.review.audit import append_audit
from models.review.golden_items import change_serving
from models.review.items import Item, ItemState
from models.review.owner_questions import OwnerQuestion
from models.review.referrals import Referral
from models.store.database import now_ms
from models.store.tables import GoldenHandingRow, GoldenServingRow, ReviewItemRow

_ESCALATE, _ASK = "escalate", "ask_owner"


def escalate_golden(session: Session, serving: GoldenServingRow, note: str, now: int) -> str:
    """Keep a note to a lead, with whom the item is for its reviewer from then on.

    Returns:
        The id under which the note is kept.
    """
    change_serving(session, serving, ItemState.ESCALATED.value, now)
    return _keep(session, serving, now, kind=_ESCALATE, words=note)


def ask_golden(
    session: Session, serving: GoldenServingRow, identity: str, text: str, now: int, due_ms: int
) -> str:
    """Keep a question to an owner, of whom the item waits for its reviewer from then on.

    Returns:
        The question's id.
    """
    change_serving(session, serving, ItemState.ASKED_OWNER.value, now)
    return _keep(session, serving, now, kind=_ASK, words=text, identity=identity, due_ms=due_ms)


def _keep(session: Session, serving: GoldenServingRow, now: int, **values: Any) -> str:
    kept = uuid.uuid4().hex
    row = {"id": kept, "serving_id": serving.id, "identity": "", "due_ms": 0, **values}
    session.execute(insert(GoldenHandingRow).values(**row, at_ms=now))
    return kept


def golden_referrals(session: Session, serving: GoldenServingRow) -> tuple[Referral, ...]:
    """What the reviewer of a golden item told leads about it, the oldest first."""
    return tuple(
        Referral(each.id, "escalate", serving.question, each.words, serving.reviewer, each.at_ms)
        for each in session.scalars(_select_of(serving, _ESCALATE))
    )


def golden_questions(
    session: Session, item: Item, serving: GoldenServingRow
) -> tuple[OwnerQuestion, ...]:
    """What the reviewer of a golden item asked owners about it, the oldest first."""
    return tuple(
        OwnerQuestion(
            id=each.id,
            item_id=item.id,
            asset_id=item.asset_id,
            identity=each.identity,
            text=each.words,
            asked_by=serving.reviewer,
            asked_ms=each.at_ms,
            due_ms=each.due_ms,
            answer="",
            answered_by="",
            answered_ms=None,
            overdue_ms=each.overdue_ms,
            withdrawn_ms=each.withdrawn_ms,
            dataset=item.dataset,
            name="",
            asked=serving.state != ItemState.DECIDED.value,
        )
        for each in session.scalars(_select_of(serving, _ASK))
    )


def _select_of(serving: GoldenServingRow, kind: str) -> Select[tuple[GoldenHandingRow]]:
    row = GoldenHandingRow
    query = select(row).where(row.serving_id == serving.id, row.kind == kind)
    return query.order_by(row.at_ms, row.id)


def withdraw_golden_question(session: Session, question_id: str, by: str) -> str | None:
    """Take back a question about a golden item.

    Returns:
        The id of the item; None where this is no such question of theirs.

    Raises:
        ReviewError: the question is closed.
    """
    row, served = GoldenHandingRow, GoldenServingRow
    found = session.execute(
        select(row, served, ReviewItemRow.state)
        .join(served, served.id == row.serving_id)
        .join(
            ReviewItemRow,
            and_(ReviewItemRow.id == served.item_id, ReviewItemRow.question == served.question),
        )
        .where(row.id == question_id, row.kind == _ASK, served.reviewer_key == key_of(by))
    ).first()
    if found is None:
        return None
    question, serving, state = found
    # Decided for its reviewer, or not decided for the others any more.
    ended = serving.state == ItemState.DECIDED.value or state != ItemState.DECIDED.value
    if ended or question.withdrawn_ms is not None:
        raise ReviewError("This question is closed.", "Look at the item as it is now.")
    now = now_ms(session)
    question.withdrawn_ms = now
    if serving.state == ItemState.ASKED_OWNER.value:
        change_serving(session, serving, ItemState.OPEN.value, now)
    session.flush()
    append_audit(session, by, "withdraw_question", question_id, {"item_id": serving.item_id})
    return str(serving.item_id)


def return_golden_overdue(session: Session, key: str, now: int) -> None:
    """Give a reviewer (folded name) back the golden items about which no owner answers in time."""
    row, served = GoldenHandingRow, GoldenServingRow
    waiting = select(served).where(
        served.reviewer_key == key, served.state == ItemState.ASKED_OWNER.value
    )
    for serving in session.scalars(waiting):
        unanswered = and_(
            row.serving_id == serving.id,
            row.kind == _ASK,
            row.withdrawn_ms.is_(None),
            row.overdue_ms.is_(None),
        )
        asked = session.execute(select(row.id, row.due_ms).where(unanswered)).all()
        if any(each.due_ms > now for each in asked):
            continue
        session.execute(
            update(row)
            .where(unanswered)
            .values(overdue_ms=now)
            .execution_options(synchronize_session=False)
        )
        change_serving(session, serving, ItemState.OPEN.value, now)
        detail = {"item_id": serving.item_id}
        for each in asked:
            append_audit(session, "kiyome", "question_overdue", each.id, detail)


def handed_by_others(session: Session, ids: Collection[str], reader: str) -> frozenset[str]:
    """Those of some notes and questions that others wrote about golden items of theirs."""
    row, served = GoldenHandingRow, GoldenServingRow
    query = (
        select(row.id)
        .join(served, served.id == row.serving_id)
        .where(row.id.in_(sorted(ids)), served.reviewer_key != key_of(reader))
    )
    return frozenset(session.scalars(query))
