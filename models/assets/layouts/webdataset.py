"""WebDataset tar shards, as img2dataset writes them: ``00000.tar`` and beside it ``00000.parquet``.

The members of one sample share the part of their name before the first dot: ``000001.jpg``,
``000001.txt``, ``000001.json``. A row of the table whose status is not success is not an asset; a
row of a success whose image is not in the tar is an asset that is missing.
"""

from __future__ import annotations

import os
import posixpath
import tarfile
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from typing import BinaryIO

from models.assets.asset import Fault, Location, Notice
from models.assets.hashing import HashCache, Member
from models.assets.listing import LINK_OUTSIDE, Listing, ListingBuilder
from models.assets.naming import is_image_name, is_skipped, printable
from models.assets.reading import explain_os_error, open_regular
from models.assets.tables import Row, TableError, parse_json, read_table
from models.assets.texts import (
    MAX_TEXT_BYTES,
    CaptionError,
    CaptionSource,
    captions_of,
    decode_text,
    notice_about,
    split_caption_file,
)
from models.assets.tree import Tree
from models.reasons import Reason

NAME = "webdataset"
LOOKS_FOR = "a .tar in any folder"
_TEXTS = ("txt", "caption", "text")
_JSON = "json"
_BLOCK = 1 << 20
_COMPRESSED = (".tar.gz", ".tgz", ".tar.bz2", ".tar.xz", ".tar.zst")


def find_evidence(tree: Tree) -> str:
    """What in the tree speaks for this layout, or ""."""
    return next(map(printable, [*tar_paths(tree), *_compressed_paths(tree)]), "")


def read_listing(tree: Tree, cache: HashCache) -> Listing:
    """Every image in every tar, and every success in a table whose image is in no tar."""
    builder = ListingBuilder(tree)
    for path in tar_paths(tree):
        _read_shard(tree, path, cache, builder)
    for path in tree.outside:
        if path.lower().endswith(".tar"):
            builder.add_lost(path, LINK_OUTSIDE)
    for path in _compressed_paths(tree):
        builder.add_lost(path, "it is a compressed tar; unpack it to a plain .tar")
    if not tree.only:
        builder.notices += notice_about(
            "image_outside_shards",
            (printable(path) for path in tree.files if is_image_name(path)),
            "{name} lies beside the tars and is not part of the dataset.",
            "{count} images lie beside the tars and are not part of the dataset, for example "
            "{name}.",
        )
    return builder.build()


def tar_paths(tree: Tree) -> list[str]:
    """The tars of a dataset, in code-point order."""
    if tree.only:
        return [tree.only] if tree.only.lower().endswith(".tar") else []
    return sorted(name for name in tree.files if name.lower().endswith(".tar"))


def table_beside(tree: Tree, path: str) -> str:
    """The table beside a tar, or ""."""
    name = f"{posixpath.splitext(path)[0]}.parquet"
    return name if name in tree.files or name in tree.outside else ""


def sample_key(name: str) -> str:
    """What the members of one sample share: the name up to the first dot after the last slash."""
    folder, slash, base = name.rpartition("/")
    return f"{folder}{slash}{base.split('.', 1)[0]}"


def is_text_member(name: str) -> bool:
    """Whether a member of a tar holds captions: as text, or as JSON."""
    return posixpath.splitext(name)[1][1:].lower() in (*_TEXTS, _JSON)


@dataclass(slots=True)
class Sample:
    """The members of a tar that share a key."""

    images: list[Member] = field(default_factory=list)
    texts: list[Member] = field(default_factory=list)
    jsons: list[Member] = field(default_factory=list)


def group_members(members: Sequence[Member]) -> dict[str, Sample]:
    """The samples of a tar by key, in the order in which they begin."""
    samples: dict[str, Sample] = {}
    for member in members:
        if any(is_skipped(part) for part in member.name.split("/") if part != "."):
            continue
        extension = posixpath.splitext(member.name)[1][1:].lower()
        sample = samples.setdefault(sample_key(member.name), Sample())
        if is_image_name(member.name):
            sample.images.append(member)
        elif extension in _TEXTS:
            sample.texts.append(member)
        elif extension == _JSON:
            sample.jsons.append(member)
    return samples


def read_member_captions(
    shard: str, sample: Sample, file: BinaryIO
) -> tuple[list[CaptionSource], str]:
    """What the text and JSON members of a sample say, and why one of them cannot be read."""
    sources: list[CaptionSource] = []
    problem = ""
    for member in (*sample.texts, *sample.jsons):
        name = f"{shard}/{printable(member.name)}"
        try:
            text = _read_text(file, member)
            if member in sample.texts:
                sources.append(CaptionSource(name, split_caption_file(text, name)))
                continue
            value, distrusted = parse_json(text)
        except CaptionError as error:
            problem = f"{name}: {error}"
        except ValueError as error:
            problem = f"{name}: it is not JSON: {error}"
        else:
            sources.append(CaptionSource(name, captions_of(value, name)))
            problem = f"{name}: {distrusted}" if distrusted else problem
    return sources, problem


def _compressed_paths(tree: Tree) -> list[str]:
    return sorted(name for name in tree.files if name.lower().endswith(_COMPRESSED))


