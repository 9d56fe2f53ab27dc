"""Items that hang on unknown terms alone: what becomes of them when a term is decided.

Whoever decides a term decides it for every asset. An item that asks about nothing but unknown terms
has no question left once all of them only describe; the item becomes superseded in the transaction
of the ruling, and its ``updated_ms`` is then the moment of that ruling, by which it is found again
when the ruling is undone.
"""

from __future__ import annotations

import json
import re
from collections.abc import Collection, Iterable, Iterator
from typing import Any, cast

from sqlalchemy import ColumnElement, CursorResult, func, select, update
from sqlalchemy.orm import Session

from models.reasons import Reason
from models.review.items import UNDECIDED, ItemState
from models.review.releasing import RELEASED
from models.review.turns import FRESH
from models.store.tables import ReviewItemRow, TermRulingRow

_TERM = re.compile(r'"term":("(?:[^"\\]|\\.)*")')
_BATCH = 1000
_Hanging = tuple[str, frozenset[str], int]


def supersede_decided(session: Session, dataset: str, terms: Collection[str], ruled_ms: int) -> int:
    """Withdraw the waiting items whose every question is a term that only describes.

    The caller holds the questions (``models.review.enqueueing.hold_questions``) and has stored the
    rulings.

    Args:
        session: an open transaction.
        terms: the terms that have just been decided; items that hang on none of them stay.
        ruled_ms: when that was.

    Returns:
        How many items became superseded.
    """
    row = ReviewItemRow
    decided: dict[str, bool] = dict.fromkeys(terms, True)
    withdrawn: list[str] = []
    for batch in _find_hanging(session, dataset, terms, row.state.in_(UNDECIDED)):
        asked = {term for _, hanging, _ in batch for term in hanging}
        _look_up_decided(session, dataset, asked - decided.keys(), decided)
        withdrawn += [
            item_id for item_id, hanging, _ in batch if all(decided[term] for term in hanging)
        ]
    values = {**RELEASED, **FRESH, "state": ItemState.SUPERSEDED.value}
    return sum(
        _change(session, ids, row.state.in_(UNDECIDED), {**values, "updated_ms": ruled_ms})
        for ids in _slices(withdrawn)
    )


def reopen_undecided(session: Session, dataset: str, terms: Collection[str], undone_ms: int) -> int:
    """Ask again what rulings about terms had withdrawn, for terms that are not decided any more.

    Args:
        session: an open transaction, as for ``supersede_decided``.
        terms: the terms whose ruling has just been undone.
        undone_ms: when that was.

    Returns:
        How many items are open again.
    """
    row = ReviewItemRow
    superseded = row.state == ItemState.SUPERSEDED.value
    reopened: list[str] = []
    for batch in _find_hanging(session, dataset, terms, superseded):
        asked = {term for _, hanging, _ in batch for term in hanging}
        moments = _moments_of(session, dataset, asked)
        reopened += [
            item_id
            for item_id, hanging, updated_ms in batch
            if any((term, updated_ms) in moments for term in hanging)
        ]
    again = {"version": row.version + 1, "updated_ms": undone_ms}
    values = {**RELEASED, **FRESH, **again}
    return sum(_change(session, ids, superseded, values) for ids in _slices(reopened))


def count_changed(session: Session, dataset: str, state: ItemState, at_ms: int) -> int:
    """How many items have been in a state since a moment: what one ruling or undo came to."""
    row = ReviewItemRow
    query = select(func.count()).where(
        row.dataset == dataset, row.state == state.value, row.updated_ms == at_ms
    )
    return session.execute(query).scalar_one()


def count_hanging(session: Session, dataset: str, term: str) -> int:
    """How many waiting items ask about a term and about nothing but unknown terms."""
    row = ReviewItemRow
    query = select(func.count()).where(
        row.dataset == dataset,
        row.state.in_(UNDECIDED),
        row.reasons == Reason.UNKNOWN_TERM.value,
        _holds(session, term),
    )
    return session.execute(query).scalar_one()


def terms_in(evidence: str) -> frozenset[str]:
    """The terms that stored evidence asks about, without reading all of it.

    A quotation mark inside a string of JSON has a backslash before it, so that no text of a
    caption looks like this key. A finding without a term counts as the term ``""``, which nobody
    can decide.
    """
    return frozenset(json.loads(found) for found in _TERM.findall(evidence))


def _find_hanging(
    session: Session, dataset: str, terms: Collection[str], condition: ColumnElement[bool]
) -> Iterator[list[_Hanging]]:
    """Items that ask about at least one of the terms, and about unknown terms only."""
    row = ReviewItemRow
    query = select(row.id, row.evidence, row.updated_ms).where(
        row.dataset == dataset, condition, row.reasons == Reason.UNKNOWN_TERM.value
    )
    if len(terms) == 1:
        query = query.where(_holds(session, next(iter(terms))))
    wanted = frozenset(terms)
    rows = session.execute(query.execution_options(yield_per=_BATCH))
    for part in rows.partitions():
        read = [(found.id, terms_in(found.evidence), found.updated_ms) for found in part]
        if batch := [each for each in read if not wanted.isdisjoint(each[1])]:
            yield batch


def _holds(session: Session, term: str) -> ColumnElement[bool]:
    """Whether the evidence names a term: searched in the database, as it was written there."""
    position = func.instr if session.get_bind().dialect.name == "sqlite" else func.strpos
    written = f'"term":{json.dumps(term)}'
    return position(ReviewItemRow.evidence, written) > 0


def _look_up_decided(
    session: Session, dataset: str, terms: Collection[str], decided: dict[str, bool]
) -> None:
    row = TermRulingRow
    decided.update(dict.fromkeys(terms, False))
    for part in _slices(sorted(terms)):
        query = select(row.term).where(
            row.dataset == dataset,
            row.term.in_(part),
            row.undone_ms.is_(None),
            row.category == "",
        )
        decided.update(dict.fromkeys(session.scalars(query), True))


def _moments_of(
    session: Session, dataset: str, terms: Collection[str]
) -> frozenset[tuple[str, int]]:
    row = TermRulingRow
    moments: set[tuple[str, int]] = set()
    for part in _slices(sorted(terms)):
        query = select(row.term, row.ruled_ms).where(row.dataset == dataset, row.term.in_(part))
        moments.update((found.term, found.ruled_ms) for found in session.execute(query))
    return frozenset(moments)


def _change(
    session: Session, ids: list[str], condition: ColumnElement[bool], values: dict[str, Any]
) -> int:
    changed = session.execute(
        update(ReviewItemRow)
        .where(ReviewItemRow.id.in_(ids), condition)
        .values(**values)
        .execution_options(synchronize_session=False)
    )
    return cast("CursorResult[Any]", changed).rowcount


def _slices(things: Iterable[str]) -> Iterator[list[str]]:
    held = list(things)
    for begin in range(0, len(held), _BATCH):
        yield held[begin : begin + _BATCH]
