"""The kohya layout: an image and beside it its caption, in any folder; metadata JSON at the root.

``1.png`` goes with ``1.txt`` and ``1.caption``; ``1.json`` beside it is a sidecar (consent or token
metadata). ``meta*.json`` at the root maps an image's path, or its stem, to its captions:
``{"1": {"caption": "…", "tags": "…"}}``.
"""

from __future__ import annotations

import json
import posixpath
from collections.abc import Sequence, Set
from dataclasses import dataclass
from typing import Any

from models.assets.asset import Fault, Notice
from models.assets.hashing import HashCache
from models.assets.listing import LINK_OUTSIDE, Listing, ListingBuilder, inside
from models.assets.naming import is_image_name, matching_name, matching_stem, printable
from models.assets.reading import explain_os_error, open_regular
from models.assets.rewording import reword_lines, reword_values
from models.assets.sink import Sink
from models.assets.tables import parse_json
from models.assets.texts import (
    CaptionError,
    CaptionSource,
    captions_of,
    decode_text,
    notice_about,
    read_caption_file,
    split_caption_file,
)
from models.assets.tree import Tree
from models.reasons import Reason

NAME = "kohya"
LOOKS_FOR = "images with a .txt or .caption of the same name, or meta*.json at the top"
CAPTION_EXTENSIONS = (".txt", ".caption")


def find_evidence(tree: Tree) -> str:
    """What in the tree speaks for this layout, or ""."""
    stems = {matching_stem(name) for name in tree.files if is_image_name(name)}
    for name in sorted(tree.files):
        if name.lower().endswith(CAPTION_EXTENSIONS) and matching_stem(name) in stems:
            return f"{printable(name)} beside an image"
    for name in _metadata_names(tree):
        if _read_metadata(tree, name).rows:
            return f"{name} at the top"
    return ""


def read_listing(tree: Tree, cache: HashCache) -> Listing:  # noqa: ARG001  (all layouts alike)
    """Every image of the tree, with the captions beside it and those of the metadata files."""
    builder = ListingBuilder(tree)
    images = [name for name in tree.files if is_image_name(name)]
    outside = [name for name in tree.outside if is_image_name(name)]
    texts, orphans = _texts_by_stem(tree, {matching_stem(name) for name in (*images, *outside)})
    metadata = [_read_metadata(tree, name) for name in _metadata_names(tree)]
    matched = _match_rows(metadata, images, builder)
    broken = next((m for m in metadata if m.problem), None)
    for path in images:
        sources, fault = _read_sources(tree, texts.get(matching_stem(path), ()))
        sources += matched.get(path, ())
        if broken and fault is None:
            fault = Fault(
                Reason.CAPTION_UNREADABLE,
                f"{broken.name} may hold a caption of this image, and cannot be read: "
                f"{broken.problem}",
            )
        builder.add_file(path, sources, fault)
    for path in outside:
        builder.add_lost(path, LINK_OUTSIDE)
    builder.notices += notice_about(
        "caption_without_image",
        map(printable, orphans),
        "{name} has no image beside it.",
        "{count} caption files have no image beside them, for example {name}.",
    )
    builder.notices += [
        Notice(
            "metadata_ignored",
            f"{m.name} is not metadata of kohya's kind (a JSON object of objects) and is ignored.",
            (m.name,),
        )
        for m in metadata
        if not m.rows and not m.problem
    ]
    return builder.build()


def write_listing(tree: Tree, listing: Listing, kept: Set[str], sink: Sink) -> None:
    """Write the caption files, and the rows of the metadata files, of the kept names."""
    entries = [entry for entry in listing.entries if entry.location.name in kept and entry.path]
    stems: dict[str, set[str]] = {}
    names: dict[str, list[str]] = {}
    for entry in entries:
        stems.setdefault(matching_stem(entry.path), set()).update(c.text for c in entry.captions)
        names.setdefault(matching_stem(entry.path), []).append(entry.location.name)
    texts, _ = _texts_by_stem(tree, set(stems))
    for stem, paths in sorted(texts.items()):
        for path in paths:
            data, text = sink.read_caption_file(path)
            sink.check_screened(path, split_caption_file(text, path), stems[stem])
            reworded = reword_lines(text, sink.rewritten_in(names[stem]))
            sink.write(path, data if reworded == text else reworded.encode("utf-8"))
    images = [name for name in tree.files if is_image_name(name)]
    keys = {entry.path: {c.text for c in entry.captions} for entry in entries}
    located = {entry.path: entry.location.name for entry in entries}
    for name in _metadata_names(tree):
        rows: dict[str, Any] = {}
        lookup = _Lookup(images)
        for key, value in _read_metadata(tree, name).rows.items():
            found = [image for image in lookup.find(tree, key) if image in keys]
            screened = [keys[image] for image in found]
            if screened:
                sink.check_screened(f"{name}#{key}", captions_of(value, name), set.union(*screened))
                rewritten = sink.rewritten_in(located[image] for image in found)
                rows[key] = reword_values(value, rewritten)
        if rows:
            sink.write(name, encode_json(rows))
    sink.copy_images(entries)


