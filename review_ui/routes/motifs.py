"""The motifs: reference pictures by label, registered, corrected, decided on and removed."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Annotated
from urllib.parse import urlencode

from fastapi import APIRouter, Depends, File, Form, HTTPException, Path, Query, Request, UploadFile
from fastapi.responses import Response

from models.errors import RegisterError
from models.motifs.claims import CATEGORIES, RIGHTS, parse_stored_box
from models.motifs.listing import (
    MotifFilter,
    MotifGroup,
    count_labels,
    count_motifs,
    list_groups,
    read_history,
    register_version,
)
from models.motifs.remarks import Remark, read_remarks
from models.nouns.terms.records import storable
from models.review.derivatives import THUMB, derivative_path
from models.store.tables import MotifRow
from review_ui.permitted import AddsMotifs, DecidesMotifs, KeepsMotifs, SeesMotifs
from review_ui.reference_forms import SIDES, Done, Given, given_of, take_all
from review_ui.security import MAX_UPLOAD
from review_ui.site import Site, ThisSite, go

router = APIRouter()
PAGE = 24
MOST_FILES = 50
SHOWN = ("", "unconfirmed", "refused")
"""States that can be asked for; "" for those that are protected."""

_ID = re.compile("[0-9a-f]{64}")

Long = Annotated[str, Query(max_length=500)]
Field = Annotated[str, Form(max_length=2000)]
MotifId = Annotated[str, Path(pattern=r"^[0-9a-f]{64}$")]


@dataclass(frozen=True, slots=True)
class Card:
    """One reference, as it is shown.

    Attributes:
        pictured: whether there is a copy to show.
        box: left, top, width and height of the motif, as fractions; None for all of it.
        warnings: what its owner should know.
    """

    row: MotifRow
    pictured: bool
    box: tuple[float, float, float, float] | None
    warnings: tuple[Remark, ...]


@router.get("/motifs")
def show_motifs(
    request: Request,
    site: ThisSite,
    reviewer: SeesMotifs,  # noqa: ARG001
    q: Long = "",
    state: Annotated[str, Query(max_length=16)] = "",
    category: Annotated[str, Query(max_length=16)] = "",
    page: Annotated[int, Query(ge=1, le=1_000_000)] = 1,
    done: Annotated[str, Query(max_length=64)] = "",
) -> Response:
    """The references that match, by label; what was done last stands above them."""
    chosen = MotifFilter(storable(q), state if state in SHOWN else "", category)
    with site.database.snapshot() as session:
        total = count_labels(session, chosen)
        pages = max(1, -(-total // PAGE))
        page = min(page, pages)
        groups = list_groups(session, chosen, offset=(page - 1) * PAGE, limit=PAGE)
        told = read_history(session, done, limit=1) if _ID.fullmatch(done) else ()
        return site.render(
            request,
            "motifs.html",
            groups=[(group, [_card(site, row) for row in group.rows]) for group in groups],
            disagrees=_disagrees,
            total=total,
            pictures=count_motifs(session, chosen),
            waiting=count_motifs(session, MotifFilter(state="unconfirmed")),
            any_there=total > 0 or count_motifs(session, MotifFilter()) > 0,
            page=page,
            pages=pages,
            chosen=chosen,
            shown=SHOWN,
            categories=CATEGORIES,
            told=told[0] if told else None,
            query=lambda **other: _write_query(chosen, **other),
        )


def read_given(
    label: Field = "",
    category: Annotated[str, Form(max_length=16)] = "",
    owner: Field = "",
    source: Field = "",
    right: Annotated[str, Form(max_length=16)] = "",
    right_note: Field = "",
    left: Annotated[str, Form(max_length=32)] = "",
    top: Annotated[str, Form(max_length=32)] = "",
    box_right: Annotated[str, Form(max_length=32)] = "",
    bottom: Annotated[str, Form(max_length=32)] = "",
) -> Given:
    """What a form says about a reference."""
    sides = dict(zip(SIDES, (left, top, box_right, bottom), strict=True))
    return Given(label, category, owner, source, right, right_note, sides)


FilledIn = Annotated[Given, Depends(read_given)]


@router.get("/motifs/add")
def show_form(request: Request, site: ThisSite, visitor: AddsMotifs, label: Long = "") -> Response:  # noqa: ARG001
    """The form that pictures are registered with."""
    return _render_form(request, site, Given(label=storable(label)), ())


@router.post("/motifs/add")
def add(
    request: Request,
    site: ThisSite,
    visitor: KeepsMotifs,
    given: FilledIn,
    files: Annotated[list[UploadFile], File()] = [],  # noqa: B006  (read by FastAPI)
    also_mine: Annotated[str, Form(max_length=8)] = "",
) -> Response:
    """Register what was uploaded; a file that is refused does not stop the others."""
    chosen = [file for file in files if file.filename]
    notice = ""
    if not chosen:
        notice = "no_files"
    elif len(chosen) > MOST_FILES:
        notice = "many_files"
    elif len(chosen) > 1 and any(side.strip() for side in given.sides.values()):
        notice = "box_many"
    if notice:
        return _render_form(request, site, given, (), notice=notice, status=422)
    done = take_all(site, chosen, given, visitor.reviewer, bool(also_mine))
    taken = [each for each in done if each.refusal is None]
    # What was taken is not asked for again: the form is as it was only where all was refused.
    left_over = replace(given, sides=dict.fromkeys(SIDES, "")) if taken else given
    return _render_form(request, site, left_over, done, status=200 if taken else 422)


@router.get("/motifs/{motif_id}")
def show_motif(
    request: Request,
    site: ThisSite,
    reviewer: SeesMotifs,  # noqa: ARG001
    motif_id: MotifId,
) -> Response:
    """One reference, large, with everything that is known of it and how it changed."""
    return _render_motif(request, site, motif_id)


@router.post("/motifs/{motif_id}/correct")
def correct(
    request: Request,
    site: ThisSite,
    visitor: KeepsMotifs,
    motif_id: MotifId,
    given: FilledIn,
    why: Field = "",
) -> Response:
    """Put what was filled in in the place of what was said."""
    from models.motifs.register import correct_motif

    try:
        with site.database.transaction() as session:
            before = register_version(session)
            correct_motif(
                session,
                site.workspace,
                motif_id,
                given.claim(),
                actor=visitor.reviewer,
                why=why,
                max_pixels=site.max_pixels,
            )
            changed = register_version(session) > before
    except RegisterError as error:
        return _render_motif(request, site, motif_id, given=given, error=error)
    return go("/motifs", done=motif_id) if changed else go(f"/motifs/{motif_id}")


@router.post("/motifs/{motif_id}/decide")
def decide(
    request: Request,
    site: ThisSite,
    visitor: DecidesMotifs,
    motif_id: MotifId,
    ruling: Annotated[str, Form(pattern="^(confirm|refuse)$")],
    why: Field = "",
) -> Response:
    """Confirm what an owner submitted, or refuse it."""
    from models.motifs.register import decide_motif

    try:
        with site.database.transaction() as session:
            confirm = ruling == "confirm"
            decide_motif(session, motif_id, confirm=confirm, actor=visitor.reviewer, why=why)
    except RegisterError as error:
        return _render_motif(request, site, motif_id, error=error, notice="not_decided")
    return go("/motifs", done=motif_id)


@router.post("/motifs/{motif_id}/remove")
def remove(
    request: Request,
    site: ThisSite,
    visitor: DecidesMotifs,
    motif_id: MotifId,
    sure: Annotated[str, Form(max_length=8)] = "",
    why: Field = "",
) -> Response:
    """Take a reference out of the register, once it is meant."""
    from models.motifs.register import remove_motif, remove_unlisted_pictures

    if sure != "yes":
        return _render_motif(request, site, motif_id, notice="not_sure", status=422)
    try:
        with site.database.transaction() as session:
            remove_motif(session, motif_id, actor=visitor.reviewer, why=why)
    except RegisterError as error:
        return _render_motif(request, site, motif_id, error=error)
    with site.database.transaction() as session:
        remove_unlisted_pictures(session, site.workspace)
    return go("/motifs", done=motif_id)


def _render_form(
    request: Request,
    site: Site,
    given: Given,
    done: Sequence[Done],
    *,
    notice: str = "",
    status: int = 200,
) -> Response:
    return site.render(
        request,
        "motifs_add.html",
        status=status,
        given=given,
        done=done,
        notice=notice,
        most_files=MOST_FILES,
        max_bytes=MAX_UPLOAD,
        categories=CATEGORIES,
        rights=RIGHTS,
        sides=SIDES,
    )


def _render_motif(
    request: Request,
    site: Site,
    motif_id: str,
    *,
    given: Given | None = None,
    error: RegisterError | None = None,
    notice: str = "",
    status: int = 0,
) -> Response:
    with site.database.snapshot() as session:
        row = session.get(MotifRow, motif_id)
        if row is None:
            raise HTTPException(404)
        other = session.get(MotifRow, row.disputed_with) if row.disputed_with else None
        return site.render(
            request,
            "motif.html",
            status=status or (422 if error else 200),
            card=_card(site, row),
            row=row,
            other=other,
            given=given or given_of(row),
            remark=getattr(error, "remark", None),
            error=error,
            notice=notice,
            history=read_history(session, motif_id, limit=50),
            categories=CATEGORIES,
            rights=RIGHTS,
            sides=SIDES,
        )


def _card(site: Site, row: MotifRow) -> Card:
    box = parse_stored_box(row.box)
    drawn = (box[0], box[1], box[2] - box[0], box[3] - box[1]) if box else None
    pictured = derivative_path(site.derivatives, row.id, THUMB).is_file()
    return Card(row, pictured, drawn, read_remarks(row.warnings))


def _disagrees(group: MotifGroup) -> bool:
    return len(group.categories) > 1 or len(group.owners) > 1


def _write_query(chosen: MotifFilter, **other: object) -> str:
    values = {
        "q": chosen.search,
        "state": chosen.state,
        "category": chosen.category,
        **other,
    }
    return urlencode({key: value for key, value in values.items() if value})
