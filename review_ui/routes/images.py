"""Pictures: only copies that the pipeline encoded anew, only by id."""

from __future__ import annotations

import time
from typing import Annotated

from fastapi import APIRouter, Header, HTTPException, Path
from fastapi.responses import FileResponse, Response

from models.review.derivatives import SIZES, derivative_path
from models.review.items import find_item
from models.review.shareable import is_shareable
from review_ui.guard import RESOURCE_POLICY
from review_ui.permitted import SeesItems
from review_ui.site import Site, ThisSite

router = APIRouter()
PictureSize = Annotated[str, Path(pattern=f"^({'|'.join(map(str, SIZES))})$")]
"""Text, so that one address alone names a copy: a number has several spellings."""
ItemId = Annotated[str, Path(pattern=r"^[0-9a-f]{32}$")]
IfNoneMatch = Annotated[str, Header()]
LONGEST_S = 600


@router.get("/pictures/{asset_id}/{size}")
def show_picture(
    site: ThisSite,
    reviewer: SeesItems,  # noqa: ARG001
    asset_id: str,
    size: PictureSize,
    if_none_match: IfNoneMatch = "",
) -> Response:
    """One copy of one picture, or 404; 304 where the browser has it already."""
    return _answer(site, asset_id, int(size), LONGEST_S, if_none_match)


@router.get("/shared/items/{item_id}/{size}")
def show_shared(
    site: ThisSite,
    item_id: ItemId,
    size: PictureSize,
    until: str = "",
    signature: str = "",
    if_none_match: IfNoneMatch = "",
) -> Response:
    """One copy of an item's picture, for whoever has a link that works; 404 for everybody else.

    It is the same 404 for a link that has ended, was changed or never was: guessing tells nothing.
    """
    left = site.picture_links.left(item_id, int(size), until, signature, time.time())
    if not left:
        raise HTTPException(404)
    with site.database.snapshot() as session:
        item = find_item(session, item_id)
        if item is None or not is_shareable(session, item):
            raise HTTPException(404)
    answer = _answer(site, item.asset_id, int(size), min(left, LONGEST_S), if_none_match)
    answer.headers[RESOURCE_POLICY] = "cross-origin"
    return answer


def _answer(site: Site, asset_id: str, size: int, seconds: int, if_none_match: str) -> Response:
    try:
        path = derivative_path(site.derivatives, asset_id, size)
    except ValueError as error:
        raise HTTPException(404) from error
    if not path.is_file():
        raise HTTPException(404)
    found = path.stat()
    # A copy is never written over in place: its time and length change with its content.
    tag = f'"{found.st_mtime_ns:x}-{found.st_size:x}"'
    kept = {"Cache-Control": f"private, max-age={seconds}", "ETag": tag}
    if tag in if_none_match:
        return Response(status_code=304, headers=kept)
    return FileResponse(path, media_type="image/webp", headers=kept, stat_result=found)
