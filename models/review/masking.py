"""Which rows of the audit chain somebody may not read yet, as they tell what is kept from them."""

from __future__ import annotations

import json
from collections.abc import Iterable

from sqlalchemy import select
from sqlalchemy.orm import Session

from models.review.audit import RULED, AuditEntry
from models.review.items import UNDECIDED
from models.store.tables import ReviewItemRow

GOLDEN_ACTIONS = frozenset({"mark_golden", "retire_golden"})
_ABOUT_ITEMS = frozenset({RULED, "undo", "escalate", "send_back", "ask_owner"})


def find_withheld(
    session: Session, entries: Iterable[AuditEntry], reader: str, *, sees_golden: bool
) -> frozenset[int]:
    """Sequence numbers of the rows of which neither subject nor detail may be shown.

    They are what others did to items on which two persons still rule by themselves, and, for
    whoever may be tested by them, which items are golden.
    """
    about: dict[int, str] = {}
    withheld: set[int] = set()
    for entry in entries:
        if entry.action in GOLDEN_ACTIONS and not sees_golden:
            withheld.add(entry.seq)
        elif entry.action in _ABOUT_ITEMS and entry.actor != reader:
            about[entry.seq] = str(json.loads(entry.detail).get("item_id", ""))
    row = ReviewItemRow
    blind = select(row.id).where(
        row.id.in_(sorted(set(about.values()))), row.state.in_(UNDECIDED), row.persons > 1
    )
    waiting = frozenset(session.scalars(blind)) if about else frozenset()
    return frozenset(withheld | {seq for seq, item_id in about.items() if item_id in waiting})
