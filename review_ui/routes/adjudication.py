"""What waits for a lead: rulings that disagree, items that reviewers handed on, open questions."""

from __future__ import annotations

from fastapi import APIRouter, Request
from fastapi.responses import Response

from models.review.golden_handing_on import list_handed_golden
from models.review.queue import WaitsFor
from models.review.referred import MOST_LISTED, list_referred
from review_ui.permitted import SeesAdjudication
from review_ui.site import ThisSite

router = APIRouter()
_SECTIONS = (WaitsFor.ADJUDICATION, WaitsFor.LEAD, WaitsFor.OWNER)


@router.get("/adjudication")
def show_adjudication(request: Request, site: ThisSite, visitor: SeesAdjudication) -> Response:
    """The three lists, the oldest first, without evidence."""
    with site.database.snapshot() as session:
        sections = {each.value: list_referred(session, each) for each in _SECTIONS}
        handed = list_handed_golden(session) if visitor.may("mark_golden") else ()
    return site.render(
        request,
        "adjudication.html",
        visitor=visitor,
        sections=sections,
        most=MOST_LISTED,
        handed=len(handed),
    )
