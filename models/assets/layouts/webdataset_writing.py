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

from models.assets.layouts.kohya import encode_json
from models.assets.layouts.webdataset import (
    group_members,
    is_success,
    is_text_member,
    list_members,
    read_member_captions,
    sample_key,
    table_beside,
    tar_paths,
)
from models.assets.listing import Entry, Listing
from models.assets.naming import printable
from models.assets.reading import explain_os_error, open_regular, path_uri
from models.assets.rewording import reword_lines, reword_values
from models.assets.sink import RUN_AGAIN, Sink
from models.assets.tables import Row, TableError, parse_json, read_table
from models.assets.texts import decode_text
from models.assets.tree import Tree
from models.errors import DatasetError

KEPT_KEYS = "kept.json"
REWRITTEN = "rewritten.json"
"""The members of tars that hold rewritten captions, where the tars themselves are not written."""


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
    changed: dict[str, str] = {}
    for path in tar_paths(tree):
        entries = by_tar.get(path_uri(os.fsencode(tree.path(path))), [])
        screened: dict[str, set[str]] = {}
        rewritten: dict[str, dict[str, str]] = {}
        for entry in entries:
            key = sample_key(entry.path)
            screened.setdefault(key, set()).update(caption.text for caption in entry.captions)
            if texts := sink.rewritten_in([entry.location.name]):
                rewritten.setdefault(key, {}).update(texts)
        _write_table(tree, path, screened, rewritten, sink)
        if sink.digests is not None:
            _write_tar(tree, path, entries, screened, rewritten, sink)
        elif screened:
            keys[printable(path)] = sorted(map(printable, screened))
            changed |= _reword_members(tree, path, rewritten)
    if sink.digests is None:
        data = json.dumps(keys, ensure_ascii=False, indent=1, sort_keys=True)
        sink.write(KEPT_KEYS, f"{data}\n".encode())
        if changed:
            sink.write(REWRITTEN, encode_json(changed))


def _write_table(
    tree: Tree,
    path: str,
    screened: Mapping[str, Set[str]],
    rewritten: Mapping[str, Mapping[str, str]],
    sink: Sink,
) -> None:
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

    sink.write_rows(table_path, table, images_of, screened, rewritten)


def _reword_members(
    tree: Tree, path: str, rewritten: Mapping[str, Mapping[str, str]]
) -> dict[str, str]:
    """The members of a tar that hold a rewritten caption, by ``tar/member``, as they are to be."""
    if not rewritten:
        return {}
    found = {}
    with open_regular(tree.path(path)) as file:
        for member in list_members(file):
            texts = rewritten.get(sample_key(member.name), {})
            if texts and not member.problem and is_text_member(member.name):
                data = os.pread(file.fileno(), member.size, member.offset)
                reworded = _reword(member.name, data, texts)
                if reworded != data:
                    found[f"{printable(path)}/{printable(member.name)}"] = reworded.decode()
    return found


def _reword(name: str, data: bytes, rewritten: Mapping[str, str]) -> bytes:
    """A text or JSON member with its captions rewritten; the same bytes where nothing changes."""
    text = decode_text(data)
    if name.lower().endswith(".json"):
        value, _ = parse_json(text)
        reworded = reword_values(value, rewritten)
        return data if reworded == value else encode_json(reworded)
    lines = reword_lines(text, rewritten)
    return data if lines == text else lines.encode("utf-8")


def _copy_member(
    tar: tarfile.TarFile, info: tarfile.TarInfo, rewritten: Mapping[str, str], out: tarfile.TarFile
) -> None:
    source = tar.extractfile(info)
    if source is None or not rewritten or not is_text_member(info.name):
        out.addfile(info, source)
        return
    data = _reword(info.name, source.read(), rewritten)
    info.size = len(data)
    # The size of a member may stand in an extended header too, which comes first.
    info.pax_headers = {key: text for key, text in info.pax_headers.items() if key != "size"}
    out.addfile(info, io.BytesIO(data))


def _write_tar(
    tree: Tree,
    path: str,
    entries: Sequence[Entry],
    screened: Mapping[str, Set[str]],
    rewritten: Mapping[str, Mapping[str, str]],
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
                        _copy_member(tar, info, rewritten.get(sample_key(info.name), {}), out)
    except (KeyError, tarfile.TarError) as error:
        raise DatasetError(f"{shard} has changed since it was screened.", RUN_AGAIN) from error
    except OSError as error:
        raise DatasetError(
            f"{shard} cannot be written again: {explain_os_error(error)}.",
            "Free some disk space or give another folder, and run again.",
        ) from error
    sink.written.append(path)
