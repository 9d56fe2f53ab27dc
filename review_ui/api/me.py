"""Whose token this is, and what it may do."""

from __future__ import annotations

from datetime import datetime

from fastapi import APIRouter
from pydantic import BaseModel, Field

from review_ui.api.callers import AnyCaller
from review_ui.api.fields import moment, moment_or_none
from review_ui.api.problems import describe

router = APIRouter(tags=["me"])


class TokenShown(BaseModel):
    """The token that the request was sent with."""

    id: str
    name: str
    scopes: list[str]
    expires: datetime
    used: datetime | None = Field(description="Before this request, to the minute.")


class Me(BaseModel):
    """An account, as its holder sees it."""

    name: str
    display_name: str
    pseudonym: str = Field(description="What owners see in place of the name.")
    role: str
    permissions: list[str] = Field(description="What this token may do.")
    token: TokenShown


@router.get("/me", responses=describe())
def show(caller: AnyCaller) -> Me:
    """The account and the token of this request."""
    account, token = caller.bearer.account, caller.bearer.token
    return Me(
        name=account.name,
        display_name=account.display_name,
        pseudonym=account.pseudonym,
        role=account.role.value,
        permissions=sorted(permission.value for permission in caller.permissions),
        token=TokenShown(
            id=token.id,
            name=token.name,
            scopes=[scope.value for scope in token.scopes],
            expires=moment(token.expires_ms),
            used=moment_or_none(token.used_ms),
        ),
    )
