"""The queue: how much waits, what waits, and where to begin."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Form, Query, Request
from fastapi.responses import Response

from models.nouns.terms.listing import count_by_dataset
from models.review.derivatives import THUMB, derivative_path
from models.review.queue import (
    MOST_ALIKE,
    WAITING,
    ItemState,
    count_covered,
    count_items,
    latest_ruling,
    lease_next,
    list_items,
)
from models.review.viewing import view_summaries
from review_ui.permitted import RulesOnItems, SeesItems
from review_ui.site import Site, ThisSite, go

router = APIRouter()
PAGE = 50
SHOWN: dict[str, frozenset[ItemState]] = {
    "waiting": WAITING,
    "decided": frozenset({ItemState.DECIDED}),
    "superseded": frozenset({ItemState.SUPERSEDED}),
    "all": frozenset(ItemState),
}


@router.get("/")
def show_queue(
    request: Request,
    site: ThisSite,
    reviewer: SeesItems,
    dataset: Annotated[str, Query(max_length=500)] = "",
    show: Annotated[str, Query(max_length=20)] = "waiting",
    page: Annotated[int, Query(ge=1, le=1_000_000)] = 1,
    held: int = 0,
    left: Annotated[int, Query(ge=0, le=MOST_ALIKE)] = 0,
) -> Response:
    """Counts by dataset, and a list of items without their evidence."""
    show = show if show in SHOWN else "waiting"
    with site.database.snapshot() as session:
        counts = count_items(session)
        listed = list_items(
            session,
            dataset=dataset or None,
            states=SHOWN[show],
            offset=(page - 1) * PAGE,
            limit=PAGE,
        )
        items = view_summaries(session, listed.items, site.viewer(reviewer))
        latest = latest_ruling(session, reviewer.reviewer)
        covered = count_covered(session, latest.id) if latest else 0
        open_terms = sum(each.open for each in count_by_dataset(session))
    return site.render(
        request,
        "queue.html",
        visitor=reviewer,
        counts=counts,
        listed=items,
        pictured={item.asset_id for item in items if _has_thumb(site, item.asset_id)},
        dataset=dataset,
        show=show,
        shown=tuple(SHOWN),
        page=page,
        pages=max(1, -(-listed.total // PAGE)),
        latest=latest,
        covered=covered,
        left_out=left,
        open_terms=open_terms,
        held=bool(held),
        waiting=sum(each.waiting for each in counts),
        decided=sum(each.decided for each in counts),
    )


@router.post("/next")
def take_next(
    site: ThisSite, visitor: RulesOnItems, within: Annotated[str, Form(max_length=500)] = ""
) -> Response:
    """Take the next item, of one dataset or of any."""
    with site.database.transaction() as session:
        golden = site.golden_for(visitor)
        item = lease_next(session, visitor.reviewer, within or None, golden)
    return go_to_next(item.id if item else None, within)


def go_to_next(item_id: str | None, within: str, **query: str) -> Response:
    """On to an item, or to the queue where nothing is left for this reviewer."""
    if item_id is None:
        return go("/", held="1", left=query.get("left", ""))
    return go(f"/items/{item_id}", within=within, **query)


def _has_thumb(site: Site, asset_id: str) -> bool:
    try:
        return derivative_path(site.derivatives, asset_id, THUMB).is_file()
    except ValueError:
        return False
