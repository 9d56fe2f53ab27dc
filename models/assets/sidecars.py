"""The way out: a dataset's captions and tables, in its own layout, with only what is kept.

What is written is read from the source once more and compared with what was screened, so that a
caption edited after the screening never slips into a release. The folder is filled file by file;
whoever publishes it renames it into place when it is whole.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from pathlib import Path

from models.assets.asset import Asset, Caption, Location
from models.assets.hashing import HashCache
from models.assets.layouts import choose_layout
from models.assets.listing import Entry
from models.assets.naming import printable
from models.assets.sink import RUN_AGAIN, Sink
from models.assets.tree import walk_dataset
from models.errors import DatasetError


@dataclass(frozen=True, slots=True)
class Kept:
    """One place of an asset that is kept.

    Attributes:
        captions: the captions that were screened for this place.
        location: the place.
        digest: SHA-256 of the bytes that were screened.
        rewritten: captions that are to be written otherwise than they stand in the source.
    """

    captions: tuple[Caption, ...]
    location: Location
    digest: str
    rewritten: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class SidecarReport:
    """What was written.

    Attributes:
        files: paths relative to the output folder, in code-point order. A path that is not UTF-8
            is shown as text.
        images: how many images were copied, or packed into tars.
        captions: how many captions the kept places have together.
    """

    files: tuple[str, ...]
    images: int
    captions: int


def keep_places(
    assets: Iterable[Asset], rewritten: Mapping[str, Mapping[int, str]] | None = None
) -> dict[str, Kept]:
    """Every place of these assets, by its name: what ``write_sidecars`` takes.

    Args:
        rewritten: new texts of captions, by asset id and the caption's index.
    """
    kept = {}
    for asset in assets:
        texts = (rewritten or {}).get(asset.asset_id, {})
        for index, location in enumerate(asset.locations):
            kept[location.name] = Kept(
                tuple(caption for caption in asset.captions if caption.location == index),
                location,
                location.digest,
                {
                    asset.captions[number].text: text
                    for number, text in texts.items()
                    if asset.captions[number].location == index
                },
            )
    return kept


def write_sidecars(
    scan_root: str,
    layout: str,
    keep: Mapping[str, Kept],
    out: Path,
    copy_images: bool,
    progress: Callable[[int, int], None] = lambda _done, _total: None,
) -> SidecarReport:
    """Write the captions and tables of a dataset that belong to the kept places.

    Args:
        scan_root: the dataset, as ``Scan.root`` gives it.
        layout: its layout, as ``Scan.layout`` gives it.
        keep: the kept places by location name.
        out: folder to write to, outside the dataset; made where it is missing.
        copy_images: copy the original bytes too, verified against their digests.
        progress: called after each image with the number copied and the number there are.

    Raises:
        DatasetError: the source has changed since it was screened; a name would lead out of
            ``out``; or something cannot be read or written. What was written so far stays.
    """
    tree = walk_dataset(scan_root)
    _refuse_inside(out, tree.root, one_file=Path(scan_root).is_file())
    chosen = choose_layout(tree, layout)
    listing = chosen.read(tree, HashCache())
    _compare(listing.by_name(), keep)
    try:
        out.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise DatasetError(
            f"The folder {out} cannot be made: {error.strerror or error}.", "Give another folder."
        ) from error
    digests = {name: kept.digest for name, kept in keep.items()} if copy_images else None
    rewritten = {name: kept.rewritten for name, kept in keep.items() if kept.rewritten}
    sink = Sink(tree, out, digests, progress, rewritten)
    chosen.write(tree, listing, keep.keys(), sink)
    return SidecarReport(
        tuple(sorted(map(printable, sink.written))),
        sink.images,
        sum(len(kept.captions) for kept in keep.values()),
    )


def _refuse_inside(out: Path, root: str, *, one_file: bool) -> None:
    """A scan of a folder would read what is written into it; one of a single file reads no other.

    In both cases the dataset's own files must not be written over.
    """
    real = os.path.realpath(out)
    if real == root or (not one_file and real.startswith(f"{root}/")):
        raise DatasetError(
            f"{out} lies inside the dataset.", "Give a folder outside it: a scan would read it."
        )


def _compare(entries: Mapping[str, Entry], keep: Mapping[str, Kept]) -> None:
    for name, kept in keep.items():
        entry = entries.get(name)
        if entry is None:
            raise DatasetError(f"{name} is not in the dataset any more.", RUN_AGAIN)
        if entry.fault is not None:
            raise DatasetError(f"{name}: {entry.fault.detail}.", RUN_AGAIN)
        now = [(caption.text, caption.source) for caption in entry.captions]
        if now != [(caption.text, caption.source) for caption in kept.captions]:
            raise DatasetError(
                f"The captions of {name} have changed since they were screened.", RUN_AGAIN
            )
