"""A copy of a log's public folder: everything in it follows from the leaves in its tiles.

The leaves are read once, tile by tile. What is signed, anchored or kept about any earlier size is
compared with the root over that many leaves.
"""

from __future__ import annotations

import hashlib
import re
import stat
from bisect import bisect_right
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from verifier.batch import Batch, open_batch
from verifier.canonical import MAX_NUMBER, decode_file, take, take_bytes, take_number
from verifier.chain import Receipt
from verifier.heads import Examined, Trust, choose_key
from verifier.merkle import Edge, root_of
from verifier.note import MAX_NOTE_BYTES, Head, Key, open_checkpoint
from verifier.report import CheckError, UncheckedError

_ANCHOR_FIELDS = ("batches", "format", "origin", "root", "size")
_TILE = 256
_MAX_JSON_BYTES = 1 << 24
_SIZE = re.compile(r"0|[1-9][0-9]{0,15}", re.ASCII)


@dataclass(slots=True)
class _Claims:
    """What files say about the log at earlier sizes: a root each, and the leaves of batches."""

    roots: list[tuple[str, Head]] = field(default_factory=list)
    batches: list[tuple[str, Batch]] = field(default_factory=list)
    digests: dict[str, bytes] = field(default_factory=dict)
    anchors: dict[int, tuple[bytes, bytes]] = field(default_factory=dict)


def examine_folder(name: str, folder: Path, trust: Trust) -> Examined:
    """Check a folder by itself. Never raises: what is wrong is a failed check."""
    examined = Examined(name, "folder")
    try:
        _check(examined, folder, trust)
    except CheckError as fault:
        examined.checks.blame(fault)
    return examined


def read_file(path: Path, limit: int, shown: str) -> bytes:
    """The content of a regular file.

    Raises:
        CheckError: it is too long. UncheckedError: it cannot be read.
    """
    try:
        # A pipe would be read for ever.
        if not stat.S_ISREG(path.stat().st_mode):
            raise UncheckedError("file", f"{shown} is not a file.")
        with path.open("rb") as file:
            data = file.read(limit + 1)
    except (OSError, ValueError):
        raise UncheckedError("file", f"{shown} is missing or cannot be read.") from None
    if len(data) > limit:
        raise CheckError("file", f"{shown} is longer than {limit} bytes.")
    return data


def _check(examined: Examined, folder: Path, trust: Trust) -> None:
    text = _read(folder, "vkey", MAX_NOTE_BYTES)
    with _naming("vkey"):
        named = Key.parse(text.decode("utf-8", "replace").removesuffix("\n"))
    key = examined.key = choose_key(named, trust, examined.checks)
    head = _read_checkpoint(folder, "checkpoint", key)
    examined.heads.append(head)
    examined.checks.add("checkpoint", f"The head of {head.size} leaves is signed by the log.")
    claims = _Claims([("checkpoint", head)])
    _read_batches(folder, key, head, claims)
    detail = f"{len(claims.batches)} batches cover all {head.size} leaves, signed, and add up."
    examined.checks.add("batches", detail)
    for size in _list_sizes(folder / "checkpoints", ""):
        shown = f"checkpoints/{size}"
        _claim(claims, shown, size, _read_checkpoint(folder, shown, key), head)
    _read_anchors(folder, key, head, claims)
    _read_receipts(examined, folder, claims)
    if claims.anchors:
        detail = f"{len(claims.anchors)} anchors name the batches since the one before."
        examined.checks.add("anchors", detail)
    sizes = {0, *(claim.size for _, claim in claims.roots), *_asked(examined, trust)}
    prefixes = _walk(folder, head.size, sizes, claims)
    for shown, claim in claims.roots:
        if prefixes[claim.size] != claim.root:
            raise CheckError(
                "root",
                f"{shown} does not sign the root over the first {claim.size} leaves: leaves were "
                "changed, or the log was rewritten.",
            )
    examined.prefixes = prefixes
    count = len(claims.roots) - 1
    detail = f"The {head.size} leaves lead to the signed root and to {count} earlier claims."
    examined.checks.add("root", detail)


