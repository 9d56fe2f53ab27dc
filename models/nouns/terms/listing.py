"""The unknown terms of a dataset: what the last run found, and what has been decided about them."""

from __future__ import annotations

import csv
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from itertools import islice
from pathlib import Path
from typing import Any, Literal

from sqlalchemy import (
    ColumnElement,
    RowMapping,
    Select,
    and_,
    delete,
    func,
    insert,
    literal,
    or_,
    select,
)
from sqlalchemy.orm import Session

from models.errors import ReviewError, WorkspaceError
from models.nouns.recognition import term_of
from models.nouns.terms.records import storable
from models.nouns.terms.tally import Example, Tally, as_columns, read_examples
from models.spreadsheets import defuse
from models.store.tables import TermRow, TermRulingRow

Show = Literal["open", "decided", "all"]
Likelihood = Literal["likely", "perhaps", "hardly"]
CSV_COLUMNS = (
    *("term", "ruling", "category", "note", "assets", "likelihood", "score", "guess"),
    *("written", "example", "detector", "reviewer"),
)
"""Columns of a list of terms; the first four are those that can be imported again."""

_LIKELY, _PERHAPS = 0.6, 0.3
_BATCH = 2000


@dataclass(frozen=True, slots=True)
class Term:
    """An unknown term, and the ruling on it that is in force, if there is one.

    Attributes:
        guess: what a recogniser takes it for: a category, or "".
        ruling_id: the ruling in force, or "".
        category: what that ruling says it names; "" for a term that only describes.
    """

    dataset: str
    term: str
    surface: str
    guess: str
    detector: str
    explanation: str
    assets: int
    score: float
    examples: tuple[Example, ...]
    ruling_id: str
    category: str
    reviewer: str
    ruled_ms: int
    note: str

    @property
    def decided(self) -> bool:
        """Whether a ruling on it is in force."""
        return bool(self.ruling_id)

    @property
    def likelihood(self) -> Likelihood:
        """The score in a word."""
        return describe_score(self.score)


@dataclass(frozen=True, slots=True)
class TermFilter:
    """Which terms are meant.

    Attributes:
        dataset: of this dataset; "" for any.
        show: undecided ones, decided ones, or both.
        category: taken for this, or decided to be this; "" for any.
        detector: seen by this recogniser; "" for any.
        search: whose text holds this, in any spelling; "" for any.
    """

    dataset: str = ""
    show: Show = "open"
    category: str = ""
    detector: str = ""
    search: str = ""


@dataclass(frozen=True, slots=True)
class TermCounts:
    """How many terms of a dataset are undecided and decided, and on how many texts they bear."""

    dataset: str
    open: int
    decided: int


def describe_score(score: float) -> Likelihood:
    """The score in a word: how likely it is that the term is a name."""
    if score >= _LIKELY:
        return "likely"
    return "perhaps" if score >= _PERHAPS else "hardly"


def replace_terms(session: Session, dataset: str, tallies: Iterable[Tally], run: str) -> int:
    """Put what a run found in the place of what an earlier one had found.

    A term that is decided stays listed even where nothing holds it any more.

    Args:
        session: an open transaction.
        tallies: what was found, in any order, each term once; consumed in batches.
        run: id of the run.

    Returns:
        How many terms were found.
    """
    session.execute(delete(TermRow).where(TermRow.dataset == dataset))
    found = 0
    iterator = iter(tallies)
    while batch := [as_columns(tally, dataset, run) for tally in islice(iterator, _BATCH)]:
        session.connection().execute(insert(TermRow), batch)
        found += len(batch)
    ruled, row = TermRulingRow, TermRow
    listed = select(row.term).where(row.dataset == dataset, row.term == ruled.term).exists()
    left = select(
        ruled.dataset,
        ruled.term,
        ruled.surface,
        *(literal(value) for value in ("", "", "", 0, 0.0, "[]", run)),
    ).where(ruled.dataset == dataset, ruled.undone_ms.is_(None), ~listed)
    columns = ["dataset", "term", "surface", "category", "detector", "explanation"]
    columns += ["assets", "score", "examples", "run"]
    session.execute(insert(row).from_select(columns, left))
    return found


def list_terms(
    session: Session, chosen: TermFilter, *, offset: int = 0, limit: int | None = 50
) -> tuple[Term, ...]:
    """Terms, those first whose decision settles most: number of assets times likelihood."""
    row = TermRow
    query = (
        _select(chosen)
        .order_by((row.assets * row.score).desc(), row.assets.desc(), row.term, row.dataset)
        .offset(offset)
        .limit(limit)
    )
    return tuple(map(_read, session.execute(query).mappings()))


def count_terms(session: Session, chosen: TermFilter) -> int:
    """How many terms are meant."""
    return session.execute(
        select(func.count()).select_from(_select(chosen).subquery())
    ).scalar_one()


