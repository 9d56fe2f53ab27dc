"""The tree on disk, as C2SP tlog-tiles lays it out: ``tile/<level>/<index>[.p/<width>]``.

A tile is up to 256 consecutive hashes, 8,192 bytes when full. Level 0 holds leaf hashes; a hash at
level n is the root over one full tile at level n - 1. A tile that is not full yet is kept under
its width; it is never changed, and stays when a wider one appears beside it, so that every
published checkpoint keeps the tiles it needs. Log entries are not published as tiles: an entry
here is a commitment, which says nothing without its opening, and its hash is in level 0 already.
"""

from __future__ import annotations

import os
import re
from collections import OrderedDict
from collections.abc import Iterable, Sequence
from itertools import islice
from pathlib import Path

from models.errors import LedgerError
from models.failpoints import reach
from models.ledger.merkle import (
    EMPTY_ROOT,
    HASH_BYTES,
    Frontier,
    hash_perfect,
    join_perfect,
    split_perfect,
)

TILE_WIDTH = 256
_BITS = 8
_CACHED_TILES = 64
_PATH = re.compile(
    r"tile/(0|[1-9][0-9]?)/((?:x[0-9]{3}/)*[0-9]{3})(?:\.p/([1-9][0-9]{0,2}))?", re.ASCII
)


def tile_path(level: int, index: int, width: int = TILE_WIDTH) -> str:
    """Where a tile lies, relative to the log's folder.

    Index 1234067 is written ``x001/x234/067``; a width below 256 adds ``.p/<width>``.

    Raises:
        ValueError: the level, index or width is out of range.
    """
    if not (0 <= level < 64 and index >= 0 and 0 < width <= TILE_WIDTH):
        raise ValueError(f"there is no tile of level {level}, index {index}, width {width}")
    name = f"{index % 1000:03}"
    rest = index // 1000
    while rest:
        name = f"x{rest % 1000:03}/{name}"
        rest //= 1000
    suffix = "" if width == TILE_WIDTH else f".p/{width}"
    return f"tile/{level}/{name}{suffix}"


def parse_tile_path(path: str) -> tuple[int, int, int] | None:
    """Level, index and width of a tile's path, or None where ``tile_path`` would not write it."""
    match = _PATH.fullmatch(path)
    if match is None:
        return None
    level, width = int(match[1]), int(match[3] or TILE_WIDTH)
    index = int(match[2].replace("x", "").replace("/", ""))
    if level > 63 or width > TILE_WIDTH or tile_path(level, index, width) != path:
        return None
    return level, index, width


def tile_width(level: int, index: int, size: int) -> int:
    """How many hashes the tile has in a tree of ``size`` leaves: 0 to 256."""
    return max(0, min(TILE_WIDTH, (size >> (_BITS * level)) - index * TILE_WIDTH))


def split_tile(data: bytes) -> list[bytes]:
    """The hashes of a tile."""
    return [data[at : at + HASH_BYTES] for at in range(0, len(data), HASH_BYTES)]


