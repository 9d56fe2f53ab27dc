"""Writing tar shards again with only the samples that are kept.

Without images, what a loader needs is which keys to use: ``kept.json`` lists them by shard. With
images, each tar is written again; members that are neither image, text nor JSON (embeddings, say)
go with their sample.
"""

from __future__ import annotations

import io
import json
import os
import tarfile
from collections.abc import Mapping, Sequence, Set

from models.assets.layouts.webdataset import (
    group_members,
    is_success,
    list_members,
    read_member_captions,
    sample_key,
    table_beside,
    tar_paths,
)
from models.assets.listing import Entry, Listing
from models.assets.naming import printable
from models.assets.reading import explain_os_error, open_regular, path_uri
from models.assets.sink import RUN_AGAIN, Sink
from models.assets.tables import Row, TableError, read_table
from models.assets.tree import Tree
from models.errors import DatasetError

KEPT_KEYS = "kept.json"


def write_listing(tree: Tree, listing: Listing, kept: Set[str], sink: Sink) -> None:
    """Write the tables and, as asked, the tars or the list of keys of the kept names.

    Raises:
        DatasetError: a shard has changed since it was screened, or cannot be written.
    """
    by_tar: dict[str, list[Entry]] = {}
    for entry in listing.entries:
        if entry.location.name in kept and entry.location.offset is not None:
            by_tar.setdefault(entry.location.uri, []).append(entry)
    keys: dict[str, list[str]] = {}
    for path in tar_paths(tree):
        entries = by_tar.get(path_uri(os.fsencode(tree.path(path))), [])
        screened: dict[str, set[str]] = {}
        for entry in entries:
            texts = screened.setdefault(sample_key(entry.path), set())
            texts |= {caption.text for caption in entry.captions}
        _write_table(tree, path, screened, sink)
        if sink.digests is not None:
            _write_tar(tree, path, entries, screened, sink)
        elif screened:
            keys[printable(path)] = sorted(map(printable, screened))
    if sink.digests is None:
        data = json.dumps(keys, ensure_ascii=False, indent=1, sort_keys=True)
        sink.write(KEPT_KEYS, f"{data}\n".encode())


def _write_table(tree: Tree, path: str, screened: Mapping[str, Set[str]], sink: Sink) -> None:
    table_path = table_beside(tree, path)
    if not table_path or not screened:
        return
    try:
        table = read_table(tree.path(table_path))
    except TableError as error:
        raise DatasetError(
            f"{printable(table_path)} cannot be read any more: {error}.", RUN_AGAIN
        ) from error

    def images_of(row: Row) -> Sequence[str]:
        key = row.values.get("key")
        return [str(key)] if key and is_success(row) else []

    sink.write_rows(table_path, table, images_of, screened)


def _write_tar(
    tree: Tree,
    path: str,
    entries: Sequence[Entry],
    screened: Mapping[str, Set[str]],
    sink: Sink,
) -> None:
    """Copy the members of the kept samples, in their order, with their headers."""
    by_offset = {entry.location.offset: entry for entry in entries}
    shard = printable(path)
    target = sink.target(path)
    try:
        with open_regular(tree.path(path)) as file, tarfile.open(target, "w") as out:
            members = list(list_members(file))
            samples = group_members(members)
            images = {m.offset for sample in samples.values() for m in sample.images}
            for key in screened:
                sources, problem = read_member_captions(shard, samples[key], file)
                if problem:
                    raise DatasetError(f"{problem}.", RUN_AGAIN)
                for source in sources:
                    sink.check_screened(source.file, source.captions, screened[key])
            wanted = [m.offset for m in members if sample_key(m.name) in screened]
            file.seek(0)
            with tarfile.open(fileobj=file, mode="r:", errors="surrogateescape") as tar:
                for info in tar:
                    if info.offset_data > max(wanted, default=-1):
                        break  # what follows may be damaged, and nobody asks for it
                    if not info.isreg() or sample_key(info.name) not in screened:
                        continue
                    if (entry := by_offset.get(info.offset_data)) is not None:
                        out.addfile(info, io.BytesIO(sink.read_image(entry.location)))
                    elif info.offset_data not in images:
                        out.addfile(info, tar.extractfile(info))
    except (KeyError, tarfile.TarError) as error:
        raise DatasetError(f"{shard} has changed since it was screened.", RUN_AGAIN) from error
    except OSError as error:
        raise DatasetError(
            f"{shard} cannot be written again: {explain_os_error(error)}.",
            "Free some disk space or give another folder, and run again.",
        ) from error
    sink.written.append(path)