def encode_json(value: Any) -> bytes:
    """Indented JSON, readable where it can be: a lone surrogate forces ASCII."""
    try:
        return json.dumps(value, ensure_ascii=False, indent=2).encode("utf-8")
    except UnicodeEncodeError:
        return json.dumps(value, indent=2).encode("ascii")


@dataclass(frozen=True, slots=True)
class _Metadata:
    name: str
    rows: dict[str, dict[str, Any]]
    problem: str = ""


def _metadata_names(tree: Tree) -> list[str]:
    """``meta*.json`` at the root that is no image's sidecar."""
    at_root = [name for name in (*tree.files, *tree.outside) if "/" not in name]
    found = sorted(n for n in at_root if n.startswith("meta") and n.lower().endswith(".json"))
    if not found:
        return found
    stems = {matching_stem(name) for name in at_root if is_image_name(name)}
    return [name for name in found if matching_stem(name) not in stems]


def _read_metadata(tree: Tree, name: str) -> _Metadata:
    if name in tree.outside:
        return _Metadata(name, {}, LINK_OUTSIDE)
    try:
        with open_regular(tree.path(name)) as file:
            value, _ = parse_json(decode_text(file.read()))
    except OSError as error:
        return _Metadata(name, {}, explain_os_error(error))
    except ValueError as error:
        return _Metadata(name, {}, f"it is not JSON in UTF-8: {error}")
    if not isinstance(value, dict) or not all(isinstance(v, dict) for v in value.values()):
        return _Metadata(name, {})
    return _Metadata(name, value)


class _Lookup:
    """Which images a key of the metadata means."""

    def __init__(self, images: list[str]) -> None:
        self._by_path: dict[str, list[str]] = {}
        self._by_stem: dict[str, list[str]] = {}
        for image in images:
            stem = matching_stem(image)
            self._by_path.setdefault(matching_name(image), []).append(image)
            self._by_path.setdefault(stem, []).append(image)
            self._by_stem.setdefault(posixpath.basename(stem), []).append(image)

    def find(self, tree: Tree, key: str) -> list[str]:
        """Images at that path, with or without extension; else all with that bare stem."""
        path = inside("", key.replace("\\", "/").removeprefix(f"{tree.root}/"))
        if path is None:
            return []
        name = matching_name(path)
        return self._by_path.get(name) or ([] if "/" in name else self._by_stem.get(name, []))


def _match_rows(
    metadata: list[_Metadata], images: list[str], builder: ListingBuilder
) -> dict[str, list[CaptionSource]]:
    matched: dict[str, list[CaptionSource]] = {}
    if not any(m.rows for m in metadata):
        return matched
    lookup = _Lookup(images)
    lost: dict[str, list[CaptionSource]] = {}
    for m in metadata:
        for key, values in m.rows.items():
            source = CaptionSource(m.name, captions_of(values, f"{m.name}#{key}"))
            for image in (found := lookup.find(builder.tree, key)):
                matched.setdefault(image, []).append(source)
            if not found:
                lost.setdefault(key, []).append(source)
    for key, sources in lost.items():
        builder.add_lost(key, f"{sources[0].file} names it, and no image matches", sources)
    return matched


def _texts_by_stem(tree: Tree, stems: set[str]) -> tuple[dict[str, list[str]], list[str]]:
    texts: dict[str, list[str]] = {}
    orphans: list[str] = []
    for name in sorted((*tree.files, *tree.outside)):
        if not name.lower().endswith(CAPTION_EXTENSIONS):
            continue
        stem = matching_stem(name)
        if stem in stems:
            texts.setdefault(stem, []).append(name)
        else:
            orphans.append(name)
    return texts, orphans


def _read_sources(tree: Tree, paths: Sequence[str]) -> tuple[list[CaptionSource], Fault | None]:
    sources: list[CaptionSource] = []
    fault: Fault | None = None
    for path in paths:
        name = printable(path)
        if path in tree.outside:
            fault = Fault(Reason.CAPTION_UNREADABLE, f"{name}: {LINK_OUTSIDE}")
            continue
        try:
            _, text = read_caption_file(tree.path(path))
        except CaptionError as error:
            fault = Fault(Reason.CAPTION_UNREADABLE, f"{name}: {error}")
        else:
            sources.append(CaptionSource(name, split_caption_file(text, name)))
    return sources, fault