class TileReader:
    """Reads any node of a tree of a given size through its tiles, a few of them in memory.

    It trusts what it reads: compare a root with a signed checkpoint's before relying on it.
    """

    def __init__(self, folder: Path, size: int) -> None:
        self.folder = folder
        self.size = size
        self._tiles: OrderedDict[tuple[int, int], list[bytes]] = OrderedDict()

    def tile(self, level: int, index: int) -> list[bytes]:
        """The hashes of a tile, as wide as the tree's size makes it.

        Raises:
            LedgerError: the file is missing or has the wrong length.
        """
        key = (level, index)
        if key in self._tiles:
            self._tiles.move_to_end(key)
            return self._tiles[key]
        hashes = read_tile(self.folder, level, index, tile_width(level, index, self.size))
        self._tiles[key] = hashes
        if len(self._tiles) > _CACHED_TILES:
            self._tiles.popitem(last=False)
        return hashes

    def node(self, height: int, position: int) -> bytes:
        """The root over the perfect subtree of ``2**height`` leaves at ``position``.

        Raises:
            LedgerError: a tile is missing or has the wrong length.
            ValueError: the tree has no such node.
        """
        if height < 0 or position < 0 or (position + 1) << height > self.size:
            raise ValueError(f"no node of height {height} at {position} in {self.size} leaves")
        level, inside = divmod(height, _BITS)
        first = position << inside
        index, offset = divmod(first, TILE_WIDTH)
        return hash_perfect(self.tile(level, index)[offset : offset + (1 << inside)])

    def subtree(self, low: int, high: int) -> bytes:
        """The hash over the leaves ``[low, high)``: a ``models.ledger.merkle.Subtree``."""
        return join_perfect([self.node(*part) for part in split_perfect(low, high)])

    def leaf(self, index: int) -> bytes:
        """The hash of one leaf."""
        return self.node(0, index)

    def root(self, size: int | None = None) -> bytes:
        """The root over the first ``size`` leaves; over all of them where it is not given."""
        count = self.size if size is None else size
        return self.subtree(0, count) if count else EMPTY_ROOT

    def frontier(self) -> Frontier:
        """The right edge, ready to grow."""
        frontier = Frontier()
        if self.size:
            for height, position in split_perfect(0, self.size):
                frontier.push(self.node(height, position), height)
        return frontier


def read_tile(folder: Path, level: int, index: int, width: int) -> list[bytes]:
    """The first ``width`` hashes of a tile; raises what ``read_tile_bytes`` does."""
    return split_tile(read_tile_bytes(folder, level, index, width))


def read_tile_bytes(folder: Path, level: int, index: int, width: int) -> bytes:
    """The first ``width`` hashes of a tile, one after another.

    Raises:
        LedgerError: the file is missing or has the wrong length.
        ValueError: the width is not 1 to 256.
    """
    path = folder / tile_path(level, index, width)
    data = _read_if_there(path)
    if data is None and width < TILE_WIDTH:
        # A log may drop a partial tile once the full one exists.
        full = _read_if_there(folder / tile_path(level, index))
        data = None if full is None else full[: width * HASH_BYTES]
    if data is None:
        raise LedgerError(
            f"The tile {path.relative_to(folder)} is missing.", "Restore it from a backup."
        )
    if len(data) != width * HASH_BYTES:
        raise LedgerError(
            f"The tile {path.relative_to(folder)} has {len(data)} bytes instead of "
            f"{width * HASH_BYTES}.",
            "Restore it from a backup.",
        )
    return data


