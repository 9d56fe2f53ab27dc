"""Asking the owner: a question to whoever said something about consent, and what they answer.

The owner of a statement's setter is asked, and nobody else. The item leaves the queue until the
owner answers, the time is over, or the question is taken back; then it waits for the same word as
before, with the question and what became of it.
"""

from __future__ import annotations

from collections.abc import Collection
from typing import Any

from sqlalchemy import bindparam, insert, select, update
from sqlalchemy.orm import Session

from models.accounts.records import Account
from models.canonical import digest_bytes
from models.errors import ReviewError
from models.failpoints import reach
from models.outbox import post_event
from models.owners.identities import identities_of
from models.review.admissible import check_words
from models.review.audit import append_audit
from models.review.escalating import (
    HandedOn,
    find_serving_held_by,
    lease_lost,
    lock_item,
    lock_leased,
    name_handing,
    wait_for,
)
from models.review.golden_handing_on import hand_on_golden, return_golden_asked
from models.review.items import UNDECIDED, ItemState, find_item
from models.review.owner_questions import AskableOwner, find_question, list_askable
from models.review.referred import REFERRED
from models.review.turns import Round, WaitsFor
from models.store.database import execute, now_ms
from models.store.tables import OwnerQuestionRow, ReviewItemRow
from models.words import read_words

DAY_MS = 24 * 60 * 60 * 1000
MAX_ANSWER = 4000
"""Longest answer, in characters."""


class NoQuestionError(ReviewError):
    """There is no such question, or none that this person may take back."""


def ask_owner(
    session: Session,
    item_id: str,
    lease_token: str,
    item_version: int,
    identity: str,
    text: str,
    reviewer: str,
    days: int,
) -> HandedOn:
    """Ask the owner of a statement, and take the item out of the queue until they answer.

    Args:
        session: an open transaction.
        item_id, lease_token, item_version, reviewer: as for ``models.review.rulings.decide``.
        identity: the setter of one of the item's statements.
        text: the question.
        days: after how many days the item comes back without an answer.

    Returns:
        The question's id. Submitting again what is stored, under the same lease and in the same
        words, writes nothing.

    Raises:
        LeaseLostError: the lease has ended, or something else is asked now. Nothing is written.
        ReviewError: no account is known for this owner, or the question is missing or too long.
    """
    words = check_words(text, "The question")
    question_id = name_handing("ask_owner", item_id, lease_token, item_version)
    lock_item(session, item_id)
    if (stored := session.get(OwnerQuestionRow, question_id)) is not None:
        if (stored.asked_by, stored.identity, stored.text) != (reviewer, identity, words):
            raise lease_lost()
        return HandedOn(question_id, repeated=True)
    now = now_ms(session)
    due = now + days * DAY_MS
    serving = find_serving_held_by(session, item_id, lease_token, item_version, reviewer)
    item = (
        lock_leased(session, item_id, lease_token, item_version, reviewer)
        if serving is None
        else find_item(session, item_id)
    )
    if item is None or AskableOwner(identity, True) not in list_askable(session, item):
        raise ReviewError(
            "No account is known for this owner.",
            "Rule on what is known, or hand the item to a lead.",
        )
    if serving is not None:
        hand_on_golden(session, serving, ItemState.ASKED_OWNER, question_id, now)
    else:
        wait_for(session, item, now, {"waits_for": WaitsFor.OWNER.value, "due_ms": due})
    reach("review.ask.item")
    values = {
        "id": question_id,
        "item_id": item_id,
        "about": item.question,
        "asset_id": item.asset_id,
        "identity": identity,
        "text": words,
        "asked_by": reviewer,
        "asked_ms": now,
        "due_ms": due,
        "answer": "",
        "answered_by": "",
        "answered_ms": None,
        "overdue_ms": None,
        "withdrawn_ms": None,
    }
    session.execute(insert(OwnerQuestionRow).values(**values))
    detail = {"item_id": item_id, "text_sha256": digest_bytes(words.encode()), "due_ms": due}
    append_audit(session, reviewer, "ask_owner", question_id, detail)
    reach("review.ask.audit")
    if serving is None:
        post_event(session, "item_waits", {"item_id": item_id, "waits_for": "owner"}, now)
    return HandedOn(question_id)


