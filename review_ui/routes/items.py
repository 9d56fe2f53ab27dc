"""One item: looking at it, taking it, ruling on it, taking a ruling back."""

from __future__ import annotations

from contextlib import suppress
from typing import Annotated

from fastapi import APIRouter, Form, Path, Query, Request
from fastapi.responses import Response
from pydantic import StringConstraints

from models.accounts.records import key_of
from models.errors import (
    AlreadyRuledError,
    ConsentUnansweredError,
    LeaseLostError,
    ReviewError,
)
from models.review.drafts import keep_draft
from models.review.queue import (
    MAX_NOTE,
    MOST_ALIKE,
    RULING_REASONS,
    RulingKind,
    decide_alike,
    give_back,
    heartbeat,
    lease_item,
    lease_next,
    undo,
)
from review_ui.alike import ALSO, read_also
from review_ui.choosing import LONGEST, choose_stream
from review_ui.item_page import render_already_ruled, render_item
from review_ui.permitted import RulesOnItems, SeesItems
from review_ui.routes.queue import go_to_next
from review_ui.site import ThisSite, go

router = APIRouter()
ItemId = Annotated[str, Path(pattern=r"^[0-9a-f]{32}$")]
Token = Annotated[str, Form(max_length=64)]
Version = Annotated[int, Form(ge=1, le=2**53)]
Words = Annotated[str, Form(max_length=20_000)]
Within = Annotated[str, Form(max_length=LONGEST)]
Also = Annotated[list[Annotated[str, StringConstraints(pattern=ALSO)]], Form(max_length=MOST_ALIKE)]


@router.get("/items/{item_id}")
def show_item(
    request: Request,
    site: ThisSite,
    reviewer: SeesItems,
    item_id: ItemId,
    within: Annotated[str, Query(max_length=LONGEST)] = "",
    skipped: int = 0,
    left: Annotated[int, Query(ge=0, le=MOST_ALIKE)] = 0,
    texts_of: Annotated[str, Query(max_length=36)] = "",
) -> Response:
    """The item with its evidence; with the form to rule on it where the reviewer holds it.

    With ``texts_of`` a lead who settles it begins with the captions of one of the two rulings.
    """
    notice = "only_skipped" if skipped else ""
    given = {"within": within, "notice": notice, "left_out": left, "texts_of": texts_of}
    return render_item(request, site, reviewer, item_id, given)


@router.post("/items/{item_id}/lease")
def take(request: Request, site: ThisSite, visitor: RulesOnItems, item_id: ItemId) -> Response:
    """Take this item, if it is free."""
    try:
        with site.database.transaction() as session:
            lease_item(session, item_id, visitor.reviewer, lead=visitor.may("adjudicate"))
    except ReviewError:
        return render_item(request, site, visitor, item_id, {"notice": "not_free"}, 409)
    return go(f"/items/{item_id}")


@router.post("/items/{item_id}/give-back")
def return_item(
    site: ThisSite,
    visitor: RulesOnItems,
    item_id: ItemId,
    lease_token: Token,
    item_version: Version = 1,
    note: Words = "",
) -> Response:
    """End the lease without a ruling, and keep a note that was begun. Twice does no harm."""
    with site.database.transaction() as session:
        if give_back(session, item_id, lease_token):
            keep_draft(session, item_id, item_version, key_of(visitor.reviewer), note)
    return go("/")


@router.post("/items/{item_id}/heartbeat")
def keep(
    site: ThisSite,
    visitor: RulesOnItems,
    item_id: ItemId,
    lease_token: Token,
    item_version: Version = 1,
    note: Annotated[str | None, Form(max_length=20_000)] = None,
) -> Response:
    """Renew the lease, and keep a note that has changed: 204, or 409 where the lease has ended."""
    with site.database.transaction() as session:
        if note is not None:
            keep_draft(session, item_id, item_version, key_of(visitor.reviewer), note)
        try:
            heartbeat(session, item_id, lease_token)
        except LeaseLostError:
            return Response(status_code=409)  # the note is kept all the same
    return Response(status_code=204)


