"""Pages that only explain."""

from __future__ import annotations

from fastapi import APIRouter, Request
from fastapi.responses import Response

from models.review.queue import RULING_REASONS
from review_ui.choosing import find_preferences
from review_ui.permitted import SignedIn
from review_ui.site import ThisSite

router = APIRouter()


@router.get("/help")
def show_help(request: Request, site: ThisSite, reviewer: SignedIn) -> Response:
    """How to rule, the keys, and what the words mean."""
    with site.database.snapshot() as session:
        keys = find_preferences(session, request, reviewer).keys
    return site.render(
        request, "help.html", visitor=reviewer, ruling_reasons=RULING_REASONS, keys=keys
    )
