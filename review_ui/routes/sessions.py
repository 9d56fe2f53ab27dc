"""Signing in and out, and choosing a language."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Form, Request
from fastapi.responses import Response

from review_ui.language import LANGUAGE_COOKIE, LANGUAGES
from review_ui.security import SESSION_COOKIE, clean_name, local_path
from review_ui.site import SentByVisitor, ThisSite, go

router = APIRouter()
_YEAR = 365 * 24 * 60 * 60


@router.get("/sign-in")
def show_sign_in(request: Request, site: ThisSite, next: str = "/") -> Response:  # noqa: A002
    """The form that asks for a name. It begins a session, to which its token is bound."""
    visitor = site.visitor(request) or site.sessions.begin()
    response = site.render(
        request, "sign_in.html", visitor=visitor, next=local_path(next), refused=False
    )
    site.remember(response, visitor)
    return response


@router.post("/sign-in")
def sign_in(
    request: Request,
    site: ThisSite,
    visitor: SentByVisitor,
    name: Annotated[str, Form(max_length=1000)] = "",
    next: Annotated[str, Form(max_length=1000)] = "/",  # noqa: A002
) -> Response:
    """Begin a new session under a name."""
    reviewer = clean_name(name)
    if reviewer is None:
        return site.render(
            request,
            "sign_in.html",
            status=422,
            visitor=visitor,
            next=local_path(next),
            refused=True,
        )
    response = go(local_path(next))
    site.remember(response, site.sessions.begin(reviewer))
    return response


@router.post("/sign-out")
def sign_out(visitor: SentByVisitor) -> Response:  # noqa: ARG001  (the form must be genuine)
    """End the session in this browser."""
    response = go("/sign-in")
    response.delete_cookie(SESSION_COOKIE, httponly=True, samesite="strict")
    return response


@router.post("/language")
def choose(
    visitor: SentByVisitor,  # noqa: ARG001  (the form must be genuine)
    language: Annotated[str, Form(max_length=8)],
    back: Annotated[str, Form(max_length=1000)] = "/",
) -> Response:
    """Remember the language that was chosen."""
    response = go(local_path(back))
    if language in LANGUAGES:
        response.set_cookie(
            LANGUAGE_COOKIE, language, max_age=_YEAR, httponly=True, samesite="strict"
        )
    return response
