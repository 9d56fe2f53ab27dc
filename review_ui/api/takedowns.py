"""Takedowns: acknowledging an owner's request, and those in force."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated

from fastapi import APIRouter, Response
from pydantic import BaseModel, Field, StringConstraints

from models.errors import KiyomeError
from models.store.tables import TakedownRow
from models.takedowns import acknowledge_takedown, list_takedowns
from review_ui.api.callers import AcknowledgesTakedowns, SeesTakedowns
from review_ui.api.fields import (
    After,
    Given,
    Limit,
    Note,
    Page,
    Sha256,
    clean_text,
    moment,
    read_cursor,
    write_cursor,
)
from review_ui.api.problems import ApiError, describe
from review_ui.site import ThisSite

router = APIRouter(tags=["takedowns"])
Person = Annotated[
    str, StringConstraints(min_length=1, max_length=200, pattern=r"^[^\x00\s][^\x00]*$")
]


class Takedown(BaseModel):
    """A request that is in force: the asset is in no release made after it."""

    asset_id: str
    requested_by: str
    note: str
    acknowledged: datetime


class Requested(Given):
    """A request to take an asset down."""

    asset_id: Sha256 = Field(description="SHA-256 of the original file.")
    requested_by: Person = Field(description="Who asks for it.")
    note: Note = Field(default="", description="Why, or under which reference.")


@router.get("/takedowns", responses=describe())
def list_them(
    site: ThisSite,
    caller: SeesTakedowns,  # noqa: ARG001
    after: After = "",
    limit: Limit = 50,
) -> Page[Takedown]:
    """Takedowns in force, the newest first."""
    place = read_cursor(after, int, str)
    with site.database.snapshot() as session:
        listed = list_takedowns(session, place, limit)
        shown = [_show(row) for row in listed]
        full = len(listed) == limit
        following = write_cursor(listed[-1].acknowledged_ms, listed[-1].asset_id) if full else None
    return Page(items=shown, next=following)


@router.post(
    "/takedowns",
    status_code=201,
    responses={200: {"model": Takedown, "description": "It was in force before."}, **describe()},
)
def acknowledge(
    site: ThisSite, caller: AcknowledgesTakedowns, response: Response, requested: Requested
) -> Takedown:
    """Acknowledge a request; it is in force when this is answered. An earlier one stands."""
    with site.database.transaction() as session:
        before = session.get(TakedownRow, requested.asset_id)
        try:
            acknowledge_takedown(
                session,
                requested.asset_id,
                requested.requested_by,
                requested.note,
                actor=caller.name,
            )
        except KiyomeError as error:
            raise ApiError("invalid", error.problem, error.remedy) from error
        session.flush()
        shown = _show(session.get_one(TakedownRow, requested.asset_id))
    if before is not None:
        response.status_code = 200
    return shown


def _show(row: TakedownRow) -> Takedown:
    return Takedown(
        asset_id=row.asset_id,
        requested_by=clean_text(row.requested_by),
        note=clean_text(row.note),
        acknowledged=moment(row.acknowledged_ms),
    )
