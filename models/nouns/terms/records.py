"""Rulings about terms, as they stand in the database; nothing here changes any."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from sqlalchemy import ColumnElement, select
from sqlalchemy.orm import Session

from models.decisions import TermRuling
from models.nouns.register.storage import CATEGORIES
from models.store.tables import TermRulingRow
from models.unicode import replace_surrogates

_BATCH = 1000
_DESCRIBED = {
    category: f"names {'an' if category[0] in 'aeiou' else 'a'} {category}"
    for category in CATEGORIES
}


@dataclass(frozen=True, slots=True)
class StoredTermRuling:
    """A ruling about a term as it stands in the database; in force where ``undone_ms`` is None."""

    id: str
    dataset: str
    term: str
    surface: str
    category: str
    note: str
    reviewer: str
    ruled_ms: int
    undone_by: str
    undone_ms: int | None


def describe_choice(category: str) -> str:
    """What a ruling says about its term: "only describes", "names an artist"."""
    return _DESCRIBED.get(category, f"names a {category}") if category else "only describes"


def effective_term_rulings(session: Session, dataset: str) -> dict[str, TermRuling]:
    """The rulings in force on terms of a dataset, by term."""
    row = TermRulingRow
    query = select(row.term, row.category, row.id).where(
        row.dataset == dataset, row.undone_ms.is_(None)
    )
    return {found.term: TermRuling(found.category, found.id) for found in session.execute(query)}


def find_term_ruling(session: Session, ruling_id: str) -> StoredTermRuling | None:
    """One ruling, in force or not."""
    return next(iter(_select(session, TermRulingRow.id == ruling_id, limit=1)), None)


def find_term_rulings(
    session: Session, dataset: str, terms: Sequence[str]
) -> dict[str, StoredTermRuling]:
    """The rulings in force on some terms of a dataset, by term."""
    found: dict[str, StoredTermRuling] = {}
    row = TermRulingRow
    for begin in range(0, len(terms), _BATCH):
        some = row.term.in_(terms[begin : begin + _BATCH])
        for ruling in _select(session, (row.dataset == dataset) & some & row.undone_ms.is_(None)):
            found[ruling.term] = ruling
    return found


def latest_term_ruling(session: Session, reviewer: str) -> StoredTermRuling | None:
    """The newest ruling of a reviewer that is in force: the one that an undo would end."""
    row = TermRulingRow
    mine = (row.reviewer == reviewer) & row.undone_ms.is_(None)
    return next(iter(_select(session, mine, limit=1)), None)


def term_rulings_on(session: Session, dataset: str, term: str) -> tuple[StoredTermRuling, ...]:
    """All rulings on a term, the newest first, whether in force or not."""
    row = TermRulingRow
    return _select(session, (row.dataset == dataset) & (row.term == term))


def storable(text: str) -> str:
    """The text as every database takes it: what is no text becomes U+FFFD."""
    return replace_surrogates(text).replace("\0", "\ufffd")


def _select(
    session: Session, condition: ColumnElement[bool], limit: int | None = None
) -> tuple[StoredTermRuling, ...]:
    query = (
        select(*TermRulingRow.__table__.columns)
        .where(condition)
        .order_by(TermRulingRow.ruled_ms.desc(), TermRulingRow.id)
        .limit(limit)
    )
    return tuple(StoredTermRuling(**found) for found in session.execute(query).mappings())
