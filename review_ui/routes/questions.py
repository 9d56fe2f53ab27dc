"""What owners are asked about works of theirs, and their answers."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Form, HTTPException, Path, Request
from fastapi.responses import FileResponse, Response
from sqlalchemy.orm import Session

from models.accounts.pseudonyms import show_actors
from models.errors import ReviewError
from models.review.derivatives import VIEW, derivative_path
from models.review.owner_questions import (
    OwnerQuestion,
    find_question,
    list_questions,
    setters_of,
)
from models.review.questions_to_owners import MAX_ANSWER, answer_question
from models.review.queue import Item, find_item
from review_ui.evidence import mark_captions, read_asset
from review_ui.permitted import AnswersQuestions, Owner, SeesQuestions
from review_ui.site import Site, ThisSite, go

router = APIRouter()
QuestionId = Annotated[str, Path(pattern=r"^[0-9a-f]{32}$")]


@router.get("/questions")
def show_questions(
    request: Request, site: ThisSite, owner: SeesQuestions, told: str = ""
) -> Response:
    """The questions to an owner: those that may be answered first, then the others."""
    with site.database.snapshot() as session:
        questions = list_questions(session, owner.identities)
    waiting = sorted((each for each in questions if each.open), key=lambda each: each.due_ms)
    return site.render(
        request,
        "questions.html",
        visitor=owner.visitor,
        owner=owner,
        waiting=waiting,
        closed=[each for each in questions if not each.open],
        told=told == "answered",
    )


@router.get("/questions/{question_id}")
def show_question(
    request: Request, site: ThisSite, owner: SeesQuestions, question_id: QuestionId
) -> Response:
    """One question, with the work that it is about as far as it is the owner's."""
    return _render(request, site, owner, question_id)


@router.post("/questions/{question_id}")
def answer(
    request: Request,
    site: ThisSite,
    owner: AnswersQuestions,
    question_id: QuestionId,
    words: Annotated[str, Form(max_length=20_000)] = "",
) -> Response:
    """Take an answer."""
    problem = "" if words.strip() else "empty"
    problem = problem or ("long" if len(words.strip()) > MAX_ANSWER else "")
    if problem:
        return _render(request, site, owner, question_id, problem, words, 422)
    try:
        with site.database.transaction() as session:
            answer_question(session, question_id, owner.account, words)
    except ReviewError:
        return _render(request, site, owner, question_id, "closed", words, 409)
    return go("/questions", told="answered")


@router.get("/questions/{question_id}/picture")
def show_picture(site: ThisSite, owner: SeesQuestions, question_id: QuestionId) -> Response:
    """The work's picture: a copy, and only where the work is the owner's."""
    with site.database.snapshot() as session:
        question, item = _find(session, owner, question_id)
    path = derivative_path(site.derivatives, question.asset_id, VIEW)
    if item is None or not path.is_file():
        raise HTTPException(404)
    return FileResponse(
        path, media_type="image/webp", headers={"Cache-Control": "private, max-age=600"}
    )


def _find(session: Session, owner: Owner, question_id: str) -> tuple[OwnerQuestion, Item | None]:
    """A question to this owner, and its item where a statement on it is theirs as it is now."""
    question = find_question(session, question_id)
    if question is None or question.identity not in owner.identities:
        raise HTTPException(404)
    item = find_item(session, question.item_id)
    theirs = item is not None and not set(owner.identities).isdisjoint(setters_of(item.evidence))
    return question, item if theirs else None


def _render(
    request: Request,
    site: Site,
    owner: Owner,
    question_id: str,
    problem: str = "",
    words: str = "",
    status: int = 200,
) -> Response:
    with site.database.snapshot() as session:
        question, item = _find(session, owner, question_id)
        names = show_actors(session, [question.asked_by], owner.visitor.permissions)
    pictured = (
        item is not None and derivative_path(site.derivatives, question.asset_id, VIEW).is_file()
    )
    return site.render(
        request,
        "question.html",
        status=status,
        visitor=owner.visitor,
        question=question,
        asker=names[question.asked_by],
        theirs=item is not None,
        pictured=pictured,
        asset=read_asset(item.evidence) if item else {},
        captions=mark_captions(item.evidence, ()) if item else (),
        problem=problem,
        words=words,
        most=MAX_ANSWER,
    )
