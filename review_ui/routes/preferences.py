"""The keys and how pictures are shown, and filters that are saved."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Annotated

from fastapi import APIRouter, Depends, Form, Path, Request
from fastapi.responses import Response
from starlette.datastructures import FormData

from models.errors import ReviewError
from models.review.preferences import USUAL, Action, KeyProblem, Look, Preferences, clean_keys
from models.review.saved_filters import choose_default, remove_filter, save_filter
from models.review.streams import Stream
from review_ui.choosing import LONGEST, find_preferences, keep_preferences
from review_ui.permitted import RulesOnItems, SeesItems, account_of
from review_ui.security import Visitor
from review_ui.site import Site, ThisSite, go

router = APIRouter()
FilterId = Annotated[str, Path(pattern=r"^[0-9a-f]{32}$")]


async def read_form(request: Request) -> FormData:
    """All fields of a form, whatever they are called."""
    return await request.form()


@router.get("/keys")
def show_keys(request: Request, site: ThisSite, visitor: SeesItems, done: int = 0) -> Response:
    """The keys in force, and the form that changes them."""
    with site.database.snapshot() as session:
        chosen = find_preferences(session, request, visitor)
    return _render(request, site, visitor, chosen, done=bool(done))


@router.post("/keys")
def take_keys(
    request: Request,
    site: ThisSite,
    visitor: RulesOnItems,
    form: Annotated[FormData, Depends(read_form)],
) -> Response:
    """Change the keys and how pictures are shown; keys that collide are refused."""
    if form.get("usual"):
        given: dict[str, str] = {}
    else:
        given = {action.value: str(form.get(f"key-{action}", "")) for action in Action}
    keys, problems = clean_keys(given)
    look = str(form.get("look", ""))
    chosen = Preferences(keys, Look(look) if look in set(Look) else Look.PLAIN)
    if problems:
        return _render(request, site, visitor, chosen, 422, problems=problems)
    response = go("/keys", done="1")
    keep_preferences(site, response, visitor, chosen)
    return response


@router.post("/filters")
def take_filter(
    request: Request,
    site: ThisSite,
    visitor: RulesOnItems,
    name: Annotated[str, Form(max_length=200)] = "",
    within: Annotated[str, Form(max_length=LONGEST)] = "",
    default: Annotated[str, Form(max_length=8)] = "",
) -> Response:
    """Save a choice of items under a name."""
    account = account_of(visitor)
    stream = Stream.read(within)
    try:
        with site.database.transaction() as session:
            save_filter(session, account.id, name, stream, default=bool(default))
    except ReviewError:
        return site.render(
            request, "problem.html", status=422, visitor=visitor, kind="filter_not_saved"
        )
    return go("/", **stream.as_query())


@router.post("/filters/{filter_id}/default")
def take_default(site: ThisSite, visitor: RulesOnItems, filter_id: FilterId) -> Response:
    """Make a saved filter the default, or no longer."""
    account = account_of(visitor)
    with site.database.transaction() as session:
        choose_default(session, account.id, filter_id)
    return go("/")


@router.post("/filters/{filter_id}/remove")
def drop_filter(site: ThisSite, visitor: RulesOnItems, filter_id: FilterId) -> Response:
    """Delete a saved filter."""
    account = account_of(visitor)
    with site.database.transaction() as session:
        remove_filter(session, account.id, filter_id)
    return go("/")


def _render(
    request: Request,
    site: Site,
    visitor: Visitor,
    chosen: Preferences,
    status: int = 200,
    *,
    problems: Mapping[Action, KeyProblem] | None = None,
    done: bool = False,
) -> Response:
    return site.render(
        request,
        "preferences.html",
        status=status,
        visitor=visitor,
        chosen=chosen,
        actions=tuple(Action),
        usual=USUAL,
        looks=tuple(Look),
        problems=problems or {},
        done=done,
    )
