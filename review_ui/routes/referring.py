"""Handing an item on instead of ruling: to a lead and back, to its owner and back."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Form, Path, Request
from fastapi.responses import Response

from models.errors import LeaseLostError, ReviewError
from models.review.queue import (
    ask_owner,
    escalate,
    lease_next,
    send_back,
    withdraw_question,
)
from review_ui.choosing import LONGEST, choose_stream
from review_ui.item_page import render_item
from review_ui.permitted import Adjudicates, RulesOnItems
from review_ui.routes.queue import go_to_next
from review_ui.site import ThisSite, go

router = APIRouter()
ItemId = Annotated[str, Path(pattern=r"^[0-9a-f]{32}$")]
Token = Annotated[str, Form(max_length=64)]
Version = Annotated[int, Form(ge=1, le=2**53)]
Words = Annotated[str, Form(max_length=20_000)]
Within = Annotated[str, Form(max_length=LONGEST)]


@router.post("/items/{item_id}/escalate")
def hand_to_lead(
    request: Request,
    site: ThisSite,
    visitor: RulesOnItems,
    item_id: ItemId,
    lease_token: Token,
    item_version: Version,
    words: Words = "",
    within: Within = "",
) -> Response:
    """Hand the item to a lead, and hand out the next one."""
    try:
        with site.database.transaction() as session:
            escalate(session, item_id, lease_token, item_version, words, visitor.reviewer)
            golden = site.golden_for(visitor)
            stream = choose_stream(session, visitor, within)
            following = lease_next(session, visitor.reviewer, None, golden, stream)
    except LeaseLostError:
        given = {"notice": "lease_lost", "note": words}
        return render_item(request, site, visitor, item_id, given, 409)
    except ReviewError:
        given = {"within": within, "notice": "not_referred"}
        return render_item(request, site, visitor, item_id, given, 422)
    return go_to_next(following, within)


@router.post("/items/{item_id}/send-back")
def hand_back(
    request: Request,
    site: ThisSite,
    visitor: Adjudicates,
    item_id: ItemId,
    lease_token: Token,
    item_version: Version,
    words: Words = "",
) -> Response:
    """Hand the item back to the queue, with an answer."""
    try:
        with site.database.transaction() as session:
            send_back(session, item_id, lease_token, item_version, words, visitor.reviewer)
    except LeaseLostError:
        given = {"notice": "lease_lost", "note": words}
        return render_item(request, site, visitor, item_id, given, 409)
    except ReviewError:
        return render_item(request, site, visitor, item_id, {"notice": "not_referred"}, 422)
    return go("/adjudication")


@router.post("/items/{item_id}/ask")
def ask(
    request: Request,
    site: ThisSite,
    visitor: RulesOnItems,
    item_id: ItemId,
    lease_token: Token,
    item_version: Version,
    identity: Annotated[str, Form(max_length=2000)] = "",
    words: Words = "",
    within: Within = "",
) -> Response:
    """Ask the owner of a statement, and hand out the next item."""
    try:
        with site.database.transaction() as session:
            ask_owner(
                session,
                item_id,
                lease_token,
                item_version,
                identity,
                words,
                visitor.reviewer,
                site.answer_days,
            )
            golden = site.golden_for(visitor)
            stream = choose_stream(session, visitor, within)
            following = lease_next(session, visitor.reviewer, None, golden, stream)
    except LeaseLostError:
        given = {"notice": "lease_lost", "note": words}
        return render_item(request, site, visitor, item_id, given, 409)
    except ReviewError:
        given = {"within": within, "notice": "not_asked"}
        return render_item(request, site, visitor, item_id, given, 422)
    return go_to_next(following, within)


@router.post("/items/{item_id}/withdraw-question")
def take_question_back(
    request: Request,
    site: ThisSite,
    visitor: RulesOnItems,
    item_id: ItemId,
    question_id: Annotated[str, Form(pattern=r"^[0-9a-f]{32}$")],
) -> Response:
    """Take a question back: the item waits for reviewers again."""
    try:
        with site.database.transaction() as session:
            lead = visitor.may("adjudicate")
            withdraw_question(session, question_id, visitor.reviewer, lead=lead)
    except ReviewError:
        return render_item(request, site, visitor, item_id, {"notice": "not_asked"}, 409)
    return go(f"/items/{item_id}")
