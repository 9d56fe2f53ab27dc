"""Hugging Face's imagefolder: in any folder a metadata.jsonl, .csv or .parquet about its images.

A row names one image in ``file_name``, or several in columns that end in ``_file_name`` or
``_file_names``, relative to the folder of the table.
"""

from __future__ import annotations

import posixpath
from collections.abc import Sequence, Set
from dataclasses import dataclass, field

from models.assets.asset import Fault, Notice
from models.assets.hashing import HashCache
from models.assets.listing import LINK_OUTSIDE, Listing, ListingBuilder, inside
from models.assets.naming import is_image_name, matching_name, printable
from models.assets.sink import Sink
from models.assets.tables import Row, Table, TableError, read_table
from models.assets.texts import CaptionSource, captions_of, notice_about
from models.assets.tree import Tree
from models.reasons import Reason

NAME = "imagefolder"
LOOKS_FOR = "a metadata.jsonl, metadata.csv or metadata.parquet in any folder"
_TABLES = frozenset({"metadata.jsonl", "metadata.csv", "metadata.parquet"})


def find_evidence(tree: Tree) -> str:
    """What in the tree speaks for this layout, or ""."""
    return next(map(printable, _table_paths(tree)), "")


def read_listing(tree: Tree, cache: HashCache) -> Listing:  # noqa: ARG001  (all layouts alike)
    """Every image of the tree and every image a row names, with the captions of the rows."""
    builder = ListingBuilder(tree)
    images = _Images(tree)
    named: dict[str, _Named] = {}
    lost: dict[str, _Named] = {}
    broken: dict[str, str] = {}
    for path in _table_paths(tree):
        folder = posixpath.dirname(path)
        try:
            table = _read_inside(tree, path)
        except TableError as error:
            broken[folder] = f"{printable(path)}: {error}"
            continue
        for row in table.rows:
            names = _names_in(row)
            if row.problem and not names:
                broken[folder] = f"{printable(path)}:{row.number}: {row.problem}"
            for name in names:
                image = images.find(folder, name)
                if image is None:
                    lost.setdefault(posixpath.join(folder, name), _Named()).add(path, row)
                else:
                    named.setdefault(image, _Named()).add(path, row)
    for name, rows in lost.items():
        builder.add_lost(name, f"{' and '.join(rows.by_table)} names it", rows.sources)
    for image, rows in named.items():
        builder.add_file(image, rows.sources, rows.fault)
    unnamed = [image for image in images.all if image not in named]
    for image in unnamed:
        builder.add_file(image, [], _fault_from(broken, image))
    for path in tree.outside:
        if is_image_name(path) and path not in lost:
            builder.add_lost(path, LINK_OUTSIDE)
    builder.notices += _notices(unnamed, broken)
    return builder.build()


def write_listing(tree: Tree, listing: Listing, kept: Set[str], sink: Sink) -> None:
    """Write each table with only the rows all of whose images are kept."""
    images = _Images(tree)
    screened = {
        entry.path: {caption.text for caption in entry.captions}
        for entry in listing.entries
        if entry.location.name in kept
    }
    rewritten = {
        entry.path: sink.rewritten_in([entry.location.name])
        for entry in listing.entries
        if entry.location.name in kept
    }
    for path in _table_paths(tree):
        folder = posixpath.dirname(path)
        try:
            table = _read_inside(tree, path)
        except TableError:  # it was broken when it was screened, too: it cleared nothing
            continue

        def images_of(row: Row, folder: str = folder) -> Sequence[str]:
            return [images.find(folder, name) or "" for name in _names_in(row)]

        sink.write_rows(path, table, images_of, screened, rewritten)
    sink.copy_images(entry for entry in listing.entries if entry.location.name in kept)


@dataclass(slots=True)
class _Named:
    """What rows say about one image, by table."""

    by_table: dict[str, list[Row]] = field(default_factory=dict)

    def add(self, table: str, row: Row) -> None:
        self.by_table.setdefault(printable(table), []).append(row)

    @property
    def sources(self) -> list[CaptionSource]:
        return [
            CaptionSource(
                table,
                tuple(c for row in rows for c in captions_of(row.values, f"{table}:{row.number}")),
            )
            for table, rows in self.by_table.items()
        ]

    @property
    def fault(self) -> Fault | None:
        for table, rows in self.by_table.items():
            for row in rows:
                if row.problem:
                    detail = f"{table}:{row.number}: {row.problem}"
                    return Fault(Reason.CAPTION_UNREADABLE, detail)
        return None


class _Images:
    """The images of a tree, found by what a row calls them."""

    def __init__(self, tree: Tree) -> None:
        self.all = [name for name in tree.files if is_image_name(name)]
        self._files = tree.files
        self._by_name = {matching_name(name): name for name in reversed(self.all)}

    def find(self, folder: str, name: str) -> str | None:
        """The path of the file that a row in ``folder`` calls ``name``.

        A row may name a file whose extension is not one of an image.
        """
        for spelling in (name, name.replace("\\", "/")):
            path = inside(folder, spelling)
            if path is None:
                continue
            if path in self._files:
                return path
            if (match := self._by_name.get(matching_name(path))) is not None:
                return match
        return None


def _table_paths(tree: Tree) -> list[str]:
    names = (*tree.files, *tree.outside)
    return sorted(name for name in names if posixpath.basename(name) in _TABLES)


def _read_inside(tree: Tree, path: str) -> Table:
    if path in tree.outside:
        raise TableError(LINK_OUTSIDE)
    return read_table(tree.path(path))


def _names_in(row: Row) -> list[str]:
    names: list[str] = []
    for column, value in row.values.items():
        if column not in ("file_name", "file_names") and not column.endswith(
            ("_file_name", "_file_names")
        ):
            continue
        given = value if isinstance(value, list) else [value]
        names += [name for name in given if isinstance(name, str) and name]
    return names


def _fault_from(broken: dict[str, str], image: str) -> Fault | None:
    """The fault of an image that may be the one an unreadable table or row speaks of."""
    folder = posixpath.dirname(image)
    while True:
        if folder in broken:
            detail = f"{broken[folder]}. It may hold a caption of this image."
            return Fault(Reason.CAPTION_UNREADABLE, detail)
        if not folder:
            return None
        folder = posixpath.dirname(folder)


def _notices(unnamed: Sequence[str], broken: dict[str, str]) -> list[Notice]:
    notices = list(
        notice_about(
            "image_without_row",
            map(printable, unnamed),
            "{name} stands in no metadata table. It is an asset without captions.",
            "{count} images stand in no metadata table, for example {name}. They are assets "
            "without captions.",
        )
    )
    notices += [
        Notice(
            "metadata_unreadable",
            f"{detail}. Images that it may speak of are not cleared.",
            (detail.split(":", 1)[0],),
        )
        for _, detail in sorted(broken.items())
    ]
    return notices