def answer_question(session: Session, question_id: str, account: Account, text: str) -> None:
    """Store an owner's answer, and let the item wait for the same word as before.

    An answer that comes late is taken as long as the same is asked about the asset.

    Args:
        session: an open transaction.
        question_id: which question.
        account: the owner's account.
        text: the answer.

    Raises:
        ReviewError: the question is none of theirs or closed, or the answer is missing or too long.
    """
    words = read_words(text)
    if not words:
        raise ReviewError("The answer is missing.", "Write it.")
    if len(words) > MAX_ANSWER:
        raise ReviewError(f"The answer is longer than {MAX_ANSWER:,} characters.", "Shorten it.")
    _lock_item_of(session, question_id)
    question = find_question(session, question_id)
    if question is None or question.identity not in identities_of(session, account.id):
        raise ReviewError("There is no such question to you.", "Look at the list again.")
    if not question.open:
        raise ReviewError(
            "This question is closed: it was answered or taken back, or the matter is settled.",
            "Nothing was written.",
        )
    now = now_ms(session)
    _change(session, question_id, answer=words, answered_by=account.name, answered_ms=now)
    reach("review.answer.row")
    golden = return_golden_asked(session, question_id, now)
    if not golden:
        _return_items(session, [question.item_id], now)
    detail = {"item_id": question.item_id, "answer_sha256": digest_bytes(words.encode())}
    append_audit(session, account.name, "answer_question", question_id, detail)
    reach("review.answer.audit")
    if not golden:
        posted = {"item_id": question.item_id, "question": question_id}
        post_event(session, "owner_answered", posted, now)


def withdraw_question(session: Session, question_id: str, by: str, *, lead: bool = False) -> str:
    """Take a question back that was not answered: whoever asked it, or a lead.

    Returns:
        The id of the item. Taking back again what is taken back already writes nothing.

    Raises:
        NoQuestionError: there is no such question, or it is somebody else's.
        ReviewError: it is closed.
    """
    _lock_item_of(session, question_id)
    question = find_question(session, question_id)
    if question is None or not (lead or question.asked_by == by):
        raise NoQuestionError("There is no such question of yours.", "Look at the item again.")
    if question.withdrawn_ms is not None:
        return question.item_id
    if not question.open:
        raise ReviewError("This question is closed.", "Look at the item as it is now.")
    now = now_ms(session)
    _change(session, question_id, withdrawn_ms=now)
    if not return_golden_asked(session, question_id, now):
        _return_items(session, [question.item_id], now)
    append_audit(session, by, "withdraw_question", question_id, {"item_id": question.item_id})
    return question.item_id


def return_overdue(session: Session, now: int) -> int:
    """Let the items wait for reviewers again about which no owner has answered in time.

    Returns:
        How many there were.
    """
    row = OwnerQuestionRow
    found = execute(session, _OVERDUE, {"now": now}).all()
    if not found:
        return 0
    _return_items(session, [each.id for each in found], now)
    abouts = {each.id: each.question for each in found}
    overdue = select(row.id, row.item_id, row.about).where(
        row.item_id.in_(sorted(abouts)),
        row.answered_ms.is_(None),
        row.withdrawn_ms.is_(None),
        row.overdue_ms.is_(None),
    )
    for question_id, item_id, about in list(session.execute(overdue.order_by(row.id))):
        if about == abouts[item_id]:
            _change(session, question_id, overdue_ms=now)
            append_audit(session, "kiyome", "question_overdue", question_id, {"item_id": item_id})
    return len(found)


_OVERDUE = (
    select(ReviewItemRow.id, ReviewItemRow.question)
    .where(
        REFERRED,
        ReviewItemRow.waits_for == WaitsFor.OWNER.value,
        ReviewItemRow.due_ms <= bindparam("now"),
    )
    .order_by(ReviewItemRow.id)
    .limit(500)
    # Rows that another transaction has locked are brought back by that one.
    .with_for_update(skip_locked=True)
)


def _lock_item_of(session: Session, question_id: str) -> None:
    """Items are locked before anything is written about them, as everywhere."""
    item, row = ReviewItemRow, OwnerQuestionRow
    of = select(row.item_id).where(row.id == question_id).scalar_subquery()
    session.execute(select(item.id).where(item.id == of).with_for_update())


def _change(session: Session, question_id: str, **values: Any) -> None:
    session.execute(
        update(OwnerQuestionRow)
        .where(OwnerQuestionRow.id == question_id)
        .values(**values)
        .execution_options(synchronize_session=False)
    )


def _return_items(session: Session, item_ids: Collection[str], now: int) -> None:
    """Let items wait for whoever's turn it is, where they wait for an owner."""
    row = ReviewItemRow
    columns = (row.persons, row.first_ruling, row.first_by, row.second_ruling, row.second_by)
    query = select(row.id, *columns).where(
        row.id.in_(sorted(item_ids)),
        row.waits_for == WaitsFor.OWNER.value,
        row.state.in_(UNDECIDED),
    )
    for item_id, *standing in list(session.execute(query)):
        session.execute(
            update(row)
            .where(row.id == item_id)
            .values(**Round(*standing).as_columns(), updated_ms=now)
            .execution_options(synchronize_session=False)
        )
