"""What owners had taken down."""

from __future__ import annotations

from sqlalchemy import String, Text
from sqlalchemy.orm import Mapped, mapped_column

from models.store.tables.base import Base


class TakedownRow(Base):
    """An owner's acknowledged request: the asset is in no release made after it."""

    __tablename__ = "takedowns"

    asset_id: Mapped[str] = mapped_column(String(64), primary_key=True)
    requested_by: Mapped[str] = mapped_column(Text)
    note: Mapped[str] = mapped_column(Text, default="")
    acknowledged_ms: Mapped[int]
