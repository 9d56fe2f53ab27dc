"""What happened and others may be told, written in the transaction in which it happens."""

from __future__ import annotations

import uuid
from collections.abc import Mapping
from typing import Any

from sqlalchemy import insert
from sqlalchemy.orm import Session

from models.canonical import canonical_json
from models.store.tables import OutboxRow


def post(session: Session, topic: str, payload: Mapping[str, Any], now: int) -> None:
    """Write one row into the outbox; ``now`` is the database's time."""
    session.execute(
        insert(OutboxRow).values(
            id=uuid.uuid4().hex,
            topic=topic,
            payload=canonical_json(dict(payload)).decode(),
            created_ms=now,
            sent_ms=None,
        )
    )
