"""The application: routes, errors in words, and the server that carries it."""

from __future__ import annotations

import logging
from typing import TYPE_CHECKING

from fastapi import FastAPI, Request
from fastapi.exceptions import RequestValidationError
from fastapi.responses import Response
from sqlalchemy.exc import SQLAlchemyError
from starlette.exceptions import HTTPException
from starlette.types import Scope

from models.accounts.roles import Permission, Role
from models.captions.looking import CaptionLook
from models.errors import SettingsError, StoreError
from models.review.derivatives import FOLDER
from models.review.golden_items import GoldenShare
from models.settings import Settings
from models.store.database import Database
from models.webhooks.posting import rules_of
from models.webhooks.sending import sending
from review_ui import own_files
from review_ui.api.application import MOUNT, make_api
from review_ui.api.problems import below_api, write_problem
from review_ui.guard import HEADERS, Guard
from review_ui.kept import keep_desk
from review_ui.listening import parse_proxies, require_allowed
from review_ui.own_pictures import OwnPictures
from review_ui.owner_ledger import choose_ledger, origin_of
from review_ui.permitted import ForgedFormError, NotAllowedError, SignInNeededError
from review_ui.releasing import choose_starter
from review_ui.routes import (
    account,
    accounts,
    adjudication,
    assurance,
    audit,
    captions,
    claims,
    desk,
    golden,
    images,
    items,
    links,
    motifs,
    owner_requests,
    owners,
    pages,
    preferences,
    proposals,
    provider,
    questions,
    queue,
    referring,
    requests,
    rewriting,
    sessions,
    statements,
    terms,
    tokens,
    usage,
    wallet,
    webhooks,
    works,
)
from review_ui.routes.metrics import make_metrics_router
from review_ui.security import Sessions, load_secret
from review_ui.site import Site, get_site, go, load_templates
from review_ui.wallets import choose_wallets

if TYPE_CHECKING:
    from review_ui.provider import Provider

_log = logging.getLogger("kiyome.review")


def create_app(settings: Settings, database: Database | None = None) -> FastAPI:
    """The review page as an ASGI application.

    Args:
        settings: names the workspace, the database and the address that the page is served at.
        database: an open database to use instead of the one that the settings name.

    Raises:
        SettingsError: others would reach the page without a password, or send it in clear.
        StoreError: the database cannot be used.
        WorkspaceError: the session key cannot be used.
    """
    if database is None:
        from models.store.schema import open_database

        database = open_database(settings.resolved_database_url)
        try:
            require_allowed(settings, database)
        except SettingsError:
            database.dispose()
            raise
    require_allowed(settings, database)
    app = FastAPI(title="Kiyome review", docs_url=None, redoc_url=None, openapi_url=None)
    sessions_kept = Sessions(load_secret(settings.workspace))
    share = settings.golden_share
    app.state.site = Site(
        database=database,
        derivatives=settings.workspace / FOLDER,
        workspace=settings.workspace.absolute(),
        max_pixels=settings.max_pixels,
        sessions=sessions_kept,
        templates=load_templates(),
        address=settings.review_address,
        provider=_choose_provider(settings),
        new_role=None
        if settings.oidc_new_accounts == "refuse"
        else Role(settings.oidc_new_accounts),
        wallets=choose_wallets(settings, database),
        webhook_rules=rules_of(settings),
        webhook_days=settings.webhook_days,
        golden=GoldenShare(sessions_kept.golden_key, share) if share else None,
        answer_days=settings.owner_answer_days,
        due_days=settings.review_due_days,
        desk=keep_desk(settings.review_due_days),
        look=CaptionLook(settings, database),
    )
    app.state.owner_ledger = choose_ledger(settings)
    app.state.own_pictures = OwnPictures(settings)
    app.state.start_publishing = choose_starter(settings)
    app.state.policy_file = settings.policy.absolute()
    for module in (
        *(queue, items, images),  # what most requests are for is looked for first
        *(captions, rewriting, works, usage, statements, claims, requests, owner_requests),
        *(adjudication, golden, questions, referring, desk, preferences),
        *(terms, motifs, audit, assurance, proposals, pages),
        *(sessions, provider, wallet, owners, links, account, tokens, accounts, webhooks),
    ):
        # As they are: to include a router is to analyse each of its routes again.
        app.router.routes.extend(module.router.routes)
    if settings.metrics_token:
        app.include_router(make_metrics_router(settings, database))
    app.mount(own_files.MOUNT, own_files.OwnFiles())
    app.mount(MOUNT, make_api(app.state.site, settings.api_rate))
    app.add_middleware(
        Guard,
        host=settings.review_host,
        origin=settings.review_origin,
        proxies=parse_proxies(settings),
        connect=origin_of(settings.ledger_rpc_public),
        may_upload=lambda scope: _may_upload(app.state.site, scope),
    )
    app.add_exception_handler(HTTPException, _answer_http)
    app.add_exception_handler(RequestValidationError, _answer_invalid)
    app.add_exception_handler(SignInNeededError, _answer_sign_in)
    app.add_exception_handler(NotAllowedError, _answer_not_allowed)
    app.add_exception_handler(ForgedFormError, _answer_forged)
    app.add_exception_handler(StoreError, _answer_store)
    app.add_exception_handler(SQLAlchemyError, _answer_store)
    app.add_exception_handler(Exception, _answer_unexpected)
    return app


