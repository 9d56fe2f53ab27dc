"""The terms: a ranked list of what may be a name, each decided once for its whole dataset."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Annotated, Any, cast
from urllib.parse import parse_qs, urlencode

from fastapi import APIRouter, Form, Path, Query, Request
from fastapi.responses import Response
from sqlalchemy.orm import Session

from models.errors import AlreadyRuledError, ReviewError
from models.nouns.register.storage import CATEGORIES
from models.nouns.terms.listing import (
    Show,
    Term,
    TermFilter,
    count_by_dataset,
    count_terms,
    list_detectors,
    list_terms,
    require_term,
)
from models.nouns.terms.records import (
    StoredTermRuling,
    find_term_ruling,
    find_term_rulings,
    latest_term_ruling,
    storable,
)
from models.nouns.terms.rulings import rule_term, undo_term
from models.nouns.terms.tally import Example
from models.review.hanging import count_changed
from models.review.items import ItemState
from review_ui.evidence import Piece, cut_text
from review_ui.permitted import RulesOnTerms, SeesTerms
from review_ui.site import Site, ThisSite, go

router = APIRouter()
PAGE = 50
SHOWN: tuple[Show, ...] = ("open", "decided", "all")
CATEGORY_KEYS = {
    "c": "character",
    "w": "work",
    "a": "artist",
    "s": "studio",
    "b": "brand",
    "p": "person",
    "l": "place",
}
Long = Annotated[str, Query(max_length=500)]
Field = Annotated[str, Form(max_length=2000)]


@dataclass(frozen=True, slots=True)
class Line:
    """One term of the list, as it is shown."""

    term: Term
    surface: tuple[Piece, ...]
    examples: tuple[tuple[Example, tuple[Piece, ...]], ...]


@dataclass(frozen=True, slots=True)
class Told:
    """What has just happened: a ruling, or its undoing, and on how many items it bore."""

    ruling: StoredTermRuling
    undone: bool
    items: int


@router.get("/terms")
def show_terms(
    request: Request,
    site: ThisSite,
    reviewer: SeesTerms,
    dataset: Long = "",
    show: Annotated[str, Query(max_length=20)] = "open",
    detector: Long = "",
    q: Long = "",
    page: Annotated[int, Query(ge=1, le=1_000_000)] = 1,
    at: Annotated[int, Query(ge=0, le=PAGE)] = 0,
    done: Annotated[str, Query(max_length=64)] = "",
) -> Response:
    """The terms that match, those first that settle most; what was done last stands above them."""
    chosen = _make_filter(dataset, show, detector, q)
    return _render(request, site, reviewer.reviewer, chosen, page, {"at": at, "done": done})


@router.post("/terms/rule")
def rule(
    request: Request,
    site: ThisSite,
    visitor: RulesOnTerms,
    dataset: Annotated[str, Form(max_length=500)],
    term: Field,
    ruling: Annotated[str, Form(pattern="^(descriptive|name)$")],
    category: Annotated[str, Form(max_length=16)] = "",
    back: Field = "",
    page: Annotated[int, Form(ge=1, le=1_000_000)] = 1,
    at: Annotated[int, Form(ge=0, le=PAGE)] = 0,
) -> Response:
    """Decide one term, and go back to where the next one stands now."""
    said = category if ruling == "name" else ""
    chosen = _read_back(back)
    if ruling == "name" and said not in CATEGORIES:
        given = {"at": at, "notice": "category_missing"}
        return _render(request, site, visitor.reviewer, chosen, page, given, 422)
    try:
        with site.database.transaction() as session:
            found = require_term(session, storable(dataset), term)
            ruled = rule_term(session, found.dataset, found.term, said, visitor.reviewer)
    except AlreadyRuledError:
        with site.database.snapshot() as session:
            before = find_term_rulings(session, dataset, [term]).get(term)
        given = {"at": at, "notice": "already", "before": before}
        return _render(request, site, visitor.reviewer, chosen, page, given, 409)
    except ReviewError:
        given = {"at": at, "notice": "not_ruled"}
        return _render(request, site, visitor.reviewer, chosen, page, given, 422)
    following = at if chosen.show == "open" else at + 1
    return _go_back(chosen, page, min(following, PAGE), ruled.rulings[0].id)


@router.post("/terms/{ruling_id}/undo")
def take_back(
    request: Request,
    site: ThisSite,
    visitor: RulesOnTerms,
    ruling_id: Annotated[str, Path(pattern=r"^[0-9a-f]{32}$")],
    back: Field = "",
    page: Annotated[int, Form(ge=1, le=1_000_000)] = 1,
    at: Annotated[int, Form(ge=0, le=PAGE)] = 0,
) -> Response:
    """End a ruling: the term is undecided again."""
    chosen = _read_back(back)
    try:
        with site.database.transaction() as session:
            undo_term(session, ruling_id, visitor.reviewer)
    except ReviewError:
        given = {"at": at, "notice": "not_undone"}
        return _render(request, site, visitor.reviewer, chosen, page, given, 409)
    return _go_back(chosen, page, at, ruling_id)


def _render(
    request: Request,
    site: Site,
    reviewer: str,
    chosen: TermFilter,
    page: int,
    given: dict[str, Any],
    status: int = 200,
) -> Response:
    with site.database.snapshot() as session:
        counts = count_by_dataset(session)
        total = count_terms(session, chosen)
        pages = max(1, -(-total // PAGE))
        page = min(page, pages)
        found = list_terms(session, chosen, offset=(page - 1) * PAGE, limit=PAGE)
        detectors = list_detectors(session)
        latest = latest_term_ruling(session, reviewer)
        told = _tell(session, given.get("done", ""))
    return site.render(
        request,
        "terms.html",
        status=status,
        counts=counts,
        total=total,
        lines=[_lay_out(term) for term in found],
        page=page,
        pages=pages,
        query=lambda **other: _write_query(chosen, **other),
        chosen=chosen,
        shown=SHOWN,
        detectors=detectors,
        latest=latest,
        told=told,
        at=min(given.get("at", 0), max(0, len(found) - 1)),
        notice=given.get("notice", ""),
        before=given.get("before"),
        category_keys=CATEGORY_KEYS,
        waiting=sum(each.open for each in counts),
    )


def _tell(session: Session, ruling_id: str) -> Told | None:
    """What a ruling or its undoing came to, read from the database and not from the address."""
    ruling = find_term_ruling(session, storable(ruling_id)) if ruling_id else None
    if ruling is None:
        return None
    if ruling.undone_ms is None:
        state, moment = ItemState.SUPERSEDED, ruling.ruled_ms
    else:
        state, moment = ItemState.OPEN, ruling.undone_ms
    count = count_changed(session, ruling.dataset, state, moment)
    return Told(ruling, ruling.undone_ms is not None, count)


def _lay_out(term: Term) -> Line:
    return Line(
        term,
        cut_text(term.surface, ()),
        tuple(
            (example, cut_text(example.text, [(1, example.start, example.end)]))
            for example in term.examples
        ),
    )


def _write_query(chosen: TermFilter, **other: object) -> str:
    """The filter as the query of an address; what is not chosen is left out."""
    values = {
        "dataset": chosen.dataset,
        "show": "" if chosen.show == "open" else chosen.show,
        "detector": chosen.detector,
        "q": chosen.search,
        **other,
    }
    return urlencode({key: value for key, value in values.items() if value})


def _read_back(back: str) -> TermFilter:
    """The filter that a form was shown under."""
    given = {key: values[-1] for key, values in parse_qs(back).items()}
    return _make_filter(*(given.get(key, "") for key in ("dataset", "show", "detector", "q")))


def _make_filter(dataset: str, show: str, detector: str, search: str) -> TermFilter:
    return TermFilter(
        storable(dataset),
        cast("Show", show) if show in SHOWN else "open",
        detector=storable(detector),
        search=search,
    )


def _go_back(chosen: TermFilter, page: int, at: int, done: str) -> Response:
    query = _write_query(chosen, page=page if page > 1 else 0, at=at, done=done)
    return go(f"/terms?{query}")
