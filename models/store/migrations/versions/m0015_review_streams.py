"""Work streams, since when items are asked about, saved filters, keys, and the lead's figures."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0015"
down_revision = "0014"

_WAITS = sa.text("state IN ('open', 'leased')")
_ENDED = sa.text("state IN ('decided', 'superseded')")
_TWICE = sa.text("second_ruling != ''")
_TURN = ("skipped_ms", sa.text("priority DESC"), "cluster", "id")


def upgrade() -> None:
    """Forward; the way back is a backup."""
    _extend_items()
    op.create_index("ix_ruling_time", "rulings", ["ruled_ms", "reviewer"])
    op.create_table(
        "review_preferences",
        sa.Column("account_id", sa.String(length=36), nullable=False),
        sa.Column("chosen", sa.Text(), nullable=False),
        sa.ForeignKeyConstraint(["account_id"], ["accounts.id"]),
        sa.PrimaryKeyConstraint("account_id"),
    )
    op.create_table(
        "saved_filters",
        sa.Column("id", sa.String(length=36), nullable=False),
        sa.Column("account_id", sa.String(length=36), nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("dataset", sa.Text(), nullable=False),
        sa.Column("stage", sa.String(length=16), nullable=False),
        sa.Column("language", sa.String(length=8), nullable=False),
        sa.Column("reason", sa.String(length=32), nullable=False),
        sa.Column("is_default", sa.BigInteger(), nullable=False),
        sa.ForeignKeyConstraint(["account_id"], ["accounts.id"]),
        sa.PrimaryKeyConstraint("id"),
        sa.UniqueConstraint("account_id", "name", name="uq_saved_filter"),
    )


def _extend_items() -> None:
    """An older item belongs to every stream until a run asks about it again."""
    items = "review_items"
    for name, kind, default in (
        ("asked_ms", sa.BigInteger(), "0"),
        ("stage", sa.String(length=16), ""),
        ("language", sa.String(length=8), ""),
    ):
        op.add_column(items, sa.Column(name, kind, nullable=False, server_default=default))
    op.execute("UPDATE review_items SET asked_ms = created_ms")
    waiting: dict[str, list[str | sa.TextClause]] = {
        "ix_review_stream": ["stage", "language", *_TURN, "reasons"],
        "ix_review_dataset_stream": ["dataset", "stage", "language", *_TURN, "reasons"],
    }
    for index, columns in waiting.items():
        op.create_index(index, items, columns, sqlite_where=_WAITS, postgresql_where=_WAITS)
    op.create_index("ix_review_asked", items, ["asked_ms", "state"])
    op.create_index("ix_review_updated", items, [sa.text("updated_ms DESC"), "id"])
    op.create_index(
        "ix_review_ended",
        items,
        ["state", sa.text("updated_ms DESC"), "id"],
        sqlite_where=_ENDED,
        postgresql_where=_ENDED,
    )
    op.create_index(
        "ix_review_twice", items, ["updated_ms"], sqlite_where=_TWICE, postgresql_where=_TWICE
    )
