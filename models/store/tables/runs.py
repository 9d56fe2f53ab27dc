"""Cleansing runs."""

from __future__ import annotations

from sqlalchemy import String, Text
from sqlalchemy.orm import Mapped, mapped_column

from models.store.tables.base import Base


class RunRow(Base):
    """One cleansing run."""

    __tablename__ = "runs"

    id: Mapped[str] = mapped_column(String(36), primary_key=True)
    dataset: Mapped[str] = mapped_column(Text, index=True)
    status: Mapped[str] = mapped_column(String(16))
    inputs: Mapped[str] = mapped_column(String(64), default="")
    release: Mapped[str] = mapped_column(String(64), default="")
    counts: Mapped[str] = mapped_column(Text, default="{}")
    detail: Mapped[str] = mapped_column(Text, default="")
    holds_until_ms: Mapped[int | None]
    started_ms: Mapped[int]
    finished_ms: Mapped[int | None]
