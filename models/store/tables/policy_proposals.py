"""Changes of the policy that rulings suggest, for a person to approve."""

from __future__ import annotations

from sqlalchemy import Index, String, Text
from sqlalchemy.orm import Mapped, mapped_column

from models.store.tables.base import Base


class PolicyProposalRow(Base):
    """One number of a policy that could be another; what was approved names the file it is in.

    ``facts`` is canonical JSON of everything that the page shows.
    """

    __tablename__ = "policy_proposals"
    __table_args__ = (Index("ix_policy_proposal_state", "state", "proposed_ms"),)

    id: Mapped[str] = mapped_column(String(32), primary_key=True)
    dataset: Mapped[str] = mapped_column(Text)
    setting: Mapped[str] = mapped_column(String(64))
    policy_sha256: Mapped[str] = mapped_column(String(64))
    policy_version: Mapped[str] = mapped_column(Text)
    old: Mapped[float]
    new: Mapped[float]
    facts: Mapped[str] = mapped_column(Text)
    state: Mapped[str] = mapped_column(String(16))
    proposed_by: Mapped[str] = mapped_column(Text)
    proposed_ms: Mapped[int]
    decided_by: Mapped[str] = mapped_column(Text)
    decided_ms: Mapped[int | None]
    note: Mapped[str] = mapped_column(Text)
    new_version: Mapped[str] = mapped_column(Text)
    new_sha256: Mapped[str] = mapped_column(String(64))
    file: Mapped[str] = mapped_column(Text)
