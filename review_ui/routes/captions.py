"""Caption edits: what owners propose, what holds, and what an owner sends about their own work."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING, Annotated, Any
from urllib.parse import parse_qs, urlencode

from fastapi import APIRouter, Form, Path, Query, Request
from fastapi.responses import Response
from sqlalchemy import distinct, select

from models.captions.making import accept, refuse, withdraw
from models.captions.records import (
    EditFilter,
    EditState,
    StoredEdit,
    count_edits,
    list_edits,
)
from models.captions.ruling import undo_edit_or_ruling
from models.errors import CaptionEditError, KiyomeError, ReviewError
from models.review.derivatives import THUMB, derivative_path
from models.store.tables import CaptionEditRow
from models.unicode import make_storable
from review_ui.evidence import Piece, cut_text
from review_ui.permitted import RulesOnItems, SeesItems, SendsAsOwner
from review_ui.rewriting import DiffPart, show_diff
from review_ui.security import Visitor
from review_ui.site import Site, ThisSite, go

if TYPE_CHECKING:
    from models.findings import Finding

router = APIRouter()
PAGE = 20
MOST_LOOKED_AT = 20_000
"""Characters of a page's proposals, together, in which names are looked for: more takes seconds."""

TOLD = ("proposed", "withdrawn", "refused", "gone")
"""What an owner is told on the page that a form leads back to."""

SHOWN = ("proposed", "in_force", "refused", "all")
_WORK = re.compile(r"/works/[A-Za-z0-9][A-Za-z0-9._-]{0,79}/[0-9a-f]{64}", re.ASCII)
EditId = Annotated[str, Path(pattern=r"^[0-9a-f]{32}$")]
Back = Annotated[str, Form(max_length=2000)]
PageNumber = Annotated[int, Form(ge=1, le=1_000_000)]
At = Annotated[int, Form(ge=0, le=PAGE)]


@dataclass(frozen=True, slots=True)
class Line:
    """One edit of the list, as it is shown."""

    edit: StoredEdit
    before: tuple[Piece, ...]
    diff: tuple[DiffPart, ...]
    remaining: tuple[Finding, ...] | None
    pictured: bool


@router.get("/captions")
def show_captions(
    request: Request,
    site: ThisSite,
    visitor: SeesItems,
    show: Annotated[str, Query(max_length=20)] = "proposed",
    dataset: Annotated[str, Query(max_length=500)] = "",
    page: Annotated[int, Query(ge=1, le=1_000_000)] = 1,
    at: Annotated[int, Query(ge=0, le=PAGE)] = 0,
    done: Annotated[str, Query(max_length=20)] = "",
) -> Response:
    """Proposals that wait, the oldest first; or edits that hold, or were refused."""
    given = {"at": at, "done": done if done in _DONE else ""}
    return _render(request, site, visitor, show, dataset, page, given)


@router.post("/captions/{edit_id}/accept")
def accept_proposal(
    request: Request,
    site: ThisSite,
    visitor: RulesOnItems,
    edit_id: EditId,
    back: Back = "",
    page: PageNumber = 1,
    at: At = 0,
) -> Response:
    """Put an owner's proposal in force."""
    try:
        with site.database.transaction() as session:
            accept(session, edit_id, visitor.reviewer)
    except CaptionEditError:
        return _tell(request, site, visitor, back, page, at, "not_waiting", 409)
    return _go_back(back, page, at, "accepted")


@router.post("/captions/{edit_id}/refuse")
def refuse_proposal(
    request: Request,
    site: ThisSite,
    visitor: RulesOnItems,
    edit_id: EditId,
    answer: Annotated[str, Form(max_length=20_000)] = "",
    back: Back = "",
    page: PageNumber = 1,
    at: At = 0,
) -> Response:
    """Refuse an owner's proposal, with a reason that they read."""
    if not answer.strip():
        return _tell(request, site, visitor, back, page, at, "answer_missing", 422)
    try:
        with site.database.transaction() as session:
            refuse(session, edit_id, visitor.reviewer, answer)
    except CaptionEditError:
        return _tell(request, site, visitor, back, page, at, "not_waiting", 409)
    return _go_back(back, page, at, "refused")


@router.post("/captions/{edit_id}/undo")
def undo_edit(
    request: Request,
    site: ThisSite,
    visitor: RulesOnItems,
    edit_id: EditId,
    back: Back = "",
    page: PageNumber = 1,
    at: At = 0,
) -> Response:
    """End an edit that holds, and the ruling that it was made with."""
    try:
        with site.database.transaction() as session:
            lead = visitor.may("adjudicate")
            undo_edit_or_ruling(session, edit_id, visitor.reviewer, lead=lead)
    except ReviewError:
        return _tell(request, site, visitor, back, page, at, "not_undone", 409)
    return _go_back(back, page, at, "undone")


