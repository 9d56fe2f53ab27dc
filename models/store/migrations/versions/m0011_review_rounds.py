"""Two persons, adjudication, leads, owners who are asked, and golden items."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0011"
down_revision = "0010"

_WAITS = sa.text("state IN ('open', 'leased')")
_REFERRED = sa.text(
    "state IN ('open', 'leased') AND waits_for IN ('adjudication', 'lead', 'owner')"
)
_UNANSWERED = sa.text("answered_ms IS NULL AND withdrawn_ms IS NULL")


def upgrade() -> None:
    """Forward; the way back is a backup."""
    _extend_items()
    _make_referrals()
    _make_golden()


def _extend_items() -> None:
    items = "review_items"
    for name, kind, default in (
        ("persons", sa.BigInteger(), "1"),
        ("waits_for", sa.String(length=16), "ruling"),
        ("first_ruling", sa.String(length=36), ""),
        ("first_by", sa.Text(), ""),
        ("second_ruling", sa.String(length=36), ""),
        ("second_by", sa.Text(), ""),
        ("due_ms", sa.BigInteger(), "0"),
    ):
        op.add_column(items, sa.Column(name, kind, nullable=False, server_default=default))
    op.drop_index("ix_review_open", items)
    op.create_index(
        "ix_review_open",
        items,
        ["skipped_ms", sa.text("priority DESC"), "cluster", "id", "waits_for", "first_by"],
        sqlite_where=_WAITS,
        postgresql_where=_WAITS,
    )
    op.drop_index("ix_review_listed", items)
    op.create_index("ix_review_listed", items, ["dataset", "state", "waits_for"])
    clustered = sa.text("cluster != ''")
    op.drop_index("ix_review_cluster", items)
    op.create_index(
        "ix_review_cluster",
        items,
        ["dataset", "cluster", "state", "waits_for"],
        sqlite_where=clustered,
        postgresql_where=clustered,
    )
    op.create_index(
        "ix_review_referred",
        items,
        ["waits_for", "due_ms"],
        sqlite_where=_REFERRED,
        postgresql_where=_REFERRED,
    )


def _make_referrals() -> None:
    op.create_table(
        "review_referrals",
        sa.Column("id", sa.String(length=36), nullable=False),
        sa.Column("item_id", sa.String(length=36), nullable=False),
        sa.Column("question", sa.String(length=64), nullable=False),
        sa.Column("kind", sa.String(length=16), nullable=False),
        sa.Column("note", sa.Text(), nullable=False),
        sa.Column("given_by", sa.Text(), nullable=False),
        sa.Column("at_ms", sa.BigInteger(), nullable=False),
        sa.ForeignKeyConstraint(["item_id"], ["review_items.id"]),
        sa.PrimaryKeyConstraint("id"),
    )
    op.create_index("ix_referral_item", "review_referrals", ["item_id", "at_ms"])
    op.create_table(
        "owner_questions",
        sa.Column("id", sa.String(length=36), nullable=False),
        sa.Column("item_id", sa.String(length=36), nullable=False),
        sa.Column("about", sa.String(length=64), nullable=False),
        sa.Column("asset_id", sa.String(length=64), nullable=False),
        sa.Column("identity", sa.Text(), nullable=False),
        sa.Column("text", sa.Text(), nullable=False),
        sa.Column("asked_by", sa.Text(), nullable=False),
        sa.Column("asked_ms", sa.BigInteger(), nullable=False),
        sa.Column("due_ms", sa.BigInteger(), nullable=False),
        sa.Column("answer", sa.Text(), nullable=False),
        sa.Column("answered_by", sa.Text(), nullable=False),
        sa.Column("answered_ms", sa.BigInteger(), nullable=True),
        sa.Column("overdue_ms", sa.BigInteger(), nullable=True),
        sa.Column("withdrawn_ms", sa.BigInteger(), nullable=True),
        sa.ForeignKeyConstraint(["item_id"], ["review_items.id"]),
        sa.PrimaryKeyConstraint("id"),
    )
    op.create_index("ix_owner_question_item", "owner_questions", ["item_id", "asked_ms"])
    op.create_index(
        "ix_owner_question_open",
        "owner_questions",
        ["identity"],
        sqlite_where=_UNANSWERED,
        postgresql_where=_UNANSWERED,
    )


def _make_golden() -> None:
    op.create_table(
        "golden_items",
        sa.Column("id", sa.String(length=36), nullable=False),
        sa.Column("item_id", sa.String(length=36), nullable=False),
        sa.Column("question", sa.String(length=64), nullable=False),
        sa.Column("answer", sa.String(length=16), nullable=False),
        sa.Column("marked_by", sa.Text(), nullable=False),
        sa.Column("marked_ms", sa.BigInteger(), nullable=False),
        sa.Column("retired_by", sa.Text(), nullable=False),
        sa.Column("retired_ms", sa.BigInteger(), nullable=True),
        sa.ForeignKeyConstraint(["item_id"], ["review_items.id"]),
        sa.PrimaryKeyConstraint("id"),
        sa.UniqueConstraint("item_id", "question", name="uq_golden_question"),
    )
    op.create_table(
        "golden_servings",
        sa.Column("id", sa.String(length=36), nullable=False),
        sa.Column("golden_id", sa.String(length=36), nullable=False),
        sa.Column("item_id", sa.String(length=36), nullable=False),
        sa.Column("question", sa.String(length=64), nullable=False),
        sa.Column("reviewer", sa.Text(), nullable=False),
        sa.Column("reviewer_key", sa.Text(), nullable=False),
        sa.Column("state", sa.String(length=16), nullable=False),
        sa.Column("version", sa.BigInteger(), nullable=False),
        sa.Column("skipped", sa.BigInteger(), nullable=False),
        sa.Column("lease_token", sa.String(length=36), nullable=False),
        sa.Column("lease_until_ms", sa.BigInteger(), nullable=False),
        sa.Column("ruling_id", sa.String(length=36), nullable=False),
        sa.Column("served_ms", sa.BigInteger(), nullable=False),
        sa.Column("updated_ms", sa.BigInteger(), nullable=False),
        sa.ForeignKeyConstraint(["golden_id"], ["golden_items.id"]),
        sa.PrimaryKeyConstraint("id"),
        sa.UniqueConstraint("reviewer_key", "item_id", "question", name="uq_golden_serving"),
    )
    op.create_index("ix_golden_serving_state", "golden_servings", ["reviewer_key", "state"])
    op.create_table(
        "golden_rulings",
        sa.Column("id", sa.String(length=36), nullable=False),
        sa.Column("serving_id", sa.String(length=36), nullable=False),
        sa.Column("item_id", sa.String(length=36), nullable=False),
        sa.Column("item_version", sa.BigInteger(), nullable=False),
        sa.Column("dataset", sa.Text(), nullable=False),
        sa.Column("asset_id", sa.String(length=64), nullable=False),
        sa.Column("question", sa.String(length=64), nullable=False),
        sa.Column("ruling", sa.String(length=16), nullable=False),
        sa.Column("reason_code", sa.String(length=32), nullable=False),
        sa.Column("note", sa.Text(), nullable=False),
        sa.Column("reviewer", sa.Text(), nullable=False),
        sa.Column("ruled_ms", sa.BigInteger(), nullable=False),
        sa.ForeignKeyConstraint(["serving_id"], ["golden_servings.id"]),
        sa.PrimaryKeyConstraint("id"),
    )
    op.create_index("ix_golden_rulings_serving_id", "golden_rulings", ["serving_id"])
    op.create_index("ix_golden_ruling_reviewer", "golden_rulings", ["reviewer", "ruled_ms"])
    op.create_table(
        "golden_turns",
        sa.Column("reviewer_key", sa.Text(), nullable=False),
        sa.Column("given", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("reviewer_key"),
    )