@router.post("/items/{item_id}/ruling")
def take_ruling(
    request: Request,
    site: ThisSite,
    visitor: RulesOnItems,
    item_id: ItemId,
    lease_token: Token,
    item_version: Version,
    ruling: Annotated[RulingKind, Form()],
    approve_reason: Annotated[str, Form(max_length=64)] = "",
    exclude_reason: Annotated[str, Form(max_length=64)] = "",
    note: Words = "",
    within: Within = "",
    alike: Annotated[str, Form(max_length=8)] = "",
    also: Also = [],  # noqa: B006  (FastAPI copies it)
    for_lead: Annotated[str, Form(max_length=8)] = "",
) -> Response:
    """Take a ruling and hand out the next item, in one transaction and one round trip.

    With ``alike`` the ruling covers the items in ``also`` as well, each given as id and version.
    With ``for_lead`` the item was a lead's, who goes back to the list of those.
    """
    others = read_also(also)
    reason = {RulingKind.APPROVE: approve_reason, RulingKind.EXCLUDE: exclude_reason}.get(
        ruling, ""
    )
    if problem := _find_problem(ruling, reason, note):
        given = {
            "within": within,
            "notice": problem,
            "note": note,
            "chosen": (approve_reason, exclude_reason),
            "alike": (bool(alike), frozenset(other for other, _ in others)),
        }
        return render_item(request, site, visitor, item_id, given, 422)
    try:
        with site.database.transaction() as session:
            together = decide_alike(
                session,
                item_id,
                lease_token,
                item_version,
                ruling.value,
                reason,
                note,
                visitor.reviewer,
                others if alike else (),
            )
            if ruling is RulingKind.SKIP and note.strip():
                key = key_of(visitor.reviewer)
                keep_draft(session, item_id, item_version, key, note)
            following = None
            if not for_lead:
                golden = site.golden_for(visitor)
                stream = choose_stream(session, visitor, within)
                following = lease_next(session, visitor.reviewer, None, golden, stream)
    except AlreadyRuledError:
        return render_already_ruled(request, site, visitor, item_id, item_version)
    except LeaseLostError:
        given = {"notice": "lease_lost", "note": note}
        return render_item(request, site, visitor, item_id, given, 409)
    except ConsentUnansweredError:
        given = {"within": within, "notice": "consent_unanswered", "note": note}
        return render_item(request, site, visitor, item_id, given, 422)
    if not together.ruled.stands:
        return render_item(request, site, visitor, item_id, {"notice": "not_in_force"}, 409)
    if for_lead:
        return go("/adjudication")
    return go_to_next(following, within, left=str(len(together.left_out) or ""))


@router.post("/rulings/{ruling_id}/undo")
def take_back(
    request: Request,
    site: ThisSite,
    visitor: RulesOnItems,
    ruling_id: Annotated[str, Path(pattern=r"^[0-9a-f]{32}$")],
    within: Within = "",
) -> Response:
    """End a ruling and take its item, so that it can be ruled on again at once.

    Where another reviewer holds the item as the second person, or it waits for somebody else, the
    ruling is ended all the same.
    """
    lead = visitor.may("adjudicate")
    try:
        with site.database.transaction() as session:
            item_id = undo(session, ruling_id, visitor.reviewer, lead=lead)
            with suppress(ReviewError):
                lease_item(session, item_id, visitor.reviewer, lead=lead)
    except ReviewError:
        return site.render(request, "problem.html", status=409, visitor=visitor, kind="not_undone")
    return go(f"/items/{item_id}", within=within)


def _find_problem(ruling: RulingKind, reason: str, note: str) -> str:
    if ruling is RulingKind.SKIP:
        return ""
    text = RULING_REASONS.get(reason)
    if text is None or text.ruling is not ruling:
        return "reason_missing"
    if text.needs_note and not note.strip():
        return "note_missing"
    return "note_too_long" if len(note.strip()) > MAX_NOTE else ""
