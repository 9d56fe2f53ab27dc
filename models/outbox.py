"""The outbox: what happened, written in the transaction in which it happened."""

from __future__ import annotations

import uuid
from collections.abc import Iterable, Mapping
from typing import Any

from sqlalchemy import insert
from sqlalchemy.orm import Session

from models.canonical import canonical_json
from models.store.database import execute, now_ms
from models.store.tables import OutboxRow

ASKED, SETTLED, ENDED = "request.acknowledged", "request.settled", "request.ended"
"""Topics about owners' requests."""


def post_event(
    session: Session, topic: str, payload: Mapping[str, Any], at_ms: int | None = None
) -> None:
    """Say that something has happened, for whoever has to act on it or be told.

    Args:
        payload: JSON-ready. Which facts of it leave the house, ``models.webhooks.topics`` decides.
        at_ms: when it happened, by the database's clock, where the caller has asked that already.
    """
    post_events(session, topic, [payload], at_ms)


def post_events(
    session: Session, topic: str, payloads: Iterable[Mapping[str, Any]], at_ms: int | None = None
) -> None:
    """Say of each payload what ``post_event`` says, all at one moment."""
    created_ms = now_ms(session) if at_ms is None else at_ms
    rows = [
        {
            "id": uuid.uuid4().hex,
            "topic": topic,
            "payload": canonical_json(dict(payload)).decode(),
            "created_ms": created_ms,
            "sent_ms": None,
        }
        for payload in payloads
    ]
    if rows:
        execute(session, _POST, rows)


_POST = insert(OutboxRow)
