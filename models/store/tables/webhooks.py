"""Who is told what happens here, and how far the telling has come."""

from __future__ import annotations

from sqlalchemy import ForeignKey, Index, String, Text, UniqueConstraint, text
from sqlalchemy.orm import Mapped, mapped_column

from models.store.tables.base import Base


class WebhookRow(Base):
    """An address that is told of some topics.

    ``topics`` is separated by spaces, or "" for all. ``secret`` is kept as it is: signing takes it.
    ``last_number`` counts the events handed to it. Whoever holds ``lease_holder`` until
    ``lease_until_ms`` is sending to it. ``paused_ms`` is NULL while it is sent to.
    """

    __tablename__ = "webhooks"

    id: Mapped[str] = mapped_column(String(36), primary_key=True)
    url: Mapped[str] = mapped_column(Text)
    topics: Mapped[str] = mapped_column(Text, default="")
    secret: Mapped[str] = mapped_column(Text)
    created_by: Mapped[str] = mapped_column(Text)
    created_ms: Mapped[int]
    paused_ms: Mapped[int | None]
    pause_reason: Mapped[str] = mapped_column(String(16), default="")
    last_number: Mapped[int] = mapped_column(default=0)
    lease_holder: Mapped[str] = mapped_column(String(36), default="")
    lease_until_ms: Mapped[int] = mapped_column(default=0)


class WebhookDeliveryRow(Base):
    """One event for one webhook. ``state`` is waiting, delivered or dead.

    ``number`` counts the events of one webhook from 1, without gaps. ``status`` is the HTTP status
    of the last answer, 0 without one; ``failure`` says why the last attempt failed.
    """

    __tablename__ = "webhook_deliveries"
    __table_args__ = (
        UniqueConstraint("webhook_id", "event_id", name="uq_webhook_event"),
        Index(
            "ix_webhook_waiting",
            "webhook_id",
            "number",
            sqlite_where=text("state = 'waiting'"),
            postgresql_where=text("state = 'waiting'"),
        ),
        Index("ix_webhook_delivered", "state", "ended_ms"),
    )

    id: Mapped[str] = mapped_column(String(36), primary_key=True)
    webhook_id: Mapped[str] = mapped_column(ForeignKey("webhooks.id", ondelete="CASCADE"))
    event_id: Mapped[str] = mapped_column(String(36))
    number: Mapped[int]
    topic: Mapped[str] = mapped_column(String(32))
    body: Mapped[str] = mapped_column(Text)
    state: Mapped[str] = mapped_column(String(16), default="waiting")
    attempts: Mapped[int] = mapped_column(default=0)
    created_ms: Mapped[int]
    next_ms: Mapped[int]
    expires_ms: Mapped[int]
    ended_ms: Mapped[int | None]
    status: Mapped[int] = mapped_column(default=0)
    failure: Mapped[str] = mapped_column(String(32), default="")