def _read_batches(folder: Path, key: Key, head: Head, claims: _Claims) -> None:
    for path in list_folder(folder / "batches"):
        shown = f"batches/{path.name}"
        data = _read(folder, shown, _MAX_JSON_BYTES)
        with _naming(shown):
            batch = open_batch(decode_file(data), key)
        if path.name != f"{batch.batch_id}.json":
            raise CheckError("batches", f"{shown} is the file of the batch {batch.batch_id}.")
        claims.batches.append((shown, batch))
        claims.digests[batch.batch_id] = hashlib.sha256(data).digest()
    claims.batches.sort(key=lambda item: item[1].first)
    covered = 0
    for shown, batch in claims.batches:
        if batch.first != covered:
            raise CheckError(
                "batches", f"{shown} does not begin at leaf {covered}: a batch is missing."
            )
        covered = batch.head.size
        claims.roots.append((shown, batch.head))
    if covered != head.size:
        raise CheckError(
            "batches", f"The batches end at leaf {covered}, and the head has {head.size} leaves."
        )


def _read_anchors(folder: Path, key: Key, head: Head, claims: _Claims) -> None:
    last = 0
    for size in _list_sizes(folder / "anchors", ".json"):
        shown = f"anchors/{size}.json"
        data = _read(folder, shown, _MAX_JSON_BYTES)
        with _naming(shown):
            value = take(decode_file(data), "anchor", _ANCHOR_FIELDS)
            root = take_bytes(value["root"], "anchor's root")
            named = Head(take_number(value["size"], "anchor's size", 1), root)
        _claim(claims, shown, size, named, head)
        expected: list[dict[str, Any]] = [
            {"id": batch.batch_id, "sha256": claims.digests[batch.batch_id].hex()}
            for _, batch in claims.batches
            if last <= batch.first < size
        ]
        if value["format"] != "kiyome.anchor/1" or value["origin"] != key.name:
            raise CheckError("anchors", f"{shown} is not an anchor of this log.")
        if value["batches"] != expected:
            raise CheckError(
                "anchors", f"{shown} does not name the batches from leaf {last} to {size}."
            )
        claims.anchors[size] = (root, hashlib.sha256(data).digest())
        last = size


def _read_receipts(examined: Examined, folder: Path, claims: _Claims) -> None:
    # A log may change its contract; each contract numbers its own heads.
    sequences: dict[tuple[int, str], int] = {}
    for size in _list_sizes(folder / "receipts", ".json"):
        shown = f"receipts/{size}.json"
        data = _read(folder, shown, _MAX_JSON_BYTES)
        with _naming(shown):
            receipt = Receipt.parse(decode_file(data))
        anchor = claims.anchors.get(size)
        if receipt.size != size or (receipt.root, receipt.manifest) != anchor:
            raise CheckError("receipts", f"{shown} is not the receipt of anchors/{size}.json.")
        place = receipt.chain_id, receipt.contract
        if receipt.sequence <= sequences.get(place, 0):
            raise CheckError(
                "receipts", f"{shown} has a number that an earlier receipt has passed."
            )
        sequences[place] = receipt.sequence
        examined.receipts.append(receipt)


def _claim(claims: _Claims, shown: str, size: int, claim: Head, head: Head) -> None:
    if claim.size != size:
        raise CheckError("root", f"{shown} is of the size {claim.size}.")
    if size > head.size:
        raise CheckError("root", f"{shown} is newer than the head: the log was cut back.")
    claims.roots.append((shown, claim))


def _asked(examined: Examined, trust: Trust) -> Iterator[int]:
    """The sizes that somebody outside the folder knows a root for."""
    if trust.kept is not None:
        yield trust.kept.head.size
    if trust.chain is not None:
        last = examined.receipts[-1].contract if examined.receipts else None
        address = trust.chain.contract or last
        if address is not None:
            try:
                yield trust.chain.head(address).size
            except CheckError:
                return  # compare_heads says so


