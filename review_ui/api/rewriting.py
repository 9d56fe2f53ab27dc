"""Rewriting the captions of an item: what new texts would come to, and the ruling with them."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter
from pydantic import BaseModel, Field
from sqlalchemy.orm import Session

from models.captions.ruling import decide_rewriting
from models.captions.spans import MAX_TEXT
from models.review.queue import Ruled
from review_ui.api.acting import IfMatch, Submitted, require_item
from review_ui.api.callers import RulesOnItems
from review_ui.api.fields import NO_NUL, Given, ItemId, Note, clean_text
from review_ui.api.items import Decided, take_ruling
from review_ui.api.problems import ApiError, describe
from review_ui.rewriting import RewriteField, SentRewrite, offer_rewriting
from review_ui.site import ThisSite

router = APIRouter(tags=["rewriting"])
MOST = 50
"""Captions of one request."""


class NewText(Given):
    """A text for the place of one caption."""

    caption: Annotated[int, Field(ge=0, le=10_000)] = Field(
        description="Which of the evidence's captions, counted from 0."
    )
    text: Annotated[str, Field(min_length=1, max_length=MAX_TEXT, pattern=NO_NUL)]


Texts = Annotated[list[NewText], Field(min_length=1, max_length=MOST)]


class Drafted(Given):
    """Texts that somebody thinks of."""

    captions: Texts


class Rewritten(Submitted):
    """The ruling that an asset may stay with other captions."""

    captions: Texts
    reason_code: Annotated[str, Field(max_length=64, pattern=NO_NUL)] = Field(
        description="A reason to rewrite; see docs/review.md."
    )
    note: Note = ""


class Remaining(BaseModel):
    """A name that the next run would find in a new text."""

    kind: str
    surface: str = Field(description="As it stands in the text.")
    explanation: str


class Previewed(BaseModel):
    """What one new text comes to."""

    caption: int
    text: str
    problem: str = Field(description="Why it cannot be taken; empty where it can.")
    remaining: list[Remaining] | None = Field(
        description="Names that are still in it; null where that cannot be told now."
    )


class Preview(BaseModel):
    """What new texts come to; those that change nothing are left out."""

    captions: list[Previewed]


@router.post("/items/{item_id}/rewrite/preview", responses=describe(404, 413))
def preview(site: ThisSite, caller: RulesOnItems, item_id: ItemId, drafted: Drafted) -> Preview:  # noqa: ARG001
    """Look what new captions would come to. Nothing is written."""
    with site.database.snapshot() as session:
        item = require_item(session, item_id)
    offered = offer_rewriting(item, SentRewrite(_read_texts(drafted.captions)), site.look)
    fields = offered.fields if offered else ()
    return Preview(captions=[shown for each in fields if (shown := _show(each)) is not None])


@router.post("/items/{item_id}/rewrite", responses=describe(404, 409, 412, 413))
def rewrite(
    site: ThisSite,
    caller: RulesOnItems,
    item_id: ItemId,
    sent: Rewritten,
    if_match: IfMatch = None,
) -> Decided:
    """Rule that an asset may stay with other captions, and take the next item.

    Where two persons have to rule, both have to give the same texts. Otherwise as for a ruling.
    """
    texts = _read_texts(sent.captions)

    def act(session: Session) -> Ruled:
        return decide_rewriting(
            session,
            item_id,
            sent.lease_token,
            sent.item_version,
            texts,
            sent.reason_code,
            sent.note,
            caller.name,
        )

    return take_ruling(site, caller, item_id, sent, if_match, act)


def _read_texts(given: list[NewText]) -> dict[int, str]:
    texts = {each.caption: each.text for each in given}
    if len(texts) < len(given):
        raise ApiError("invalid", "A caption is given two texts.", "Name each caption once.")
    return texts


def _show(field: RewriteField) -> Previewed | None:
    seen = field.preview
    if seen is None:
        return None
    remaining = seen.remaining
    return Previewed(
        caption=field.index,
        text=clean_text(seen.text),
        problem=seen.problem,
        remaining=None
        if remaining is None
        else [
            Remaining(
                kind=each.kind,
                surface=clean_text(each.surface),
                explanation=clean_text(each.explanation),
            )
            for each in remaining
        ],
    )
