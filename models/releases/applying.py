"""Applying a removal notice to a copy of a release, as `kiyome export` writes one.

Files are believed by their bytes: what is deleted has a SHA-256 that the notice names, or is the
caption file of such an image and of no other, by the manifest or by lying beside it under its name.
What lies inside a table or an archive is only told.
"""

from __future__ import annotations

import hashlib
import os
from collections import defaultdict
from collections.abc import Iterator, Set
from dataclasses import dataclass
from pathlib import Path, PurePosixPath

import pyarrow as pa
import pyarrow.parquet as pq

from models.assets.layouts.kohya import CAPTION_EXTENSIONS
from models.errors import ReleaseError
from models.releases.notices import RemovalNotice

_PICTURES = "dataset"


@dataclass(frozen=True, slots=True)
class ToRemove:
    """What a notice asks of one folder.

    Attributes:
        images: files with the bytes of an asset that has to go, relative to the folder.
        captions: caption files that belong to these images alone.
        inside: tables, archives and the like that hold something of them: to be written anew.
        listed: how many of the notice's assets the folder's manifest names.
    """

    images: tuple[str, ...]
    captions: tuple[str, ...]
    inside: tuple[str, ...]
    listed: int


def find_to_remove(folder: Path, notice: RemovalNotice) -> ToRemove:
    """Look for what has to go; every file below ``dataset`` is read.

    Args:
        folder: an exported release, with ``manifest.parquet`` and ``dataset``.
        notice: verified (``open_notice``).

    Raises:
        ReleaseError: the folder is no exported release.
        OSError: a file cannot be read.
    """
    try:
        manifest = pq.read_table(
            folder / "manifest.parquet", columns=["asset_id", "names", "captions"]
        )
    except (OSError, pa.ArrowException) as error:
        raise ReleaseError(
            f"{folder} is no exported release: {error}.",
            "Name the folder that `kiyome export` wrote.",
        ) from error
    gone = {each.sha256 for each in notice.removed}
    base = folder / _PICTURES
    images, archived = set(), set()
    for path in _files_below(base):
        with path.open("rb") as file:
            if hashlib.file_digest(file, "sha256").hexdigest() in gone:
                images.add(path.relative_to(folder).as_posix())
    captions: set[str] = set()
    kept_sources: set[str] = set()
    listed = 0
    for row in manifest.to_pylist():
        sources = {caption["source"] for caption in row["captions"]}
        if row["asset_id"] not in gone:
            kept_sources |= sources
            continue
        listed += 1
        captions |= sources
        for name in row["names"]:
            holder = _holder_of(base, name)
            if holder is not None and not holder.is_file():
                continue
            if holder is not None and f"{_PICTURES}/{name}" not in images:
                archived.add(holder.relative_to(folder).as_posix())
    own, shared = set(), set()
    for source in captions:
        place = _inside(base, source)
        if place is not None and place.is_file() and source not in kept_sources:
            own.add(place.relative_to(folder).as_posix())
        elif (table := _holder_of(base, source.partition(":")[0])) is not None:
            shared.add(table.relative_to(folder).as_posix())
    own |= _captions_beside(folder, images, {f"{_PICTURES}/{source}" for source in kept_sources})
    inside = sorted((archived | shared) - own - images | {"manifest.parquet"} if listed else ())
    return ToRemove(tuple(sorted(images)), tuple(sorted(own)), tuple(inside), listed)


def remove_files(folder: Path, found: ToRemove) -> None:
    """Delete the images and caption files that were found.

    Raises:
        OSError: one of them cannot be deleted; the others before it are gone.
    """
    for name in (*found.images, *found.captions):
        (folder / name).unlink(missing_ok=True)


def _captions_beside(folder: Path, images: Set[str], kept: Set[str]) -> set[str]:
    """Caption files under the names of these images, as a renamed copy has them.

    What another picture of the same name stands beside, or the manifest gives to one that stays, is
    left.
    """
    found: set[str] = set()
    stems: defaultdict[tuple[Path, str], list[Path]] = defaultdict(list)
    for parent in {(folder / image).parent for image in images}:
        for each in parent.iterdir():
            stems[parent, each.stem].append(each)
    for image in images:
        path = folder / image
        beside = stems[path.parent, path.stem]
        names = {each.relative_to(folder).as_posix(): each for each in beside}
        captions = {name for name in names if name.lower().endswith(CAPTION_EXTENSIONS)}
        others = names.keys() - captions - images
        if all(name.endswith(".json") for name in others):
            found |= {name for name in captions - kept if _is_own_file(names[name])}
    return found


def _files_below(base: Path) -> Iterator[Path]:
    """Every regular file; links are not followed."""
    for parent, _, names in os.walk(base):
        for name in sorted(names):
            path = Path(parent) / name
            if _is_own_file(path):
                yield path


def _is_own_file(path: Path) -> bool:
    return path.is_file() and not path.is_symlink()


def _inside(base: Path, name: str) -> Path | None:
    """The place of a name below a folder; None where it would lead out of it, or by a link."""
    pure = PurePosixPath(name)
    if pure.is_absolute() or ".." in pure.parts or not pure.parts or "\0" in name:
        return None
    path = base
    for part in pure.parts:
        path = path / part
        if path.is_symlink():
            return None
    return path


def _holder_of(base: Path, name: str) -> Path | None:
    """The file that a name is, or lies in: a member of an archive is named below it."""
    path = _inside(base, name)
    while path is not None and path != base:
        if path.is_file():
            return path
        path = path.parent
    return None
