"""What waits for a webhook, what is due, and what became of an attempt.

Events go out in their order. One that fails holds the others up for its first ``HOLDS`` attempts,
about ten minutes; after that it steps aside and is tried beside them, so that an event that its
receiver never takes does not keep the rest back. Every body carries its number.
"""

from __future__ import annotations

import random
from dataclasses import dataclass

from sqlalchemy import delete, exists, func, or_, select, update
from sqlalchemy.orm import Session, aliased

from models.errors import WebhookError
from models.review.audit import append_audit
from models.store.database import now_ms
from models.store.tables import WebhookDeliveryRow, WebhookRow
from models.webhooks.backoff import delay_after
from models.webhooks.handing import DAY_MS
from models.webhooks.posting import TOTAL_SECONDS, Answer

HOLDS = 6
"""Attempts for which a failing event keeps those behind it waiting."""

LEASE_MS = 4 * int(TOTAL_SECONDS) * 1000
"""How long one sender has a webhook to itself; renewed at each delivery."""

KEPT_MS = 30 * DAY_MS
"""How long a delivery that was taken is kept for whoever asks."""

GONE = 410
_MAX = 2**62
_jitter = random.SystemRandom()


@dataclass(frozen=True, slots=True)
class Due:
    """A delivery that is to be sent now; ``secret`` signs it, ``at_ms`` is the time of signing."""

    id: str
    event_id: str
    url: str
    secret: str
    body: str
    at_ms: int


@dataclass(frozen=True, slots=True)
class Delivery:
    """One delivery as it is shown."""

    id: str
    webhook_id: str
    event_id: str
    number: int
    topic: str
    state: str
    attempts: int
    created_ms: int
    next_ms: int
    ended_ms: int | None
    status: int
    failure: str


def find_busy(session: Session) -> tuple[str, ...]:
    """The webhooks that have something due and that nobody is sending to."""
    sent, now = WebhookDeliveryRow, now_ms(session)
    query = (
        select(WebhookRow.id)
        .where(
            WebhookRow.paused_ms.is_(None),
            WebhookRow.lease_until_ms <= now,
            exists().where(
                sent.webhook_id == WebhookRow.id, sent.state == "waiting", sent.next_ms <= now
            ),
        )
        .order_by(WebhookRow.id)
    )
    return tuple(session.scalars(query))


def take_due(session: Session, webhook_id: str, holder: str) -> Due | None:
    """The next delivery of a webhook, for ``holder`` to send; None where there is none to send now.

    The attempt is counted before it is made: one that a crash cuts short is made again. Without
    anything to send, the webhook is free again for other senders.
    """
    hook, sent, now = WebhookRow, WebhookDeliveryRow, now_ms(session)
    held = session.execute(
        update(hook)
        .where(
            hook.id == webhook_id,
            hook.paused_ms.is_(None),
            or_(hook.lease_until_ms <= now, hook.lease_holder == holder),
        )
        .values(lease_holder=holder, lease_until_ms=now + LEASE_MS)
        .returning(hook.url, hook.secret)
    ).first()
    if held is None:
        free_webhook(session, webhook_id, holder)  # it was paused meanwhile
        return None
    before = aliased(WebhookDeliveryRow)
    blocker = (
        select(func.min(before.number))
        .where(
            before.webhook_id == webhook_id,
            before.state == "waiting",
            before.attempts < HOLDS,
            before.next_ms > now,
        )
        .scalar_subquery()
    )
    query = (
        select(sent.id, sent.event_id, sent.body, sent.attempts)
        .where(
            sent.webhook_id == webhook_id,
            sent.state == "waiting",
            sent.next_ms <= now,
            sent.number < func.coalesce(blocker, _MAX),
        )
        .order_by(sent.number)
        .limit(1)
    )
    found = session.execute(query).first()
    if found is None:
        free_webhook(session, webhook_id, holder)
        return None
    attempts = found.attempts + 1
    session.execute(
        update(sent)
        .where(sent.id == found.id)
        .values(attempts=attempts, next_ms=now + delay_after(attempts, _jitter.random()))
    )
    return Due(found.id, found.event_id, held.url, held.secret, found.body, now)


