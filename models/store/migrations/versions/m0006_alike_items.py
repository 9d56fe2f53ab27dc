"""Items of near-identical pictures, which may be ruled on together."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0006"
down_revision = "0005"


def upgrade() -> None:
    """Forward; the way back is a backup."""
    for table, name, length in (
        ("review_items", "cluster", 64),
        ("review_items", "alike", 64),
        ("rulings", "came_with", 36),
        ("rulings", "came_with_item", 36),
    ):
        op.add_column(
            table, sa.Column(name, sa.String(length=length), nullable=False, server_default="")
        )
    op.drop_index("ix_review_open", "review_items")
    op.create_index(
        "ix_review_open",
        "review_items",
        ["skipped_ms", sa.text("priority DESC"), "cluster", "id"],
        sqlite_where=sa.text("state IN ('open', 'leased')"),
        postgresql_where=sa.text("state IN ('open', 'leased')"),
    )
    op.create_index(
        "ix_review_cluster",
        "review_items",
        ["dataset", "cluster", "state"],
        sqlite_where=sa.text("cluster != ''"),
        postgresql_where=sa.text("cluster != ''"),
    )
    op.create_index(
        "ix_ruling_came_with",
        "rulings",
        ["came_with"],
        sqlite_where=sa.text("came_with != ''"),
        postgresql_where=sa.text("came_with != ''"),
    )
