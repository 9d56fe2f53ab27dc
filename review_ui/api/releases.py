"""Releases: which there are, what they count, and their files."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated

from fastapi import APIRouter, Header, Path, Response
from pydantic import BaseModel, Field

from models.errors import ReleaseError
from models.releases.listing import (
    ReleaseFile,
    find_release_by_id,
    list_releases,
    read_release_file,
)
from models.releases.release import Release
from review_ui.api.callers import SeesReleases
from review_ui.api.fields import (
    After,
    AnyDataset,
    Limit,
    Page,
    ReleaseId,
    clean_text,
    moment,
    read_cursor,
    write_cursor,
)
from review_ui.api.problems import ApiError, describe
from review_ui.site import ThisSite

router = APIRouter(tags=["releases"])
PARQUET = "application/vnd.apache.parquet"
FileName = Annotated[ReleaseFile, Path(description="Which file.")]
IfNoneMatch = Annotated[
    str | None, Header(max_length=2000, description="ETags that the caller has already.")
]
_FILE = {
    "description": "The file, as an attachment.",
    "content": {PARQUET: {"schema": {"type": "string", "format": "binary"}}},
    "headers": {
        "ETag": {"description": "SHA-256 of the file.", "schema": {"type": "string"}},
        "Content-Disposition": {"description": "A file name.", "schema": {"type": "string"}},
    },
}


class ReleaseShown(BaseModel):
    """A published version of a dataset."""

    id: str
    dataset: str
    number: int
    manifest_sha256: str
    exclusions_sha256: str
    cleared: int = Field(description="Assets in it.")
    removed: int = Field(description="Assets that the release before held.")
    created: datetime


@router.get("/releases", responses=describe())
def list_them(
    site: ThisSite,
    caller: SeesReleases,  # noqa: ARG001
    dataset: AnyDataset = None,
    after: After = "",
    limit: Limit = 50,
) -> Page[ReleaseShown]:
    """Releases, the newest first."""
    place = read_cursor(after, int, str)
    with site.database.snapshot() as session:
        listed = list_releases(session, dataset, place, limit)
    full = len(listed) == limit
    following = write_cursor(listed[-1].created_ms, listed[-1].id) if full else None
    return Page(items=[_show(each) for each in listed], next=following)


@router.get("/releases/{release_id}", responses=describe(404))
def show(site: ThisSite, caller: SeesReleases, release_id: ReleaseId) -> ReleaseShown:  # noqa: ARG001
    """One release."""
    return _show(_require(site, release_id))


@router.get(
    "/releases/{release_id}/files/{name}",
    response_class=Response,
    responses={200: _FILE, 304: {"description": "The caller has it already."}, **describe(404)},
)
def download(
    site: ThisSite,
    caller: SeesReleases,  # noqa: ARG001
    release_id: ReleaseId,
    name: FileName,
    if_none_match: IfNoneMatch = None,
) -> Response:
    """A file of a release, byte for byte as it was published.

    `manifest.parquet` lists what is cleared, `removed.parquet` what the release before held and
    this one does not. A manifest that is not the one that was published is not handed out.
    """
    release = _require(site, release_id)
    try:
        data, digest = read_release_file(release, site.workspace, name)
    except ReleaseError as error:
        raise ApiError("not-found", error.problem, error.remedy) from error
    headers = {
        "ETag": f'"{digest}"',
        "Content-Disposition": f'attachment; filename="{release.id[:16]}-{name}"',
        "Cache-Control": "private, no-cache",
    }
    if if_none_match and digest in if_none_match:
        return Response(status_code=304, headers=headers)
    return Response(data, media_type=PARQUET, headers=headers)


def _require(site: ThisSite, release_id: str) -> Release:
    with site.database.snapshot() as session:
        found = find_release_by_id(session, release_id)
    if found is None:
        raise ApiError("not-found", "There is no such release.")
    return found


def _show(release: Release) -> ReleaseShown:
    return ReleaseShown(
        id=release.id,
        dataset=clean_text(release.dataset),
        number=release.number,
        manifest_sha256=release.manifest_sha256,
        exclusions_sha256=release.exclusions_sha256,
        cleared=release.cleared,
        removed=release.removed,
        created=moment(release.created_ms),
    )
