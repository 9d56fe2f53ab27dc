"""Releases by id and in a list, and the files of one that may be handed on."""

from __future__ import annotations

from pathlib import Path
from typing import Literal

from sqlalchemy import select, tuple_
from sqlalchemy.orm import Session

from models.canonical import digest_bytes
from models.errors import ReleaseError
from models.releases.release import Release, read_release
from models.store.tables import ReleaseRow

ReleaseFile = Literal["manifest.parquet", "removed.parquet"]


def list_releases(
    session: Session,
    dataset: str | None = None,
    after: tuple[int, str] | None = None,
    limit: int = 50,
) -> tuple[Release, ...]:
    """Releases, newest first.

    Args:
        dataset: of this dataset; None for any.
        after: only those after this time and id in the list.
    """
    row = ReleaseRow
    query = select(row).order_by(row.created_ms.desc(), row.id.desc()).limit(limit)
    if dataset is not None:
        query = query.where(row.dataset == dataset)
    if after is not None:
        query = query.where(tuple_(row.created_ms, row.id) < after)
    return tuple(map(read_release, session.scalars(query)))


def find_release_by_id(session: Session, release_id: str) -> Release | None:
    """One release, or None."""
    row = session.get(ReleaseRow, release_id)
    return read_release(row) if row else None


def read_release_file(release: Release, workspace: Path, name: ReleaseFile) -> tuple[bytes, str]:
    """A file of a release as it was published, and its SHA-256.

    Raises:
        ReleaseError: it is missing, damaged, or not where releases lie.
    """
    shelf = (workspace / "releases").resolve()
    path = (release.path(workspace) / name).resolve()
    try:
        data = path.read_bytes() if path.is_relative_to(shelf) else None
    except OSError:
        data = None
    if data is None:
        raise ReleaseError(
            f"The file {name} of release {release.number} is not there.",
            "Run `kiyome cleanse`: it builds a lost release again.",
        )
    digest = digest_bytes(data)
    if name == "manifest.parquet" and digest != release.manifest_sha256:
        raise ReleaseError(
            f"The manifest of release {release.number} is not the one that was published.",
            "Use it for nothing; run `kiyome recount`, then `kiyome cleanse`.",
        )
    return data, digest