@router.post("/works/captions")
def propose_caption(
    site: ThisSite,
    owner: SendsAsOwner,
    dataset: Annotated[str, Form(max_length=500)],
    asset_id: Annotated[str, Form(pattern=r"^[0-9a-f]{64}$")],
    caption: Annotated[int, Form(ge=0, le=10_000)],
    original_sha256: Annotated[str, Form(pattern=r"^[0-9a-f]{64}$")],
    text: Annotated[str, Form(max_length=50_000)] = "",
    note: Annotated[str, Form(max_length=20_000)] = "",
    back: Back = "",
) -> Response:
    """Propose another text for a caption of the owner's own work."""
    from models.captions.works import propose_for_work  # pyarrow takes longer than the page

    try:
        with site.database.transaction() as session:
            propose_for_work(
                session,
                site.workspace,
                dataset,
                asset_id,
                owner.identities,
                owner.account.id,
                owner.account.name,
                caption,
                original_sha256,
                text,
                note,
            )
    except CaptionEditError:
        return _back_to_work(back, "refused")
    except KiyomeError:
        return _back_to_work(back, "gone")
    return _back_to_work(back, "proposed")


@router.post("/works/captions/{edit_id}/withdraw")
def withdraw_caption(
    site: ThisSite, owner: SendsAsOwner, edit_id: EditId, back: Back = ""
) -> Response:
    """End a proposal of the owner's own, before anybody has decided it."""
    try:
        with site.database.transaction() as session:
            withdraw(session, edit_id, owner.account.name, owner.account.id)
    except CaptionEditError:
        return _back_to_work(back, "gone")
    return _back_to_work(back, "withdrawn")


_DONE = ("accepted", "refused", "undone")


def _render(
    request: Request,
    site: Site,
    visitor: Visitor,
    show: str,
    dataset: str,
    page: int,
    given: dict[str, Any],
    status: int = 200,
) -> Response:
    show = show if show in SHOWN else "proposed"
    dataset = make_storable(dataset)
    chosen = EditFilter(dataset, None if show == "all" else EditState(show), held=False)
    with site.database.snapshot() as session:
        total = count_edits(session, chosen)
        pages = max(1, -(-total // PAGE))
        page = min(page, pages)
        edits = list_edits(session, chosen, offset=(page - 1) * PAGE, limit=PAGE)
        names = list(session.scalars(select(distinct(CaptionEditRow.dataset))))
    return site.render(
        request,
        "captions.html",
        status=status,
        visitor=visitor,
        lines=list(_lay_out(site, edits)),
        total=total,
        page=page,
        pages=pages,
        query=lambda **other: _write_query(show, dataset, **other),
        shown=SHOWN,
        chosen=show,
        dataset=dataset,
        datasets=sorted(names),
        at=min(given.get("at", 0), max(0, len(edits) - 1)),
        notice=given.get("notice", ""),
        done=given.get("done", ""),
    )


def _lay_out(site: Site, edits: Iterable[StoredEdit]) -> Iterator[Line]:
    left = MOST_LOOKED_AT
    for edit in edits:
        remaining = None
        if edit.state is EditState.PROPOSED and site.look is not None and len(edit.text) <= left:
            left -= len(edit.text)
            found = site.look.look(edit.dataset, [edit.text])
            remaining = tuple(found[0]) if found is not None else None
        pictured = derivative_path(site.derivatives, edit.asset_id, THUMB).is_file()
        before, diff = cut_text(edit.original, ()), show_diff(edit.original, edit.text)
        yield Line(edit, before, diff, remaining, pictured)


def _tell(
    request: Request,
    site: Site,
    visitor: Visitor,
    back: str,
    page: int,
    at: int,
    notice: str,
    status: int,
) -> Response:
    show, dataset = _read_back(back)
    given = {"at": at, "notice": notice}
    return _render(request, site, visitor, show, dataset, page, given, status)


def _write_query(show: str, dataset: str, **other: object) -> str:
    values = {"show": "" if show == "proposed" else show, "dataset": dataset, **other}
    return urlencode({key: value for key, value in values.items() if value})


def _read_back(back: str) -> tuple[str, str]:
    given = {key: values[-1] for key, values in parse_qs(back).items()}
    return given.get("show", "proposed"), given.get("dataset", "")


def _go_back(back: str, page: int, at: int, done: str) -> Response:
    show, dataset = _read_back(back)
    query = _write_query(show, dataset, page=page if page > 1 else 0, at=at, done=done)
    return go(f"/captions?{query}")


def _back_to_work(back: str, told: str) -> Response:
    """Back to the page of the work that the form stood on, or to the list of works."""
    return go(back if _WORK.fullmatch(back) else "/works", caption=told)
