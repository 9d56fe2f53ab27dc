"""Blind samples of cleared assets: how they were planned, and which assets were drawn."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0008"
down_revision = "0007"


def upgrade() -> None:
    """Forward; the way back is a backup."""
    op.create_table(
        "assurance_samples",
        sa.Column("release_id", sa.String(length=64), nullable=False),
        sa.Column("dataset", sa.Text(), nullable=False),
        sa.Column("parting", sa.String(length=16), nullable=False),
        sa.Column("aim", sa.String(length=16), nullable=False),
        sa.Column("at_most", sa.Float(), nullable=False),
        sa.Column("confidence", sa.Float(), nullable=False),
        sa.Column("allowed", sa.BigInteger(), nullable=False),
        sa.Column("combination", sa.String(length=16), nullable=False),
        sa.Column("ledger_root", sa.String(length=64), nullable=False),
        sa.Column("public_value", sa.Text(), nullable=False),
        sa.Column("seed", sa.Text(), nullable=False),
        sa.Column("approved", sa.BigInteger(), nullable=False),
        sa.Column("drawn_ms", sa.BigInteger(), nullable=False),
        sa.ForeignKeyConstraint(["release_id"], ["releases.id"]),
        sa.PrimaryKeyConstraint("release_id"),
    )
    op.create_index("ix_assurance_samples_dataset", "assurance_samples", ["dataset"])
    op.create_table(
        "assurance_strata",
        sa.Column("release_id", sa.String(length=64), nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("population", sa.BigInteger(), nullable=False),
        sa.Column("drawn", sa.BigInteger(), nullable=False),
        sa.ForeignKeyConstraint(["release_id"], ["assurance_samples.release_id"]),
        sa.PrimaryKeyConstraint("release_id", "name"),
    )
    op.create_table(
        "assurance_assets",
        sa.Column("release_id", sa.String(length=64), nullable=False),
        sa.Column("asset_id", sa.String(length=64), nullable=False),
        sa.Column("stratum", sa.Text(), nullable=False),
        sa.Column("place", sa.BigInteger(), nullable=False),
        sa.Column("item_id", sa.String(length=36), nullable=False),
        sa.Column("question", sa.String(length=64), nullable=False),
        sa.Column("ruled_before", sa.BigInteger(), nullable=False),
        sa.ForeignKeyConstraint(["release_id"], ["assurance_samples.release_id"]),
        sa.PrimaryKeyConstraint("release_id", "asset_id"),
    )
    op.create_index("ix_assurance_item", "assurance_assets", ["item_id", "question"])
