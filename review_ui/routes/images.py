"""Pictures: only copies that the pipeline encoded anew, only by id."""

from __future__ import annotations

import time
from typing import Annotated

from fastapi import APIRouter, HTTPException, Path
from fastapi.responses import FileResponse, Response

from models.review.derivatives import SIZES, derivative_path
from models.review.shareable import find_shareable
from review_ui.guard import RESOURCE_POLICY
from review_ui.permitted import SeesItems
from review_ui.site import Site, ThisSite

router = APIRouter()
PictureSize = Annotated[str, Path(pattern=f"^({'|'.join(map(str, SIZES))})$")]
"""Text, so that one address alone names a copy: a number has several spellings."""
ItemId = Annotated[str, Path(pattern=r"^[0-9a-f]{32}$")]
LONGEST_S = 600


@router.get("/pictures/{asset_id}/{size}")
def show_picture(
    site: ThisSite,
    reviewer: SeesItems,  # noqa: ARG001
    asset_id: str,
    size: PictureSize,
) -> Response:
    """One copy of one picture, or 404."""
    return _answer(site, asset_id, int(size), LONGEST_S)


@router.get("/shared/items/{item_id}/{size}")
def show_shared(
    site: ThisSite, item_id: ItemId, size: PictureSize, until: str = "", signature: str = ""
) -> Response:
    """One copy of an item's picture, for whoever has a link that works; 404 for everybody else.

    It is the same 404 for a link that has ended, was changed or never was: guessing tells nothing.
    """
    left = site.picture_links.left(item_id, int(size), until, signature, time.time())
    if not left:
        raise HTTPException(404)
    with site.database.snapshot() as session:
        asset_id = find_shareable(session, item_id)
    answer = _answer(site, asset_id, int(size), min(left, LONGEST_S))
    answer.headers[RESOURCE_POLICY] = "cross-origin"
    return answer


def _answer(site: Site, asset_id: str, size: int, seconds: int) -> Response:
    try:
        path = derivative_path(site.derivatives, asset_id, size)
    except ValueError as error:
        raise HTTPException(404) from error
    if not path.is_file():
        raise HTTPException(404)
    kept = {"Cache-Control": f"private, max-age={seconds}"}
    return FileResponse(path, media_type="image/webp", headers=kept)
