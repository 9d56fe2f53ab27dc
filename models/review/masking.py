"""Which rows of the audit chain somebody may not read yet, as they tell what is kept from them."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping

from sqlalchemy import select
from sqlalchemy.orm import Session

from models.captions.making import REPLACED, RESTORED, UNDONE
from models.review.audit import CAPTION_EDITED, RULED, AuditEntry
from models.review.golden_handing_on import golden_of_mine, golden_of_others
from models.review.golden_items import find_servings
from models.review.items import UNDECIDED
from models.store.tables import CaptionEditRow, ReviewItemRow, RulingRow

GOLDEN_ACTIONS = frozenset({"mark_golden", "retire_golden"})
_ABOUT_ITEMS = frozenset({RULED, "undo", "escalate", "send_back", "ask_owner"})
_ABOUT_EDITS = frozenset({CAPTION_EDITED, UNDONE, RESTORED, REPLACED})
_ABOUT_QUESTIONS = frozenset({"answer_question", "withdraw_question", "question_overdue"})


def find_withheld(
    session: Session, entries: Iterable[AuditEntry], reader: str, *, sees_golden: bool
) -> frozenset[int]:
    """Sequence numbers of the rows of which neither subject nor detail may be shown.

    They are what others did to items on which two persons still rule by themselves, or that the
    reader has had as golden ones, without what was said to the reader; and, for whoever may be
    tested by them, which items are golden.
    """
    withheld: set[int] = set()
    others = [entry for entry in entries if entry.actor != reader]
    if not sees_golden:
        said = {
            entry.subject for entry in others if entry.action in _ABOUT_ITEMS | _ABOUT_QUESTIONS
        }
        golden = golden_of_others(session, said, reader)
        withheld = {
            entry.seq
            for entry in others
            if entry.action in GOLDEN_ACTIONS or entry.subject in golden
        }
    about = _find_items(session, others)
    waiting = _find_waiting(session, frozenset(about.values()), reader) if about else frozenset()
    kept = {seq for seq, item_id in about.items() if item_id in waiting}
    subjects = {entry.subject for entry in others if entry.seq in kept}
    mine = golden_of_mine(session, subjects, reader) if kept else frozenset()
    shown = {entry.seq for entry in others if entry.subject in mine}
    return frozenset(withheld | (kept - shown))


def _find_items(session: Session, entries: Iterable[AuditEntry]) -> Mapping[int, str]:
    """The items that rows are about, by sequence number."""
    about: dict[int, str] = {}
    edits: dict[int, str] = {}
    for entry in entries:
        if entry.action in _ABOUT_ITEMS:
            about[entry.seq] = str(json.loads(entry.detail).get("item_id", ""))
        elif entry.action in _ABOUT_EDITS:
            edits[entry.seq] = entry.subject
    query = (
        select(CaptionEditRow.id, RulingRow.item_id)
        .join(RulingRow, RulingRow.id == CaptionEditRow.ruling_id)
        .where(CaptionEditRow.id.in_(sorted(set(edits.values()))))
    )
    items = dict(session.execute(query).tuples().all()) if edits else {}
    return {**about, **{seq: items[edit] for seq, edit in edits.items() if edit in items}}


def _find_waiting(session: Session, item_ids: frozenset[str], reader: str) -> frozenset[str]:
    """Those of some items on which the reader may have to rule without knowing what others did."""
    row = ReviewItemRow
    blind = select(row.id).where(
        row.id.in_(sorted(item_ids)), row.state.in_(UNDECIDED), row.persons > 1
    )
    return frozenset(session.scalars(blind)) | find_servings(session, reader, item_ids).keys()
