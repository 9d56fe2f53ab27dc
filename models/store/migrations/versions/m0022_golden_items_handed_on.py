"""What reviewers say when they hand a golden item to a lead or to an owner."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0022"
down_revision = "0020"


def upgrade() -> None:
    """Forward; the way back is a backup."""
    op.create_table(
        "golden_handings",
        sa.Column("id", sa.String(length=36), nullable=False),
        sa.Column("serving_id", sa.String(length=36), nullable=False),
        sa.Column("kind", sa.String(length=16), nullable=False),
        sa.Column("words", sa.Text(), nullable=False),
        sa.Column("identity", sa.Text(), nullable=False),
        sa.Column("at_ms", sa.BigInteger(), nullable=False),
        sa.Column("due_ms", sa.BigInteger(), nullable=False),
        sa.Column("overdue_ms", sa.BigInteger(), nullable=True),
        sa.Column("withdrawn_ms", sa.BigInteger(), nullable=True),
        sa.ForeignKeyConstraint(["serving_id"], ["golden_servings.id"]),
        sa.PrimaryKeyConstraint("id"),
    )
    op.create_index("ix_golden_handing_serving", "golden_handings", ["serving_id", "at_ms"])
