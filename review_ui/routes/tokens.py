"""Tokens of one's own account, with which programs use the API."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Form, Path, Request
from fastapi.responses import Response
from pydantic import StringConstraints

from models.accounts.api_tokens import (
    LONGEST_DAYS,
    MOST_TOKENS,
    end_token,
    list_tokens,
    make_token,
    reading_scopes,
    scopes_for,
)
from models.errors import AccountError
from review_ui.permitted import SentBySignedIn, SignedIn, account_of
from review_ui.security import Visitor
from review_ui.site import Site, ThisSite, go

router = APIRouter()
DAYS = (7, 30, 90, LONGEST_DAYS)
Scopes = Annotated[list[Annotated[str, StringConstraints(max_length=64)]], Form(max_length=50)]


@router.get("/account/tokens")
def show_tokens(request: Request, site: ThisSite, visitor: SignedIn, done: str = "") -> Response:
    """The tokens of the account, and the form to make one."""
    return _render(request, site, visitor, done="ended" if done == "ended" else "")


@router.post("/account/tokens")
def make(
    request: Request,
    site: ThisSite,
    visitor: SentBySignedIn,
    name: Annotated[str, Form(max_length=1000)] = "",
    days: Annotated[int, Form(ge=1, le=LONGEST_DAYS)] = 90,
    scope: Scopes = [],  # noqa: B006  (FastAPI copies it)
) -> Response:
    """Make a token, and show it once."""
    account = account_of(visitor)
    given = (name[:64], days, frozenset(scope))
    try:
        with site.database.transaction() as session:
            token, _ = make_token(session, account, name, scope, days, account.name)
    except AccountError:
        with site.database.snapshot() as session:
            full = len(list_tokens(session, account.id)) >= MOST_TOKENS
        notice = "full" if full else "no_scope" if not scope else "refused"
        return _render(request, site, visitor, status=422, notice=notice, given=given)
    return _render(request, site, visitor, made=token)


@router.post("/account/tokens/{token_id}/end")
def end(
    site: ThisSite,
    visitor: SentBySignedIn,
    token_id: Annotated[str, Path(pattern=r"^[0-9a-f]{32}$")],
) -> Response:
    """End a token; of somebody else's nothing happens."""
    account = account_of(visitor)
    with site.database.transaction() as session:
        end_token(session, account, token_id, account.name)
    return go("/account/tokens", done="ended")


def _render(
    request: Request,
    site: Site,
    visitor: Visitor,
    *,
    status: int = 200,
    notice: str = "",
    done: str = "",
    made: str = "",
    given: tuple[str, int, frozenset[str]] | None = None,
) -> Response:
    account = account_of(visitor)
    with site.database.snapshot() as session:
        listed = list_tokens(session, account.id)
    return site.render(
        request,
        "tokens.html",
        status=status,
        visitor=visitor,
        listed=listed,
        offered=scopes_for(account),
        given=given or ("", 90, frozenset(reading_scopes(account))),
        choices=DAYS,
        notice=notice,
        done=done,
        made=made,
        most=MOST_TOKENS,
    )
