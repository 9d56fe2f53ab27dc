"""Caption edits: what people put in the place of captions."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0012"
down_revision = "0011"


def upgrade() -> None:
    """Forward; the way back is a backup."""
    op.create_table(
        "caption_edits",
        sa.Column("id", sa.String(length=36), nullable=False),
        sa.Column("dataset", sa.Text(), nullable=False),
        sa.Column("asset_id", sa.String(length=64), nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("original_sha256", sa.String(length=64), nullable=False),
        sa.Column("original", sa.Text(), nullable=False),
        sa.Column("spans", sa.Text(), nullable=False),
        sa.Column("origin", sa.String(length=16), nullable=False),
        sa.Column("author", sa.Text(), nullable=False),
        sa.Column("account_id", sa.String(length=36), nullable=False),
        sa.Column("note", sa.Text(), nullable=False),
        sa.Column("state", sa.String(length=16), nullable=False),
        sa.Column("ruling_id", sa.String(length=36), nullable=False),
        sa.Column("replaces", sa.String(length=36), nullable=False),
        sa.Column("made_ms", sa.BigInteger(), nullable=False),
        sa.Column("decided_by", sa.Text(), nullable=False),
        sa.Column("decided_ms", sa.BigInteger(), nullable=True),
        sa.Column("answer", sa.Text(), nullable=False),
        sa.Column("ended_by", sa.Text(), nullable=False),
        sa.Column("ended_ms", sa.BigInteger(), nullable=True),
        sa.PrimaryKeyConstraint("id"),
    )
    asset = ["dataset", "asset_id", "original_sha256"]
    for name, columns, state in (
        ("uq_caption_edit_in_force", asset, "in_force"),
        ("uq_caption_edit_proposed", [*asset, "account_id"], "proposed"),
    ):
        condition = sa.text(f"state = '{state}'")
        op.create_index(
            name,
            "caption_edits",
            columns,
            unique=True,
            sqlite_where=condition,
            postgresql_where=condition,
        )
    op.create_index("ix_caption_edit_asset", "caption_edits", ["asset_id", "dataset"])
    op.create_index("ix_caption_edit_listed", "caption_edits", ["state", "made_ms"])
    op.create_index(
        "ix_caption_edit_ruling",
        "caption_edits",
        ["ruling_id"],
        sqlite_where=sa.text("ruling_id != ''"),
        postgresql_where=sa.text("ruling_id != ''"),
    )
