"""What happened and has to be told to others."""

from __future__ import annotations

from sqlalchemy import String, Text
from sqlalchemy.orm import Mapped, mapped_column

from models.store.tables.base import Base


class OutboxRow(Base):
    """Something that happened and that others have not been told yet."""

    __tablename__ = "outbox"

    id: Mapped[str] = mapped_column(String(36), primary_key=True)
    topic: Mapped[str] = mapped_column(String(32))
    payload: Mapped[str] = mapped_column(Text)
    created_ms: Mapped[int]
    sent_ms: Mapped[int | None]
