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
    CaptionLanguage,
    Item,
    ItemState,
    Stage,
    Stream,
    count_covered,
    latest_ruling,
    lease_next,
)
from models.review.ranking import RISK
from models.review.saved_filters import LONGEST_NAME, MOST_FILTERS, list_filters
from models.review.viewing import list_viewed
from review_ui.choosing import LONGEST, choose_stream, find_preferences, write_keys
from review_ui.due import Due
from review_ui.permitted import RulesOnItems, SeesItems
from review_ui.site import Site, ThisSite, go

router = APIRouter()
PAGE = 50
MOST_COUNTED = 10_000
"""Items of a list that are counted: with a million it would take its time."""

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
    stage: Annotated[str, Query(max_length=16)] = "",
    language: Annotated[str, Query(max_length=8)] = "",
    reason: Annotated[str, Query(max_length=64)] = "",
    show: Annotated[str, Query(max_length=20)] = "waiting",
    page: Annotated[int, Query(ge=1, le=1_000_000)] = 1,
    held: int = 0,
    left: Annotated[int, Query(ge=0, le=MOST_ALIKE)] = 0,
) -> Response:
    """Counts by dataset, and a list of items without their evidence."""
    show = show if show in SHOWN else "waiting"
    stream = Stream.choose(dataset, stage, language, reason)
    counts = site.counts.get(site.database)
    with site.database.snapshot() as session:
        listed = list_viewed(
            session,
            site.viewer(reviewer),
            SHOWN[show],
            offset=(page - 1) * PAGE,
            limit=PAGE,
            stream=stream,
            most=MOST_COUNTED,
        )
        latest = latest_ruling(session, reviewer.reviewer)
        covered = count_covered(session, latest.id) if latest else 0
        open_terms = sum(each.open for each in count_by_dataset(session))
        account = reviewer.account
        filters = list_filters(session, account.id) if account else ()
        keys = find_preferences(session, request, reviewer).keys
        due = Due.now_for(session, site)
    return site.render(
        request,
        "queue.html",
        visitor=reviewer,
        counts=counts,
        listed=listed.items,
        pictured={item.asset_id for item in listed.items if _has_thumb(site, item.asset_id)},
        stream=stream,
        within=stream.write(),
        stages=tuple(Stage),
        caption_languages=tuple(CaptionLanguage),
        reasons=tuple(RISK),
        filters=filters,
        saves_filters=account is not None and len(filters) < MOST_FILTERS,
        longest_name=LONGEST_NAME,
        show=show,
        shown=tuple(SHOWN),
        page=page,
        pages=max(1, -(-listed.total // PAGE)),
        more=listed.total == MOST_COUNTED,
        latest=latest,
        covered=covered,
        keys=keys,
        key_map=write_keys(keys),
        due=due,
        left_out=left,
        open_terms=open_terms,
        held=bool(held),
        waiting=sum(each.waiting for each in counts),
        decided=sum(each.decided for each in counts),
    )


@router.post("/next")
def take_next(
    site: ThisSite, visitor: RulesOnItems, within: Annotated[str, Form(max_length=LONGEST)] = ""
) -> Response:
    """Take the next item of a work stream; where none is named, of the account's default."""
    with site.database.transaction() as session:
        golden = site.golden_for(visitor)
        stream = choose_stream(session, visitor, within)
        item = lease_next(session, visitor.reviewer, None, golden, stream)
    return go_to_next(item, within or stream.write())


def go_to_next(item: Item | None, within: str, left: str = "") -> Response:
    """On to an item, or to the queue where nothing is left for this reviewer.

    Args:
        item: which was leased.
        within: the work stream.
        left: how many near-identical pictures the ruling before did not cover, or "".
    """
    if item is None:
        return go("/", held="1", left=left, **Stream.read(within).as_query())
    skipped = "1" if item.again else ""
    return go(f"/items/{item.id}", within=within, skipped=skipped, left=left)


def _has_thumb(site: Site, asset_id: str) -> bool:
    try:
        return derivative_path(site.derivatives, asset_id, THUMB).is_file()
    except ValueError:
        return False
