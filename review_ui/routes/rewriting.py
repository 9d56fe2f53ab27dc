"""Rewriting the captions of an item: what a text would come to, and the ruling that takes it."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Form, HTTPException, Path, Request
from fastapi.responses import Response

from models.captions.ruling import decide_rewriting
from models.errors import (
    AlreadyRuledError,
    CaptionEditError,
    ConsentUnansweredError,
    LeaseLostError,
)
from models.review.items import Item, find_item
from models.review.leasing import lease_next
from review_ui.choosing import choose_stream
from review_ui.item_page import render_already_ruled, render_item
from review_ui.permitted import RulesOnItems
from review_ui.rewriting import offer_rewriting, read_sent
from review_ui.routes.items import Token, Within
from review_ui.routes.queue import go_to_next
from review_ui.site import Site, ThisSite, go

router = APIRouter()
MOST = 200
"""Captions, and choices, of one form."""

ItemId = Annotated[str, Path(pattern=r"^[0-9a-f]{32}$")]
Captions = Annotated[list[Annotated[int, Form(ge=0, le=10_000)]], Form(max_length=MOST)]
Texts = Annotated[list[str], Form(max_length=MOST)]
Choices = Annotated[list[str], Form(max_length=MOST)]
Short = Annotated[str, Form(max_length=64)]
Note = Annotated[str, Form(max_length=20_000)]


@router.post("/items/{item_id}/rewrite/preview")
def preview(
    request: Request,
    site: ThisSite,
    visitor: RulesOnItems,
    item_id: ItemId,
    caption: Captions = [],  # noqa: B006  (FastAPI copies it)
    text: Texts = [],  # noqa: B006
    choice: Choices = [],  # noqa: B006
    rewrite_reason: Short = "",
    note: Note = "",
    within: Within = "",
    part: Annotated[str, Form(max_length=8)] = "",
) -> Response:
    """What the texts would come to: the whole page, or the preview alone with ``part``."""
    sent = read_sent(_find(site, item_id), caption, text, choice, rewrite_reason, note)
    if not part:
        return render_item(request, site, visitor, item_id, {"within": within, "rewrite": sent})
    rewriting = offer_rewriting(_find(site, item_id), sent, site.look)
    return site.render(
        request, "rewrite_preview.html", visitor=visitor, rewriting=rewriting, wants_part=True
    )


@router.post("/items/{item_id}/rewrite")
def take_rewrite(
    request: Request,
    site: ThisSite,
    visitor: RulesOnItems,
    item_id: ItemId,
    lease_token: Token,
    item_version: Annotated[int, Form(ge=1, le=2**53)],
    caption: Captions = [],  # noqa: B006  (FastAPI copies it)
    text: Texts = [],  # noqa: B006
    choice: Choices = [],  # noqa: B006
    rewrite_reason: Short = "",
    note: Note = "",
    within: Within = "",
    for_lead: Annotated[str, Form(max_length=8)] = "",
) -> Response:
    """Take the ruling that the asset may stay with these captions, and hand out the next item.

    With ``for_lead`` the item was a lead's, who goes back to the list of those.
    """
    item = _find(site, item_id)
    sent = read_sent(item, caption, text, choice, rewrite_reason, note)
    given = {"within": within, "rewrite": sent}
    if problem := sent.problem:
        return render_item(request, site, visitor, item_id, {**given, "notice": problem}, 422)
    try:
        with site.database.transaction() as session:
            ruled = decide_rewriting(
                session,
                item_id,
                lease_token,
                item_version,
                sent.texts,
                sent.reason,
                sent.note,
                visitor.reviewer,
            )
            following = None
            if not for_lead:
                golden = site.golden_for(visitor)
                stream = choose_stream(session, visitor, within)
                following = lease_next(session, visitor.reviewer, None, golden, stream)
    except AlreadyRuledError:
        return render_already_ruled(request, site, visitor, item_id, item_version)
    except LeaseLostError:
        given = {"notice": "lease_lost", "note": "\n\n".join((*sent.changed(item), note)).strip()}
        return render_item(request, site, visitor, item_id, given, 409)
    except ConsentUnansweredError:
        given["notice"] = "consent_unanswered"
        return render_item(request, site, visitor, item_id, given, 422)
    except CaptionEditError:
        given["notice"] = "rewrite_not_taken"
        return render_item(request, site, visitor, item_id, given, 422)
    if not ruled.stands:
        return render_item(request, site, visitor, item_id, {"notice": "not_in_force"}, 409)
    if for_lead:
        return go("/adjudication")
    return go_to_next(following, within)


def _find(site: Site, item_id: str) -> Item:
    with site.database.snapshot() as session:
        item = find_item(session, item_id)
    if item is None:
        raise HTTPException(404)
    return item
