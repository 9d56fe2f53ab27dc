"""Leaving for the OpenID provider, and coming back."""

from __future__ import annotations

import logging
from typing import TYPE_CHECKING, Annotated

from fastapi import APIRouter, HTTPException, Query, Request
from fastapi.responses import RedirectResponse, Response

from models.accounts.identities import Identity, Stranger, sign_in_as
from models.errors import AccountError
from review_ui.routes.sessions import enter, render_sign_in
from review_ui.security import Began, ProviderError, local_path
from review_ui.site import Site, ThisSite, address_of, agent_of

if TYPE_CHECKING:
    from review_ui.provider import Provider

router = APIRouter()
_log = logging.getLogger("kiyome.review")
Long = Annotated[str, Query(max_length=4096)]


@router.get("/sign-in/provider")
def leave(request: Request, site: ThisSite, next: Long = "/") -> Response:  # noqa: A002
    """On to the provider."""
    provider = _require(site)
    try:
        address, began = provider.begin(local_path(next))
    except ProviderError as error:
        return _fail(request, site, error)
    response = RedirectResponse(address, 303)
    site.keep_began(response, began)
    return response


@router.get("/sign-in/provider/return")
def come_back(
    request: Request,
    site: ThisSite,
    state: Long = "",
    code: Long = "",
    iss: Long = "",
    error: Long = "",
) -> Response:
    """Back from the provider, with a code or with a refusal."""
    provider = _require(site)
    began = site.find_began(request)
    try:
        identity = _identify(provider, began, error, state=state, code=code, issuer=iss)
        begun = sign_in_as(
            site.database,
            identity,
            site.new_role,
            address=address_of(request),
            agent=agent_of(request),
        )
    except (ProviderError, AccountError) as problem:
        return _fail(request, site, problem)
    if isinstance(begun, Stranger):
        response = render_sign_in(request, site, 403, "stranger", subject=begun.subject)
    else:
        response = enter(site, site.visitor(request), begun, began.next if began else "/")
    site.forget_began(response)
    return response


def _identify(
    provider: Provider, began: Began | None, error: str, *, state: str, code: str, issuer: str
) -> Identity:
    if began is None:
        raise ProviderError("the browser began no sign-in, or took longer than ten minutes")
    if error:
        raise ProviderError(f"the provider refused: {error[:100]!r}")
    return provider.finish(began, state=state, code=code, issuer=issuer)


def _fail(request: Request, site: Site, error: Exception) -> Response:
    _log.warning("a sign-in at the OpenID provider failed: %s", error)
    response = render_sign_in(request, site, 502, "provider")
    site.forget_began(response)
    return response


def _require(site: Site) -> Provider:
    """The provider, where there is one. The first account is never one of its making."""
    if site.provider is None or not site.has_accounts():
        raise HTTPException(404)
    return site.provider
