"""Notes that somebody has begun and not sent: theirs alone, and there again with the item.

A draft is for one version of an item: once that is ruled on, or something else is asked, it is not
shown any more. It is kept for thirty days.
"""

from __future__ import annotations

from sqlalchemy import bindparam, delete, or_, select, text
from sqlalchemy.orm import Session

from models.review.admissible import MAX_NOTE
from models.store.database import execute, now_ms
from models.store.tables import DraftRow
from models.unicode import make_storable

KEPT_MS = 30 * 24 * 60 * 60 * 1000
"""For how long a draft is kept, in milliseconds."""

_KEPT = text(
    "INSERT INTO review_drafts (reviewer_key, item_id, item_version, note, kept_ms) "
    "VALUES (:key, :item, :version, :note, :now) ON CONFLICT (reviewer_key, item_id) DO UPDATE "
    "SET item_version = excluded.item_version, note = excluded.note, kept_ms = excluded.kept_ms"
)
_FOUND = select(DraftRow.note).where(
    DraftRow.reviewer_key == bindparam("key"),
    DraftRow.item_id == bindparam("item"),
    DraftRow.item_version == bindparam("version"),
)


def keep_draft(session: Session, item_id: str, item_version: int, key: str, note: str) -> None:
    """Keep a note that was begun, in the place of an earlier one; an empty one is forgotten.

    Args:
        session: an open transaction.
        item_id, item_version: what the reviewer was looking at.
        key: whose note it is (name folded by ``models.accounts.records.key_of``).
        note: its first ``MAX_NOTE`` characters are kept.
    """
    row, now = DraftRow, now_ms(session)
    words = make_storable(note.strip())[:MAX_NOTE]
    gone = or_(row.item_id == item_id, row.kept_ms <= now - KEPT_MS)
    forgotten = delete(row).where(row.reviewer_key == key, gone)
    session.execute(forgotten.execution_options(synchronize_session=False))
    if words:
        values = {"key": key, "item": item_id, "version": item_version, "note": words, "now": now}
        session.execute(_KEPT, values)


def find_draft(session: Session, item_id: str, item_version: int, key: str) -> str:
    """The note that somebody has begun on a version of an item, or ""."""
    values = {"key": key, "item": item_id, "version": item_version}
    return execute(session, _FOUND, values).scalar() or ""
