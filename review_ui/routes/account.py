"""One's own account: language, password, and where one is signed in."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Form, Path, Request
from fastapi.responses import Response

from models.accounts.attempts import Wait
from models.accounts.passwords import LONGEST, SHORTEST
from models.accounts.sessions import end_other_sessions, end_session, list_sessions
from models.accounts.signing_in import Begun, change_password
from review_ui.permitted import SentBySignedIn, SignedIn, account_of
from review_ui.routes.links import find_problem
from review_ui.security import Visitor
from review_ui.site import Site, ThisSite, address_of, agent_of, go

router = APIRouter()
Password = Annotated[str, Form(max_length=4096)]
DONE = ("password", "session", "sessions")


@router.get("/account")
def show_account(request: Request, site: ThisSite, visitor: SignedIn, done: str = "") -> Response:
    """What is known of the account, and where it is signed in."""
    return _render(request, site, visitor, done=done if done in DONE else "")


@router.post("/account/password")
def take_password(
    request: Request,
    site: ThisSite,
    visitor: SentBySignedIn,
    old: Password = "",
    password: Password = "",
    again: Password = "",
) -> Response:
    """Change the password, and sign out everywhere else."""
    account = account_of(visitor)
    if notice := find_problem(password, again):
        return _render(request, site, visitor, 422, notice)
    changed = change_password(
        site.database,
        account,
        old,
        password,
        address=address_of(request),
        agent=agent_of(request),
    )
    if isinstance(changed, Begun):
        response = go("/account", done="password")
        site.keep_token(response, changed.token)
        return response
    if isinstance(changed, Wait):
        response = _render(request, site, visitor, 429, "wait", wait=changed)
        response.headers["Retry-After"] = str(changed.seconds)
        return response
    return _render(request, site, visitor, 422, "old_wrong")


@router.post("/account/sessions/end-others")
def end_others(site: ThisSite, visitor: SentBySignedIn) -> Response:
    """Sign out everywhere else."""
    account = account_of(visitor)
    with site.database.transaction() as session:
        end_other_sessions(session, account, visitor.session_id, account.name)
    return go("/account", done="sessions")


@router.post("/account/sessions/{session_id}/end")
def end_one(
    site: ThisSite,
    visitor: SentBySignedIn,
    session_id: Annotated[str, Path(pattern=r"^[0-9a-f]{32}$")],
) -> Response:
    """Sign out in one place; of somebody else's sessions nothing happens."""
    account = account_of(visitor)
    with site.database.transaction() as session:
        end_session(session, account, session_id, account.name)
    return go("/account", done="session")


def _render(
    request: Request,
    site: Site,
    visitor: Visitor,
    status: int = 200,
    notice: str = "",
    *,
    done: str = "",
    wait: Wait | None = None,
) -> Response:
    account = account_of(visitor)
    with site.database.snapshot() as session:
        open_sessions = list_sessions(session, account.id)
    return site.render(
        request,
        "account.html",
        status=status,
        visitor=visitor,
        account=account,
        open_sessions=open_sessions,
        notice=notice,
        done=done,
        wait=wait,
        shortest=SHORTEST,
        longest=LONGEST,
    )
