"""Caption edits: what people put in the place of captions, and what became of it."""

from __future__ import annotations

from sqlalchemy import Index, String, Text, text
from sqlalchemy.orm import Mapped, mapped_column

from models.store.tables.base import Base


class CaptionEditRow(Base):
    """A text to put in the place of one caption of one asset, in every later release of a dataset.

    ``original`` is the caption as a JSON string, because it may hold what no text column takes;
    ``spans`` is JSON: start, end and replacement of each. Both never change. ``origin`` is
    ``reviewer`` or ``owner``, ``author`` their name, ``account_id`` an owner's account. ``state``
    is proposed, held, in_force, refused, withdrawn, replaced or undone; of the edits for one
    caption at most one is in force. ``ruling_id`` is the ruling that it was made with, and
    ``replaces`` the edit that it took the place of, which comes back when it is undone.
    """

    __tablename__ = "caption_edits"
    __table_args__ = (
        Index(
            "uq_caption_edit_in_force",
            "dataset",
            "asset_id",
            "original_sha256",
            unique=True,
            sqlite_where=text("state = 'in_force'"),
            postgresql_where=text("state = 'in_force'"),
        ),
        Index(
            "uq_caption_edit_proposed",
            "dataset",
            "asset_id",
            "original_sha256",
            "account_id",
            unique=True,
            sqlite_where=text("state = 'proposed'"),
            postgresql_where=text("state = 'proposed'"),
        ),
        Index("ix_caption_edit_asset", "asset_id", "dataset"),
        Index("ix_caption_edit_listed", "state", "made_ms"),
        Index(
            "ix_caption_edit_ruling",
            "ruling_id",
            sqlite_where=text("ruling_id != ''"),
            postgresql_where=text("ruling_id != ''"),
        ),
    )

    id: Mapped[str] = mapped_column(String(36), primary_key=True)
    dataset: Mapped[str] = mapped_column(Text)
    asset_id: Mapped[str] = mapped_column(String(64))
    name: Mapped[str] = mapped_column(Text, default="")
    original_sha256: Mapped[str] = mapped_column(String(64))
    original: Mapped[str] = mapped_column(Text)
    spans: Mapped[str] = mapped_column(Text)
    origin: Mapped[str] = mapped_column(String(16))
    author: Mapped[str] = mapped_column(Text)
    account_id: Mapped[str] = mapped_column(String(36), default="")
    note: Mapped[str] = mapped_column(Text, default="")
    state: Mapped[str] = mapped_column(String(16))
    ruling_id: Mapped[str] = mapped_column(String(36), default="")
    replaces: Mapped[str] = mapped_column(String(36), default="")
    made_ms: Mapped[int]
    decided_by: Mapped[str] = mapped_column(Text, default="")
    decided_ms: Mapped[int | None]
    answer: Mapped[str] = mapped_column(Text, default="")
    ended_by: Mapped[str] = mapped_column(Text, default="")
    ended_ms: Mapped[int | None]
