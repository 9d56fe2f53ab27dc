"""The owner index tree of a batch: one leaf per owner, sorted by tag, padded with dummies.

    records root  RFC 6962 root over u64(leaf index) || leaf hash, in log order
    entry         tag || SHA-256("own1" || salt || records root || u64(count))
    leaf          SHA-256(0x00 || entry)

A dummy is 64 random bytes, so that nobody can tell the number of owners. Size and root of the tree
are public, in the batch's file. Its leaves stay private, in ``owners/<id>.index``, whole with all
inner nodes, so that a proof takes a handful of reads:

    header   magic (24), the nonce of the sealed file (16), number of leaves M (u64)
    entries  M times 64 bytes, sorted
    nodes    the leaf hashes, then every level above them up to the root
    places   M times: where the list of the owner's positions begins, and its length (u64 each)
    lists    the positions of each owner's records in the batch (u64 each), sealed
"""

from __future__ import annotations

import hashlib
import mmap
import os
import secrets
import struct
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from itertools import islice, pairwise
from pathlib import Path
from types import TracebackType
from typing import IO, Self

from models.errors import LedgerError
from models.ledger.merkle import HASH_BYTES, Frontier, hash_leaf, hash_node

MIN_LEAVES = 16
MAX_LEAVES = 1 << 32
TAG_BYTES = 32
ENTRY_BYTES = 64
_DOMAIN = b"own1"
_AT_ONCE = 4096
_MAGIC = b"kiyome.owners/1\n".ljust(24, b"\0")
_HEADER = struct.Struct(">24s16sQ")
_PLACE = struct.Struct(">QQ")


def records_root(records: Iterable[tuple[int, bytes]]) -> bytes:
    """The root over an owner's records: each its leaf's index in the log and its leaf hash."""
    frontier = Frontier()
    hashes = (hash_record(index, leaf) for index, leaf in records)
    while some := list(islice(hashes, _AT_ONCE)):
        frontier.extend(some)
    return frontier.root()


def hash_record(index: int, leaf: bytes) -> bytes:
    """A leaf hash of that tree."""
    return hash_leaf(index.to_bytes(8, "big") + leaf)


def blind_owner(salt: bytes, root: bytes, count: int) -> bytes:
    """The second half of an owner's entry: hides the records' root and their number."""
    return hashlib.sha256(_DOMAIN + salt + root + count.to_bytes(8, "big")).digest()


def padded_size(owners: int) -> int:
    """How many leaves an index over so many owners has: a power of two, at least 16."""
    return max(MIN_LEAVES, 1 << (owners - 1).bit_length() if owners else 0)


def is_index_size(size: int) -> bool:
    """Whether an index can have so many leaves."""
    return MIN_LEAVES <= size <= MAX_LEAVES and size & (size - 1) == 0


@dataclass(frozen=True, slots=True)
class IndexedOwner:
    """An owner's part of an index.

    Attributes:
        entry: 64 bytes.
        sealed_places: the encrypted list of positions.
    """

    entry: bytes
    sealed_places: bytes


def write_index(path: Path, nonce: bytes, owners: Sequence[IndexedOwner]) -> tuple[int, bytes]:
    """Write the private file of an index, with dummies.

    Returns:
        Number of leaves, and the root.

    Raises:
        OSError: the disk is full.
    """
    size = padded_size(len(owners))
    leaves = [*owners]
    leaves += [
        IndexedOwner(secrets.token_bytes(ENTRY_BYTES), b"") for _ in range(size - len(owners))
    ]
    leaves.sort(key=lambda owner: owner.entry)
    levels = list(_build_levels([owner.entry for owner in leaves]))
    with path.open("wb") as file:
        path.chmod(0o600)
        file.write(_HEADER.pack(_MAGIC, nonce, size))
        file.writelines(owner.entry for owner in leaves)
        for level in levels:
            file.writelines(level)
        at = _lists_start(size)
        for owner in leaves:
            length = len(owner.sealed_places)
            file.write(_PLACE.pack(at if length else 0, length))
            at += length
        file.writelines(owner.sealed_places for owner in leaves)
    return size, levels[-1][0]


