"""Golden items: which there are, and how right reviewers were on them."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Path, Request
from fastapi.responses import Response

from models.errors import ReviewError
from models.review.golden_marking import (
    list_golden,
    mark_golden,
    measure_reviewers,
    retire_golden,
)
from review_ui.permitted import MarksGolden, SeesGolden
from review_ui.site import ThisSite, go

router = APIRouter()
Id = Annotated[str, Path(pattern=r"^[0-9a-f]{32}$")]


@router.get("/golden")
def show_golden(request: Request, site: ThisSite, visitor: SeesGolden) -> Response:
    """The items with their known answers, and each reviewer's results."""
    with site.database.snapshot() as session:
        marks = list_golden(session)
        results = measure_reviewers(session)
    return site.render(
        request,
        "golden.html",
        visitor=visitor,
        marks=marks,
        results=results,
        share=site.golden.share if site.golden else 0.0,
    )


@router.post("/items/{item_id}/golden")
def mark(request: Request, site: ThisSite, visitor: MarksGolden, item_id: Id) -> Response:
    """Make the ruling on a decided item a known answer."""
    try:
        with site.database.transaction() as session:
            mark_golden(session, item_id, visitor.reviewer)
    except ReviewError:
        return site.render(request, "problem.html", status=409, visitor=visitor, kind="not_golden")
    return go(f"/items/{item_id}")


@router.post("/golden/{mark_id}/retire")
def retire(request: Request, site: ThisSite, visitor: MarksGolden, mark_id: Id) -> Response:
    """Give a golden item to nobody any more."""
    try:
        with site.database.transaction() as session:
            retire_golden(session, mark_id, visitor.reviewer)
    except ReviewError:
        return site.render(request, "problem.html", status=409, visitor=visitor, kind="not_golden")
    return go("/golden")