def _walk(folder: Path, size: int, sizes: set[int], claims: _Claims) -> dict[int, bytes]:
    """The roots over the first so many leaves, from every tile; the batches' leaves are checked."""
    edge, prefixes = Edge(), {0: root_of(())}
    ends = {batch.head.size: (shown, batch.leaves_sha256) for shown, batch in claims.batches}
    stops = sorted(sizes | ends.keys())
    digest = hashlib.sha256()
    above: list[bytes] = []
    for hashes in _tiles(folder, 0, size):
        root, full = root_of(hashes), len(hashes) == _TILE
        if full:
            above.append(root)
        next_stop = stops[min(bisect_right(stops, edge.size), len(stops) - 1)]
        if full and not edge.size < next_stop <= edge.size + _TILE:
            digest.update(b"".join(hashes))
            edge.push(root, _TILE)
            continue
        for leaf in hashes:
            edge.push(leaf)
            digest.update(leaf)
            if edge.size in sizes:
                prefixes[edge.size] = edge.root()
            if edge.size in ends:
                shown, claimed = ends[edge.size]
                if digest.digest() != claimed:
                    raise CheckError("leaves", f"The leaves are not those that {shown} signs.")
                digest = hashlib.sha256()
    level = 1
    while above:
        if [row for hashes in _tiles(folder, level, len(above)) for row in hashes] != above:
            raise CheckError("tiles", f"The tiles of level {level} do not follow from those below.")
        above = [root_of(above[at : at + _TILE]) for at in range(0, len(above) - _TILE + 1, _TILE)]
        level += 1
    return prefixes


def _tiles(folder: Path, level: int, count: int) -> Iterator[list[bytes]]:
    """The tiles of a level that has so many hashes."""
    for index in range(-(-count // _TILE)):
        width = min(_TILE, count - index * _TILE)
        name, rest = f"{index % 1000:03}", index // 1000
        while rest:
            name, rest = f"x{rest % 1000:03}/{name}", rest // 1000
        shown = full = f"tile/{level}/{name}"
        if width < _TILE:
            shown = f"{full}.p/{width}"
            # A log may drop a partial tile once the full one is there (tlog-tiles).
            shown = full if not (folder / shown).exists() and (folder / full).exists() else shown
        data = _read(folder, shown, 32 * _TILE)
        if len(data) != 32 * (_TILE if shown == full else width):
            raise CheckError("tiles", f"{shown} does not have the length of its tile.")
        yield [data[at : at + 32] for at in range(0, 32 * width, 32)]


@contextmanager
def _naming(shown: str) -> Iterator[None]:
    """Say in which file something does not hold."""
    try:
        yield
    except CheckError as fault:
        raise CheckError(fault.check, f"{shown}: {fault}") from None


def _read_checkpoint(folder: Path, name: str, key: Key) -> Head:
    data = _read(folder, name, MAX_NOTE_BYTES)
    with _naming(name):
        return open_checkpoint(data, key)


def _read(folder: Path, name: str, limit: int) -> bytes:
    try:
        return read_file(folder / name, limit, name)
    except CheckError as fault:
        # Something a log has to have is not there: that is a fault of the folder.
        raise CheckError("files", str(fault)) from None


def list_folder(folder: Path) -> list[Path]:
    """What lies in a folder, by name; nothing where there is none.

    Raises:
        CheckError: it cannot be read.
    """
    try:
        found = sorted(folder.iterdir(), key=lambda path: path.name)
    except FileNotFoundError:
        return []
    except OSError:
        raise CheckError("files", f"{folder.name} cannot be read.") from None
    return found


def _list_sizes(folder: Path, suffix: str) -> list[int]:
    sizes = []
    for path in list_folder(folder):
        size = path.name.removesuffix(suffix)
        named = path.name.endswith(suffix) and _SIZE.fullmatch(size) is not None
        if not named or int(size) > MAX_NUMBER:
            raise CheckError("files", f"{folder.name}/{path.name} is not named for a size.")
        sizes.append(int(size))
    return sorted(sizes)
