"""Small copies of an owner's works: drawn from the dataset once their owner looks, then kept.

No run draws them: most works are never looked at, and copies of all would take as much room as many
a dataset. A copy is the one that a reviewer would see of the picture; where a run has drawn that,
it is shown. How much room the others take is bounded (``models.owners.works_copies``).

The bytes are held against the work's id before anything is drawn. What stands at a path today may
be another picture than the one that was examined, and may be somebody else's.
"""

from __future__ import annotations

import os
from collections.abc import Iterable, Sequence
from enum import StrEnum
from pathlib import Path

from models.assets.asset import Location
from models.assets.faults import FaultError
from models.assets.reading import local_path, read_location
from models.assets.shards import read_locations
from models.canonical import digest_bytes
from models.errors import WorkspaceError
from models.owners.works import OwnedFile
from models.owners.works_index import find_shard
from models.reasons import Reason
from models.review.thumbnails import write_derivatives

MOST_TRIED = 3
"""Files with the same bytes that are tried for one picture."""


class NoPicture(StrEnum):
    """Why a work cannot be shown."""

    GONE = "gone"
    """No file is where the last run found it, or it cannot be opened."""

    REPLACED = "replaced"
    """A file is there, with other bytes."""

    UNREADABLE = "unreadable"
    """It cannot be decoded, or is larger than the settings allow."""

    UNKNOWN = "unknown"
    """Where the file lay is not known any more: the list of the last run is gone."""


def find_originals(
    workspace: Path, files: Iterable[OwnedFile]
) -> dict[OwnedFile, tuple[Location, ...]]:
    """Where the files of some works lay when the last run read them; each list is read once.

    A work of which that is not known any more has no location.
    """
    found: dict[OwnedFile, tuple[Location, ...]] = dict.fromkeys(files, ())
    parts: dict[tuple[str, str], list[OwnedFile]] = {}
    for file in found:
        parts.setdefault((file.dataset, file.part), []).append(file)
    for (dataset, part), members in parts.items():
        path = find_shard(workspace, dataset, part)
        if path is None:
            continue
        try:
            places = read_locations(path, {file.asset_id for file in members})
        except WorkspaceError:  # the next run writes it anew; until then nothing is shown
            continue
        for file in members:
            found[file] = places.get(file.asset_id, ())[:MOST_TRIED]
    return found


def look_for(originals: Sequence[Location]) -> NoPicture | None:
    """Why there can be no picture of a work, as far as that is known without reading; else None."""
    if not originals:
        return NoPicture.UNKNOWN
    readable = [location for location in originals if location.digest]
    if not readable:
        return NoPicture.UNREADABLE
    return None if any(map(_is_there, readable)) else NoPicture.GONE


def draw_work(
    asset_id: str,
    originals: Sequence[Location],
    folder: Path,
    sizes: Sequence[int],
    max_bytes: int,
    max_pixels: int,
) -> NoPicture | None:
    """Write the copies of a work where they are missing.

    Args:
        asset_id: SHA-256 that the bytes must have.
        originals: files that had them.
        folder: where they go (``models.owners.works_copies``).
        sizes: which copies (``models.review.derivatives``).
        max_bytes, max_pixels: what is larger is neither read nor decoded.

    Returns:
        None once the copies are there; else why there are none.

    Raises:
        OSError: the folder cannot be written.
    """
    missing = NoPicture.UNKNOWN
    for location in originals:
        if not location.digest:  # the run could not read it
            missing = NoPicture.UNREADABLE
            continue
        try:
            data = read_location(location, max_bytes)
        except FaultError as error:
            missing = _MISSING.get(error.fault.reason, NoPicture.REPLACED)
            continue
        if digest_bytes(data) != asset_id:
            missing = NoPicture.REPLACED
            continue
        try:
            write_derivatives(data, asset_id, folder, max_pixels, sizes)
        except FaultError:
            return NoPicture.UNREADABLE
        return None
    return missing


_MISSING = {
    Reason.IMAGE_MISSING: NoPicture.GONE,
    Reason.FILE_TOO_LARGE: NoPicture.UNREADABLE,
}


def _is_there(location: Location) -> bool:
    """Whether a regular file lies there; of another file system that is not asked."""
    path = local_path(location.uri)
    if path is None:
        return True
    try:
        return Path(os.fsdecode(path)).is_file()
    except (OSError, ValueError):
        return False