def _may_upload(site: Site, scope: Scope) -> bool:
    """Whether whoever sends a request is signed in, and may add pictures or send requests."""
    visitor = site.visitor(Request(scope))
    uploading = {Permission.KEEP_MOTIFS, Permission.SEND_REQUESTS}
    return visitor is not None and not uploading.isdisjoint(visitor.permissions)


def _choose_provider(settings: Settings) -> Provider | None:
    """The OpenID provider that the settings name.

    Raises:
        SettingsError: they name one, and not what the page is called there.
    """
    if not settings.oidc_issuer:
        return None
    if not settings.oidc_client_id:
        raise SettingsError(
            "oidc_issuer names a provider, and nothing says what the review page is called there.",
            "Set oidc_client_id to the id of the client that you registered at the provider, with "
            f"the return address {settings.review_address}/sign-in/provider/return.",
        )
    from review_ui.provider import Provider

    return Provider(
        settings.oidc_issuer,
        settings.oidc_client_id,
        settings.oidc_client_secret,
        f"{settings.review_address}/sign-in/provider/return",
    )


def serve(settings: Settings, app: FastAPI | None = None) -> None:
    """Serve the page until interrupted, and send webhooks meanwhile.

    Args:
        app: what ``create_app`` made of the settings; made here where it was not before.

    Raises:
        SettingsError, StoreError, WorkspaceError: see ``create_app``.
    """
    import uvicorn

    app = app or create_app(settings)
    with sending(app.state.site.database, settings):
        uvicorn.run(
            app,
            host=settings.review_host,
            port=settings.review_port,
            log_level="warning",
            server_header=False,
            proxy_headers=False,
            ssl_certfile=settings.review_certificate,
            ssl_keyfile=settings.review_certificate_key,
        )


def _answer(request: Request, status: int, kind: str) -> Response:
    return get_site(request).render(request, "problem.html", status=status, kind=kind)


def _answer_http(request: Request, error: Exception) -> Response:
    status = error.status_code if isinstance(error, HTTPException) else 500
    if below_api(request.scope["path"]):
        return write_problem("not-found")  # a line break keeps an address from the API itself
    kinds = {400: "form", 404: "missing", 405: "method"}
    return _answer(request, status, kinds.get(status, "unexpected"))


def _answer_invalid(request: Request, error: Exception) -> Response:
    """What stands in the address and is no id names nothing; anything else is a broken form."""
    problems = error.errors() if isinstance(error, RequestValidationError) else ()
    if any(problem["loc"][0] == "path" for problem in problems):
        return _answer(request, 404, "missing")
    return _answer(request, 422, "invalid")


def _answer_sign_in(request: Request, _: Exception) -> Response:
    if request.method == "GET":
        path = request.url.path + (f"?{request.url.query}" if request.url.query else "")
        return go("/sign-in", next=path)
    return _answer(request, 403, "signed_out")


def _answer_not_allowed(request: Request, _: Exception) -> Response:
    return _answer(request, 403, "not_allowed")


def _answer_forged(request: Request, _: Exception) -> Response:
    return _answer(request, 403, "forged")


def _answer_store(request: Request, error: Exception) -> Response:
    _log.error("the database cannot be used: %s", error)
    return _answer(request, 503, "store")


def _answer_unexpected(request: Request, error: Exception) -> Response:
    """Sent from outside the guard, so it brings the guard's headers itself."""
    _log.error("a page failed: %s", request.url.path, exc_info=error)
    response = _answer(request, 500, "unexpected")
    response.headers.update({**HEADERS, "Cache-Control": "no-store"})
    return response
