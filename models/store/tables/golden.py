"""Golden items: decided items with a known answer, by which reviewers are tested."""

from __future__ import annotations

from sqlalchemy import ForeignKey, Index, String, Text, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column

from models.store.tables.base import Base


class GoldenItemRow(Base):
    """An item whose answer is known. ``retired_ms`` is NULL while it is given out."""

    __tablename__ = "golden_items"
    __table_args__ = (UniqueConstraint("item_id", "question", name="uq_golden_question"),)

    id: Mapped[str] = mapped_column(String(36), primary_key=True)
    item_id: Mapped[str] = mapped_column(ForeignKey("review_items.id"))
    question: Mapped[str] = mapped_column(String(64))
    answer: Mapped[str] = mapped_column(String(16))
    marked_by: Mapped[str] = mapped_column(Text)
    marked_ms: Mapped[int]
    retired_by: Mapped[str] = mapped_column(Text, default="")
    retired_ms: Mapped[int | None]


class GoldenServingRow(Base):
    """A golden item as one reviewer gets it: once each.

    ``state`` is what the item's state is for this reviewer; ``version`` is the item's version as
    they see it, which moves on when they undo. ``ruling_id`` is their ruling that stands, or "".
    ``asked_ms`` is since when it is asked for them: as the item in whose place it came, or its age
    would tell.
    """

    __tablename__ = "golden_servings"
    __table_args__ = (
        UniqueConstraint("reviewer_key", "item_id", "question", name="uq_golden_serving"),
        Index("ix_golden_serving_state", "reviewer_key", "state"),
    )

    id: Mapped[str] = mapped_column(String(36), primary_key=True)
    golden_id: Mapped[str] = mapped_column(ForeignKey("golden_items.id"))
    item_id: Mapped[str] = mapped_column(String(36))
    question: Mapped[str] = mapped_column(String(64))
    reviewer: Mapped[str] = mapped_column(Text)
    reviewer_key: Mapped[str] = mapped_column(Text)
    state: Mapped[str] = mapped_column(String(16))
    version: Mapped[int]
    lease_token: Mapped[str] = mapped_column(String(36), default="")
    lease_until_ms: Mapped[int] = mapped_column(default=0)
    ruling_id: Mapped[str] = mapped_column(String(36), default="")
    asked_ms: Mapped[int]
    served_ms: Mapped[int]
    updated_ms: Mapped[int]


class GoldenRulingRow(Base):
    """A ruling on a golden item: recorded like any other, and counted by no release."""

    __tablename__ = "golden_rulings"
    __table_args__ = (Index("ix_golden_ruling_reviewer", "reviewer", "ruled_ms"),)

    id: Mapped[str] = mapped_column(String(36), primary_key=True)
    serving_id: Mapped[str] = mapped_column(ForeignKey("golden_servings.id"), index=True)
    item_id: Mapped[str] = mapped_column(String(36))
    item_version: Mapped[int]
    dataset: Mapped[str] = mapped_column(Text)
    asset_id: Mapped[str] = mapped_column(String(64))
    question: Mapped[str] = mapped_column(String(64))
    ruling: Mapped[str] = mapped_column(String(16))
    reason_code: Mapped[str] = mapped_column(String(32))
    note: Mapped[str] = mapped_column(Text, default="")
    reviewer: Mapped[str] = mapped_column(Text)
    ruled_ms: Mapped[int]


class GoldenHandingRow(Base):
    """That a note or a question is about a golden item, and whose.

    ``id`` is that of a ``ReferralRow`` or an ``OwnerQuestionRow``: what is said about a golden item
    is kept with what is said about all others, and shown to its reviewer and whoever is told.
    """

    __tablename__ = "golden_handings"
    __table_args__ = (Index("ix_golden_handing_serving", "serving_id"),)

    id: Mapped[str] = mapped_column(String(36), primary_key=True)
    serving_id: Mapped[str] = mapped_column(ForeignKey("golden_servings.id"))


class GoldenTurnRow(Base):
    """How many items a reviewer has been given: the place in their queue decides what is golden."""

    __tablename__ = "golden_turns"

    reviewer_key: Mapped[str] = mapped_column(Text, primary_key=True)
    given: Mapped[int]
