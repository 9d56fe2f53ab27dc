"""What is said about golden items is kept with what is said about all others, and leads answer."""

from __future__ import annotations

from alembic import op

revision = "0023"
down_revision = "0022"

_NOTES = """
INSERT INTO review_referrals (id, item_id, question, kind, note, given_by, at_ms)
SELECT h.id, s.item_id, s.question, h.kind, h.words, s.reviewer, h.at_ms
FROM golden_handings h JOIN golden_servings s ON s.id = h.serving_id WHERE h.kind = 'escalate'
"""
_QUESTIONS = """
INSERT INTO owner_questions (
    id, item_id, about, asset_id, identity, text, asked_by, asked_ms, due_ms,
    answer, answered_by, answered_ms, overdue_ms, withdrawn_ms
)
SELECT h.id, s.item_id, s.question, i.asset_id, h.identity, h.words, s.reviewer, h.at_ms, h.due_ms,
    '', '', NULL, h.overdue_ms, h.withdrawn_ms
FROM golden_handings h JOIN golden_servings s ON s.id = h.serving_id
JOIN review_items i ON i.id = s.item_id WHERE h.kind = 'ask_owner'
"""
_MOVED = ("kind", "words", "identity", "at_ms", "due_ms", "overdue_ms", "withdrawn_ms")


def upgrade() -> None:
    """Forward; the way back is a backup."""
    op.execute(_NOTES)
    op.execute(_QUESTIONS)
    op.drop_index("ix_golden_handing_serving", "golden_handings")
    for column in _MOVED:
        op.execute(f"ALTER TABLE golden_handings DROP COLUMN {column}")
    op.create_index("ix_golden_handing_serving", "golden_handings", ["serving_id"])
