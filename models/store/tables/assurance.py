"""Blind samples of cleared assets."""

from __future__ import annotations

from sqlalchemy import ForeignKey, Index, String, Text
from sqlalchemy.orm import Mapped, mapped_column

from models.store.tables.base import Base


class AssuranceSampleRow(Base):
    """A blind sample of a release's cleared assets, as it was planned. Never changed; one each.

    ``approved`` is how many of the release's assets a reviewer's approval cleared: they are not
    among those that the sample was drawn from.
    """

    __tablename__ = "assurance_samples"

    release_id: Mapped[str] = mapped_column(ForeignKey("releases.id"), primary_key=True)
    dataset: Mapped[str] = mapped_column(Text, index=True)
    parting: Mapped[str] = mapped_column(String(16))
    aim: Mapped[str] = mapped_column(String(16))
    at_most: Mapped[float]
    confidence: Mapped[float]
    allowed: Mapped[int]
    combination: Mapped[str] = mapped_column(String(16))
    ledger_root: Mapped[str] = mapped_column(String(64))
    public_value: Mapped[str] = mapped_column(Text)
    seed: Mapped[str] = mapped_column(Text)
    approved: Mapped[int]
    drawn_ms: Mapped[int]


class AssuranceStratumRow(Base):
    """One stratum of a sample: how many cleared assets it has, and how many were drawn."""

    __tablename__ = "assurance_strata"

    release_id: Mapped[str] = mapped_column(
        ForeignKey("assurance_samples.release_id"), primary_key=True
    )
    name: Mapped[str] = mapped_column(Text, primary_key=True)
    population: Mapped[int]
    drawn: Mapped[int]


class AssuranceAssetRow(Base):
    """One drawn asset. A ruling on its item that answers ``question`` is the sample's.

    ``place`` is its place in the order in which its stratum was drawn. ``ruled_before`` is 1 where
    a person had ruled on the asset before, on another question.
    """

    __tablename__ = "assurance_assets"
    __table_args__ = (Index("ix_assurance_item", "item_id", "question"),)

    release_id: Mapped[str] = mapped_column(
        ForeignKey("assurance_samples.release_id"), primary_key=True
    )
    asset_id: Mapped[str] = mapped_column(String(64), primary_key=True)
    stratum: Mapped[str] = mapped_column(Text)
    place: Mapped[int]
    item_id: Mapped[str] = mapped_column(String(36))
    question: Mapped[str] = mapped_column(String(64))
    ruled_before: Mapped[int]
