"""What the blind samples of cleared assets show, release by release."""

from __future__ import annotations

from fastapi import APIRouter, Request
from fastapi.responses import Response
from sqlalchemy import select

from models.store.tables import ReleaseRow
from review_ui.permitted import SeesAssurance
from review_ui.site import ThisSite

router = APIRouter()


@router.get("/assurance")
def show_assurance(request: Request, site: ThisSite, reader: SeesAssurance) -> Response:
    """Every sample with its figure, the newest first. It never tells which assets were drawn."""
    # Bounds take numpy and scipy, which no other page needs.
    from models.review.quality.wording import percent
    from models.review.sampling.reporting import report_samples

    with site.database.snapshot() as session:
        reports = report_samples(session)
        query = select(ReleaseRow.id, ReleaseRow.number)
        numbers = {row.id: row.number for row in session.execute(query)}
    return site.render(
        request,
        "assurance.html",
        visitor=reader,
        reports=reports,
        numbers=numbers,
        percent=percent,
    )
