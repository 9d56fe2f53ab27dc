"""The register of protected names and motifs."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated, Literal

from fastapi import APIRouter, Query, Response
from pydantic import BaseModel, Field, StringConstraints

from models.errors import RegisterError
from models.motifs.claims import CATEGORIES as MOTIF_CATEGORIES
from models.motifs.listing import MotifFilter, list_references
from models.nouns.register.storage import CATEGORIES, NameEntry, add_name, find_names, list_names
from models.store.tables import MotifRow
from review_ui.api.callers import KeepsRegister, SeesMotifs, SeesRegister
from review_ui.api.fields import (
    NO_NUL,
    After,
    Given,
    Limit,
    Line,
    NameId,
    Page,
    Search,
    clean_text,
    moment,
    read_cursor,
    write_cursor,
)
from review_ui.api.problems import ApiError, describe
from review_ui.site import ThisSite

router = APIRouter(tags=["register"])
Category = Literal[*CATEGORIES]  # type: ignore[valid-type]
MotifCategory = Literal[*MOTIF_CATEGORIES]  # type: ignore[valid-type]
Spelling = Annotated[str, StringConstraints(min_length=1, max_length=200, pattern=NO_NUL)]


class SurfaceShown(BaseModel):
    """One way in which a name is written."""

    text: str
    kind: str
    language: str


class Name(BaseModel):
    """A protected name."""

    id: str
    name: str
    category: str
    surfaces: list[SurfaceShown]
    owner: str
    source: str
    licence: str


class NewName(Given):
    """A name to protect."""

    name: Spelling
    category: Category
    surfaces: list[Spelling] = Field(default=[], max_length=50, description="Other spellings.")
    language: Annotated[str, StringConstraints(max_length=16, pattern=NO_NUL)] = Field(
        default="", description="BCP 47 tag of the name's language."
    )
    owner: Line = ""
    source: Line = ""
    licence: Line = ""


class Motif(BaseModel):
    """A registered reference picture."""

    id: str = Field(description="SHA-256 of the picture.")
    label: str
    category: str
    owner: str
    source: str
    state: str
    disputed_with: str | None
    added: datetime


@router.get("/register/names", responses=describe())
def list_protected_names(
    site: ThisSite,
    caller: SeesRegister,  # noqa: ARG001
    search: Search = "",
    after: After = "",
    limit: Limit = 50,
) -> Page[Name]:
    """Protected names, in order of name."""
    place = read_cursor(after, str, str)
    with site.database.snapshot() as session:
        listed = list_names(session, search, limit, place)
    full = len(listed) == limit
    following = write_cursor(listed[-1].name, listed[-1].id) if full else None
    return Page(items=[_show_name(entry) for entry in listed], next=following)


@router.post("/register/names", status_code=201, responses=describe())
def add(site: ThisSite, caller: KeepsRegister, response: Response, given: NewName) -> Name:
    """Protect a name, or add to one that is protected: its spellings are kept and joined."""
    try:
        with site.database.transaction() as session:
            entry = add_name(
                session,
                given.name,
                given.category,
                surfaces=given.surfaces,
                language=given.language,
                owner=given.owner,
                source=given.source,
                licence=given.licence,
                actor=caller.name,
            )
            session.flush()
            stored = next(each for each in find_names(session, entry.id) if each.id == entry.id)
    except RegisterError as error:
        raise ApiError("invalid", error.problem, error.remedy) from error
    response.headers["Location"] = f"/api/v1/register/names/{stored.id}"
    return _show_name(stored)


@router.get("/register/names/{name_id}", responses=describe(404))
def show(site: ThisSite, caller: SeesRegister, name_id: NameId) -> Name:  # noqa: ARG001
    """One protected name."""
    with site.database.snapshot() as session:
        found = next((each for each in find_names(session, name_id) if each.id == name_id), None)
    if found is None:
        raise ApiError("not-found", "There is no such name in the register.")
    return _show_name(found)


@router.get("/register/motifs", responses=describe())
def list_motifs(
    site: ThisSite,
    caller: SeesMotifs,  # noqa: ARG001
    search: Search = "",
    state: Annotated[
        Literal["protected", "unconfirmed", "refused"], Query(description="In which state.")
    ] = "protected",
    category: Annotated[MotifCategory | None, Query(description="Of this category.")] = None,
    after: After = "",
    limit: Limit = 50,
) -> Page[Motif]:
    """Registered references, in order of label."""
    place = read_cursor(after, str, str)
    chosen = MotifFilter(search, "" if state == "protected" else state, category or "")
    with site.database.snapshot() as session:
        listed = list_references(session, chosen, place, limit)
        shown = [_show_motif(row) for row in listed]
        full = len(listed) == limit
        following = write_cursor(listed[-1].label, listed[-1].id) if full else None
    return Page(items=shown, next=following)


def _show_name(entry: NameEntry) -> Name:
    return Name(
        id=entry.id,
        name=clean_text(entry.name),
        category=entry.category,
        surfaces=[
            SurfaceShown(text=clean_text(each.text), kind=each.kind, language=each.language)
            for each in entry.surfaces
        ],
        owner=clean_text(entry.owner),
        source=clean_text(entry.source),
        licence=clean_text(entry.licence),
    )


def _show_motif(row: MotifRow) -> Motif:
    return Motif(
        id=row.id,
        label=clean_text(row.label),
        category=row.category,
        owner=clean_text(row.owner),
        source=clean_text(row.source),
        state=row.state,
        disputed_with=row.disputed_with or None,
        added=moment(row.added_ms),
    )
