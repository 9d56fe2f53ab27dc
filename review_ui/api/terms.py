"""Unknown terms: those that a name may hide in, and rulings on them."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated, Literal

from fastapi import APIRouter, Query
from pydantic import BaseModel, Field, StringConstraints
from sqlalchemy.orm import Session

from models.errors import AlreadyRuledError, ReviewError
from models.nouns.register.storage import CATEGORIES
from models.nouns.terms.listing import Term, TermFilter, find_term, list_terms
from models.nouns.terms.records import StoredTermRuling, find_term_ruling
from models.nouns.terms.rulings import rule_term, undo_term
from models.review.hanging import count_changed
from models.review.queue import ItemState
from review_ui.api.callers import Caller, RulesOnTerms, SeesTerms
from review_ui.api.fields import (
    NO_NUL,
    After,
    AnyDataset,
    Given,
    Limit,
    Note,
    Page,
    RulingId,
    Search,
    clean_text,
    moment,
    moment_or_none,
    read_cursor,
    write_cursor,
)
from review_ui.api.problems import ApiError, describe
from review_ui.site import ThisSite

router = APIRouter(tags=["terms"])
Category = Literal[*CATEGORIES]  # type: ignore[valid-type]
Named = Annotated[str, StringConstraints(min_length=1, max_length=500, pattern=NO_NUL)]
_LAST = 10_000_000


class TermShown(BaseModel):
    """A term, and the ruling on it that is in force."""

    dataset: str
    term: str
    surface: str
    assets: int = Field(description="How many hold it.")
    likelihood: str = Field(description="How likely it is a name: likely, perhaps or hardly.")
    guess: str = Field(description="What a recogniser takes it for, or empty.")
    detector: str
    ruling_id: str | None
    category: str | None = Field(description="What the ruling says it names; null where nothing.")
    ruled: datetime | None


class TermDecision(Given):
    """A ruling about a term, for every asset of its dataset."""

    dataset: Named
    term: Named = Field(description="The term, or any spelling of it.")
    category: Category | None = Field(description="What it names; null where it only describes.")
    note: Note = ""


class TermRuling(BaseModel):
    """A ruling about a term."""

    id: str
    dataset: str
    term: str
    category: str | None
    note: str
    reviewer: str
    ruled: datetime
    undone: datetime | None


class TermRuled(BaseModel):
    """What became of a ruling about a term."""

    ruling: TermRuling
    superseded: int = Field(description="Items that are no longer asked about.")


class TermUndone(BaseModel):
    """A ruling about a term that is no longer in force."""

    ruling: TermRuling
    reopened: int = Field(description="Items that are asked about again.")


@router.get("/terms", responses=describe())
def list_them(
    site: ThisSite,
    caller: SeesTerms,  # noqa: ARG001
    dataset: AnyDataset = None,
    state: Annotated[Literal["open", "decided", "all"], Query(description="Which.")] = "open",
    search: Search = "",
    after: After = "",
    limit: Limit = 50,
) -> Page[TermShown]:
    """Terms, those first that settle most. The order changes as rulings are taken."""
    place = read_cursor(after, int)
    offset = min(max(place[0], 0), _LAST) if place else 0
    chosen = TermFilter(dataset or "", state, search=search)
    with site.database.snapshot() as session:
        listed = list_terms(session, chosen, offset=offset, limit=limit)
    following = write_cursor(offset + limit) if len(listed) == limit else None
    return Page(items=[_show(term) for term in listed], next=following)


@router.post("/terms/rulings", status_code=201, responses=describe(404, 409))
def rule(site: ThisSite, caller: RulesOnTerms, decision: TermDecision) -> TermRuled:
    """Decide a term. The same ruling again is answered as the first time."""
    try:
        with site.database.transaction() as session:
            found = find_term(session, decision.dataset, decision.term)
            if found is None:
                raise ApiError("not-found", "The dataset has no such term.")
            category = decision.category or ""
            ruled = rule_term(
                session, found.dataset, found.term, category, caller.name, decision.note
            )
            shown = _show_ruling(session, ruled.rulings[0], caller)
    except AlreadyRuledError as error:
        raise ApiError(
            "already-ruled", "The term has another ruling.", "Undo it to rule again."
        ) from error
    except ReviewError as error:
        raise ApiError("invalid", error.problem, error.remedy) from error
    return TermRuled(ruling=shown, superseded=ruled.superseded)


@router.post("/terms/rulings/{ruling_id}/undo", responses=describe(404, 409))
def take_back(site: ThisSite, caller: RulesOnTerms, ruling_id: RulingId) -> TermUndone:
    """End a ruling: the term is undecided again. Whoever sends it again is answered as before."""
    try:
        with site.database.transaction() as session:
            found = find_term_ruling(session, ruling_id)
            if found is None:
                raise ApiError("not-found", "There is no such ruling.")
            if found.undone_ms is not None and found.undone_by == caller.name:
                reopened = count_changed(session, found.dataset, ItemState.OPEN, found.undone_ms)
                return TermUndone(ruling=_show_ruling(session, found, caller), reopened=reopened)
            undone = undo_term(session, ruling_id, caller.name)
            shown = _show_ruling(session, undone.ruling, caller)
    except ReviewError as error:
        raise ApiError("conflict", error.problem, error.remedy) from error
    return TermUndone(ruling=shown, reopened=undone.reopened)


def _show(term: Term) -> TermShown:
    return TermShown(
        dataset=clean_text(term.dataset),
        term=clean_text(term.term),
        surface=clean_text(term.surface),
        assets=term.assets,
        likelihood=term.likelihood,
        guess=term.guess,
        detector=term.detector,
        ruling_id=term.ruling_id or None,
        category=term.category or None,
        ruled=moment_or_none(term.ruled_ms),
    )


def _show_ruling(session: Session, ruling: StoredTermRuling, caller: Caller) -> TermRuling:
    return TermRuling(
        id=ruling.id,
        dataset=clean_text(ruling.dataset),
        term=clean_text(ruling.term),
        category=ruling.category or None,
        note=clean_text(ruling.note),
        reviewer=caller.show(session, [ruling.reviewer])[ruling.reviewer],
        ruled=moment(ruling.ruled_ms),
        undone=moment_or_none(ruling.undone_ms),
    )
