"""A priority that grows with age, and skips and notes begun that are one person's."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0020"
down_revision = "0016"

_WAITS = sa.text("state IN ('open', 'leased')")
_TURN = (sa.text("priority DESC"), "cluster", "id")
_IN_TURN: dict[str, list[str | sa.TextClause]] = {
    "ix_review_open": [*_TURN, "waits_for", "first_by"],
    "ix_review_stream": ["stage", "language", *_TURN, "reasons"],
    "ix_review_dataset_stream": ["dataset", "stage", "language", *_TURN, "reasons"],
}


def upgrade() -> None:
    """Forward; the way back is a backup."""
    items = "review_items"
    for index in _IN_TURN:
        op.drop_index(index, items)
    op.execute("ALTER TABLE review_items DROP COLUMN skipped_ms")
    op.add_column(items, sa.Column("settles", sa.BigInteger(), nullable=False, server_default="1"))
    # 50 for each day of 86,400,000 milliseconds (``models.review.ranking``).
    op.execute("UPDATE review_items SET priority = priority - 50 * (asked_ms / 86400000)")
    for index, columns in _IN_TURN.items():
        op.create_index(index, items, columns, sqlite_where=_WAITS, postgresql_where=_WAITS)
    op.create_table(
        "review_skips",
        sa.Column("reviewer_key", sa.Text(), nullable=False),
        sa.Column("item_id", sa.String(length=36), nullable=False),
        sa.Column("question", sa.String(length=64), nullable=False),
        sa.Column("skipped_ms", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("reviewer_key", "item_id"),
    )
    op.create_table(
        "review_drafts",
        sa.Column("reviewer_key", sa.Text(), nullable=False),
        sa.Column("item_id", sa.String(length=36), nullable=False),
        sa.Column("item_version", sa.BigInteger(), nullable=False),
        sa.Column("note", sa.Text(), nullable=False),
        sa.Column("kept_ms", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("reviewer_key", "item_id"),
    )
    op.execute("ALTER TABLE golden_servings DROP COLUMN skipped")
    asked = sa.Column("asked_ms", sa.BigInteger(), nullable=False, server_default="0")
    op.add_column("golden_servings", asked)
    op.execute("UPDATE golden_servings SET asked_ms = served_ms")
