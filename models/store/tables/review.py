"""The review queue and its rulings."""

from __future__ import annotations

from sqlalchemy import ForeignKey, Index, String, Text, UniqueConstraint, text
from sqlalchemy.orm import Mapped, mapped_column

from models.store.tables.base import Base

_TURN = (text("priority DESC"), "cluster", "id")
"""The order in which items are given out."""


class ReviewItemRow(Base):
    """One question put to reviewers about one asset of one dataset.

    ``question`` is the digest of what is asked (findings, statements, captions, policy): when a
    later run asks something else about the asset, the item gets a new version or is superseded.
    ``name`` and ``reasons`` repeat from the evidence what a list shows, so that no list has to
    load it. ``priority`` is what it would be on the first day of 1970, by which the order never
    changes (``models.review.ranking``). ``cluster`` is the representative of the near-identical
    pictures that the asset is one of, or "". ``alike`` is the digest of what is asked apart from
    the picture: items of a cluster that have the same may be ruled on together; "" for an item of
    an older Kiyome, until a run asks about it again. ``settles`` is how many of those waited when
    the last run looked, this one among them.

    ``persons`` is how many have to rule, 1 or 2. ``waits_for`` is whose word the item waits for, or
    waited for last where it is decided (``models.review.turns``). ``first_ruling`` and
    ``second_ruling`` are the rulings of two persons that stand, by the accounts ``first_by`` and
    ``second_by`` (names folded by ``models.accounts.records.key_of``); all are "" where one person
    rules alone. ``due_ms`` is until when an owner may answer; 0 where none is asked.

    ``asked_ms`` is since when the question is asked. ``stage`` and ``language`` are the work stream
    that the item belongs to (``models.review.streams``); "" belongs to every one.
    """

    __tablename__ = "review_items"
    __table_args__ = (
        UniqueConstraint("dataset", "asset_id", name="uq_review_item_asset"),
        Index(
            "ix_review_open",
            *_TURN,
            "waits_for",
            "first_by",
            sqlite_where=text("state IN ('open', 'leased')"),
            postgresql_where=text("state IN ('open', 'leased')"),
        ),
        Index(
            "ix_review_stream",
            *("stage", "language", *_TURN, "reasons"),
            sqlite_where=text("state IN ('open', 'leased')"),
            postgresql_where=text("state IN ('open', 'leased')"),
        ),
        Index(
            "ix_review_dataset_stream",
            *("dataset", "stage", "language", *_TURN, "reasons"),
            sqlite_where=text("state IN ('open', 'leased')"),
            postgresql_where=text("state IN ('open', 'leased')"),
        ),
        Index("ix_review_asked", "asked_ms", "state"),
        Index("ix_review_updated", text("updated_ms DESC"), "id"),
        Index(
            "ix_review_ended",
            *("state", text("updated_ms DESC"), "id"),
            sqlite_where=text("state IN ('decided', 'superseded')"),
            postgresql_where=text("state IN ('decided', 'superseded')"),
        ),
        Index(
            "ix_review_twice",
            "updated_ms",
            sqlite_where=text("second_ruling != ''"),
            postgresql_where=text("second_ruling != ''"),
        ),
        Index(
            "ix_review_leased",
            "lease_holder",
            sqlite_where=text("state = 'leased'"),
            postgresql_where=text("state = 'leased'"),
        ),
        Index("ix_review_listed", "dataset", "state", "waits_for"),
        Index(
            "ix_review_referred",
            "waits_for",
            "due_ms",
            sqlite_where=text(
                "state IN ('open', 'leased') AND waits_for IN ('adjudication', 'lead', 'owner')"
            ),
            postgresql_where=text(
                "state IN ('open', 'leased') AND waits_for IN ('adjudication', 'lead', 'owner')"
            ),
        ),
        Index(
            "ix_review_cluster",
            "dataset",
            "cluster",
            "state",
            "waits_for",
            sqlite_where=text("cluster != ''"),
            postgresql_where=text("cluster != ''"),
        ),
    )

    id: Mapped[str] = mapped_column(String(36), primary_key=True)
    dataset: Mapped[str] = mapped_column(Text)
    asset_id: Mapped[str] = mapped_column(String(64), index=True)
    question: Mapped[str] = mapped_column(String(64))
    version: Mapped[int] = mapped_column(default=1)
    state: Mapped[str] = mapped_column(String(16), default="open")
    priority: Mapped[int] = mapped_column(default=0)
    settles: Mapped[int] = mapped_column(default=1)
    persons: Mapped[int] = mapped_column(default=1)
    waits_for: Mapped[str] = mapped_column(String(16), default="ruling")
    first_ruling: Mapped[str] = mapped_column(String(36), default="")
    first_by: Mapped[str] = mapped_column(Text, default="")
    second_ruling: Mapped[str] = mapped_column(String(36), default="")
    second_by: Mapped[str] = mapped_column(Text, default="")
    due_ms: Mapped[int] = mapped_column(default=0)
    asked_ms: Mapped[int] = mapped_column(default=0)
    stage: Mapped[str] = mapped_column(String(16), default="")
    language: Mapped[str] = mapped_column(String(8), default="")
    name: Mapped[str] = mapped_column(Text, default="")
    reasons: Mapped[str] = mapped_column(Text, default="")
    cluster: Mapped[str] = mapped_column(String(64), default="")
    alike: Mapped[str] = mapped_column(String(64), default="")
    evidence: Mapped[str] = mapped_column(Text)
    lease_token: Mapped[str] = mapped_column(String(36), default="")
    lease_holder: Mapped[str] = mapped_column(Text, default="")
    lease_until_ms: Mapped[int] = mapped_column(default=0)
    created_ms: Mapped[int]
    updated_ms: Mapped[int]


