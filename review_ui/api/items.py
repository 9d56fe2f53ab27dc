"""The review queue: looking at items, holding one, and ruling on it."""

from __future__ import annotations

from collections.abc import Callable
from typing import Annotated, Literal

from fastapi import APIRouter, Query, Response
from pydantic import BaseModel, Field
from sqlalchemy.orm import Session

from models.errors import AlreadyRuledError, LeaseLostError, ReviewError
from models.review.queue import WAITING as WAITING_STATES
from models.review.queue import (
    ItemState,
    Ruled,
    RulingKind,
    Stream,
    decide,
    give_back,
    heartbeat,
    lease_item,
)
from models.review.viewing import list_viewed
from review_ui.api.acting import (
    IfMatch,
    Submitted,
    Token,
    act_on,
    already_ruled,
    lease_lost,
    require_item,
    take_next_of,
)
from review_ui.api.callers import Caller, RulesOnItems, SeesItems
from review_ui.api.fields import (
    NO_NUL,
    After,
    AnyDataset,
    Given,
    ItemId,
    Limit,
    Line,
    Note,
    Page,
    moment,
    read_cursor,
    write_cursor,
)
from review_ui.api.item_shapes import ETAG, ItemLine, ItemWhole, Lease, show_item, show_line
from review_ui.api.problems import ApiError, describe
from review_ui.site import Site, ThisSite

router = APIRouter(tags=["items"])
State = Literal["waiting", "decided", "superseded", "all"]
STATES: dict[str, frozenset[ItemState]] = {
    "waiting": WAITING_STATES,
    "decided": frozenset({ItemState.DECIDED}),
    "superseded": frozenset({ItemState.SUPERSEDED}),
    "all": frozenset(ItemState),
}


class Next(Given):
    """Which item is wanted."""

    dataset: Line | None = Field(default=None, description="Of this dataset; any, if left out.")


class Held(Given):
    """Proof that the caller holds an item."""

    lease_token: Token


class Decision(Submitted):
    """A ruling on an item that the caller holds."""

    ruling: Literal["approve", "exclude", "skip"]
    reason_code: Annotated[str, Field(max_length=64, pattern=NO_NUL)] = Field(
        default="", description="Needed to approve and to exclude; see docs/review.md."
    )
    note: Note = ""


class Decided(BaseModel):
    """What became of a ruling, and the next item, held."""

    ruling_id: str | None = Field(description="Null for a skip, which stores none.")
    next: ItemWhole | None = Field(description="Null where nothing is left for the caller.")


@router.get("/items", responses=describe())
def list_them(
    site: ThisSite,
    caller: SeesItems,
    dataset: AnyDataset = None,
    state: Annotated[State, Query(description="In which state.")] = "waiting",
    after: After = "",
    limit: Limit = 50,
) -> Page[ItemLine]:
    """Items without their evidence, in order of id: nothing is missed and nothing comes twice."""
    place = read_cursor(after, str)
    begin, states = place[0] if place else "", STATES[state]
    with site.database.snapshot() as session:
        viewer, stream = caller.viewer(site), Stream(dataset or "")
        listed = list_viewed(session, viewer, states, stream=stream, limit=limit, after=begin).items
        names = caller.show(session, [item.lease_holder for item in listed])
    following = write_cursor(listed[-1].id) if len(listed) == limit else None
    return Page(items=[show_line(item, names) for item in listed], next=following)


@router.post(
    "/leases",
    responses={
        200: {"headers": ETAG},
        204: {"description": "Nothing is left for the caller."},
        **describe(),
    },
)
def take_next(
    site: ThisSite, caller: RulesOnItems, response: Response, wanted: Next
) -> ItemWhole | None:
    """Take the next item for ten minutes; the one that the caller holds comes first."""
    with site.database.transaction() as session:
        shown = take_next_of(session, site, caller, wanted.dataset)
    if shown is None:
        response.status_code = 204
        return None
    response.headers["ETag"] = f'"{shown.version}"'
    return shown


@router.get("/items/{item_id}", responses={200: {"headers": ETAG}, **describe(404)})
def show(site: ThisSite, caller: SeesItems, response: Response, item_id: ItemId) -> ItemWhole:
    """One item with its evidence."""
    with site.database.snapshot() as session:
        shown = show_item(session, site, item_id, caller)
    response.headers["ETag"] = f'"{shown.version}"'
    return shown


@router.post("/items/{item_id}/lease", responses={200: {"headers": ETAG}, **describe(404, 409)})
def take(site: ThisSite, caller: RulesOnItems, response: Response, item_id: ItemId) -> ItemWhole:
    """Take this item for ten minutes, if it is free."""
    with site.database.transaction() as session:
        require_item(session, item_id)
        try:
            lease_item(session, item_id, caller.name, lead=caller.adjudicates)
        except AlreadyRuledError as error:
            raise ApiError(
                "already-ruled", "This item is decided.", "Undo its ruling to rule again."
            ) from error
        except ReviewError as error:
            raise ApiError(
                "lease-lost", "This item is not free for you.", "Take the next item."
            ) from error
        shown = show_item(session, site, item_id, caller)
    response.headers["ETag"] = f'"{shown.version}"'
    return shown


@router.post("/items/{item_id}/heartbeat", responses=describe(404, 409))
def keep(site: ThisSite, caller: RulesOnItems, item_id: ItemId, held: Held) -> Lease:  # noqa: ARG001
    """Renew a lease."""
    with site.database.transaction() as session:
        require_item(session, item_id)
        try:
            until = heartbeat(session, item_id, held.lease_token)
        except LeaseLostError as error:
            raise lease_lost() from error
    return Lease(token=held.lease_token, until=moment(until))


@router.post("/items/{item_id}/give-back", status_code=204, responses=describe(404))
def return_it(site: ThisSite, caller: RulesOnItems, item_id: ItemId, held: Held) -> None:  # noqa: ARG001
    """End a lease without a ruling. Doing so twice does no harm."""
    with site.database.transaction() as session:
        require_item(session, item_id)
        give_back(session, item_id, held.lease_token)


@router.post("/items/{item_id}/ruling", responses=describe(404, 409, 412))
def rule(
    site: ThisSite,
    caller: RulesOnItems,
    item_id: ItemId,
    decision: Decision,
    if_match: IfMatch = None,
) -> Decided:
    """Rule on an item that the caller holds, and take the next one.

    Both happen in one transaction. What has been ruled before is answered with 409 and the ruling
    that stands, so that a request whose answer was lost can be sent again without harm; a skip is
    answered as the first time.
    """

    def act(session: Session) -> Ruled:
        return decide(
            session,
            item_id,
            decision.lease_token,
            decision.item_version,
            decision.ruling,
            decision.reason_code,
            decision.note,
            caller.name,
        )

    return take_ruling(site, caller, item_id, decision, if_match, act)


def take_ruling(
    site: Site,
    caller: Caller,
    item_id: str,
    sent: Submitted,
    if_match: str | None,
    act: Callable[[Session], Ruled],
) -> Decided:
    """Rule once: a ruling that stands already is answered with 409 (see ``act_on``).

    Raises:
        ApiError: it cannot be taken; nothing was written.
    """

    def rule_once(session: Session) -> Ruled:
        ruled = act(session)
        if ruled.repeated and ruled.ruling is not RulingKind.SKIP:
            raise already_ruled(session, site, item_id, sent.item_version, caller)
        return ruled

    ruled, following = act_on(site, caller, item_id, sent, if_match, rule_once)
    return Decided(ruling_id=ruled.ruling_id or None, next=following)
