"""What waits for a lead, and what owners were asked about."""

from __future__ import annotations

from typing import Annotated, Literal

from fastapi import APIRouter, Query

from models.review.referred import list_referred
from models.review.turns import WaitsFor
from review_ui.api.callers import Adjudicates
from review_ui.api.fields import After, Limit, Page, read_cursor, write_cursor
from review_ui.api.item_shapes import ItemLine, show_line
from review_ui.api.problems import describe
from review_ui.site import ThisSite

router = APIRouter(tags=["adjudication"])
Kind = Literal["adjudication", "lead", "owner"]


@router.get("/adjudication", responses=describe())
def list_them(
    site: ThisSite,
    caller: Adjudicates,
    waits_for: Annotated[
        Kind,
        Query(description="Two rulings that differ, what was handed to a lead, or owners."),
    ] = "adjudication",
    after: After = "",
    limit: Limit = 50,
) -> Page[ItemLine]:
    """Items that wait for a lead's word, or for an owner's, the oldest first.

    Take one with its lease, rule on it, and leave `take_next` out or false. Whoever gave one of two
    rulings cannot take the item.
    """
    place = read_cursor(after, int, int, str)
    with site.database.snapshot() as session:
        listed = list_referred(session, WaitsFor(waits_for), after=place, limit=limit).items
        names = caller.show(session, [item.lease_holder for item in listed])
    last = listed[-1] if len(listed) == limit else None
    following = write_cursor(last.due_ms, last.updated_ms, last.id) if last else None
    return Page(items=[show_line(item, names) for item in listed], next=following)