def settle(session: Session, due: Due, answer: Answer) -> None:
    """Record what became of an attempt. Whoever answers 410 is sent nothing more."""
    sent, now = WebhookDeliveryRow, now_ms(session)
    which = (sent.id == due.id, sent.state == "waiting")
    if not answer.failure:
        session.execute(
            update(sent)
            .where(*which)
            .values(state="delivered", ended_ms=now, status=answer.status, failure="")
        )
        return
    told = {"status": answer.status, "failure": answer.failure}
    row = session.execute(
        update(sent)
        .where(*which)
        .values(**told)
        .returning(sent.webhook_id, sent.attempts, sent.next_ms, sent.expires_ms)
    ).first()
    if row is None:
        return  # the webhook was removed, or another sender settled it
    if answer.status == GONE:
        session.execute(
            update(WebhookRow)
            .where(WebhookRow.id == row.webhook_id, WebhookRow.paused_ms.is_(None))
            .values(paused_ms=now, pause_reason="gone")
        )
    if row.expires_ms <= now:
        session.execute(update(sent).where(*which).values(state="dead", ended_ms=now))
    elif answer.retry_after:
        later = now + delay_after(row.attempts, _jitter.random(), answer.retry_after * 1000)
        session.execute(update(sent).where(*which).values(next_ms=max(row.next_ms, later)))


def free_webhook(session: Session, webhook_id: str, holder: str) -> None:
    """End a sender's hold on a webhook."""
    session.execute(
        update(WebhookRow)
        .where(WebhookRow.id == webhook_id, WebhookRow.lease_holder == holder)
        .values(lease_holder="", lease_until_ms=0)
    )


def list_deliveries(
    session: Session, webhook_id: str, state: str = "", limit: int = 50
) -> tuple[Delivery, ...]:
    """Deliveries of a webhook, the newest first; only those in a state, where one is given."""
    sent = WebhookDeliveryRow
    chosen = [sent.webhook_id == webhook_id, *([sent.state == state] if state else [])]
    columns = [getattr(sent, name) for name in Delivery.__slots__]
    query = select(*columns).where(*chosen).order_by(sent.number.desc()).limit(limit)
    return tuple(Delivery(**found) for found in session.execute(query).mappings())


def find_delivery(session: Session, delivery_id: str) -> Delivery | None:
    """One delivery, or None."""
    columns = [getattr(WebhookDeliveryRow, name) for name in Delivery.__slots__]
    query = select(*columns).where(WebhookDeliveryRow.id == delivery_id)
    found = session.execute(query).mappings().first()
    return Delivery(**found) if found else None


def send_again(
    session: Session, webhook_id: str, actor: str, days: int, delivery_id: str = ""
) -> int:
    """Try deliveries again that were given up: one, or all of a webhook. How many.

    Raises:
        WebhookError: the one that is meant was not given up, or there is none.
    """
    sent, now = WebhookDeliveryRow, now_ms(session)
    which = [sent.webhook_id == webhook_id, sent.state == "dead"]
    if delivery_id:
        which.append(sent.id == delivery_id)
    again = session.execute(
        update(sent)
        .where(*which)
        .values(
            state="waiting",
            attempts=0,
            next_ms=now,
            expires_ms=now + days * DAY_MS,
            ended_ms=None,
        )
        .returning(sent.id)
    ).all()
    if delivery_id and not again:
        raise WebhookError("This delivery is not one that was given up.", "Look at the list again.")
    if again:
        append_audit(session, actor, "webhook_sent_again", webhook_id, {"deliveries": len(again)})
    return len(again)


def drop_old(session: Session) -> int:
    """Forget what was taken more than ``KEPT_MS`` ago. How many."""
    sent = WebhookDeliveryRow
    old = session.execute(
        delete(sent)
        .where(sent.state == "delivered", sent.ended_ms < now_ms(session) - KEPT_MS)
        .returning(sent.id)
    ).all()
    return len(old)
