"""Webhooks: who is told what happens here, and how far the telling has come."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Form, HTTPException, Path, Request
from fastapi.responses import Response
from pydantic import StringConstraints

from models.errors import WebhookError
from models.webhooks.deliveries import list_deliveries, send_again
from models.webhooks.handing import hand_test
from models.webhooks.subscriptions import (
    LONGEST_URL,
    MOST_WEBHOOKS,
    Webhook,
    add_webhook,
    find_webhook,
    list_webhooks,
    pause_webhook,
    remove_webhook,
    resume_webhook,
)
from models.webhooks.topics import NAMES
from review_ui.permitted import ManagesWebhooks, SeesWebhooks
from review_ui.security import Visitor
from review_ui.site import Site, ThisSite, go

router = APIRouter()
WebhookId = Annotated[str, Path(pattern=r"^[0-9a-f]{32}$")]
Topics = Annotated[
    list[Annotated[str, StringConstraints(max_length=64)]], Form(max_length=len(NAMES))
]
DONE = ("test", "paused", "resumed", "removed", "again")
SHOWN = 15


@router.get("/webhooks")
def show_webhooks(
    request: Request, site: ThisSite, visitor: SeesWebhooks, done: str = ""
) -> Response:
    """All webhooks with their last deliveries, and the form to add one."""
    return _render(request, site, visitor, done=done if done in DONE else "")


@router.post("/webhooks/add")
def add(
    request: Request,
    site: ThisSite,
    visitor: ManagesWebhooks,
    url: Annotated[str, Form(max_length=LONGEST_URL)] = "",
    topic: Topics = [],  # noqa: B006  (FastAPI copies it)
) -> Response:
    """Tell an address what happens from now on, and show once the secret that signs it."""
    try:
        with site.database.transaction() as session:
            made, secret = add_webhook(session, url, topic, visitor.reviewer, site.webhook_rules)
    except WebhookError as error:
        given = (url, frozenset(topic))
        return _render(request, site, visitor, status=422, error=error, given=given)
    return _render(request, site, visitor, made=(made, secret))


@router.post("/webhooks/{webhook_id}/test")
def test(site: ThisSite, visitor: ManagesWebhooks, webhook_id: WebhookId) -> Response:
    """Put a test event into a webhook's line."""
    del visitor
    with site.database.transaction() as session:
        _require(site, webhook_id)
        hand_test(session, webhook_id, site.webhook_days)
    return go("/webhooks", done="test")


@router.post("/webhooks/{webhook_id}/pause")
def pause(site: ThisSite, visitor: ManagesWebhooks, webhook_id: WebhookId) -> Response:
    """Send nothing more until it is resumed."""
    _require(site, webhook_id)
    with site.database.transaction() as session:
        pause_webhook(session, webhook_id, visitor.reviewer)
    return go("/webhooks", done="paused")


@router.post("/webhooks/{webhook_id}/resume")
def resume(site: ThisSite, visitor: ManagesWebhooks, webhook_id: WebhookId) -> Response:
    """Send again."""
    _require(site, webhook_id)
    with site.database.transaction() as session:
        resume_webhook(session, webhook_id, visitor.reviewer)
    return go("/webhooks", done="resumed")


@router.post("/webhooks/{webhook_id}/send-again")
def try_again(
    site: ThisSite,
    visitor: ManagesWebhooks,
    webhook_id: WebhookId,
    delivery: Annotated[str, Form(pattern=r"^([0-9a-f]{32})?$")] = "",
) -> Response:
    """Try again what was given up: one delivery, or all of them."""
    _require(site, webhook_id)
    try:
        with site.database.transaction() as session:
            send_again(session, webhook_id, visitor.reviewer, site.webhook_days, delivery)
    except WebhookError:
        return go("/webhooks")
    return go("/webhooks", done="again")


@router.post("/webhooks/{webhook_id}/remove")
def remove(
    request: Request,
    site: ThisSite,
    visitor: ManagesWebhooks,
    webhook_id: WebhookId,
    sure: Annotated[str, Form(max_length=8)] = "",
) -> Response:
    """Tell an address nothing more, once it is meant."""
    _require(site, webhook_id)
    if sure != "yes":
        return _render(request, site, visitor, status=422, notice="not_sure")
    with site.database.transaction() as session:
        remove_webhook(session, webhook_id, visitor.reviewer)
    return go("/webhooks", done="removed")


def _require(site: Site, webhook_id: str) -> None:
    with site.database.snapshot() as session:
        try:
            find_webhook(session, webhook_id)
        except WebhookError as error:
            raise HTTPException(404) from error


def _render(
    request: Request,
    site: Site,
    visitor: Visitor,
    *,
    status: int = 200,
    notice: str = "",
    done: str = "",
    error: WebhookError | None = None,
    given: tuple[str, frozenset[str]] = ("", frozenset()),
    made: tuple[Webhook, str] | None = None,
) -> Response:
    with site.database.snapshot() as session:
        listed = list_webhooks(session)
        sent = {each.id: list_deliveries(session, each.id, limit=SHOWN) for each in listed}
    return site.render(
        request,
        "webhooks.html",
        status=status,
        visitor=visitor,
        listed=listed,
        sent=sent,
        topics=NAMES,
        given=given,
        notice=notice,
        done=done,
        error=error,
        made=made,
        most=MOST_WEBHOOKS,
        days=site.webhook_days,
    )
