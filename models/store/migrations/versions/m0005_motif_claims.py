"""What is claimed about a motif, by whom, in which state, and how the register changed."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0005"
down_revision = "0004"


def upgrade() -> None:
    """Forward; the way back is a backup."""
    for column in (
        sa.Column("box", sa.Text(), nullable=False, server_default=""),
        sa.Column("right_kind", sa.String(length=16), nullable=False, server_default=""),
        sa.Column("right_note", sa.Text(), nullable=False, server_default=""),
        sa.Column("registered_by", sa.Text(), nullable=False, server_default=""),
        sa.Column("state", sa.String(length=16), nullable=False, server_default="confirmed"),
        sa.Column("version", sa.BigInteger(), nullable=False, server_default="0"),
        sa.Column("pdq", sa.String(length=64), nullable=True),
        sa.Column("disputed_with", sa.String(length=64), nullable=False, server_default=""),
        sa.Column("warnings", sa.Text(), nullable=False, server_default="[]"),
    ):
        op.add_column("motifs", column)
    op.create_table(
        "motif_changes",
        sa.Column("id", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("version", sa.BigInteger(), nullable=False),
        sa.Column("at_ms", sa.BigInteger(), nullable=False),
        sa.Column("actor", sa.Text(), nullable=False),
        sa.Column("action", sa.String(length=16), nullable=False),
        sa.Column("motif_id", sa.String(length=64), nullable=False),
        sa.Column("label", sa.Text(), nullable=False),
        sa.Column("category", sa.String(length=16), nullable=False),
        sa.Column("detail", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("id"),
    )
    op.create_index("ix_motif_change_motif", "motif_changes", ["motif_id", "id"])