class OwnerIndex:
    """Reads the private file of an index. Use it in a ``with`` statement."""

    def __init__(self, path: Path, *, change: bool = False) -> None:
        """Open the file.

        Args:
            change: open it so that a list can be erased.

        Raises:
            LedgerError: it is missing or damaged.
        """
        self._path = path
        try:
            with path.open("r+b" if change else "rb") as file:
                self._data = _map(file, change=change)
        except (OSError, ValueError) as error:
            raise LedgerError(
                f"The index of owners {path} cannot be read.", "Restore it from a backup."
            ) from error
        try:
            magic, self.nonce, self.size = _HEADER.unpack(self._data[: _HEADER.size])
        except struct.error:
            magic, self.nonce, self.size = b"", b"", 0
        fits = is_index_size(self.size) and _lists_start(self.size) <= len(self._data)
        if magic != _MAGIC or not fits:
            self._data.close()
            raise self._damaged()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._data.close()

    @property
    def root(self) -> bytes:
        """The root that the file holds."""
        return self._node(self.size.bit_length() - 1, 0)

    def entry(self, place: int) -> bytes:
        """The 64 bytes of one leaf."""
        at = _HEADER.size + ENTRY_BYTES * place
        return self._data[at : at + ENTRY_BYTES]

    def locate(self, tag: bytes) -> int:
        """The place of the first leaf whose tag is not below ``tag``; ``size`` where none is."""
        low, high = 0, self.size
        while low < high:
            middle = (low + high) // 2
            if self.entry(middle)[:TAG_BYTES] < tag:
                low = middle + 1
            else:
                high = middle
        return low

    def find(self, tag: bytes) -> int | None:
        """The place of the leaf with that tag; None where there is none."""
        place = self.locate(tag)
        there = place < self.size and self.entry(place)[:TAG_BYTES] == tag
        return place if there else None

    def path(self, place: int) -> list[bytes]:
        """The audit path of a leaf, from its sibling up."""
        height = self.size.bit_length() - 1
        return [self._node(level, place >> level ^ 1) for level in range(height)]

    def sealed_places(self, place: int) -> bytes:
        """The encrypted list of the owner's positions; empty for a dummy.

        Raises:
            LedgerError: the file does not hold it.
        """
        at, length = self._span(place)
        return self._data[at : at + length]

    def erase_places(self, place: int) -> None:
        """Overwrite the list of an owner's positions; it is erased on the disk on return.

        Raises:
            LedgerError: the file does not hold it.
        """
        at, length = self._span(place)
        self._data[at : at + length] = bytes(length)
        self._data.flush()

    def find_fault(self) -> str:
        """What is wrong with the tree or the layout; empty where nothing is."""
        entries = [self.entry(place) for place in range(self.size)]
        if any(left[:TAG_BYTES] >= right[:TAG_BYTES] for left, right in pairwise(entries)):
            return "its entries are not in order"
        for level, nodes in enumerate(_build_levels(entries)):
            stored = [self._node(level, at) for at in range(len(nodes))]
            if stored != nodes:
                return f"level {level} of its tree does not follow from its entries"
        at = _lists_start(self.size)
        for place in range(self.size):
            start, length = self._place(place)
            if start != (at if length else 0):
                return f"the list of leaf {place} is not where it belongs"
            at += length
        return "" if at == len(self._data) else "something follows its last list"

    def _node(self, level: int, at: int) -> bytes:
        before = 2 * self.size - (2 * self.size >> level)
        start = _HEADER.size + ENTRY_BYTES * self.size + HASH_BYTES * (before + at)
        return self._data[start : start + HASH_BYTES]

    def _place(self, place: int) -> tuple[int, int]:
        start = _lists_start(self.size) - _PLACE.size * (self.size - place)
        at, length = _PLACE.unpack(self._data[start : start + _PLACE.size])
        return at, length

    def _span(self, place: int) -> tuple[int, int]:
        at, length = self._place(place)
        if length and not _lists_start(self.size) <= at <= len(self._data) - length:
            raise self._damaged()
        return at, length

    def _damaged(self) -> LedgerError:
        return LedgerError(
            f"The index of owners {self._path} is damaged.", "Restore it from a backup."
        )


def _build_levels(entries: Sequence[bytes]) -> Iterator[list[bytes]]:
    level = [hash_leaf(entry) for entry in entries]
    yield level
    while len(level) > 1:
        level = [hash_node(level[at], level[at + 1]) for at in range(0, len(level), 2)]
        yield level


def _lists_start(size: int) -> int:
    nodes = HASH_BYTES * (2 * size - 1)
    return _HEADER.size + ENTRY_BYTES * size + nodes + _PLACE.size * size


def _map(file: IO[bytes], *, change: bool) -> mmap.mmap:
    access = mmap.ACCESS_WRITE if change else mmap.ACCESS_READ
    return mmap.mmap(file.fileno(), os.fstat(file.fileno()).st_size, access=access)
