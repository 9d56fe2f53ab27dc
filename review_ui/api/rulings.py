"""Rulings: looking at them, and taking one back."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

from fastapi import APIRouter
from pydantic import BaseModel, Field
from sqlalchemy.orm import Session

from models.errors import ReviewError
from models.review.queue import StoredRuling, undo
from models.review.stored_rulings import find_ruling_by_id, golden_ruling_on, list_rulings
from models.review.undoing import has_undone
from models.review.viewing import view_item
from review_ui.api.callers import Caller, RulesOnItems, SeesItems, SeesRulings
from review_ui.api.fields import (
    After,
    AnyDataset,
    Limit,
    Page,
    RulingId,
    clean_text,
    moment,
    read_cursor,
    write_cursor,
)
from review_ui.api.problems import ApiError, describe
from review_ui.site import ThisSite

router = APIRouter(tags=["rulings"])


class Ruling(BaseModel):
    """A ruling, in force or not."""

    id: str
    item_id: str
    item_version: int
    dataset: str
    asset_id: str
    ruling: str
    reason_code: str
    note: str
    reviewer: str = Field(description="By name, or by pseudonym; empty where there is none.")
    ruled: datetime
    in_force: bool
    came_with: str | None = Field(description="The ruling that it was taken together with.")


class Undone(BaseModel):
    """A ruling that is no longer in force."""

    ruling_id: str
    item_id: str = Field(description="The item, which is open again.")


@router.get("/rulings", responses=describe())
def list_them(
    site: ThisSite,
    caller: SeesRulings,
    dataset: AnyDataset = None,
    after: After = "",
    limit: Limit = 50,
) -> Page[Ruling]:
    """Rulings in the order in which they were taken.

    While an item waits, only the caller's own rulings on it are shown: whoever still rules on it
    does so without knowing what others said.
    """
    place = read_cursor(after, int, str)
    with site.database.snapshot() as session:
        listed = list_rulings(session, caller.name, dataset=dataset, after=place, limit=limit)
        shown = show_rulings(session, listed, caller)
    full = len(listed) == limit
    following = write_cursor(listed[-1].ruled_ms, listed[-1].id) if full else None
    return Page(items=shown, next=following)


@router.get("/rulings/{ruling_id}", responses=describe(404))
def show(site: ThisSite, caller: SeesItems, ruling_id: RulingId) -> Ruling:
    """One ruling."""
    with site.database.snapshot() as session:
        stored = _find(session, ruling_id)
        view = view_item(session, stored.item_id, caller.viewer(site)) if stored else None
        seen = [each for each in view.rulings if each.id == ruling_id] if view else []
        if not seen:
            raise ApiError("not-found", "There is no such ruling that you may look at.")
        return show_rulings(session, seen, caller)[0]


@router.post("/rulings/{ruling_id}/undo", responses=describe(404, 409))
def take_back(site: ThisSite, caller: RulesOnItems, ruling_id: RulingId) -> Undone:
    """End a ruling that is in force, and those that were taken together with it.

    Whoever sends it again is answered as the first time.
    """
    with site.database.transaction() as session:
        found = _find(session, ruling_id)
        if found is None:
            raise ApiError("not-found", "There is no such ruling.")
        try:
            item_id = undo(session, ruling_id, caller.name, lead=caller.adjudicates)
        except ReviewError as error:
            if has_undone(session, ruling_id, caller.name):
                return Undone(ruling_id=ruling_id, item_id=found.item_id)
            raise ApiError("conflict", error.problem, error.remedy) from error
    return Undone(ruling_id=ruling_id, item_id=item_id)


def _find(session: Session, ruling_id: str) -> StoredRuling | None:
    return find_ruling_by_id(session, ruling_id) or golden_ruling_on(session, ruling_id)


def show_rulings(session: Session, rulings: Sequence[StoredRuling], caller: Caller) -> list[Ruling]:
    """Rulings as this caller may see them."""
    names = caller.show(session, [each.reviewer for each in rulings])
    return [
        Ruling(
            id=each.id,
            item_id=each.item_id,
            item_version=each.item_version,
            dataset=clean_text(each.dataset),
            asset_id=each.asset_id,
            ruling=each.ruling,
            reason_code=each.reason_code,
            note=clean_text(each.note),
            reviewer=names[each.reviewer],
            ruled=moment(each.ruled_ms),
            in_force=each.in_force,
            came_with=each.came_with or None,
        )
        for each in rulings
    ]
