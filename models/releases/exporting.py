"""Exporting a release: its files, and on request the images, into a folder of the user's own."""

from __future__ import annotations

import shutil
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path

import pyarrow.parquet as pq

from models.assets.asset import Asset
from models.assets.shards import read_shard
from models.assets.sidecars import keep_places, write_sidecars
from models.canonical import digest_bytes
from models.errors import ReleaseError
from models.planning import dataset_folder, read_plan
from models.releases.attribution import FILE as ATTRIBUTION_FILE
from models.releases.publishing import (
    REWRITTEN_FILE,
    find_release,
    latest_release,
    purposes_of,
)
from models.store.database import Database
from models.takedowns import find_taken_down, takedown_times
from models.unicode import escape_surrogates
from models.withdrawals import find_withdrawn, read_withdrawals

_COLUMNS = ["asset_id", "names", "captions", "consent"]


@dataclass(frozen=True, slots=True)
class ExportReport:
    """What was written."""

    number: int
    assets: int
    images: int
    captions: int


def export_release(
    database: Database,
    workspace: Path,
    dataset: str,
    to: Path,
    *,
    number: int | None = None,
    copy_images: bool = False,
    progress: Callable[[int, int], None] = lambda _finished, _total: None,
) -> ExportReport:
    """Write a release into a folder that does not exist yet, or is empty.

    Args:
        number: which release; None for the latest.
        copy_images: copy the original bytes too, each checked against its digest.
        progress: called with the number of images copied and the number there are.

    Raises:
        ReleaseError: there is no such release, its manifest is damaged, the folder is not empty,
            or the release holds something that was taken down or withdrawn since.
        DatasetError: the dataset has changed, so that captions or images are not those screened.
    """
    release = (
        find_release(database, dataset, number)
        if number is not None
        else latest_release(database, dataset)
    )
    if release is None:
        raise ReleaseError(
            f"Dataset {dataset!r} has no release yet.", "Run `kiyome cleanse` on it first."
        )
    folder = release.path(workspace)
    try:
        intact = digest_bytes((folder / "manifest.parquet").read_bytes()) == release.manifest_sha256
    except OSError:
        intact = False
    if not intact:
        raise ReleaseError(
            f"The manifest in {folder} is missing or damaged.", "Restore it from a backup."
        )
    manifest = pq.read_table(folder / "manifest.parquet", columns=_COLUMNS)
    released = {
        row["asset_id"]: [caption["text"] for caption in row["captions"]]
        for row in manifest.to_pylist()
    }
    listed = set(released)
    rewritten = _read_rewritten(folder)
    purposes = purposes_of(release, workspace)
    with database.snapshot() as session:
        taken_down = find_taken_down(manifest, takedown_times(session).keys())
        withdrawn = find_withdrawn(manifest, read_withdrawals(session), purposes)
    gone = taken_down.keys() | withdrawn
    if gone:
        raise ReleaseError(
            f"{len(gone)} asset(s) of release {release.number} have been taken down or withdrawn "
            "since.",
            "Export a release that was made without them; `kiyome cleanse` makes one.",
        )
    if to.exists() and any(to.iterdir()):
        raise ReleaseError(f"The folder {to} is not empty.", "Name a new folder.")
    to.mkdir(parents=True, exist_ok=True)
    for name in ("manifest.parquet", "removed.parquet", "release.json"):
        shutil.copyfile(folder / name, to / name)
    if (folder / ATTRIBUTION_FILE).is_file():
        shutil.copyfile(folder / ATTRIBUTION_FILE, to / ATTRIBUTION_FILE)
    plan = read_plan(workspace, dataset)
    shards = dataset_folder(workspace, dataset) / "shards"
    assets = [
        asset
        for digest, _ in plan.shards
        for asset in read_shard(shards / f"{digest}.parquet").assets
        if asset.asset_id in listed
    ]
    if len(assets) != len(listed):
        raise ReleaseError(
            f"{len(listed) - len(assets)} asset(s) of release {release.number} are no longer in "
            "the dataset.",
            "Export a newer release.",
        )
    edited = [
        asset
        for asset in assets
        if _captions_of(asset, rewritten.get(asset.asset_id, {})) != released[asset.asset_id]
    ]
    if edited:
        raise ReleaseError(
            f"{len(edited)} asset(s) of release {release.number} have other captions now, "
            f"{escape_surrogates(edited[0].name)} among them.",
            "Export a newer release.",
        )
    texts = {
        asset_id: {index: text for index, (_, text) in captions.items()}
        for asset_id, captions in rewritten.items()
    }
    written = write_sidecars(
        plan.root, plan.layout, keep_places(assets, texts), to / "dataset", copy_images, progress
    )
    return ExportReport(release.number, len(assets), written.images, written.captions)


def _read_rewritten(folder: Path) -> dict[str, dict[int, tuple[str, str]]]:
    """The original and the new text of each rewritten caption, by asset and the caption's index."""
    path = folder / REWRITTEN_FILE
    found: dict[str, dict[int, tuple[str, str]]] = {}
    if path.is_file():
        for row in pq.read_table(path).to_pylist():
            texts = found.setdefault(row["asset_id"], {})
            texts[row["caption"]] = (row["original"], row["text"])
    return found


def _captions_of(asset: Asset, rewritten: Mapping[int, tuple[str, str]]) -> list[str]:
    """The asset's captions as a manifest of today would write them.

    A caption that was rewritten and has been edited since stays as it is now, and so differs.
    """
    texts = []
    for index, caption in enumerate(asset.captions):
        text = escape_surrogates(caption.text)
        original, new = rewritten.get(index, (text, text))
        texts.append(new if text == original else text)
    return texts
