"""From the outbox to the webhooks: one delivery for each event and webhook, all or none.

An event is handed on once: its row in the outbox is marked in the transaction that writes its
deliveries. So nothing is lost and nothing is doubled, whenever the process dies.
"""

from __future__ import annotations

import uuid
from collections.abc import Sequence
from typing import Any

from sqlalchemy import Row, insert, select, update
from sqlalchemy.orm import Session

from models.accounts.pseudonyms import show_actors
from models.failpoints import reach
from models.store.database import now_ms
from models.store.tables import OutboxRow, WebhookDeliveryRow, WebhookRow
from models.webhooks.topics import TEST, choose_facts, find_topic, read_payload, write_body

BATCH = 500
DAY_MS = 24 * 60 * 60 * 1000


def hand_out(session: Session, days: int) -> int:
    """Hand the next events of the outbox to the webhooks that ask for their topics.

    Args:
        session: an open transaction.
        days: how long a delivery is tried before it is given up.

    Returns:
        How many events were taken from the outbox; ``BATCH`` where there may be more.
    """
    # Locked first and in order, so that two servers never number the same webhook's events at once.
    hooks = session.scalars(select(WebhookRow).order_by(WebhookRow.id).with_for_update()).all()
    row = OutboxRow
    query = (
        select(row.id, row.topic, row.payload, row.created_ms)
        .where(row.sent_ms.is_(None))
        .order_by(row.created_ms, row.id)
        .limit(BATCH)
        .with_for_update(skip_locked=True)
    )
    events = session.execute(query).all()
    if not events:
        return 0
    now = now_ms(session)
    made = [
        values for event in events for values in _deliveries_of(session, event, hooks, now, days)
    ]
    if made:
        session.execute(insert(WebhookDeliveryRow), made)
    session.execute(
        update(row).where(row.id.in_([event.id for event in events])).values(sent_ms=now)
    )
    session.flush()
    reach("webhooks.handed")
    return len(events)


def hand_test(session: Session, webhook_id: str, days: int) -> str:
    """Put a test event into a webhook's line; the id of its delivery.

    Raises:
        sqlalchemy.exc.NoResultFound: there is no such webhook.
    """
    hook = session.get_one(WebhookRow, webhook_id, with_for_update=True)
    now = now_ms(session)
    values = _delivery(hook, uuid.uuid4().hex, TEST, now, {}, now, days)
    session.execute(insert(WebhookDeliveryRow), [values])
    session.flush()
    return str(values["id"])


def _deliveries_of(
    session: Session, event: Row[Any], hooks: Sequence[WebhookRow], now: int, days: int
) -> list[dict[str, Any]]:
    topic = find_topic(event.topic)
    if topic is None:
        return []
    asking = [
        hook
        for hook in hooks
        if hook.created_ms <= event.created_ms
        and (not hook.topics or topic.name in hook.topics.split())
    ]
    if not asking:
        return []
    payload = read_payload(event.payload)
    actor = str(payload.get(topic.person, "")) if topic.person else ""
    pseudonym = show_actors(session, [actor], frozenset())[actor] if actor else ""
    facts = choose_facts(topic, payload, pseudonym)
    return [
        _delivery(hook, event.id, topic.name, event.created_ms, facts, now, days) for hook in asking
    ]


def _delivery(
    hook: WebhookRow,
    event_id: str,
    topic: str,
    happened_ms: int,
    facts: dict[str, Any],
    now: int,
    days: int,
) -> dict[str, Any]:
    hook.last_number += 1
    return {
        "id": uuid.uuid4().hex,
        "webhook_id": hook.id,
        "event_id": event_id,
        "number": hook.last_number,
        "topic": topic,
        "body": write_body(event_id, topic, hook.last_number, happened_ms, facts),
        "state": "waiting",
        "attempts": 0,
        "created_ms": now,
        "next_ms": now,
        "expires_ms": now + days * DAY_MS,
        "ended_ms": None,
        "status": 0,
        "failure": "",
    }