class TileRoots:
    """Grows a tree in memory, and keeps the roots over the tiles of leaves that this fills.

    Whoever writes these tiles afterwards need not hash the leaves again.
    """

    def __init__(self, frontier: Frontier) -> None:
        """Begin at the right edge of a tree; it grows."""
        self.frontier = frontier
        self._first = -(-frontier.size // TILE_WIDTH)
        self._roots = bytearray()

    @property
    def room(self) -> int:
        """How many leaves the present tile has room for."""
        return TILE_WIDTH - self.frontier.size % TILE_WIDTH

    def add(self, leaves: Sequence[bytes]) -> None:
        """Append leaf hashes, at most as many as there is room for."""
        index, begun = divmod(self.frontier.size, TILE_WIDTH)
        if begun or len(leaves) < TILE_WIDTH:
            self.frontier.extend(leaves)
            return
        root = hash_perfect(leaves)
        self.frontier.push(root, _BITS)
        if index == self._first + len(self._roots) // HASH_BYTES:
            self._roots += root

    def find(self, index: int) -> bytes | None:
        """The root over a tile of leaves, or None where it is not kept."""
        at = (index - self._first) * HASH_BYTES
        return bytes(self._roots[at : at + HASH_BYTES]) or None if at >= 0 else None


def append_leaves(
    folder: Path, size: int, leaves: Iterable[bytes], known: TileRoots | None = None
) -> tuple[int, bytes]:
    """Grow the tree on disk: write the tiles that the new leaves complete, and the right edge.

    Nothing that exists is changed. Doing it again with the same leaves writes the same bytes, so
    that a crash half-way is mended by repeating. When it returns, all tiles are on the disk.

    Args:
        folder: the log's public folder.
        size: leaves in the tree so far; its tiles are there.
        leaves: the hashes to append, 32 bytes each.
        known: of the same leaves. It is believed: compare the root with one that is known.

    Returns:
        The new size and root.

    Raises:
        LedgerError: the present right edge cannot be read.
        OSError: the disk is full or the folder cannot be written.
    """
    reader = TileReader(folder, size)
    frontier = reader.frontier()
    writer = _TileWriter(folder, reader, known)
    coming = iter(leaves)
    while some := list(islice(coming, TILE_WIDTH - frontier.size % TILE_WIDTH)):
        tile = writer.add_leaves(some)
        if tile is not None and len(some) == TILE_WIDTH:
            frontier.push(tile, _BITS)
        else:
            frontier.extend(some)
    writer.finish(frontier.size)
    return frontier.size, frontier.root()


class _TileWriter:
    def __init__(self, folder: Path, reader: TileReader, known: TileRoots | None) -> None:
        self._folder = folder
        self._known = known
        self._edges: list[list[bytes]] = []
        self._counts: list[int] = []
        self._unsynced: list[Path] = []
        self._made: set[Path] = set()
        self._changed: set[Path] = set()
        level = 0
        while reader.size >> (_BITS * level):
            count = reader.size >> (_BITS * level)
            self._counts.append(count)
            index, width = divmod(count, TILE_WIDTH)
            self._edges.append(list(reader.tile(level, index)) if width else [])
            level += 1

    def add_leaves(self, leaves: Sequence[bytes]) -> bytes | None:
        """Take in leaf hashes, at most as many as the present tile has room for.

        Returns:
            The root over the tile where it is full now.
        """
        return self._add(0, leaves)

    def _add(self, level: int, hashes: Sequence[bytes]) -> bytes | None:
        if level == len(self._edges):
            self._edges.append([])
            self._counts.append(0)
        edge = self._edges[level]
        edge += hashes
        self._counts[level] += len(hashes)
        if len(edge) < TILE_WIDTH:
            return None
        index = self._counts[level] // TILE_WIDTH - 1
        self._write(level, index, edge)
        self._edges[level] = []
        known = self._known.find(index) if self._known and level == 0 else None
        root = known or hash_perfect(edge)
        self._add(level + 1, [root])
        return root

    def finish(self, size: int) -> None:
        for level, edge in enumerate(self._edges):
            if edge:
                self._write(level, (size >> (_BITS * level)) // TILE_WIDTH, edge)
        self._sync()

    def _write(self, level: int, index: int, hashes: list[bytes]) -> None:
        path = self._folder / tile_path(level, index, len(hashes))
        data = b"".join(hashes)
        if _read_if_there(path) != data:
            self._make_folder(path.parent)
            path.write_bytes(data)
        self._unsynced.append(path)
        self._changed.add(path.parent)
        if len(self._unsynced) >= TILE_WIDTH:
            self._sync()
        reach("ledger.tile")

    def _make_folder(self, folder: Path) -> None:
        if folder in self._made or folder == self._folder:
            return
        self._make_folder(folder.parent)
        folder.mkdir(exist_ok=True)
        self._made.add(folder)
        self._changed.add(folder.parent)

    def _sync(self) -> None:
        # Many writes, then many syncs: the disk orders them itself. Until the caller removes its
        # journal, a torn tile is rewritten by the next attempt.
        for path in [*self._unsynced, *self._changed]:
            sync_path(path)
        self._unsynced.clear()
        self._changed.clear()


def sync_path(path: Path) -> None:
    """Make sure that a file's content, or a folder's list of names, is on the disk."""
    handle = os.open(path, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)


def _read_if_there(path: Path) -> bytes | None:
    try:
        return path.read_bytes()
    except FileNotFoundError:
        return None
