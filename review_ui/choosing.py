"""What somebody has chosen: the keys, how pictures are shown, and which items they want."""

from __future__ import annotations

import json
from collections.abc import Mapping
from urllib.parse import quote, unquote

from fastapi import Request, Response
from sqlalchemy.orm import Session

from models.review.preferences import (
    Action,
    Preferences,
    preferences_of,
    read_preferences,
    store_preferences,
    write_preferences,
)
from models.review.saved_filters import default_stream
from models.review.streams import ANY, Stream
from review_ui.security import Visitor
from review_ui.site import Site

COOKIE = "kiyome_preferences"
_YEAR = 365 * 24 * 60 * 60
LONGEST = 2000
"""Characters of a work stream in a form."""


def find_preferences(session: Session, request: Request, visitor: Visitor) -> Preferences:
    """What an account has chosen, or what this browser keeps for somebody without one."""
    if visitor.account is not None:
        return preferences_of(session, visitor.account.id)
    return read_preferences(unquote(request.cookies.get(COOKIE, "")))


def keep_preferences(
    site: Site, response: Response, visitor: Visitor, preferences: Preferences
) -> None:
    """Keep what somebody has chosen, where ``find_preferences`` looks for it."""
    if visitor.account is not None:
        with site.database.transaction() as session:
            store_preferences(session, visitor.account.id, preferences)
        return
    response.set_cookie(
        COOKIE,
        quote(write_preferences(preferences), safe=""),
        max_age=_YEAR,
        secure=site.secure,
        httponly=True,
        samesite="strict",
    )


def choose_stream(session: Session, visitor: Visitor, within: str) -> Stream:
    """The work stream that a form names; where it names none, the account's default."""
    if within:
        return Stream.read(within)
    return ANY if visitor.account is None else default_stream(session, visitor.account.id)


def write_keys(keys: Mapping[Action, str]) -> str:
    """The keys as the page's script reads them."""
    return json.dumps({action.value: key for action, key in keys.items()})