def count_by_dataset(session: Session) -> tuple[TermCounts, ...]:
    """Counts for each dataset that has terms, in order of name."""
    row, ruled = TermRow, TermRulingRow
    query = (
        select(row.dataset, func.count(), func.count(ruled.id))
        .outerjoin(ruled, _IN_FORCE)
        .where(or_(row.assets > 0, ruled.id.is_not(None)))
        .group_by(row.dataset)
        .order_by(row.dataset)
    )
    return tuple(
        TermCounts(dataset, every - decided, decided)
        for dataset, every, decided in session.execute(query)
    )


def find_term(session: Session, dataset: str, text: str) -> Term | None:
    """One term, by its key or any spelling of it, or None where it is not listed."""
    for key in dict.fromkeys((storable(text), term_of(text))):
        query = _select(TermFilter(dataset, "all")).where(TermRow.term == key)
        if found := session.execute(query).mappings().first():
            return _read(found)
    return None


def require_term(session: Session, dataset: str, text: str) -> Term:
    """One term, by its key or any spelling of it.

    Raises:
        ReviewError: it is not listed; the message names terms that may be meant.
    """
    found = find_term(session, dataset, text)
    if found is not None:
        return found
    near = list_terms(session, TermFilter(dataset, "all", search=text), limit=5)
    meant = ", ".join(repr(term.surface) for term in near)
    raise ReviewError(
        f"{dataset} has no unknown term {text!r}.",
        f"Did you mean {meant}?" if near else "`kiyome terms list --all` lists what there is.",
    )


def list_detectors(session: Session) -> tuple[str, ...]:
    """The recognisers that have seen a term that is listed."""
    query = select(TermRow.detector).distinct().order_by(TermRow.detector)
    return tuple(detector for detector in session.scalars(query) if detector)


def write_csv(
    session: Session, chosen: TermFilter, path: Path, progress: Callable[[int], None]
) -> int:
    """Write a list of terms that can be filled in and imported again.

    Text that a spreadsheet would take for a formula gets an apostrophe before it, except in the
    columns that are imported again.

    Args:
        progress: called with the number of rows just written.

    Returns:
        How many rows were written.

    Raises:
        WorkspaceError: the file cannot be written.
    """
    written = 0
    try:
        with path.open("w", encoding="utf-8-sig", newline="") as file:
            writer = csv.writer(file)
            writer.writerow(CSV_COLUMNS)
            for batch in _batches(iter(list_terms(session, chosen, limit=None))):
                writer.writerows(map(_as_csv, batch))
                written += len(batch)
                progress(len(batch))
    except OSError as error:
        raise WorkspaceError(
            f"{path} cannot be written: {error.strerror or error}.",
            "Name a file in a folder that is writable.",
        ) from error
    return written


_IN_FORCE = and_(
    TermRulingRow.dataset == TermRow.dataset,
    TermRulingRow.term == TermRow.term,
    TermRulingRow.undone_ms.is_(None),
)


def _select(chosen: TermFilter) -> Select[Any]:
    row, ruled = TermRow, TermRulingRow
    query = select(
        row.dataset,
        row.term,
        row.surface,
        row.category.label("guess"),
        row.detector,
        row.explanation,
        row.assets,
        row.score,
        row.examples,
        func.coalesce(ruled.id, "").label("ruling_id"),
        func.coalesce(ruled.category, "").label("category"),
        func.coalesce(ruled.reviewer, "").label("reviewer"),
        func.coalesce(ruled.ruled_ms, 0).label("ruled_ms"),
        func.coalesce(ruled.note, "").label("note"),
    ).outerjoin(ruled, _IN_FORCE)
    return query.where(*_conditions(chosen))


def _conditions(chosen: TermFilter) -> Iterator[ColumnElement[bool]]:
    row, ruled = TermRow, TermRulingRow
    if chosen.show == "open":
        yield ruled.id.is_(None)
        yield row.assets > 0
    elif chosen.show == "decided":
        yield ruled.id.is_not(None)
    else:
        yield or_(row.assets > 0, ruled.id.is_not(None))
    if chosen.dataset:
        yield row.dataset == chosen.dataset
    if chosen.category:
        yield func.coalesce(ruled.category, row.category) == chosen.category
    if chosen.detector:
        yield row.detector == chosen.detector
    if chosen.search.strip():
        key = term_of(chosen.search)
        text = storable(chosen.search.strip())
        written = row.surface.contains(text, autoescape=True)
        yield or_(row.term.contains(key, autoescape=True), written) if key else written


def _read(found: RowMapping) -> Term:
    return Term(**{**found, "examples": read_examples(found["examples"])})


def _as_csv(term: Term) -> tuple[object, ...]:
    ruling = ("name" if term.category else "descriptive") if term.decided else ""
    example = term.examples[0].text if term.examples else ""
    shown = (term.surface, example, term.detector, term.reviewer)
    return (
        *(term.term, ruling, term.category, term.note, term.assets, term.likelihood),
        *(f"{term.score:.2f}", term.guess),
        *map(defuse, shown),
    )


def _batches(terms: Iterator[Term]) -> Iterator[list[Term]]:
    while batch := list(islice(terms, _BATCH)):
        yield batch
