"""The outbox: what happened, written in the transaction in which it happened."""

from __future__ import annotations

import uuid
from collections.abc import Mapping
from typing import Any

from sqlalchemy import insert
from sqlalchemy.orm import Session

from models.canonical import canonical_json
from models.store.database import now_ms
from models.store.tables import OutboxRow

ASKED, SETTLED, ENDED = "request.acknowledged", "request.settled", "request.ended"
"""Topics about owners' requests."""


def post_event(session: Session, topic: str, payload: Mapping[str, Any]) -> None:
    """Say that something has happened, for whoever has to act on it or be told.

    Args:
        payload: JSON-ready, and fit to be told: no name of a person, and no free text.
    """
    session.execute(
        insert(OutboxRow).values(
            id=uuid.uuid4().hex,
            topic=topic,
            payload=canonical_json(dict(payload)).decode(),
            created_ms=now_ms(session),
            sent_ms=None,
        )
    )
