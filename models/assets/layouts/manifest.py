"""A manifest: one table, CSV, TSV, JSON Lines or Parquet, of paths or fsspec URLs, with captions.

The column that names the image is the first of path, uri, file, image, file_name, filename,
file_path, image_path and image_uri that the table has, in any case. Relative paths count from the
manifest's folder.
"""

from __future__ import annotations

import os
import posixpath
import re
import unicodedata
from collections.abc import Iterator, Sequence, Set
from dataclasses import dataclass

from models.assets.asset import Fault, Location, Notice
from models.assets.hashing import HashCache
from models.assets.listing import Listing, ListingBuilder, inside
from models.assets.naming import printable
from models.assets.reading import local_path, path_uri
from models.assets.sink import Sink
from models.assets.tables import (
    TABLE_EXTENSIONS,
    Row,
    Table,
    TableError,
    read_columns,
    read_table,
)
from models.assets.texts import CaptionSource, captions_of
from models.assets.tree import Stamp, Tree, stamp_of
from models.errors import DatasetError
from models.reasons import Reason
from models.unicode import escape_surrogates

NAME = "manifest"
LOOKS_FOR = "one .csv, .tsv, .jsonl or .parquet at the top with a path, uri, file or image column"
_PATH_COLUMNS = [
    "path",
    "uri",
    "file",
    "image",
    "file_name",
    "filename",
    "file_path",
    "image_path",
    "image_uri",
]
_URL = re.compile(r"[A-Za-z][A-Za-z0-9+.-]*://")


def find_evidence(tree: Tree) -> str:
    """What in the tree speaks for this layout, or ""."""
    return next(map(printable, _manifest_paths(tree)), "")


def read_listing(tree: Tree, cache: HashCache) -> Listing:  # noqa: ARG001  (all layouts alike)
    """Every image that the manifest names, whether it is there or not.

    Raises:
        DatasetError: there is no manifest, or several, or it cannot be read.
    """
    path = _find_manifest(tree)
    table = _read(tree, path)
    column = _path_column(table.columns)
    if column is None:
        raise DatasetError(
            f"The manifest {printable(path)} has no column that names the images.",
            f"Call it one of {', '.join(_PATH_COLUMNS)}; "
            f"it has {', '.join(table.columns) or 'none'}.",
        )
    builder = ListingBuilder(tree)
    rows: dict[str, list[Row]] = {}
    nameless: list[str] = []
    for row in table.rows:
        if name := _name_in(row, column):
            rows.setdefault(name, []).append(row)
        else:
            nameless.append(f"{row.number}: {row.problem or 'it names no image'}")
    table_name = printable(path)
    for name, found in rows.items():
        captions = tuple(
            c for row in found for c in captions_of(row.values, f"{table_name}:{row.number}")
        )
        problem = next((f"{table_name}:{r.number}: {r.problem}" for r in found if r.problem), "")
        fault = Fault(Reason.CAPTION_UNREADABLE, problem) if problem else None
        place = _place(tree.root, name)
        if place.stamp is not None:
            builder.stamps[place.location.uri] = place.stamp
        sidecars: list[Location] = []
        for beside, stamp in _sidecars_beside(place):
            sidecars.append(beside)
            if stamp is not None:
                builder.stamps[beside.uri] = stamp
        source = [CaptionSource(table_name, captions)]
        builder.add(place.location, place.path, source, tuple(sidecars), fault)
    if nameless:
        builder.add_lost(
            f"{table_name}:{nameless[0].split(':', 1)[0]}",
            f"{len(nameless):,} rows of the manifest cannot be read, for example {nameless[0]}",
        )
        builder.notices.append(
            Notice(
                "row_unreadable",
                f"{len(nameless):,} rows of {table_name} cannot be read, for example "
                f"{nameless[0]}. Mend them, so that their images are screened.",
                (table_name,),
                {"count": len(nameless)},
            )
        )
    return builder.build()


