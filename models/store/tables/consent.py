"""Licences on file, and evidence from outside the dataset."""

from __future__ import annotations

from sqlalchemy import ForeignKey, Index, String, Text
from sqlalchemy.orm import Mapped, mapped_column

from models.store.tables.base import Base


class ContractRow(Base):
    """A licence on file, entered by one person and in force once another has approved it."""

    __tablename__ = "contracts"

    id: Mapped[str] = mapped_column(String(128), primary_key=True)
    terms: Mapped[str] = mapped_column(Text)
    document_sha256: Mapped[str] = mapped_column(String(64))
    entered_by: Mapped[str] = mapped_column(Text)
    entered_ms: Mapped[int]
    approved_by: Mapped[str] = mapped_column(Text, default="")
    approved_ms: Mapped[int | None]
    ended_by: Mapped[str] = mapped_column(Text, default="")
    ended_ms: Mapped[int | None]


class EvidenceRow(Base):
    """One look at one source outside the dataset. Rows are only ever added."""

    __tablename__ = "evidence"
    __table_args__ = (Index("ix_evidence_source", "source", "id"),)

    id: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)
    source: Mapped[str] = mapped_column(Text)
    carrier: Mapped[str] = mapped_column(String(32))
    outcome: Mapped[str] = mapped_column(String(16))
    observed_at: Mapped[int]
    valid_until: Mapped[int | None]
    anchor: Mapped[str] = mapped_column(Text, default="")
    body_sha256: Mapped[str] = mapped_column(String(64), default="")
    note: Mapped[str] = mapped_column(Text, default="")


class EvidenceStatementRow(Base):
    """What one look at a source said about one subject. Rows are only ever added."""

    __tablename__ = "evidence_statements"
    __table_args__ = (
        Index("ix_evidence_subject", "subject"),
        Index("ix_evidence_kind", "kind"),
    )

    evidence_id: Mapped[int] = mapped_column(ForeignKey("evidence.id"), primary_key=True)
    position: Mapped[int] = mapped_column(primary_key=True)
    kind: Mapped[str] = mapped_column(String(8))
    subject: Mapped[str] = mapped_column(Text)
    statement: Mapped[str] = mapped_column(Text)


class CursorRow(Base):
    """How far a source that grows has been read: JSON of the reader's own making."""

    __tablename__ = "evidence_cursors"

    name: Mapped[str] = mapped_column(Text, primary_key=True)
    value: Mapped[str] = mapped_column(Text)
