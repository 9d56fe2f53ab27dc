"""The review queue: looking at items, holding one, and ruling on it."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Annotated, Any, Literal

from fastapi import APIRouter, Header, Query, Response
from pydantic import BaseModel, Field
from sqlalchemy.orm import Session

from models.errors import AlreadyRuledError, LeaseLostError, ReviewError
from models.review.queue import (
    MAX_NOTE,
    Item,
    ItemState,
    ItemSummary,
    decide,
    find_item,
    give_back,
    heartbeat,
    lease_item,
    lease_next,
    list_items,
)
from models.review.queue import WAITING as WAITING_STATES
from models.review.viewing import list_served, view_item, view_summaries
from review_ui.api.callers import Caller, RulesOnItems, SeesItems
from review_ui.api.fields import (
    NO_NUL,
    After,
    AnyDataset,
    Given,
    ItemId,
    Limit,
    Line,
    Page,
    Whole,
    clean,
    clean_text,
    moment,
    moment_or_none,
    read_cursor,
    write_cursor,
)
from review_ui.api.problems import ApiError, describe
from review_ui.api.rulings import Ruling, show_rulings
from review_ui.site import Site, ThisSite

router = APIRouter(tags=["items"])
State = Literal["waiting", "decided", "superseded", "all"]
STATES: dict[str, frozenset[ItemState]] = {
    "waiting": WAITING_STATES,
    "decided": frozenset({ItemState.DECIDED}),
    "superseded": frozenset({ItemState.SUPERSEDED}),
    "all": frozenset(ItemState),
}
Token = Annotated[str, Field(min_length=1, max_length=64, pattern=NO_NUL)]
IfMatch = Annotated[
    str | None,
    Header(
        max_length=200,
        description="The item's ETag: refused with 412 where something else is asked now.",
    ),
]
_ETAG = {"ETag": {"description": "The item's version.", "schema": {"type": "string"}}}


class ItemLine(BaseModel):
    """An item in a list, without its evidence."""

    id: str
    dataset: str
    asset_id: str
    version: int
    state: str
    priority: int
    name: str
    reasons: list[str]
    held_by: str = Field(description="Who holds it, by name or pseudonym; empty where nobody does.")
    held_until: datetime | None
    updated: datetime


class Lease(BaseModel):
    """That somebody holds an item: proof of it, and until when."""

    token: str = Field(description="Goes with the ruling.")
    until: datetime


class ItemWhole(BaseModel):
    """An item with its evidence; with its lease where the caller holds it."""

    id: str
    dataset: str
    asset_id: str
    version: int
    state: str
    priority: int
    updated: datetime
    evidence: dict[str, Any] = Field(description="What a reviewer is shown; see docs/review.md.")
    lease: Lease | None
    rulings: list[Ruling] = Field(
        description="Those that the caller may see: while it waits, perhaps only their own."
    )


class Next(Given):
    """Which item is wanted."""

    dataset: Line | None = Field(default=None, description="Of this dataset; any, if left out.")


class Held(Given):
    """Proof that the caller holds an item."""

    lease_token: Token


class Decision(Given):
    """A ruling on an item that the caller holds."""

    lease_token: Token
    item_version: Whole
    ruling: Literal["approve", "exclude", "skip"]
    reason_code: Annotated[str, Field(max_length=64, pattern=NO_NUL)] = Field(
        default="", description="Needed to approve and to exclude; see docs/review.md."
    )
    note: Annotated[str, Field(max_length=MAX_NOTE, pattern=NO_NUL)] = ""
    next_of: Line | None = Field(
        default=None, description="The next item is wanted of this dataset; any, if left out."
    )


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
        found = list_items(session, dataset=dataset, states=states, limit=limit, after=begin).items
        if state == "waiting":
            served = list_served(session, caller.name, dataset, begin)
            found = tuple(sorted((*found, *served), key=lambda item: item.id)[:limit])
        listed = view_summaries(session, found, caller.viewer(site))
        names = caller.show(session, [item.lease_holder for item in listed])
    following = write_cursor(found[-1].id) if len(found) == limit else None
    # A golden item is decided, and waits as far as whoever has it can tell.
    shown = [_line(item, names) for item in listed if item.state in states]
    return Page(items=shown, next=following)


@router.post(
    "/leases",
    responses={
        200: {"headers": _ETAG},
        204: {"description": "Nothing is left for the caller."},
        **describe(),
    },
)
def take_next(
    site: ThisSite, caller: RulesOnItems, response: Response, wanted: Next
) -> ItemWhole | None:
    """Take the next item for ten minutes; the one that the caller holds comes first."""
    with site.database.transaction() as session:
        golden = site.golden_for(caller.visitor)
        found = lease_next(session, caller.name, wanted.dataset, golden)
        shown = _show(session, site, found.id, caller) if found else None
    if shown is None:
        response.status_code = 204
        return None
    response.headers["ETag"] = f'"{shown.version}"'
    return shown


@router.get("/items/{item_id}", responses={200: {"headers": _ETAG}, **describe(404)})
def show(site: ThisSite, caller: SeesItems, response: Response, item_id: ItemId) -> ItemWhole:
    """One item with its evidence."""
    with site.database.snapshot() as session:
        shown = _show(session, site, item_id, caller)
    response.headers["ETag"] = f'"{shown.version}"'
    return shown


@router.post("/items/{item_id}/lease", responses={200: {"headers": _ETAG}, **describe(404, 409)})
def take(site: ThisSite, caller: RulesOnItems, response: Response, item_id: ItemId) -> ItemWhole:
    """Take this item for ten minutes, if it is free."""
    with site.database.transaction() as session:
        _require(session, item_id)
        try:
            lease_item(session, item_id, caller.name)
        except AlreadyRuledError as error:
            raise ApiError(
                "already-ruled", "This item is decided.", "Undo its ruling to rule again."
            ) from error
        except ReviewError as error:
            raise ApiError(
                "lease-lost", "This item is not free for you.", "Take the next item."
            ) from error
        shown = _show(session, site, item_id, caller)
    response.headers["ETag"] = f'"{shown.version}"'
    return shown


@router.post("/items/{item_id}/heartbeat", responses=describe(404, 409))
def keep(site: ThisSite, caller: RulesOnItems, item_id: ItemId, held: Held) -> Lease:  # noqa: ARG001
    """Renew a lease."""
    with site.database.transaction() as session:
        _require(session, item_id)
        try:
            until = heartbeat(session, item_id, held.lease_token)
        except LeaseLostError as error:
            raise _lease_lost() from error
    return Lease(token=held.lease_token, until=moment(until))


@router.post("/items/{item_id}/give-back", status_code=204, responses=describe(404))
def return_it(site: ThisSite, caller: RulesOnItems, item_id: ItemId, held: Held) -> None:  # noqa: ARG001
    """End a lease without a ruling. Doing so twice does no harm."""
    with site.database.transaction() as session:
        _require(session, item_id)
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
    that stands, so that a request whose answer was lost can be sent again without harm.
    """
    with site.database.transaction() as session:
        _require(session, item_id)
        if if_match not in (None, "*"):
            now = _show(session, site, item_id, caller)
            if if_match != f'"{now.version}"':
                raise ApiError("version-changed", remedy="Look at the item as it is now.")
        try:
            ruled = decide(
                session,
                item_id,
                decision.lease_token,
                decision.item_version,
                decision.ruling,
                decision.reason_code,
                decision.note,
                caller.name,
            )
        except AlreadyRuledError as error:
            raise _already_ruled(session, site, item_id, decision, caller) from error
        except LeaseLostError as error:
            raise _lease_lost() from error
        except ReviewError as error:
            raise ApiError("invalid", error.problem, error.remedy) from error
        if ruled.repeated:
            raise _already_ruled(session, site, item_id, decision, caller)
        golden = site.golden_for(caller.visitor)
        following = lease_next(session, caller.name, decision.next_of, golden)
        shown = _show(session, site, following.id, caller) if following else None
    return Decided(ruling_id=ruled.ruling_id or None, next=shown)


