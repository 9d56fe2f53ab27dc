"""Signing in and out, and choosing a language."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Form, Request
from fastapi.responses import Response

from models.accounts.attempts import Wait
from models.accounts.keeping import choose_language
from models.accounts.sessions import end_session
from models.accounts.signing_in import Begun, sign_in
from review_ui.language import LANGUAGE_COOKIE, LANGUAGES
from review_ui.permitted import SentByVisitor
from review_ui.security import Visitor, clean_name, local_path
from review_ui.site import Site, ThisSite, address_of, agent_of, go

router = APIRouter()
_YEAR = 365 * 24 * 60 * 60
Next = Annotated[str, Form(max_length=1000)]


@router.get("/sign-in")
def show_sign_in(request: Request, site: ThisSite, next: str = "/") -> Response:  # noqa: A002
    """The form to sign in with. It begins a session, to which its token is bound."""
    known = site.visitor(request)
    visitor = known or site.sessions.begin()
    response = _render(request, site, visitor, next)
    if visitor.account is None:
        site.remember(response, visitor)
    return response


@router.post("/sign-in")
def take_sign_in(
    request: Request,
    site: ThisSite,
    visitor: SentByVisitor,
    name: Annotated[str, Form(max_length=1000)] = "",
    password: Annotated[str, Form(max_length=4096)] = "",
    next: Next = "/",  # noqa: A002
) -> Response:
    """Begin a new session: with a password, or with a name alone where there are no accounts."""
    if not site.has_accounts():
        return _sign_in_by_name(request, site, visitor, name, next)
    begun = sign_in(
        site.database, name, password, address=address_of(request), agent=agent_of(request)
    )
    if isinstance(begun, Begun):
        return enter(site, visitor, begun, next)
    if isinstance(begun, Wait):
        response = _render(request, site, visitor, next, 429, "wait", name=name, wait=begun)
        response.headers["Retry-After"] = str(begun.seconds)
        return response
    return _render(request, site, visitor, next, 401, "wrong", name=name)


def enter(site: Site, before: Visitor | None, begun: Begun, path: str = "/") -> Response:
    """Go on as whoever has just signed in. A session that the browser had before ends."""
    if before is not None and before.account is not None:
        with site.database.transaction() as session:
            end_session(session, before.account, before.session_id, before.account.name)
    inside = local_path(path)
    home = Visitor(begun.account.name, "", begun.account).home
    response = go(home if inside == "/" else inside)
    site.keep_token(response, begun.token)
    return response


@router.post("/sign-out")
def sign_out(site: ThisSite, visitor: SentByVisitor) -> Response:
    """End the session, here and on the server."""
    if visitor.account is not None:
        with site.database.transaction() as session:
            end_session(session, visitor.account, visitor.session_id, visitor.account.name)
    response = go("/sign-in")
    site.forget(response)
    return response


@router.post("/language")
def choose(
    site: ThisSite,
    visitor: SentByVisitor,
    language: Annotated[str, Form(max_length=8)],
    back: Annotated[str, Form(max_length=1000)] = "/",
) -> Response:
    """Remember the language that was chosen."""
    response = go(local_path(back))
    if language in LANGUAGES:
        if visitor.account is not None:
            with site.database.transaction() as session:
                choose_language(session, visitor.account.id, language)
        response.set_cookie(
            LANGUAGE_COOKIE,
            language,
            max_age=_YEAR,
            secure=site.secure,
            httponly=True,
            samesite="strict",
        )
    return response


def _sign_in_by_name(
    request: Request, site: Site, visitor: Visitor, name: str, path: str
) -> Response:
    reviewer = clean_name(name)
    if reviewer is None:
        return _render(request, site, visitor, path, 422, "refused")
    response = go(local_path(path))
    site.remember(response, site.sessions.begin(reviewer))
    return response


def render_sign_in(
    request: Request, site: Site, status: int, notice: str, *, subject: str = ""
) -> Response:
    """The form again, for whoever came to it by another way than the form."""
    visitor = site.visitor(request) or site.sessions.begin()
    response = _render(request, site, visitor, "/", status, notice, subject=subject)
    if visitor.account is None:
        site.remember(response, visitor)
    return response


def _render(
    request: Request,
    site: Site,
    visitor: Visitor,
    path: str,
    status: int = 200,
    notice: str = "",
    *,
    name: str = "",
    wait: Wait | None = None,
    subject: str = "",
) -> Response:
    return site.render(
        request,
        "sign_in.html",
        status=status,
        visitor=visitor,
        next=local_path(path),
        notice=notice,
        name=name[:64],
        wait=wait,
        subject=subject,
        provider=site.provider.name if site.provider else "",
        with_password=site.has_accounts(),
    )
