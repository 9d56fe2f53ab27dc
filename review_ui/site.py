"""What every route needs: the database, the pictures, sessions, and how a page is rendered."""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Annotated, Any, cast
from urllib.parse import quote

from fastapi import Depends, Form, Request
from fastapi.responses import HTMLResponse, RedirectResponse
from jinja2 import Environment, FileSystemLoader, StrictUndefined

from models.motifs.placement import read_number
from models.store.database import Database
from review_ui.language import LANGUAGE_COOKIE, LANGUAGES, Words, choose_language
from review_ui.security import SESSION_COOKIE, SESSION_SECONDS, Sessions, Visitor

HERE = Path(__file__).parent
_FARTHEST = 1e6
_SURROGATES = re.compile("[\ud800-\udfff]")


class SignInNeededError(Exception):
    """The request needs a reviewer, and the session names none."""


class ForgedFormError(Exception):
    """A form came without the token of the session that it claims to belong to."""


@dataclass(frozen=True, slots=True)
class Site:
    """The parts that all routes share.

    Attributes:
        database: where the queue is.
        derivatives: folder of the pictures that may be shown.
        workspace: where the originals of references are kept.
        max_pixels: an uploaded picture with more is refused.
        sessions: who is who.
        templates: the pages.
    """

    database: Database
    derivatives: Path
    workspace: Path
    max_pixels: int
    sessions: Sessions
    templates: Environment

    def visitor(self, request: Request) -> Visitor | None:
        """Whose request it is, as far as its cookie proves it."""
        return self.sessions.read(request.cookies.get(SESSION_COOKIE))

    def words(self, request: Request) -> Words:
        """The words in the visitor's language."""
        cookie = request.cookies.get(LANGUAGE_COOKIE)
        return Words(choose_language(cookie, request.headers.get("accept-language", "")))

    def render(
        self,
        request: Request,
        template: str,
        *,
        status: int = 200,
        visitor: Visitor | None = None,
        **values: Any,
    ) -> HTMLResponse:
        """A page. Half a surrogate pair, which UTF-8 cannot carry, is shown as U+FFFD."""
        visitor = visitor or self.visitor(request)
        words = self.words(request)
        here = request.url.path if request.method == "GET" else ""
        text = self.templates.get_template(template).render(
            t=words,
            visitor=visitor,
            csrf=self.sessions.csrf_token(visitor) if visitor else "",
            languages=LANGUAGES,
            here=here,
            **values,
        )
        return HTMLResponse(
            _SURROGATES.sub("\ufffd", text),
            status,
            {"Content-Language": words.language, "Vary": "Cookie, Accept-Language"},
        )

    def remember(self, response: HTMLResponse | RedirectResponse, visitor: Visitor) -> None:
        """Put a session into the visitor's browser."""
        response.set_cookie(
            SESSION_COOKIE,
            self.sessions.write(visitor),
            max_age=SESSION_SECONDS,
            httponly=True,
            samesite="strict",
        )


def load_templates() -> Environment:
    """The templates: everything is escaped, and a name that is not there is an error."""
    environment = Environment(
        loader=FileSystemLoader(HERE / "templates"),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    environment.filters["moment"] = format_moment
    environment.filters["share"] = format_share
    return environment


def format_moment(milliseconds: float) -> str:
    """A time for a reader: ``2031-04-05 06:07 UTC``; the number where it is out of range."""
    try:
        moment = datetime.fromtimestamp(milliseconds / 1000, UTC)
    except (ValueError, OverflowError, OSError, TypeError):
        return str(milliseconds)
    return f"{moment:%Y-%m-%d %H:%M} UTC"


def format_share(value: object) -> str:
    """A score from 0 to 1 with two places, or a dash for what is no number."""
    number = read_number(value, -_FARTHEST, _FARTHEST)
    return "–" if number is None else f"{number:.2f}"


def go(path: str, **query: str) -> RedirectResponse:
    """See other: the answer to every form that was taken."""
    tail = "&".join(f"{key}={quote(value, safe='')}" for key, value in query.items() if value)
    return RedirectResponse(f"{path}?{tail}" if tail else path, 303)


def get_site(request: Request) -> Site:
    """The site that a request is for."""
    return cast("Site", request.app.state.site)


def get_reviewer(request: Request) -> Visitor:
    """The signed-in reviewer who only looks.

    Raises:
        SignInNeededError: nobody is signed in.
    """
    visitor = get_site(request).visitor(request)
    if visitor is None or not visitor.reviewer:
        raise SignInNeededError
    return visitor


def check_form(request: Request, csrf: Annotated[str, Form()] = "") -> Visitor:
    """The visitor who sent a form, signed in or not.

    Raises:
        ForgedFormError: the form does not carry the session's token.
    """
    site = get_site(request)
    visitor = site.visitor(request)
    if visitor is None or not site.sessions.accepts(visitor, csrf):
        raise ForgedFormError
    return visitor


def check_reviewer_form(visitor: Annotated[Visitor, Depends(check_form)]) -> Visitor:
    """The signed-in reviewer who sent a form.

    Raises:
        SignInNeededError: nobody is signed in.
    """
    if not visitor.reviewer:
        raise SignInNeededError
    return visitor


ThisSite = Annotated[Site, Depends(get_site)]
Reviewer = Annotated[Visitor, Depends(get_reviewer)]
SentByVisitor = Annotated[Visitor, Depends(check_form)]
SentByReviewer = Annotated[Visitor, Depends(check_reviewer_form)]
