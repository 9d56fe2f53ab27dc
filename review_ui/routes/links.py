"""One-time links: setting a password for the first time, or anew."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Form, Request
from fastapi.responses import Response

from models.accounts.links import find_link, use_link
from models.accounts.passwords import LONGEST, SHORTEST, hash_password, require_good
from models.accounts.signing_in import begin_after_link
from models.errors import AccountError
from review_ui.permitted import SentByVisitor
from review_ui.routes.sessions import enter
from review_ui.security import Visitor
from review_ui.site import Site, ThisSite, address_of, agent_of

router = APIRouter()
Password = Annotated[str, Form(max_length=4096)]


@router.get("/link/{token}")
def show_link(request: Request, site: ThisSite, token: str) -> Response:
    """The form that sets the password. Looking at it uses nothing up: mail scanners look too."""
    visitor = site.visitor(request) or site.sessions.begin()
    response = _render(request, site, visitor, token)
    if visitor.account is None:
        site.remember(response, visitor)
    return response


@router.post("/link")
def take_link(
    request: Request,
    site: ThisSite,
    visitor: SentByVisitor,
    token: Annotated[str, Form(max_length=64)],
    password: Password = "",
    again: Password = "",
) -> Response:
    """Set the password, use the link up, and sign in."""
    with site.database.snapshot() as session:
        link = find_link(session, token)
    if link is None:
        return _render(request, site, visitor, token)
    if notice := find_problem(password, again):
        return _render(request, site, visitor, token, 422, notice)
    made = hash_password(password)
    try:
        with site.database.transaction() as session:
            account = use_link(session, token, made)
    except AccountError:
        return _render(request, site, visitor, token)
    begun = begin_after_link(
        site.database, account.id, address=address_of(request), agent=agent_of(request)
    )
    return enter(site, visitor, begun)


def find_problem(password: str, again: str) -> str:
    """What keeps this from being a password, as a notice; "" where nothing does."""
    if password != again:
        return "differ"
    if not SHORTEST <= len(password) <= LONGEST:
        return "length"
    try:
        require_good(password)
    except AccountError:
        return "plain"
    return ""


def _render(
    request: Request,
    site: Site,
    visitor: Visitor,
    token: str,
    status: int = 200,
    notice: str = "",
) -> Response:
    with site.database.snapshot() as session:
        link = find_link(session, token)
    if link is None:
        return site.render(request, "problem.html", status=410, visitor=visitor, kind="link")
    return site.render(
        request,
        "link.html",
        status=status,
        visitor=visitor,
        link=link,
        token=token,
        notice=notice,
        shortest=SHORTEST,
        longest=LONGEST,
    )
