"""Pictures: only copies that the pipeline encoded anew, only by id."""

from __future__ import annotations

from fastapi import APIRouter, HTTPException
from fastapi.responses import FileResponse, Response

from models.review.derivatives import derivative_path
from review_ui.permitted import SeesItems
from review_ui.site import ThisSite

router = APIRouter()


@router.get("/pictures/{asset_id}/{size}")
def show_picture(site: ThisSite, reviewer: SeesItems, asset_id: str, size: int) -> Response:  # noqa: ARG001
    """One copy of one picture, or 404."""
    try:
        path = derivative_path(site.derivatives, asset_id, size)
    except ValueError as error:
        raise HTTPException(404) from error
    if not path.is_file():
        raise HTTPException(404)
    return FileResponse(
        path, media_type="image/webp", headers={"Cache-Control": "private, max-age=600"}
    )