def _read_text(file: BinaryIO, member: Member) -> str:
    if member.problem:
        raise CaptionError(member.problem)
    if member.size > MAX_TEXT_BYTES:
        raise CaptionError(f"it is larger than the {MAX_TEXT_BYTES:,} bytes of a caption")
    data = os.pread(file.fileno(), member.size, member.offset)
    if len(data) < member.size:
        raise CaptionError("the tar ends inside it")
    try:
        return decode_text(data)
    except UnicodeError as error:
        raise CaptionError(f"it is not UTF-8 text: {error}") from error


def _read_shard(tree: Tree, path: str, cache: HashCache, builder: ListingBuilder) -> None:
    shard = printable(path)
    tar = builder.locate(path)
    try:
        with open_regular(tree.path(path)) as file:
            stamp = builder.stamps.get(tar.uri)
            members = cache.find_members(tar.uri, stamp)
            if members is None:
                members = list(list_members(file))
                cache.remember_members(tar.uri, stamp, members)
            end = members[-1] if members and not members[-1].name else None
            # The members of a sample stand together: more of the last one may lie in the damage.
            cut = sample_key(members[-2].name) if end is not None and len(members) > 1 else None
            rows, table_problem = _read_rows(tree, path)
            _add_samples(builder, tar, group_members(members), rows, table_problem, file, cut)
    except OSError as error:
        builder.add_lost(path, explain_os_error(error))
        return
    if end is not None:
        builder.add_lost(path, f"the tar is damaged: {end.problem}; what follows is not seen")
        builder.notices.append(
            Notice(
                "tar_damaged",
                f"{shard} is damaged ({end.problem}). Its members before the damage are screened; "
                "fetch it again.",
                (shard,),
            )
        )


def _add_samples(
    builder: ListingBuilder,
    tar: Location,
    samples: dict[str, Sample],
    rows: dict[str, list[Row]],
    table_problem: str,
    file: BinaryIO,
    cut: str | None,
) -> None:
    shard = tar.name
    table = f"{posixpath.splitext(shard)[0]}.parquet"
    for key, sample in samples.items():
        if not sample.images:
            continue
        sources, problem = read_member_captions(shard, sample, file)
        if key in rows:
            sources.append(_table_source(table, rows[key]))
        sidecars = tuple(
            Location(f"{shard}/{printable(m.name)}", tar.uri, m.size, m.offset)
            for m in sample.jsons
            if not m.problem
        )
        if key == cut:
            problem = f"{shard} is damaged behind {printable(key)}: a caption of it may be lost"
        problem = problem or table_problem
        caption_fault = Fault(Reason.CAPTION_UNREADABLE, problem) if problem else None
        for member in sample.images:
            location = Location(
                f"{shard}/{printable(member.name)}", tar.uri, member.size, member.offset
            )
            fault = caption_fault
            if member.problem:
                fault = Fault(Reason.IMAGE_MISSING, f"{location.name}: {member.problem}")
            builder.add(location, member.name, sources, sidecars, fault)
    for key, about in rows.items():
        if (key not in samples or not samples[key].images) and any(map(is_success, about)):
            builder.add_lost(
                f"{shard}/{key}",
                f"{table}:{about[0].number} says that it was fetched, and it is not in the tar",
                [_table_source(table, about)],
            )


def is_success(row: Row) -> bool:
    """Whether img2dataset fetched the image; a table without a status holds only successes."""
    return bool(row.values.get("status", "success") == "success")


def _table_source(table: str, rows: Sequence[Row]) -> CaptionSource:
    captions = (c for row in rows for c in captions_of(row.values, f"{table}:{row.number}"))
    return CaptionSource(table, tuple(captions))


def _read_rows(tree: Tree, path: str) -> tuple[dict[str, list[Row]], str]:
    """The rows of the table beside a tar, by key; and why there are none."""
    table_path = table_beside(tree, path)
    if not table_path:
        return {}, ""
    if table_path in tree.outside:
        return {}, f"{printable(table_path)}: {LINK_OUTSIDE}"
    try:
        table = read_table(tree.path(table_path))
    except TableError as error:
        return {}, f"{printable(table_path)}: {error}"
    if "key" not in table.columns:
        return {}, ""
    rows: dict[str, list[Row]] = {}
    for row in table.rows:
        if key := row.values.get("key"):
            rows.setdefault(str(key), []).append(row)
    return rows, ""


def list_members(file: BinaryIO) -> Iterator[Member]:
    """The members of a tar; a last one without a name says where and why the tar is damaged."""
    try:
        with tarfile.open(fileobj=file, mode="r:", errors="surrogateescape") as tar:
            for info in tar:
                if info.size < 0:
                    raise tarfile.ReadError(f"the size of {printable(info.name)} is negative")
                if info.isdir():
                    continue
                problem = ""
                if info.issparse() or not info.isreg():
                    problem = "it is a link or another special member of the tar, not a plain file"
                yield Member(info.name, info.offset_data, info.size, problem)
            end = tar.offset
    except (tarfile.TarError, EOFError, OverflowError, ValueError) as error:
        yield Member("", 0, 0, str(error) or type(error).__name__)
    except RecursionError:
        yield Member("", 0, 0, "extended headers follow one another without a member")
    else:
        # tarfile takes a header that it cannot read for the end, and says nothing.
        if _holds_more(file, end):
            yield Member("", 0, 0, f"byte {end} is neither a member nor the end")


def _holds_more(file: BinaryIO, end: int) -> bool:
    """Whether anything but zeros follows the last member of a tar."""
    file.seek(end)
    while block := file.read(_BLOCK):
        if block.count(0) < len(block):
            return True
    return False
