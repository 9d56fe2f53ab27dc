"""Merkle trees of SHA-256 as RFC 6962, section 2.1, defines them: roots and paths.

The recursions follow the definitions word for word. They are at most 53 deep: sizes are below
2**53, so that JavaScript gives the same answers.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Sequence

EMPTY_ROOT = hashlib.sha256(b"").digest()
MAX_PATH = 64


def hash_entry(entry: bytes) -> bytes:
    """The leaf hash of an entry."""
    return hashlib.sha256(b"\x00" + entry).digest()


def hash_pair(left: bytes, right: bytes) -> bytes:
    """The hash of an inner node."""
    return hashlib.sha256(b"\x01" + left + right).digest()


def is_included(leaf: bytes, index: int, size: int, path: Sequence[bytes], root: bytes) -> bool:
    """Whether a path leads from a leaf at an index to the root over ``size`` leaves."""
    if not 0 <= index < size or not _are_hashes(leaf, root, *path):
        return False
    return _climb(leaf, index, size, path) == root


def is_consistent(
    old_size: int, old_root: bytes, new_size: int, new_root: bytes, path: Sequence[bytes]
) -> bool:
    """Whether a path shows that the new tree begins with the old one.

    From the empty tree nothing can be shown, so the answer is no.
    """
    if not 0 < old_size <= new_size or not _are_hashes(old_root, new_root, *path):
        return False
    return _grow(old_size, new_size, path, old_root) == (old_root, new_root)


def root_of(leaves: Iterable[bytes]) -> bytes:
    """The root over leaf hashes."""
    edge = Edge()
    for leaf in leaves:
        edge.push(leaf)
    return edge.root()


class Edge:
    """The right edge of a growing tree: the roots of its full subtrees, the largest first."""

    def __init__(self) -> None:
        self.size = 0
        self._peaks: list[bytes] = []

    def push(self, digest: bytes, count: int = 1) -> None:
        """Append a leaf hash, or the root over a full subtree of ``count`` leaves where it fits."""
        self.size += count
        rest = self.size // count
        while rest % 2 == 0:
            digest = hash_pair(self._peaks.pop(), digest)
            rest //= 2
        self._peaks.append(digest)

    def root(self) -> bytes:
        """The root over what was appended so far."""
        if not self._peaks:
            return EMPTY_ROOT
        *rest, root = self._peaks
        for peak in reversed(rest):
            root = hash_pair(peak, root)
        return root


def _climb(leaf: bytes, index: int, size: int, path: Sequence[bytes]) -> bytes | None:
    """PATH(index, D[size]) of section 2.1.1, read backwards; None where its length is wrong."""
    if size == 1:
        return None if path else leaf
    if not path:
        return None
    half, sibling = _half(size), path[-1]
    if index < half:
        left = _climb(leaf, index, half, path[:-1])
        return None if left is None else hash_pair(left, sibling)
    right = _climb(leaf, index - half, size - half, path[:-1])
    return None if right is None else hash_pair(sibling, right)


def _grow(
    old: int, new: int, path: Sequence[bytes], known: bytes | None
) -> tuple[bytes, bytes] | None:
    """SUBPROOF(old, D[new], known) of section 2.1.2, read backwards: the old and the new root.

    ``known`` is the old root while the subtree is the whole old tree.
    """
    if old == new:
        if known is not None:
            return None if path else (known, known)
        return (path[0], path[0]) if len(path) == 1 else None
    if not path:
        return None
    half, sibling = _half(new), path[-1]
    if old <= half:
        roots = _grow(old, half, path[:-1], known)
        return None if roots is None else (roots[0], hash_pair(roots[1], sibling))
    roots = _grow(old - half, new - half, path[:-1], None)
    return None if roots is None else (hash_pair(sibling, roots[0]), hash_pair(sibling, roots[1]))


def _half(size: int) -> int:
    """The largest power of two smaller than a size of 2 or more."""
    return 1 << (size - 1).bit_length() - 1


def _are_hashes(*values: bytes) -> bool:
    return len(values) <= MAX_PATH + 2 and all(len(value) == 32 for value in values)
