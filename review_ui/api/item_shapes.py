"""Items of the queue as the API gives them."""

from __future__ import annotations

import time
from collections.abc import Mapping
from datetime import datetime
from typing import Any

from pydantic import BaseModel, Field
from sqlalchemy.orm import Session

from models.captions.records import StoredEdit
from models.review.derivatives import SIZES, derivative_path
from models.review.owner_questions import OwnerQuestion, list_askable
from models.review.queue import Item, ItemState, ItemSummary
from models.review.referrals import Referral
from models.review.shareable import is_shareable
from models.review.viewing import ItemView, view_item
from review_ui.api.callers import Caller
from review_ui.api.fields import (
    clean,
    clean_text,
    moment,
    moment_or_none,
)
from review_ui.api.problems import ApiError
from review_ui.api.rulings import Ruling, show_rulings
from review_ui.site import Site

PRIORITY = "As it is now: every item's grows by as much each day. Null where two persons rule."
ETAG = {"ETag": {"description": "The item's version.", "schema": {"type": "string"}}}


class ItemLine(BaseModel):
    """An item in a list, without its evidence."""

    id: str
    dataset: str
    asset_id: str
    version: int
    state: str
    priority: int | None = Field(description=PRIORITY)
    name: str
    reasons: list[str]
    held_by: str = Field(description="Who holds it, by name or pseudonym; empty where nobody does.")
    held_until: datetime | None
    updated: datetime


class Lease(BaseModel):
    """That somebody holds an item: proof of it, and until when."""

    token: str = Field(description="Goes with the ruling.")
    until: datetime


class NewCaption(BaseModel):
    """What a rewrite puts in the place of a caption."""

    original_sha256: str = Field(description="Digest of the caption as it was found.")
    original: str
    text: str


class Disputed(BaseModel):
    """One of two rulings that differ."""

    ruling: Ruling
    captions: list[NewCaption] = Field(description="Of a rewrite; two may differ in these alone.")


class Told(BaseModel):
    """What a reviewer or a lead said when they handed the item on."""

    kind: str = Field(description="`escalate`: to a lead; `send_back`: by one, to the queue.")
    note: str
    given_by: str = Field(description="By name, or by pseudonym.")
    at: datetime


class Question(BaseModel):
    """What an owner was asked, and what became of it."""

    id: str
    owner: str = Field(description="The setter of the statement whose owner was asked.")
    text: str
    asked_by: str = Field(description="By name or pseudonym; empty while others rule blind.")
    asked: datetime
    due: datetime = Field(description="When the item comes back without an answer.")
    answer: str
    answered: datetime | None
    overdue: bool
    withdrawn: bool


class Askable(BaseModel):
    """Somebody who said something about consent to the asset."""

    owner: str = Field(description="The setter of the statement.")
    known: bool = Field(description="An account is known, so that they can be asked.")


class Picture(BaseModel):
    """A link to a copy of the picture, which works without the token: for an `<img>`."""

    size: int = Field(description="Longer side in pixels, at most.")
    url: str = Field(description="Of a WebP file; ends with `until`.")
    until: datetime


class ItemWhole(BaseModel):
    """An item with its evidence; with its lease where the caller holds it."""

    id: str
    dataset: str
    asset_id: str
    version: int
    state: str
    priority: int | None = Field(description=PRIORITY)
    updated: datetime
    evidence: dict[str, Any] = Field(description="What a reviewer is shown; see docs/review.md.")
    pictures: list[Picture] = Field(
        description="The largest first; none where the picture could not be read, or may be shown "
        "to nobody any more."
    )
    taken_down: datetime | None = Field(
        description="Since when a takedown of the asset stands: no ruling lets it into a release, "
        "and nobody is asked for one. Null where there is none."
    )
    withdrawn: bool = Field(
        description="It waits, and an owner has withdrawn consent for some use of the asset: no "
        "ruling lets it into a later release for that."
    )
    lease: Lease | None
    rulings: list[Ruling] = Field(
        description="Those that the caller may see: while it waits, perhaps only their own."
    )
    blind: bool = Field(description="Two persons rule, each by themselves: scores are left out.")
    again: bool = Field(
        description="The caller had skipped it, and is given it because nothing else is left."
    )
    disputed: list[Disputed] = Field(description="The two rulings that the caller may settle.")
    told: list[Told] = Field(description="What was said when it was handed on, the oldest first.")
    questions: list[Question] = Field(description="What owners were asked, the oldest first.")
    owners: list[Askable] | None = Field(
        description="Whoever may be asked, while the caller holds it; null otherwise."
    )


