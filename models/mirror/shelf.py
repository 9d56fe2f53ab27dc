"""A dataset's releases at a target: folders that never change, and one object that says which.

    <dataset>/releases/<folder>/…          files that may be handed on
    <dataset>/releases/<folder>/index.json their sizes and digests, written after them
    <dataset>/latest.json                  the pointer, written last of all

A reader begins at ``latest.json``; what it names is there, whole. A folder without ``index.json``
is one that is still being written.
"""

from __future__ import annotations

import hashlib
import json
import tarfile
import tempfile
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any, Final

from models.canonical import digest_bytes
from models.errors import ReleaseError
from models.failpoints import reach
from models.mirror.target import Target
from models.releases.attribution import FILE as ATTRIBUTION_FILE
from models.releases.notices import FILE as NOTICE_FILE
from models.releases.release import Release

FILES: Final = (
    "manifest.parquet",
    "removed.parquet",
    "release.json",
    ATTRIBUTION_FILE,
    NOTICE_FILE,
)
"""Files of a release that may be handed on: those of `kiyome export`, and the removal notice.

``outcomes.parquet`` and ``rewritten.parquet`` say what was found in assets that were kept out, and
stay in the workspace.
"""

CAPTIONS: Final = "captions.tar"
"""The release's folder of captions as one object, where it has one."""

_CHUNK = 1024**2


def push_release(target: Target, release: Release, workspace: Path) -> bool:
    """Send what a target lacks of a release; its index is written last.

    Returns:
        Whether anything was sent.

    Raises:
        ReleaseError: the release is damaged here, or the storage does not answer.
    """
    folder = release.path(workspace)
    place = f"{release.dataset}/releases/{folder.name}"
    index = target.read_json(f"{place}/index.json")
    listed: dict[str, dict[str, Any]] = {} if index is None else index["files"]
    here = {name: folder / name for name in FILES if (folder / name).is_file()}
    captions = (folder / "sidecars").is_dir()
    lacking = [name for name, path in here.items() if not _is_listed(listed, name, path)]
    if index is not None and not lacking and (CAPTIONS in listed or not captions):
        return False
    _require_whole(here, release)
    there = target.sizes(place)
    files = dict(listed)
    for name in lacking:
        files[name] = _describe(here[name])
        if not _is_sent(there, name, files[name]):
            target.upload(f"{place}/{name}", here[name])
    if captions and CAPTIONS not in listed:
        with _pack(folder / "sidecars") as packed:
            files[CAPTIONS] = _describe(packed)
            if not _is_sent(there, CAPTIONS, files[CAPTIONS]):
                target.upload(f"{place}/{CAPTIONS}", packed)
    reach("mirror-files")
    said = {
        "dataset": release.dataset,
        "number": release.number,
        "id": release.id,
        "manifest_sha256": release.manifest_sha256,
        "files": files,
    }
    target.write(f"{place}/index.json", _to_json(said))
    reach("mirror-indexed")
    return True


def point_at(target: Target, release: Release, workspace: Path) -> bool:
    """Let the pointer name this release, unless it does so.

    Returns:
        Whether it was written.

    Raises:
        ReleaseError: the release is not there, or the storage does not answer.
    """
    name = f"{release.dataset}/latest.json"
    place = f"releases/{release.path(workspace).name}"
    index = target.read(f"{release.dataset}/{place}/index.json")
    if index is None:
        raise ReleaseError(
            f"Release {release.number} is not in {target.url}.", "Run `kiyome releases push`."
        )
    said = {
        "dataset": release.dataset,
        "number": release.number,
        "id": release.id,
        "folder": place,
        "index_sha256": digest_bytes(index),
    }
    if target.read_json(name) == said:
        return False
    target.write(name, _to_json(said))
    return True


def require_not_older(target: Target, dataset: str, releases: Sequence[Release]) -> int:
    """Make sure that a target names no release that is unknown here.

    Args:
        releases: all releases of the dataset here.

    Returns:
        The number of the release that the pointer names; 0 where there is no pointer.

    Raises:
        ReleaseError: it names one that this workspace has not made.
    """
    known = target.read_json(f"{dataset}/latest.json")
    if known is None:
        return 0
    if not any((r.number, r.id) == (known["number"], known["id"]) for r in releases):
        raise ReleaseError(
            f"{target.url} names release {known['number']} of {dataset!r} as the newest, which "
            "this workspace has not made.",
            "It was restored from an older backup, or is a copy: do not push from it.",
        )
    return int(known["number"])


def check_release(target: Target, dataset: str, place: str) -> list[str]:
    """Read every object of a release at a target back, and name those that are not as indexed.

    Args:
        place: its folder from the dataset's on, as the pointer names it.

    Raises:
        ReleaseError: there is no index, or the storage does not answer.
    """
    index = target.read_json(f"{dataset}/{place}/index.json")
    if index is None:
        return [f"{dataset}/{place}/index.json"]
    wrong = []
    for name, said in index["files"].items():
        if target.digest(f"{dataset}/{place}/{name}") != said["sha256"]:
            wrong.append(f"{dataset}/{place}/{name}")
    return wrong


def _require_whole(here: dict[str, Path], release: Release) -> None:
    path = here.get("manifest.parquet")
    if path is None or _digest(path) != release.manifest_sha256:
        raise ReleaseError(
            f"The manifest of release {release.number} of {release.dataset!r} is missing or "
            "damaged here.",
            "Restore it from a backup, or run `kiyome cleanse`.",
        )


def _is_listed(listed: dict[str, Any], name: str, path: Path) -> bool:
    """Whether the target has a file as it is here; a small one may have been made anew."""
    said = listed.get(name)
    if said is None or said["size"] != path.stat().st_size:
        return False
    return path.stat().st_size > _CHUNK or said["sha256"] == _digest(path)


def _is_sent(there: Mapping[str, int], name: str, said: Mapping[str, Any]) -> bool:
    """Whether an interrupted push has sent a file: a large one is not sent again."""
    return there.get(name) == said["size"] and int(said["size"]) > _CHUNK


def _describe(path: Path) -> dict[str, Any]:
    return {"size": path.stat().st_size, "sha256": _digest(path)}


def _digest(path: Path) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


@contextmanager
def _pack(folder: Path) -> Iterator[Path]:
    """The files of a folder as a tar: the same files give the same bytes."""
    with tempfile.TemporaryDirectory(prefix=".captions-", dir=folder.parent) as scratch:
        packed = Path(scratch) / CAPTIONS
        with tarfile.open(packed, "w", format=tarfile.PAX_FORMAT) as tar:
            for path in sorted(p for p in folder.rglob("*") if p.is_file() and not p.is_symlink()):
                member = tarfile.TarInfo(path.relative_to(folder).as_posix())
                member.size = path.stat().st_size
                member.mode = 0o644
                with path.open("rb") as file:
                    tar.addfile(member, file)
        yield packed


def _to_json(value: dict[str, Any]) -> bytes:
    return json.dumps(value, indent=1, sort_keys=True, ensure_ascii=False).encode() + b"\n"
