"""Owners' requests for those who settle them: what waits, since when, and what was decided."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Form, HTTPException, Path, Query, Request
from fastapi.responses import Response

from models.errors import KiyomeError
from models.review.derivatives import THUMB, derivative_path
from models.store.database import now_ms
from models.store.tables import AccountRow
from review_ui.permitted import DecidesRequests, SeesRequests
from review_ui.routes.requests import MOST_SHOWN, stand, tell_steps
from review_ui.security import Visitor
from review_ui.site import Site, ThisSite, go

router = APIRouter()
KINDS = ("withdrawal", "takedown", "name", "motif")
LATE_DAYS = 3
"""After so many days a request that waits for a decision is shown as late."""

_DAY_MS = 24 * 60 * 60 * 1000
RequestId = Annotated[str, Path(pattern=r"^[0-9a-f]{32}$")]


@router.get("/owners/requests")
def show_all(
    request: Request,
    site: ThisSite,
    visitor: SeesRequests,  # noqa: ARG001
    kind: Annotated[str, Query(max_length=16)] = "",
    waiting: Annotated[str, Query(max_length=8)] = "",
    page: Annotated[int, Query(ge=1, le=100_000)] = 1,
) -> Response:
    """All requests, or those that wait for a decision with the oldest first."""
    from models.owners.request_list import PAGE, RequestFilter, count_requests, list_requests

    chosen = RequestFilter(kind=kind if kind in KINDS else "", waiting=bool(waiting))
    with site.database.snapshot() as session:
        now = now_ms(session)
        total = count_requests(session, chosen)
        pages = max(1, -(-total // PAGE))
        page = min(page, pages)
        listed = list_requests(session, chosen, offset=(page - 1) * PAGE)
        shown = [
            (
                each,
                stand(session, site, each),
                session.get(AccountRow, each.account_id),
                (now - each.acknowledged_ms) // _DAY_MS,
            )
            for each in listed
        ]
        return site.render(
            request,
            "owner_requests.html",
            shown=shown,
            total=total,
            waits=count_requests(session, RequestFilter(waiting=True)),
            page=page,
            pages=pages,
            chosen=chosen,
            kinds=KINDS,
            late_days=LATE_DAYS,
        )


@router.get("/owners/requests/{request_id}")
def show_one(
    request: Request, site: ThisSite, visitor: SeesRequests, request_id: RequestId
) -> Response:
    """One request with everything that is known of it."""
    return _render(request, site, visitor, request_id)


@router.post("/owners/requests/{request_id}/settle")
def settle(
    request: Request,
    site: ThisSite,
    visitor: DecidesRequests,
    request_id: RequestId,
    ruling: Annotated[str, Form(max_length=16)] = "",
    reason: Annotated[str, Form(max_length=8000)] = "",
) -> Response:
    """Confirm or refuse a name or a motif."""
    from models.owners.settling import settle_claim

    if ruling not in ("confirm", "refuse"):
        return _render(request, site, visitor, request_id, notice="no_ruling")
    try:
        with site.database.transaction() as session:
            settle_claim(
                session,
                request_id,
                confirm=ruling == "confirm",
                actor=visitor.reviewer,
                reason=reason,
            )
    except KiyomeError as error:
        return _render(request, site, visitor, request_id, error=error, reason=reason)
    return go(f"/owners/requests/{request_id}")


def _render(
    request: Request,
    site: Site,
    visitor: Visitor,
    request_id: str,
    *,
    error: KiyomeError | None = None,
    notice: str = "",
    reason: str = "",
) -> Response:
    from models.owners.requests import read_request

    with site.database.snapshot() as session:
        asked = read_request(session, request_id)
        if asked is None:
            raise HTTPException(404)
        account = session.get_one(AccountRow, asked.account_id)
        pictured = [
            motif_id
            for motif_id in asked.standing.get("motif", ())
            if derivative_path(site.derivatives, motif_id, THUMB).is_file()
        ]
        return site.render(
            request,
            "owner_request.html",
            status=422 if error or notice else 200,
            asked=asked,
            account=account,
            standing=stand(session, site, asked),
            steps=tell_steps(session, asked, visitor.permissions, account.name),
            pictured=pictured,
            most=MOST_SHOWN,
            error=error,
            notice=notice,
            reason=reason,
        )