def _require(session: Session, item_id: str) -> Item:
    found = find_item(session, item_id)
    if found is None:
        raise ApiError("not-found", "There is no such item.")
    return found


def _lease_lost() -> ApiError:
    return ApiError(
        "lease-lost",
        "The lease on this item has ended, or something else is asked about it now.",
        "Nothing was written; take the item again.",
    )


def _already_ruled(
    session: Session, site: Site, item_id: str, decision: Decision, caller: Caller
) -> ApiError:
    """409 with the ruling that stands on this version, as far as the caller may see it."""
    view = view_item(session, item_id, caller.viewer(site))
    seen = [
        each
        for each in (view.rulings if view else ())
        if each.item_version == decision.item_version
    ]
    shown = show_rulings(session, seen[:1], caller)
    return ApiError(
        "already-ruled",
        "This version of the item has a ruling already.",
        "Nothing was written; undo that ruling to rule again, or take the next item.",
        extra={"ruling": shown[0].model_dump(mode="json")} if shown else {},
    )


def _show(session: Session, site: Site, item_id: str, caller: Caller) -> ItemWhole:
    view = view_item(session, item_id, caller.viewer(site))
    if view is None:
        raise ApiError("not-found", "There is no such item.")
    item = view.item
    mine = item.state is ItemState.LEASED and item.lease_holder == caller.name
    return ItemWhole(
        id=item.id,
        dataset=clean_text(item.dataset),
        asset_id=item.asset_id,
        version=item.version,
        state=item.state.value,
        priority=item.priority,
        updated=moment(item.updated_ms),
        evidence=clean(item.evidence),
        lease=Lease(token=item.lease_token, until=moment(item.lease_until_ms)) if mine else None,
        rulings=show_rulings(session, view.rulings, caller),
    )


def _line(item: ItemSummary, names: Mapping[str, str]) -> ItemLine:
    held = item.state is ItemState.LEASED
    return ItemLine(
        id=item.id,
        dataset=clean_text(item.dataset),
        asset_id=item.asset_id,
        version=item.version,
        state=item.state.value,
        priority=item.priority,
        name=clean_text(item.name),
        reasons=list(item.reasons),
        held_by=names[item.lease_holder] if held else "",
        held_until=moment_or_none(item.lease_until_ms) if held else None,
        updated=moment(item.updated_ms),
    )
