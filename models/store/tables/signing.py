"""Releases that wait to be signed off, and who has said what of them."""

from __future__ import annotations

from sqlalchemy import ForeignKey, Index, String, Text
from sqlalchemy.orm import Mapped, mapped_column

from models.store.tables.base import Base


class ReleaseProposalRow(Base):
    """A release that was built and is not published; its id is the one that it will have.

    ``proposed_ms`` is when it was last proposed: what was signed before does not count.
    """

    __tablename__ = "release_proposals"
    __table_args__ = (Index("ix_release_proposal", "dataset", "state"),)

    id: Mapped[str] = mapped_column(String(64), primary_key=True)
    dataset: Mapped[str] = mapped_column(Text)
    number: Mapped[int]
    manifest_sha256: Mapped[str] = mapped_column(String(64))
    exclusions_sha256: Mapped[str] = mapped_column(String(64))
    policy_sha256: Mapped[str] = mapped_column(String(64))
    folder: Mapped[str] = mapped_column(Text)
    cleared: Mapped[int]
    removed: Mapped[int]
    run_id: Mapped[str] = mapped_column(String(36))
    needed: Mapped[int]
    holds_until_ms: Mapped[int | None]
    state: Mapped[str] = mapped_column(String(16))
    detail: Mapped[str] = mapped_column(Text)
    proposed_ms: Mapped[int]
    ended_ms: Mapped[int | None]


class ReleaseSignatureRow(Base):
    """What somebody said of a proposal: approve or refuse. Never changed."""

    __tablename__ = "release_signatures"

    id: Mapped[str] = mapped_column(String(32), primary_key=True)
    proposal_id: Mapped[str] = mapped_column(ForeignKey("release_proposals.id"), index=True)
    actor: Mapped[str] = mapped_column(Text)
    decision: Mapped[str] = mapped_column(String(8))
    note: Mapped[str] = mapped_column(Text)
    via: Mapped[str] = mapped_column(String(8))
    signed_ms: Mapped[int]
