"""Owners' requests, the refusals that stand, and what the ledger was told of them."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0010"
down_revision = "0009"


def upgrade() -> None:
    """Forward; the way back is a backup."""
    op.create_table(
        "owner_requests",
        sa.Column("id", sa.String(length=36), nullable=False),
        sa.Column("account_id", sa.String(length=36), nullable=False),
        sa.Column("kind", sa.String(length=16), nullable=False),
        sa.Column("whole", sa.BigInteger(), nullable=False),
        sa.Column("purposes", sa.Text(), nullable=False),
        sa.Column("note", sa.Text(), nullable=False),
        sa.Column("detail", sa.Text(), nullable=False),
        sa.Column("acknowledged_ms", sa.BigInteger(), nullable=False),
        sa.ForeignKeyConstraint(["account_id"], ["accounts.id"]),
        sa.PrimaryKeyConstraint("id"),
    )
    op.create_index("ix_owner_request_account", "owner_requests", ["account_id", "acknowledged_ms"])
    op.create_index("ix_owner_request_age", "owner_requests", ["kind", "acknowledged_ms"])
    op.create_table(
        "owner_request_subjects",
        sa.Column("request_id", sa.String(length=36), nullable=False),
        sa.Column("kind", sa.String(length=16), nullable=False),
        sa.Column("subject", sa.Text(), nullable=False),
        sa.Column("ended_ms", sa.BigInteger(), nullable=True),
        sa.ForeignKeyConstraint(["request_id"], ["owner_requests.id"]),
        sa.PrimaryKeyConstraint("request_id", "kind", "subject"),
    )
    op.create_index(
        "ix_request_subject_standing",
        "owner_request_subjects",
        ["kind", "subject"],
        sqlite_where=sa.text("ended_ms IS NULL"),
        postgresql_where=sa.text("ended_ms IS NULL"),
    )
    op.create_table(
        "owner_request_events",
        sa.Column("request_id", sa.String(length=36), nullable=False),
        sa.Column("number", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("at_ms", sa.BigInteger(), nullable=False),
        sa.Column("action", sa.String(length=16), nullable=False),
        sa.Column("actor", sa.Text(), nullable=False),
        sa.Column("note", sa.Text(), nullable=False),
        sa.ForeignKeyConstraint(["request_id"], ["owner_requests.id"]),
        sa.PrimaryKeyConstraint("request_id", "number"),
    )
    op.create_table(
        "revocations",
        sa.Column("asset_id", sa.String(length=64), nullable=False),
        sa.Column("purpose", sa.String(length=32), nullable=False),
        sa.Column("refused_ms", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("batch_id", sa.Text(), nullable=False),
        sa.Column("noted_ms", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("asset_id", "purpose", "refused_ms"),
    )
    op.create_index("ix_outbox_created", "outbox", ["created_ms"])
