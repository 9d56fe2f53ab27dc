"""Unknown terms, and what people decided about them."""

from __future__ import annotations

from sqlalchemy import Index, String, Text, text
from sqlalchemy.orm import Mapped, mapped_column

from models.store.tables.base import Base


class TermRow(Base):
    """An unknown term of a dataset, as the last run found it: how often, where, how likely a name.

    ``examples`` is JSON: a few of the texts that it stands in, with its place there.
    """

    __tablename__ = "terms"
    __table_args__ = (Index("ix_term_rank", "dataset", "score"),)

    dataset: Mapped[str] = mapped_column(Text, primary_key=True)
    term: Mapped[str] = mapped_column(Text, primary_key=True)
    surface: Mapped[str] = mapped_column(Text)
    category: Mapped[str] = mapped_column(String(16), default="")
    detector: Mapped[str] = mapped_column(String(64))
    explanation: Mapped[str] = mapped_column(Text, default="")
    assets: Mapped[int]
    score: Mapped[float]
    examples: Mapped[str] = mapped_column(Text, default="[]")
    run: Mapped[str] = mapped_column(String(36), default="")


class TermRulingRow(Base):
    """A person's decision on a term, for every asset of a dataset.

    ``category`` is what the term names, or "" for one that only describes. At most one ruling on a
    term is in force: the one that is not undone.
    """

    __tablename__ = "term_rulings"
    __table_args__ = (
        Index(
            "uq_term_ruling_in_force",
            "dataset",
            "term",
            unique=True,
            sqlite_where=text("undone_ms IS NULL"),
            postgresql_where=text("undone_ms IS NULL"),
        ),
    )

    id: Mapped[str] = mapped_column(String(36), primary_key=True)
    dataset: Mapped[str] = mapped_column(Text)
    term: Mapped[str] = mapped_column(Text)
    surface: Mapped[str] = mapped_column(Text)
    category: Mapped[str] = mapped_column(String(16), default="")
    note: Mapped[str] = mapped_column(Text, default="")
    reviewer: Mapped[str] = mapped_column(Text)
    ruled_ms: Mapped[int]
    undone_by: Mapped[str] = mapped_column(Text, default="")
    undone_ms: Mapped[int | None]
