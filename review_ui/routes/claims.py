"""What owners ask to be protected: names with their spellings, and motifs with pictures."""

from __future__ import annotations

import uuid
from collections.abc import Sequence
from dataclasses import replace
from typing import TYPE_CHECKING, Annotated, Any

from fastapi import APIRouter, File, Form, Request, UploadFile
from fastapi.responses import Response

from models.errors import KiyomeError
from models.motifs.claims import CATEGORIES as MOTIF_CATEGORIES
from models.motifs.claims import RIGHTS
from models.motifs.remarks import ReferenceRefusedError
from models.nouns.conditions import FINDING_DEFAULTS
from models.nouns.terms.records import storable
from review_ui.permitted import Owner, SeesOwnWorks, SendsAsOwner
from review_ui.reference_forms import SIDES, Given
from review_ui.routes.motifs import FilledIn
from review_ui.security import MAX_UPLOAD
from review_ui.site import Site, ThisSite, go

if TYPE_CHECKING:
    from models.owners.name_requests import NameClaim, NamePreview

router = APIRouter()
MOST_PICTURES = 12
"""Pictures that one request takes (``models.owners.motif_requests``)."""

FormId = Annotated[str, Form(max_length=32)]
Short = Annotated[str, Form(max_length=2000)]
Long = Annotated[str, Form(max_length=8000)]


@router.get("/requests/new/name")
def show_name_form(request: Request, site: ThisSite, owner: SeesOwnWorks) -> Response:
    """The form that a name is claimed with."""
    return _render_name(request, site, owner, {})


@router.post("/requests/new/name")
def take_name(
    request: Request,
    site: ThisSite,
    owner: SendsAsOwner,
    form: FormId = "",
    name: Short = "",
    category: Annotated[str, Form(max_length=16)] = "",
    english: Long = "",
    japanese: Long = "",
    right: Annotated[str, Form(max_length=16)] = "",
    right_note: Short = "",
    sure: Annotated[str, Form(max_length=8)] = "",
) -> Response:
    """Show what the name would meet, and once it is meant, record the claim."""
    from models.owners.name_requests import NameClaim, ask_for_name, preview_name

    given = {
        "name": name,
        "category": category,
        "english": english,
        "japanese": japanese,
        "right": right,
        "right_note": right_note,
    }
    claim = NameClaim(
        name=storable(name).strip(),
        category=category,
        english=_split(english),
        japanese=_split(japanese),
        right=right,
        right_note=storable(right_note).strip(),
    )
    try:
        with site.database.snapshot() as session:
            preview = preview_name(session, site.workspace, claim)
        if sure != "yes":
            return _render_name(request, site, owner, given, claim=claim, preview=preview)
        with site.database.transaction() as session:
            done = ask_for_name(session, site.workspace, owner.account, form, claim, preview)
    except KiyomeError as error:
        return _render_name(request, site, owner, given, error=error)
    return go(f"/requests/{done.id}", done="yes")


@router.get("/requests/new/motif")
def show_motif_form(request: Request, site: ThisSite, owner: SeesOwnWorks) -> Response:
    """The form that a motif is claimed with."""
    return _render_motif(request, site, owner, Given())


@router.post("/requests/new/motif")
def take_motif(
    request: Request,
    site: ThisSite,
    owner: SendsAsOwner,
    given: FilledIn,
    form: FormId = "",
    files: Annotated[list[UploadFile], File()] = [],  # noqa: B006  (read by FastAPI)
    also_mine: Annotated[str, Form(max_length=8)] = "",
) -> Response:
    """Protect what was uploaded at once; a picture that is refused does not stop the others."""
    from models.motifs.register import MAX_BYTES
    from models.owners.motif_requests import ask_for_motif

    chosen = [file for file in files if file.filename]
    if len(chosen) > 1 and any(side.strip() for side in given.sides.values()):
        return _render_motif(request, site, owner, given, notice="box_many")
    try:
        claim = replace(given.claim(), source="", owner="")
        done, taken = ask_for_motif(
            site.database,
            site.workspace,
            owner.account,
            form,
            claim,
            [
                (_name_of(file), file.file.read(MAX_BYTES + 1))
                for file in chosen[: MOST_PICTURES + 1]
            ],
            also_mine=bool(also_mine),
            max_pixels=site.max_pixels,
        )
    except ReferenceRefusedError as error:
        return _render_motif(request, site, owner, given, remark=error.remark)
    except KiyomeError as error:
        return _render_motif(request, site, owner, given, error=error)
    if done is None or any(each.outcome.refusal for each in taken):
        asked = done.id if done else ""
        return _render_motif(request, site, owner, given, taken=taken, asked=asked)
    return go(f"/requests/{done.id}", done="yes")


def _render_name(
    request: Request,
    site: Site,
    owner: Owner,
    given: dict[str, str],
    *,
    claim: NameClaim | None = None,
    preview: NamePreview | None = None,
    error: KiyomeError | None = None,
) -> Response:
    blank = dict.fromkeys(("name", "category", "english", "japanese", "right", "right_note"), "")
    return site.render(
        request,
        "request_name.html",
        status=422 if error else 200,
        owner=owner,
        form=uuid.uuid4().hex,
        given={**blank, **given},
        claim=claim,
        preview=preview,
        categories=tuple(FINDING_DEFAULTS),
        rights=RIGHTS,
        error=error,
    )


def _render_motif(
    request: Request,
    site: Site,
    owner: Owner,
    given: Given,
    *,
    taken: Sequence[Any] = (),
    asked: str = "",
    notice: str = "",
    remark: Any = None,
    error: KiyomeError | None = None,
) -> Response:
    failed = notice or remark or error or (taken and not asked)
    return site.render(
        request,
        "request_motif.html",
        status=422 if failed else 200,
        owner=owner,
        form=uuid.uuid4().hex,
        given=given,
        taken=taken,
        asked=asked,
        notice=notice,
        remark=remark,
        error=error,
        most_files=MOST_PICTURES,
        max_bytes=MAX_UPLOAD,
        categories=MOTIF_CATEGORIES,
        rights=RIGHTS,
        sides=SIDES,
    )


def _split(text: str) -> tuple[str, ...]:
    """Spellings, one a line."""
    lines = (storable(line).strip() for line in text.splitlines())
    return tuple(dict.fromkeys(line for line in lines if line))


def _name_of(file: UploadFile) -> str:
    return (file.filename or "").rsplit("/", 1)[-1].rsplit("\\", 1)[-1]
