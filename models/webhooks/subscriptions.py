"""Who is told: adding, pausing and removing webhooks. Each change is a row of the audit chain."""

from __future__ import annotations

import uuid
from collections.abc import Iterable
from dataclasses import dataclass

from sqlalchemy import delete, func, select, update
from sqlalchemy.orm import Session

from models.errors import WebhookError
from models.fetching.addresses import AddressRules
from models.fetching.urls import read_target
from models.review.audit import append_audit
from models.store.database import now_ms
from models.store.tables import WebhookDeliveryRow, WebhookRow
from models.webhooks.posting import check_address
from models.webhooks.signing import make_secret, read_key
from models.webhooks.topics import NAMES

MOST_WEBHOOKS = 50
"""Each gets a thread of its own while it is sent to, so that no slow receiver holds up another."""

LONGEST_URL = 2000


@dataclass(frozen=True, slots=True)
class Webhook:
    """An address that is told of some topics; never with its secret.

    Attributes:
        topics: their names; empty for all.
        paused_ms: since when nothing is sent; None while it is.
        pause_reason: ``person``, or ``gone`` where the receiver answered 410.
        waiting, dead: deliveries that are still tried, and that were given up.
        delivered_ms: when it last took a delivery; None where it never did.
    """

    id: str
    url: str
    topics: tuple[str, ...]
    created_by: str
    created_ms: int
    paused_ms: int | None
    pause_reason: str
    waiting: int
    dead: int
    delivered_ms: int | None

    @property
    def origin(self) -> str:
        """The address without its path, which may hold a password."""
        return read_target(self.url).origin


def add_webhook(
    session: Session,
    url: str,
    topics: Iterable[str],
    actor: str,
    rules: AddressRules,
    secret: str = "",
) -> tuple[Webhook, str]:
    """Tell an address what happens from now on.

    Args:
        topics: names of ``topics.NAMES``; none for all.
        secret: one that the receiver has already; made here where none is given.

    Returns:
        The webhook, and its secret: this is the only time that it is shown.

    Raises:
        WebhookError: the address, a topic or the secret cannot be used, or there are too many.
    """
    url = url.strip()
    if len(url) > LONGEST_URL:
        raise WebhookError("This address is too long.", f"Give at most {LONGEST_URL} characters.")
    target = check_address(url, rules)
    wanted = set(topics)
    if strange := sorted(wanted - set(NAMES)):
        raise WebhookError(f"There is no topic {strange[0]!r}.", f"Topics: {', '.join(NAMES)}.")
    if secret:
        read_key(secret)
    count = session.scalar(select(func.count()).select_from(WebhookRow)) or 0
    if count >= MOST_WEBHOOKS:
        raise WebhookError(
            f"There are {MOST_WEBHOOKS} webhooks already.", "Remove one that is not needed."
        )
    row = WebhookRow(
        id=uuid.uuid4().hex,
        url=target.url,
        topics=" ".join(name for name in NAMES if name in wanted),
        secret=secret or make_secret(),
        created_by=actor,
        created_ms=now_ms(session),
        paused_ms=None,
        pause_reason="",
    )
    session.add(row)
    session.flush()
    detail = {"origin": target.origin, "topics": row.topics}
    append_audit(session, actor, "webhook_added", row.id, detail)
    return find_webhook(session, row.id), row.secret


def find_webhook(session: Session, webhook_id: str) -> Webhook:
    """One webhook.

    Raises:
        WebhookError: there is no such webhook.
    """
    for found in list_webhooks(session):
        if found.id == webhook_id:
            return found
    raise WebhookError(
        f"There is no webhook {webhook_id[:36]!r}.", "`kiyome webhooks list` shows those there are."
    )


def list_webhooks(session: Session) -> tuple[Webhook, ...]:
    """All webhooks, the oldest first."""
    sent = WebhookDeliveryRow
    counted = select(sent.webhook_id, sent.state, func.count(), func.max(sent.ended_ms)).group_by(
        sent.webhook_id, sent.state
    )
    counts = {(row[0], row[1]): (row[2], row[3]) for row in session.execute(counted)}
    rows = session.scalars(select(WebhookRow).order_by(WebhookRow.created_ms, WebhookRow.id))
    return tuple(
        Webhook(
            row.id,
            row.url,
            tuple(row.topics.split()),
            row.created_by,
            row.created_ms,
            row.paused_ms,
            row.pause_reason,
            counts.get((row.id, "waiting"), (0, None))[0],
            counts.get((row.id, "dead"), (0, None))[0],
            counts.get((row.id, "delivered"), (0, None))[1],
        )
        for row in rows
    )


def pause_webhook(session: Session, webhook_id: str, actor: str, reason: str = "person") -> None:
    """Send nothing more until it is resumed; what happens meanwhile waits.

    Raises:
        WebhookError: there is no such webhook.
    """
    find_webhook(session, webhook_id)
    changed = session.execute(
        update(WebhookRow)
        .where(WebhookRow.id == webhook_id, WebhookRow.paused_ms.is_(None))
        .values(paused_ms=now_ms(session), pause_reason=reason)
        .returning(WebhookRow.id)
    ).first()
    if changed is not None:
        append_audit(session, actor, "webhook_paused", webhook_id, {"reason": reason})


def resume_webhook(session: Session, webhook_id: str, actor: str) -> None:
    """Send again, what has waited first.

    Raises:
        WebhookError: there is no such webhook.
    """
    find_webhook(session, webhook_id)
    changed = session.execute(
        update(WebhookRow)
        .where(WebhookRow.id == webhook_id, WebhookRow.paused_ms.is_not(None))
        .values(paused_ms=None, pause_reason="")
        .returning(WebhookRow.id)
    ).first()
    if changed is not None:
        append_audit(session, actor, "webhook_resumed", webhook_id, {})


def remove_webhook(session: Session, webhook_id: str, actor: str) -> None:
    """Tell an address nothing more; what waited for it is dropped.

    Raises:
        WebhookError: there is no such webhook.
    """
    found = find_webhook(session, webhook_id)
    session.execute(delete(WebhookDeliveryRow).where(WebhookDeliveryRow.webhook_id == webhook_id))
    session.execute(delete(WebhookRow).where(WebhookRow.id == webhook_id))
    detail = {"origin": found.origin, "dropped": found.waiting}
    append_audit(session, actor, "webhook_removed", webhook_id, detail)
