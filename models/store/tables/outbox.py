"""What happened and has to be told to others."""

from __future__ import annotations

from sqlalchemy import Index, String, Text, text
from sqlalchemy.orm import Mapped, mapped_column

from models.store.tables.base import Base


class OutboxRow(Base):
    """Something that happened. ``sent_ms`` is NULL until it has been handed to the webhooks."""

    __tablename__ = "outbox"
    __table_args__ = (
        Index("ix_outbox_created", "created_ms"),
        Index(
            "ix_outbox_unsent",
            "created_ms",
            "id",
            sqlite_where=text("sent_ms IS NULL"),
            postgresql_where=text("sent_ms IS NULL"),
        ),
    )

    id: Mapped[str] = mapped_column(String(36), primary_key=True)
    topic: Mapped[str] = mapped_column(String(32))
    payload: Mapped[str] = mapped_column(Text)
    created_ms: Mapped[int]
    sent_ms: Mapped[int | None]
