"""Rulings about unknown terms: what a person decided about one, for every asset of a dataset.

    undecided -> describes | names a character, a work, ...       a ruling is in force
        ^             |
        +-------------+                                            it was undone

At most one ruling on a term is in force. None is ever changed but for being undone, and both steps
are rows of the audit chain. Every function works inside the caller's transaction.
"""

from __future__ import annotations

import uuid
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from sqlalchemy import insert, select, update
from sqlalchemy.orm import Session

from models.errors import AlreadyRuledError, ReviewError
from models.nouns.recognition import term_of
from models.nouns.register.storage import CATEGORIES
from models.nouns.terms.records import (
    StoredTermRuling,
    describe_choice,
    find_term_ruling,
    find_term_rulings,
    storable,
)
from models.review.admissible import MAX_NOTE
from models.review.audit import (
    TERM_RULED,
    TERM_UNDONE,
    append_audit,
    describe_term_ruling,
    describe_term_undo,
)
from models.review.enqueueing import hold_questions
from models.review.hanging import reopen_undecided, supersede_decided
from models.store.database import now_ms
from models.store.tables import TermRow, TermRulingRow

LONGEST_TERM = 500
"""Longest term that can be decided, in characters: an index must hold it."""

_BATCH = 1000


@dataclass(frozen=True, slots=True)
class TermChoice:
    """What somebody wants to rule about a term.

    Attributes:
        term: the term, or any spelling of it.
        category: what it names; "" for a term that only describes.
        note: why, for whoever reads the audit.
    """

    term: str
    category: str
    note: str = ""


@dataclass(frozen=True, slots=True)
class TermsRuled:
    """What rulings came to.

    Attributes:
        rulings: the stored rulings, in the order of the choices.
        repeated: how many of them had been stored before, and were not stored again.
        replaced: how many earlier rulings were undone for them.
        superseded: review items that are no longer asked about.
        reopened: review items that are asked about again, because a ruling was replaced.
    """

    rulings: tuple[StoredTermRuling, ...]
    repeated: int
    replaced: int
    superseded: int
    reopened: int


@dataclass(frozen=True, slots=True)
class TermUndone:
    """A ruling that is no longer in force, and how many review items are asked about again."""

    ruling: StoredTermRuling
    reopened: int


def rule_term(
    session: Session,
    dataset: str,
    term: str,
    category: str,
    reviewer: str,
    note: str = "",
    *,
    replace: bool = False,
) -> TermsRuled:
    """Decide a term for every asset of a dataset. See ``rule_terms``."""
    return rule_terms(
        session, dataset, [TermChoice(term, category, note)], reviewer, replace=replace
    )


def rule_terms(
    session: Session,
    dataset: str,
    choices: Sequence[TermChoice],
    reviewer: str,
    *,
    replace: bool = False,
    progress: Callable[[int], None] = lambda _: None,
) -> TermsRuled:
    """Decide terms for every asset of a dataset, all or none.

    Items of the review queue that asked about nothing but terms which now only describe are
    withdrawn at once. A term that names something is treated by the policy in the next run. The
    same ruling by the same reviewer again changes nothing.

    Args:
        session: an open transaction.
        dataset: the dataset's name.
        choices: one for each term; a term need not have been found yet.
        reviewer: who rules.
        replace: undo another ruling on the term that is in force, instead of refusing.
        progress: called with the number of rulings just stored.

    Raises:
        AlreadyRuledError: another ruling on one of the terms is in force; it says which.
        ReviewError: a term, category, note or the reviewer's name cannot be used, or a term is
            given twice.
    """
    reviewer = _check_reviewer(reviewer)
    hold_questions(session)
    now = now_ms(session)
    wanted = _resolve_choices(session, dataset, choices)
    replaced: list[StoredTermRuling] = []
    stored: dict[str, StoredTermRuling] = {}
    fresh: list[TermChoice] = []
    in_force = find_term_rulings(session, dataset, [choice.term for choice in wanted])
    for choice in wanted:
        before = in_force.get(choice.term)
        if before is None:
            fresh.append(choice)
        elif before.category == choice.category and before.reviewer == reviewer:
            stored[choice.term] = before
        elif replace:
            replaced.append(before)
            fresh.append(choice)
        else:
            raise _refuse(before)
    for ruling in replaced:
        _end(session, ruling, reviewer, now)
    reopened = 0
    if replaced:
        reopened = reopen_undecided(session, dataset, {each.term for each in replaced}, now)
    surfaces = _surfaces_of(session, dataset, fresh)
    made = [
        _make(dataset, each, surfaces.get(each.term, each.term), reviewer, now) for each in fresh
    ]
    _list_ahead(session, dataset, [each.term for each in fresh if each.term not in surfaces])
    for begin in range(0, len(made), _BATCH):
        batch = made[begin : begin + _BATCH]
        session.execute(insert(TermRulingRow), batch)
        for values in batch:
            append_audit(session, reviewer, TERM_RULED, values["id"], describe_term_ruling(values))
        progress(len(batch))
    stored |= {values["term"]: StoredTermRuling(**values) for values in made}
    describing = {values["term"] for values in made if not values["category"]}
    superseded = supersede_decided(session, dataset, describing, now) if describing else 0
    if superseded or reopened:
        counts = {"superseded": superseded, "reopened": reopened, "terms": len(made)}
        append_audit(session, reviewer, "settle_terms", dataset, {**counts, "ruled_ms": now})
    return TermsRuled(
        rulings=tuple(stored[choice.term] for choice in wanted),
        repeated=len(wanted) - len(made),
        replaced=len(replaced),
        superseded=superseded,
        reopened=reopened,
    )