class RulingRow(Base):
    """A reviewer's decision on one version of one item: at most one, ever.

    ``came_with`` is the ruling that this one was taken together with, on ``came_with_item``, an
    item about a near-identical picture that the reviewer was looking at; both are "" for a ruling
    that was taken by itself.
    """

    __tablename__ = "rulings"
    __table_args__ = (
        UniqueConstraint("item_id", "item_version", name="uq_ruling_item_version"),
        Index("ix_ruling_reviewer", "reviewer", "ruled_ms"),
        Index("ix_ruling_time", "ruled_ms", "reviewer"),
        Index(
            "ix_ruling_came_with",
            "came_with",
            sqlite_where=text("came_with != ''"),
            postgresql_where=text("came_with != ''"),
        ),
    )

    id: Mapped[str] = mapped_column(String(36), primary_key=True)
    item_id: Mapped[str] = mapped_column(ForeignKey("review_items.id"))
    item_version: Mapped[int]
    dataset: Mapped[str] = mapped_column(Text)
    asset_id: Mapped[str] = mapped_column(String(64), index=True)
    question: Mapped[str] = mapped_column(String(64))
    ruling: Mapped[str] = mapped_column(String(16))
    reason_code: Mapped[str] = mapped_column(String(32))
    note: Mapped[str] = mapped_column(Text, default="")
    reviewer: Mapped[str] = mapped_column(Text)
    ruled_ms: Mapped[int]
    came_with: Mapped[str] = mapped_column(String(36), default="")
    came_with_item: Mapped[str] = mapped_column(String(36), default="")


class SkipRow(Base):
    """That somebody has passed over an item, and the question that was asked then.

    ``reviewer_key`` is their name, folded by ``models.accounts.records.key_of``. A row holds for a
    day (``models.review.skips``), and is forgotten with the next skip of the same person.
    """

    __tablename__ = "review_skips"

    reviewer_key: Mapped[str] = mapped_column(Text, primary_key=True)
    item_id: Mapped[str] = mapped_column(String(36), primary_key=True)
    question: Mapped[str] = mapped_column(String(64))
    skipped_ms: Mapped[int]


class DraftRow(Base):
    """A note that a reviewer has begun on a version of an item, and not sent; for their eyes only.

    ``reviewer_key`` is as in ``SkipRow``.
    """

    __tablename__ = "review_drafts"

    reviewer_key: Mapped[str] = mapped_column(Text, primary_key=True)
    item_id: Mapped[str] = mapped_column(String(36), primary_key=True)
    item_version: Mapped[int]
    note: Mapped[str] = mapped_column(Text)
    kept_ms: Mapped[int]


class ReviewPreferencesRow(Base):
    """How one account likes the review page (``models.review.preferences``)."""

    __tablename__ = "review_preferences"

    account_id: Mapped[str] = mapped_column(ForeignKey("accounts.id"), primary_key=True)
    chosen: Mapped[str] = mapped_column(Text)


class SavedFilterRow(Base):
    """A choice of items that an account has saved; of each account at most one ``is_default``."""

    __tablename__ = "saved_filters"
    __table_args__ = (UniqueConstraint("account_id", "name", name="uq_saved_filter"),)

    id: Mapped[str] = mapped_column(String(36), primary_key=True)
    account_id: Mapped[str] = mapped_column(ForeignKey("accounts.id"))
    name: Mapped[str] = mapped_column(Text)
    dataset: Mapped[str] = mapped_column(Text, default="")
    stage: Mapped[str] = mapped_column(String(16), default="")
    language: Mapped[str] = mapped_column(String(8), default="")
    reason: Mapped[str] = mapped_column(String(32), default="")
    is_default: Mapped[int] = mapped_column(default=0)