def write_listing(tree: Tree, listing: Listing, kept: Set[str], sink: Sink) -> None:
    """Write the manifest with only the rows whose image is kept."""
    path = _find_manifest(tree)
    table = _read(tree, path)
    column = _path_column(table.columns) or ""
    screened = {
        entry.location.name: {caption.text for caption in entry.captions}
        for entry in listing.entries
        if entry.location.name in kept
    }

    def images_of(row: Row) -> Sequence[str]:
        name = _name_in(row, column)
        return [escape_surrogates(name)] if name else []

    rewritten = {name: sink.rewritten_in([name]) for name in screened}
    sink.write_rows(path, table, images_of, screened, rewritten)
    sink.copy_images(entry for entry in listing.entries if entry.location.name in kept)


def _find_manifest(tree: Tree) -> str:
    found = [tree.only] if tree.only else _manifest_paths(tree)
    if len(found) == 1:
        return found[0]
    if not found:
        raise DatasetError(
            f"There is no manifest in {printable(tree.root)}.",
            f"Looked for {LOOKS_FOR}; give the path of the manifest itself.",
        )
    raise DatasetError(
        f"There are several manifests: {', '.join(map(printable, found))}.",
        "Give the path of the one that you mean.",
    )


def _manifest_paths(tree: Tree) -> list[str]:
    if tree.only:
        return [tree.only] if tree.only.lower().endswith(TABLE_EXTENSIONS) else []
    return [
        name
        for name in tree.at_root()
        if name.lower().endswith(TABLE_EXTENSIONS)
        and not name.startswith("metadata.")
        and f"{posixpath.splitext(name)[0]}.tar" not in tree.files
        and _path_column(read_columns(tree.path(name))) is not None
    ]


def _read(tree: Tree, path: str) -> Table:
    try:
        return read_table(tree.path(path))
    except TableError as error:
        raise DatasetError(
            f"The manifest {printable(path)} cannot be read: {error}.", "Mend it and run again."
        ) from error


def _path_column(columns: Sequence[str]) -> str | None:
    by_name = {column.strip().lower(): column for column in reversed(columns)}
    return next((by_name[name] for name in _PATH_COLUMNS if name in by_name), None)


def _name_in(row: Row, column: str) -> str:
    name = row.values.get(column)
    return name if isinstance(name, str) else ""


@dataclass(frozen=True, slots=True)
class _Place:
    """What one name in the manifest means.

    ``file`` is the local path, or "" for a URL; ``path`` is the same inside the root, or "".
    """

    location: Location
    stamp: Stamp | None = None
    file: str = ""
    path: str = ""


def _place(root: str, name: str) -> _Place:
    shown = escape_surrogates(name)
    given = name
    if _URL.match(name):
        local = local_path(name)
        if local is None:
            return _Place(Location(shown, name))
        given = os.fsdecode(local)
    full = posixpath.normpath(posixpath.join(root, given))
    for file in dict.fromkeys((full, *(unicodedata.normalize(f, full) for f in ("NFC", "NFD")))):
        try:
            stamp = stamp_of(os.stat(file))  # noqa: PTH116
        except (OSError, ValueError):
            continue
        location = Location(shown, path_uri(os.fsencode(file)), stamp[0] if stamp else -1)
        path = "" if given.startswith("/") else inside("", os.path.relpath(file, root)) or ""
        return _Place(location, stamp, file, path)
    return _Place(Location(shown, path_uri(full.encode("utf-8", "surrogatepass"))))


def _sidecars_beside(place: _Place) -> Iterator[tuple[Location, Stamp | None]]:
    """The ``<stem>.json`` and ``<name>.json`` beside a local image, readable or not."""
    if not place.file:
        return
    for file, name in (
        (posixpath.splitext(place.file)[0], posixpath.splitext(place.location.name)[0]),
        (place.file, place.location.name),
    ):
        if not os.path.lexists(f"{file}.json"):
            continue
        try:
            stamp = stamp_of(os.stat(f"{file}.json"))  # noqa: PTH116
        except OSError:  # a link that leads nowhere: what it would say stays unknown
            stamp = None
        uri = path_uri(os.fsencode(f"{file}.json"))
        yield Location(f"{name}.json", uri, stamp[0] if stamp else -1), stamp