def undo_term(session: Session, ruling_id: str, reviewer: str) -> TermUndone:
    """End a ruling that is in force: the term is undecided again, and what hung on it is asked.

    Any reviewer may do so; the audit row names who did, and whose ruling it was.

    Raises:
        ReviewError: there is no such ruling, or it is no longer in force.
    """
    reviewer = _check_reviewer(reviewer)
    hold_questions(session)
    ruling = find_term_ruling(session, ruling_id)
    if ruling is None:
        raise ReviewError(f"There is no ruling {ruling_id}.", "Look at the list of terms.")
    if ruling.undone_ms is not None:
        raise ReviewError(
            f"The ruling on {ruling.surface!r} is no longer in force: {ruling.undone_by} undid it.",
            "Look at the term as it is now.",
        )
    now = now_ms(session)
    ended = _end(session, ruling, reviewer, now)
    reopened = reopen_undecided(session, ruling.dataset, [ruling.term], now)
    if reopened:
        detail = {"superseded": 0, "reopened": reopened, "terms": 1, "ruled_ms": now}
        append_audit(session, reviewer, "settle_terms", ruling.dataset, detail)
    return TermUndone(ended, reopened)


def check_choice(choice: TermChoice) -> TermChoice:
    """A choice that can be stored: its note stripped, and its term as its key.

    Raises:
        ReviewError: it cannot; the message says why.
    """
    term = term_of(choice.term)
    shown = ascii(choice.term[:60])
    if not term:
        raise ReviewError(
            f"{shown} holds no letter and no digit.", "Give the term as the list shows it."
        )
    if len(term) > LONGEST_TERM:
        raise ReviewError(
            f"The term {shown}… is longer than {LONGEST_TERM} characters.",
            "Rule on its assets one by one instead.",
        )
    if choice.category and choice.category not in CATEGORIES:
        raise ReviewError(
            f"{choice.category!r} is not a category of names.",
            f"Use one of: {', '.join(CATEGORIES)}.",
        )
    note = storable(choice.note).strip()
    if len(note) > MAX_NOTE:
        raise ReviewError(f"The note is longer than {MAX_NOTE:,} characters.", "Shorten it.")
    return TermChoice(term, choice.category, note)


def _check_reviewer(reviewer: str) -> str:
    name = storable(reviewer).strip()
    if not name:
        raise ReviewError("A ruling needs a reviewer.", "Say who rules, or who undoes it.")
    return name


def _resolve_choices(
    session: Session, dataset: str, choices: Sequence[TermChoice]
) -> list[TermChoice]:
    """The choices under the keys of their terms; a key that is listed stands as it is."""
    listed: set[str] = set()
    given = [choice.term for choice in choices]
    for begin in range(0, len(given), _BATCH):
        some = TermRow.term.in_([storable(text) for text in given[begin : begin + _BATCH]])
        listed |= set(session.scalars(select(TermRow.term).where(TermRow.dataset == dataset, some)))
    wanted: dict[str, TermChoice] = {}
    for choice in choices:
        checked = check_choice(choice)
        if choice.term in listed:
            checked = TermChoice(choice.term, checked.category, checked.note)
        if checked.term in wanted:
            raise ReviewError(
                f"The term {checked.term!r} is given twice.", "Rule on each term once."
            )
        wanted[checked.term] = checked
    return list(wanted.values())


def _surfaces_of(
    session: Session, dataset: str, choices: Sequence[TermChoice]
) -> Mapping[str, str]:
    """How terms that are listed are written."""
    surfaces: dict[str, str] = {}
    row = TermRow
    terms = [choice.term for choice in choices]
    for begin in range(0, len(terms), _BATCH):
        some = row.term.in_(terms[begin : begin + _BATCH])
        query = select(row.term, row.surface).where(row.dataset == dataset, some)
        surfaces.update((found.term, found.surface) for found in session.execute(query))
    return surfaces


def _list_ahead(session: Session, dataset: str, terms: Sequence[str]) -> None:
    """List terms that no run has found yet, so that a ruling on them can be seen and undone."""
    blank = {"category": "", "detector": "", "explanation": "", "assets": 0, "score": 0.0}
    blank |= {"examples": "[]", "run": ""}
    for begin in range(0, len(terms), _BATCH):
        batch = terms[begin : begin + _BATCH]
        rows = [{"dataset": dataset, "term": term, "surface": term, **blank} for term in batch]
        session.execute(insert(TermRow), rows)


def _make(
    dataset: str, choice: TermChoice, surface: str, reviewer: str, now: int
) -> dict[str, Any]:
    return {
        "id": uuid.uuid4().hex,
        "dataset": dataset,
        "term": choice.term,
        "surface": surface,
        "category": choice.category,
        "note": choice.note,
        "reviewer": reviewer,
        "ruled_ms": now,
        "undone_by": "",
        "undone_ms": None,
    }


def _end(session: Session, ruling: StoredTermRuling, reviewer: str, now: int) -> StoredTermRuling:
    row = TermRulingRow
    session.execute(
        update(row)
        .where(row.id == ruling.id)
        .values(undone_by=reviewer, undone_ms=now)
        .execution_options(synchronize_session=False)
    )
    values = {name: getattr(ruling, name) for name in StoredTermRuling.__slots__}
    values |= {"undone_by": reviewer, "undone_ms": now}
    append_audit(session, reviewer, TERM_UNDONE, ruling.id, describe_term_undo(values))
    return StoredTermRuling(**values)


def _refuse(before: StoredTermRuling) -> AlreadyRuledError:
    day = datetime.fromtimestamp(before.ruled_ms / 1000, UTC).date().isoformat()
    return AlreadyRuledError(
        f"{before.surface!r} is decided: {before.reviewer} ruled on {day} that it "
        f"{describe_choice(before.category)}.",
        "Nothing was written; undo that ruling first, or replace it.",
    )
