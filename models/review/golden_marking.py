"""Marking decided items as golden, and how right reviewers were on them."""

from __future__ import annotations

import uuid
from dataclasses import dataclass
from typing import TYPE_CHECKING

from sqlalchemy import ColumnElement, and_, func, insert, select, update
from sqlalchemy.orm import Session

from models.errors import ReviewError
from models.review.audit import append_audit
from models.review.golden_items import stands
from models.review.items import ItemState
from models.review.reason_codes import RulingKind
from models.store.database import now_ms
from models.store.tables import (
    GoldenItemRow,
    GoldenRulingRow,
    GoldenServingRow,
    ReviewItemRow,
    RulingRow,
)

if TYPE_CHECKING:
    from models.review.quality.golden import Accuracy

_ANSWERS = (RulingKind.APPROVE.value, RulingKind.EXCLUDE.value)


@dataclass(frozen=True, slots=True)
class GoldenMark:
    """A golden item.

    Attributes:
        answer: what is right: approve or exclude.
        usable: it is given out: still decided so, and about the same.
        given, right: how many reviewers have ruled on it, and how many as is right.
    """

    id: str
    item_id: str
    dataset: str
    name: str
    answer: str
    marked_by: str
    marked_ms: int
    usable: bool
    given: int
    right: int


def mark_golden(session: Session, item_id: str, marked_by: str) -> str:
    """Make an item golden: the ruling in force on it is the known answer from now on.

    Args:
        session: an open transaction.
        item_id: a decided item.
        marked_by: the lead who is sure of the answer.

    Returns:
        The id of the mark.

    Raises:
        ReviewError: the item is not decided, its ruling is neither an approval nor an exclusion, it
            is one of near-identical pictures, or it is golden already.
    """
    item, row = ReviewItemRow, GoldenItemRow
    columns = (item.question, item.version, item.state, item.cluster)
    found = session.execute(select(*columns).where(item.id == item_id).with_for_update()).first()
    if found is None or found.state != ItemState.DECIDED.value:
        raise ReviewError("Only a decided item can be golden.", "Rule on it first.")
    answer = session.scalar(
        select(RulingRow.ruling).where(
            RulingRow.item_id == item_id, RulingRow.item_version == found.version
        )
    )
    if answer not in _ANSWERS:
        raise ReviewError(
            "A golden item needs an approval or an exclusion.", "Choose another item."
        )
    if found.cluster:
        raise ReviewError(
            "This item is one of near-identical pictures, which are shown together.",
            "Choose one that is alone.",
        )
    now = now_ms(session)
    known = session.execute(
        select(row.id, row.retired_ms, row.answer).where(
            row.item_id == item_id, row.question == found.question
        )
    ).first()
    if known is not None and (known.retired_ms is None or known.answer != answer):
        raise ReviewError(
            "This item is golden already, or was with another answer.", "Choose another item."
        )
    mark_id = uuid.uuid4().hex if known is None else known.id
    values = {"marked_by": marked_by, "marked_ms": now, "retired_by": "", "retired_ms": None}
    if known is None:
        values |= {"id": mark_id, "item_id": item_id, "question": found.question, "answer": answer}
        session.execute(insert(row).values(**values))
    else:
        session.execute(update(row).where(row.id == mark_id).values(**values))
    append_audit(session, marked_by, "mark_golden", mark_id, {"item_id": item_id, "answer": answer})
    return mark_id


def retire_golden(session: Session, mark_id: str, retired_by: str) -> None:
    """Give a golden item to nobody any more, and leave what was ruled on it out of the results.

    Raises:
        ReviewError: there is no such item, or it is retired already.
    """
    row = GoldenItemRow
    changed = session.execute(
        update(row)
        .where(row.id == mark_id, row.retired_ms.is_(None))
        .values(retired_by=retired_by, retired_ms=now_ms(session))
        .returning(row.item_id)
    ).first()
    if changed is None:
        raise ReviewError("There is no such golden item.", "Look at the list again.")
    append_audit(session, retired_by, "retire_golden", mark_id, {"item_id": changed.item_id})


def list_golden(session: Session) -> tuple[GoldenMark, ...]:
    """The golden items that are not retired, the newest first."""
    row, item, served, ruled = GoldenItemRow, ReviewItemRow, GoldenServingRow, GoldenRulingRow
    counts = {
        golden_id: (given, right)
        for golden_id, given, right in session.execute(
            select(
                served.golden_id,
                func.count(),
                func.count().filter(ruled.ruling == row.answer),
            )
            .join(ruled, _their_own())
            .join(row, row.id == served.golden_id)
            .group_by(served.golden_id)
        )
    }
    usable = and_(item.question == row.question, stands(row.answer)).label("usable")
    query = (
        select(
            *(row.id, row.item_id, item.dataset, item.name, row.answer),
            *(row.marked_by, row.marked_ms, usable),
        )
        .join(item, item.id == row.item_id)
        .where(row.retired_ms.is_(None))
        .order_by(row.marked_ms.desc(), row.id)
    )
    marks = []
    for found in session.execute(query):
        given, right = counts.get(found.id, (0, 0))
        values = {**found._mapping, "usable": bool(found.usable), "given": given, "right": right}
        marks.append(GoldenMark(**values))
    return tuple(marks)


def find_mark(session: Session, item_id: str) -> str:
    """The mark of an item that is golden as it is asked now, or ""."""
    row = GoldenItemRow
    query = (
        select(row.id)
        .join(
            ReviewItemRow,
            and_(ReviewItemRow.id == row.item_id, ReviewItemRow.question == row.question),
        )
        .where(row.item_id == item_id, row.retired_ms.is_(None))
    )
    return session.scalar(query) or ""


def measure_reviewers(session: Session) -> tuple[Accuracy, ...]:
    """How right each reviewer was on golden items; a ruling that was undone does not count."""
    from models.review.quality.golden import GoldenRuling, measure_accuracy

    row, served, ruled = GoldenItemRow, GoldenServingRow, GoldenRulingRow
    query = (
        select(row.id, ruled.reviewer, row.answer, ruled.ruling)
        .join(served, served.golden_id == row.id)
        .join(ruled, _their_own())
        .where(row.retired_ms.is_(None))
        .order_by(ruled.ruled_ms, ruled.id)
    )
    exclude = RulingKind.EXCLUDE.value
    return measure_accuracy(
        GoldenRuling(mark, reviewer, answer == exclude, ruling == exclude)
        for mark, reviewer, answer, ruling in session.execute(query)
    )


def _their_own() -> ColumnElement[bool]:
    """Of the rulings on golden items those of their reviewers: a lead may have settled one."""
    ruled, served = GoldenRulingRow, GoldenServingRow
    return and_(ruled.id == served.ruling_id, ruled.reviewer == served.reviewer)
