"""Items that were handed on: to a lead, and to the owner who said something about consent."""

from __future__ import annotations

from sqlalchemy import ForeignKey, Index, String, Text, text
from sqlalchemy.orm import Mapped, mapped_column

from models.store.tables.base import Base


class ReferralRow(Base):
    """An item handed to a lead with a note, or handed back by one. Never changed."""

    __tablename__ = "review_referrals"
    __table_args__ = (Index("ix_referral_item", "item_id", "at_ms"),)

    id: Mapped[str] = mapped_column(String(36), primary_key=True)
    item_id: Mapped[str] = mapped_column(ForeignKey("review_items.id"))
    question: Mapped[str] = mapped_column(String(64))
    kind: Mapped[str] = mapped_column(String(16))
    note: Mapped[str] = mapped_column(Text)
    given_by: Mapped[str] = mapped_column(Text)
    at_ms: Mapped[int]


class OwnerQuestionRow(Base):
    """What a reviewer asked an owner about an item, and what they answered.

    ``identity`` is the setter of the statement whose owner is asked, and ``about`` is the digest of
    the item's question at the time: once something else is asked, the question is closed.
    ``overdue_ms`` is when the item went back to the queue without an answer, ``withdrawn_ms`` when
    the question was taken back.
    """

    __tablename__ = "owner_questions"
    __table_args__ = (
        Index("ix_owner_question_item", "item_id", "asked_ms"),
        Index(
            "ix_owner_question_open",
            "identity",
            sqlite_where=text("answered_ms IS NULL AND withdrawn_ms IS NULL"),
            postgresql_where=text("answered_ms IS NULL AND withdrawn_ms IS NULL"),
        ),
    )

    id: Mapped[str] = mapped_column(String(36), primary_key=True)
    item_id: Mapped[str] = mapped_column(ForeignKey("review_items.id"))
    about: Mapped[str] = mapped_column(String(64))
    asset_id: Mapped[str] = mapped_column(String(64))
    identity: Mapped[str] = mapped_column(Text)
    text: Mapped[str] = mapped_column(Text)
    asked_by: Mapped[str] = mapped_column(Text)
    asked_ms: Mapped[int]
    due_ms: Mapped[int]
    answer: Mapped[str] = mapped_column(Text, default="")
    answered_by: Mapped[str] = mapped_column(Text, default="")
    answered_ms: Mapped[int | None]
    overdue_ms: Mapped[int | None]
    withdrawn_ms: Mapped[int | None]
