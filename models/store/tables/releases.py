"""Published dataset versions."""

from __future__ import annotations

from sqlalchemy import String, Text, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column

from models.store.tables.base import Base


class ReleaseRow(Base):
    """A published dataset version."""

    __tablename__ = "releases"
    __table_args__ = (UniqueConstraint("dataset", "number", name="uq_release_number"),)

    id: Mapped[str] = mapped_column(String(64), primary_key=True)
    dataset: Mapped[str] = mapped_column(Text)
    number: Mapped[int]
    manifest_sha256: Mapped[str] = mapped_column(String(64))
    exclusions_sha256: Mapped[str] = mapped_column(String(64))
    folder: Mapped[str] = mapped_column(Text)
    cleared: Mapped[int]
    removed: Mapped[int]
    created_ms: Mapped[int]