def show_item(
    session: Session, site: Site, item_id: str, caller: Caller, *, again: bool = False
) -> ItemWhole:
    """An item as the caller may see it.

    Raises:
        ApiError: there is no such item.
    """
    view = view_item(session, item_id, caller.viewer(site))
    if view is None:
        raise ApiError("not-found", "There is no such item.")
    item = view.item
    mine = item.state is ItemState.LEASED and item.lease_holder == caller.name
    askable = list_askable(session, item) if mine else ()
    return ItemWhole(
        id=item.id,
        dataset=clean_text(item.dataset),
        asset_id=item.asset_id,
        version=item.version,
        state=item.state.value,
        priority=None if view.blind else item.priority,
        updated=moment(item.updated_ms),
        evidence=clean(item.evidence),
        pictures=_show_pictures(site, item) if is_shareable(session, item) else [],
        taken_down=moment_or_none(view.taken_down_ms),
        withdrawn=view.withdrawn,
        lease=Lease(token=item.lease_token, until=moment(item.lease_until_ms)) if mine else None,
        rulings=show_rulings(session, view.rulings, caller),
        blind=view.blind,
        again=again,
        disputed=_show_disputed(session, view, caller),
        told=_show_told(session, view.referrals, caller),
        questions=_show_questions(session, view, caller),
        owners=[Askable(owner=clean_text(each.identity), known=each.known) for each in askable]
        if mine
        else None,
    )


def show_line(item: ItemSummary, names: Mapping[str, str]) -> ItemLine:
    """A line of a list, with people called as the caller may know them."""
    held = item.state is ItemState.LEASED
    return ItemLine(
        id=item.id,
        dataset=clean_text(item.dataset),
        asset_id=item.asset_id,
        version=item.version,
        state=item.state.value,
        priority=item.priority if item.persons < 2 else None,
        name=clean_text(item.name),
        reasons=list(item.reasons),
        held_by=names[item.lease_holder] if held else "",
        held_until=moment_or_none(item.lease_until_ms) if held else None,
        updated=moment(item.updated_ms),
    )


def _show_pictures(site: Site, item: Item) -> list[Picture]:
    drawn = [
        size for size in SIZES if derivative_path(site.derivatives, item.asset_id, size).is_file()
    ]
    links = [(size, site.picture_links.make(item.id, size, time.time())) for size in drawn]
    return [
        Picture(size=size, url=site.address + link.path, until=moment(link.until * 1000))
        for size, link in links
    ]


def _show_disputed(session: Session, view: ItemView, caller: Caller) -> list[Disputed]:
    return [
        Disputed(
            ruling=ruling, captions=[_show_caption(edit) for edit in view.rewritten[ruling.id]]
        )
        for ruling in show_rulings(session, view.disputed, caller)
    ]


def _show_caption(edit: StoredEdit) -> NewCaption:
    return NewCaption(
        original_sha256=edit.original_sha256,
        original=clean_text(edit.original),
        text=clean_text(edit.text),
    )


def _show_told(session: Session, referrals: tuple[Referral, ...], caller: Caller) -> list[Told]:
    names = caller.show(session, [each.given_by for each in referrals])
    return [
        Told(
            kind=each.kind,
            note=clean_text(each.note),
            given_by=names[each.given_by],
            at=moment(each.at_ms),
        )
        for each in referrals
    ]


def _show_questions(session: Session, view: ItemView, caller: Caller) -> list[Question]:
    names = caller.show(session, [each.asked_by for each in view.questions])

    def asker(each: OwnerQuestion) -> str:
        hidden = view.blind and each.asked_by != caller.name
        return "" if hidden else names[each.asked_by]

    return [
        Question(
            id=each.id,
            owner=clean_text(each.identity),
            text=clean_text(each.text),
            asked_by=asker(each),
            asked=moment(each.asked_ms),
            due=moment(each.due_ms),
            answer=clean_text(each.answer),
            answered=moment_or_none(each.answered_ms),
            overdue=each.overdue_ms is not None,
            withdrawn=each.withdrawn_ms is not None,
        )
        for each in view.questions
    ]
