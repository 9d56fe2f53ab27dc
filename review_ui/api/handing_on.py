"""Handing an item on instead of ruling: to a lead and back, to its owner and back."""

from __future__ import annotations

from collections.abc import Callable
from typing import Annotated

from fastapi import APIRouter
from pydantic import BaseModel, Field
from sqlalchemy.orm import Session

from models.errors import ReviewError
from models.review.escalating import HandedOn
from models.review.questions_to_owners import NoQuestionError
from models.review.queue import ask_owner, escalate, send_back, withdraw_question
from review_ui.api.acting import IfMatch, Submitted, act_on
from review_ui.api.callers import Adjudicates, Caller, RulesOnItems
from review_ui.api.fields import NO_NUL, ItemId, QuestionId
from review_ui.api.item_shapes import ItemWhole
from review_ui.api.problems import ApiError, describe
from review_ui.site import Site, ThisSite

router = APIRouter(tags=["handing-on"])
Words = Annotated[str, Field(min_length=1, max_length=2000, pattern=NO_NUL)]


class Handed(Submitted):
    """An item that is handed on, and what is said to it."""

    note: Words


class Asked(Submitted):
    """A question to the owner of a statement on the item."""

    owner: Annotated[str, Field(min_length=1, max_length=2000, pattern=NO_NUL)] = Field(
        description="The setter of the statement, as `owners` of the item names it."
    )
    question: Words


class Passed(BaseModel):
    """What the caller gets instead of the item that was handed on."""

    question_id: str | None = Field(description="Of a question to an owner; null otherwise.")
    next: ItemWhole | None = Field(description="The next item, held; null where there is none.")


class Withdrawn(BaseModel):
    """A question that is closed."""

    item_id: str = Field(description="The item, which waits for reviewers again.")


@router.post("/items/{item_id}/escalation", responses=describe(404, 409, 412))
def hand_to_lead(
    site: ThisSite,
    caller: RulesOnItems,
    item_id: ItemId,
    handed: Handed,
    if_match: IfMatch = None,
) -> Passed:
    """Hand an item that the caller holds to a lead, and take the next one.

    Whoever sends the same again, with the same lease, is answered as the first time.
    """
    return _hand_on(site, caller, item_id, handed, if_match, escalate)


@router.post("/items/{item_id}/return", responses=describe(404, 409, 412))
def hand_back(
    site: ThisSite,
    caller: Adjudicates,
    item_id: ItemId,
    handed: Handed,
    if_match: IfMatch = None,
) -> Passed:
    """Hand an item that was handed to a lead back to the queue, with an answer.

    Whoever sends the same again, with the same lease, is answered as the first time.
    """
    return _hand_on(site, caller, item_id, handed, if_match, send_back)


def _hand_on(
    site: Site,
    caller: Caller,
    item_id: str,
    handed: Handed,
    if_match: str | None,
    hand: Callable[[Session, str, str, int, str, str], HandedOn],
) -> Passed:
    def act(session: Session) -> HandedOn:
        token, version = handed.lease_token, handed.item_version
        return hand(session, item_id, token, version, handed.note, caller.name)

    _, following = act_on(site, caller, item_id, handed, if_match, act)
    return Passed(question_id=None, next=following)


@router.post("/items/{item_id}/question", responses=describe(404, 409, 412))
def ask(
    site: ThisSite,
    caller: RulesOnItems,
    item_id: ItemId,
    asked: Asked,
    if_match: IfMatch = None,
) -> Passed:
    """Ask the owner of a statement about an item that the caller holds, and take the next one.

    Whoever sends the same again, with the same lease, is answered as the first time.
    """

    def act(session: Session) -> HandedOn:
        return ask_owner(
            session,
            item_id,
            asked.lease_token,
            asked.item_version,
            asked.owner,
            asked.question,
            caller.name,
            site.answer_days,
        )

    handed, following = act_on(site, caller, item_id, asked, if_match, act)
    return Passed(question_id=handed.id, next=following)


@router.post("/questions/{question_id}/withdrawal", responses=describe(404, 409))
def take_back(site: ThisSite, caller: RulesOnItems, question_id: QuestionId) -> Withdrawn:
    """Take back a question that has no answer: whoever asked it, or a lead. Twice does no harm."""
    with site.database.transaction() as session:
        try:
            item_id = withdraw_question(session, question_id, caller.name, lead=caller.adjudicates)
        except NoQuestionError as error:
            raise ApiError("not-found", error.problem) from error
        except ReviewError as error:
            raise ApiError("conflict", error.problem, error.remedy) from error
    return Withdrawn(item_id=item_id)
