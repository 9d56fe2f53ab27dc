"""Golden items: which there are, how right reviewers were on them, and which they handed on."""

from __future__ import annotations

from typing import Annotated, Literal

from fastapi import APIRouter, Form, Path, Request
from fastapi.responses import Response

from models.errors import ReviewError
from models.review.golden_handing_on import list_handed_golden, send_golden_back, settle_golden
from models.review.golden_marking import (
    list_golden,
    mark_golden,
    measure_reviewers,
    retire_golden,
)
from review_ui.permitted import MarksGolden, SeesGolden
from review_ui.security import Visitor
from review_ui.site import Site, ThisSite, go

router = APIRouter()
Id = Annotated[str, Path(pattern=r"^[0-9a-f]{32}$")]


@router.get("/golden")
def show_golden(request: Request, site: ThisSite, visitor: SeesGolden) -> Response:
    """The items with their known answers, and each reviewer's results."""
    return _render(request, site, visitor)


@router.post("/golden/handed/{serving_id}")
def answer(
    request: Request,
    site: ThisSite,
    visitor: MarksGolden,
    serving_id: Id,
    act: Annotated[Literal["send_back", "settle"], Form()],
    words: Annotated[str, Form(max_length=20_000)] = "",
) -> Response:
    """Hand an item back to the reviewer who handed it to a lead, or settle it as it is decided."""
    do = send_golden_back if act == "send_back" else settle_golden
    try:
        with site.database.transaction() as session:
            do(session, serving_id, words, visitor.reviewer)
    except ReviewError:
        return _render(request, site, visitor, serving_id, words, 422)
    return go("/golden")


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


def _render(
    request: Request,
    site: Site,
    visitor: Visitor,
    refused: str = "",
    words: str = "",
    status: int = 200,
) -> Response:
    with site.database.snapshot() as session:
        marks = list_golden(session)
        results = measure_reviewers(session)
        handed = list_handed_golden(session)
    return site.render(
        request,
        "golden.html",
        status=status,
        visitor=visitor,
        marks=marks,
        results=results,
        handed=handed,
        share=site.golden.share if site.golden else 0.0,
        refused=refused,
        words=words,
    )
