"""Whose request it is: the token in its Authorization header, and what that may do.

A cookie counts for nothing here, so that no page elsewhere can make a browser use the API. Nor does
a token in an address, where it would be kept in logs.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, replace
from typing import Annotated, Any, cast

from fastapi import Depends, Request
from fastapi.security import HTTPAuthorizationCredentials, HTTPBearer
from sqlalchemy.orm import Session

from models.accounts.api_tokens import TOKEN, Bearer, find_bearer, touch_token
from models.accounts.pseudonyms import show_actors
from models.accounts.roles import Permission
from models.review.viewing import Viewer
from review_ui.api.problems import ApiError
from review_ui.api.rate import RateLimit
from review_ui.security import Visitor
from review_ui.site import Site, ThisSite, address_of

FAILURES_A_MINUTE = 30
"""Requests without a good token that one address may send in a minute."""

_scheme = HTTPBearer(
    auto_error=False,
    scheme_name="token",
    bearerFormat="kym_ and 43 characters",
    description="A personal token, made on *My account* or by `kiyome accounts token`.",
)


@dataclass(frozen=True, slots=True)
class Limits:
    """How often accounts may ask, and how often an address may fail to show a token."""

    accounts: RateLimit
    failures: RateLimit


@dataclass(frozen=True, slots=True)
class Caller:
    """Whoever sent a request, and what the token may do."""

    bearer: Bearer

    @property
    def name(self) -> str:
        """The name that stands on record."""
        return self.bearer.account.name

    @property
    def permissions(self) -> frozenset[Permission]:
        """What the token may do."""
        return self.bearer.permissions

    @property
    def adjudicates(self) -> bool:
        """Whether the token may do what takes a lead."""
        return Permission.ADJUDICATE in self.permissions

    @property
    def visitor(self) -> Visitor:
        """The same person, as the pages know them."""
        return Visitor(self.name, "", self.bearer.account)

    def viewer(self, site: Site) -> Viewer:
        """The same person, as the review queue knows them; a lead where the token says so."""
        return replace(site.viewer(self.visitor), lead=self.adjudicates)

    def show(self, session: Session, actors: Iterable[str]) -> Mapping[str, str]:
        """How people are called before this caller: by name, or by pseudonym."""
        return show_actors(session, actors, self.permissions)


def get_caller(
    request: Request,
    site: ThisSite,
    given: Annotated[HTTPAuthorizationCredentials | None, Depends(_scheme)],
) -> Caller:
    """Whoever holds the token that was sent.

    Raises:
        ApiError: there is none that is good, it stands in the address, or too many were sent.
    """
    if TOKEN.search(request.url.query):
        raise ApiError(
            "token-in-address",
            "A token stands in the address, which logs keep. It was not looked at.",
            "End it on My account, make another, and send it as `Authorization: Bearer`.",
        )
    limits = cast("Limits", request.app.state.limits)
    place = address_of(request)
    if wait := limits.failures.wait_for(place):
        raise _too_many(wait)
    found = None
    if given is not None:
        with site.database.snapshot() as session:
            found = find_bearer(session, given.credentials)
    if found is None:
        limits.failures.take(place)
        error = ' error="invalid_token"' if given is not None else ""
        raise ApiError(
            "not-signed-in",
            "There is no token in the Authorization header, or it is not good (any more).",
            "Make one on My account or by `kiyome accounts token`: `Authorization: Bearer kym_…`.",
            headers={"WWW-Authenticate": f'Bearer realm="kiyome"{"," if error else ""}{error}'},
        )
    if wait := limits.accounts.take(found.account.id):
        raise _too_many(wait)
    if found.stale:
        with site.database.transaction() as session:
            touch_token(session, found.token.id)
    return Caller(found)


def refuse_strange_parameters(request: Request) -> None:
    """Refuse a query parameter that the operation does not have: a misspelt filter filters nothing.

    Raises:
        ApiError: there is one.
    """
    route = request.scope.get("route")
    known = {field.alias for field in route.dependant.query_params} if route else set()
    strange = sorted(set(request.query_params) - known)
    if strange:
        raise ApiError(
            "invalid",
            "The operation has no such parameter.",
            f"It has: {', '.join(sorted(known)) or 'none'}.",
            extra={"errors": [{"where": "query", "problem": f"{strange[0][:100]!r} is unknown"}]},
        )


def needs(permission: Permission) -> Any:
    """A dependency: a caller whose token may do one thing."""

    def check(caller: Annotated[Caller, Depends(get_caller)]) -> Caller:
        if permission in caller.permissions:
            return caller
        role = caller.bearer.account.role.value
        if permission in caller.bearer.account.permissions:
            detail = f"This token was not made for {permission.value}."
            remedy = "Make one that is."
        else:
            detail = f"The role {role} may not do this: it takes {permission.value}."
            remedy = "Ask whoever looks after the accounts."
        raise ApiError("not-allowed", detail, remedy)

    marked: Callable[[Caller], Caller] = check
    marked.permission = permission  # type: ignore[attr-defined]
    return Depends(marked)


def _too_many(wait: float) -> ApiError:
    seconds = max(1, math.ceil(wait))
    return ApiError(
        "too-many-requests",
        remedy=f"Wait {seconds} s, then go slower.",
        headers={"Retry-After": str(seconds)},
    )


AnyCaller = Annotated[Caller, Depends(get_caller)]
SeesItems = Annotated[Caller, needs(Permission.SEE_ITEMS)]
RulesOnItems = Annotated[Caller, needs(Permission.RULE_ON_ITEMS)]
Adjudicates = Annotated[Caller, needs(Permission.ADJUDICATE)]
SeesRulings = Annotated[Caller, needs(Permission.SEE_RULINGS)]
SeesTerms = Annotated[Caller, needs(Permission.SEE_TERMS)]
RulesOnTerms = Annotated[Caller, needs(Permission.RULE_ON_TERMS)]
SeesMotifs = Annotated[Caller, needs(Permission.SEE_MOTIFS)]
SeesRegister = Annotated[Caller, needs(Permission.SEE_REGISTER)]
KeepsRegister = Annotated[Caller, needs(Permission.KEEP_REGISTER)]
SeesReleases = Annotated[Caller, needs(Permission.SEE_RELEASES)]
SeesTakedowns = Annotated[Caller, needs(Permission.SEE_TAKEDOWNS)]
AcknowledgesTakedowns = Annotated[Caller, needs(Permission.ACKNOWLEDGE_TAKEDOWNS)]
ReadsAudit = Annotated[Caller, needs(Permission.READ_AUDIT)]
SeesAssurance = Annotated[Caller, needs(Permission.SEE_ASSURANCE)]
