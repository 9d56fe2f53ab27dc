"""Merkle tree hashing and proofs as in RFC 6962 section 2.1 and RFC 9162 section 2.1.

Pure functions over 32-byte hashes. A tree is never held as a whole: proofs are drawn from a
``Subtree``, a function that gives the hash of the leaves ``[low, high)`` from wherever they lie.

The empty tree has a root (SHA-256 of nothing) and no proofs: no leaf is included in it, and a
consistency proof from size 0 says nothing, so none is made and none is accepted. Someone who
holds no earlier checkpoint checks the signature and the root instead.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Sequence

HASH_BYTES = 32
_TALLEST = 12
"""The height of the largest subtree that is hashed at once."""
EMPTY_ROOT = hashlib.sha256(b"").digest()

Subtree = Callable[[int, int], bytes]


def hash_leaf(entry: bytes) -> bytes:
    """The hash of one entry: SHA-256 over 0x00 and the entry (RFC 6962, 2.1)."""
    return hashlib.sha256(b"\x00" + entry).digest()


def hash_node(left: bytes, right: bytes) -> bytes:
    """The hash of an inner node: SHA-256 over 0x01, left and right (RFC 6962, 2.1)."""
    return hashlib.sha256(b"\x01" + left + right).digest()


def hash_perfect(hashes: Sequence[bytes]) -> bytes:
    """The root over a power of two of sibling hashes.

    Raises:
        ValueError: their number is not a power of two.
    """
    count = len(hashes)
    if count == 0 or count & (count - 1):
        raise ValueError(f"a perfect subtree cannot have {count} hashes")
    level = list(hashes)
    sha256 = hashlib.sha256
    while len(level) > 1:
        level = [
            sha256(b"\x01" + left + right).digest()
            for left, right in zip(level[::2], level[1::2], strict=True)
        ]
    return level[0]


class Frontier:
    """The right edge of a growing tree: one hash for every perfect subtree, largest first.

    It holds at most 64 hashes, however many leaves went in.
    """

    def __init__(self) -> None:
        self.size = 0
        self._peaks: list[tuple[int, bytes]] = []

    def push(self, digest: bytes, height: int = 0) -> None:
        """Append a perfect subtree of ``2**height`` leaves; height 0 is one leaf hash.

        Raises:
            ValueError: the tree's size is not a multiple of the subtree's.
        """
        if self.size & ((1 << height) - 1):
            raise ValueError(f"a subtree of height {height} does not fit at size {self.size}")
        self.size += 1 << height
        while self._peaks and self._peaks[-1][0] == height:
            digest = hash_node(self._peaks.pop()[1], digest)
            height += 1
        self._peaks.append((height, digest))

    def extend(self, leaves: Sequence[bytes]) -> None:
        """Append leaf hashes: the same as pushing one after another, in a fraction of the time."""
        at, end = 0, len(leaves)
        while at < end:
            height = min((end - at).bit_length() - 1, _TALLEST)
            if self.size:
                height = min(height, (self.size & -self.size).bit_length() - 1)
            self.push(hash_perfect(leaves[at : at + (1 << height)]), height)
            at += 1 << height

    def root(self) -> bytes:
        """The root over everything appended so far."""
        return _fold([digest for _, digest in self._peaks])


def subtree_of(leaves: Sequence[bytes]) -> Subtree:
    """A ``Subtree`` over leaf hashes held in memory."""

    def hash_range(low: int, high: int) -> bytes:
        if not 0 <= low < high <= len(leaves):
            raise ValueError(f"there are no leaves [{low}, {high}) among {len(leaves)}")
        frontier = Frontier()
        for leaf in leaves[low:high]:
            frontier.push(leaf)
        return frontier.root()

    return hash_range


def root_of(leaves: Sequence[bytes]) -> bytes:
    """The root over leaf hashes (RFC 6962, 2.1); of none, SHA-256 of nothing."""
    return subtree_of(leaves)(0, len(leaves)) if leaves else EMPTY_ROOT


def split_perfect(low: int, high: int) -> list[tuple[int, int]]:
    """The perfect subtrees that make up ``[low, high)``, left to right, as (height, position).

    ``low`` has to be where a subtree of that many leaves can start, as in every RFC 6962 range.

    Raises:
        ValueError: the range is empty or starts where no such subtree can.
    """
    if not 0 <= low < high or low & ((1 << (high - low - 1).bit_length()) - 1):
        raise ValueError(f"[{low}, {high}) is not a subtree")
    parts = []
    while low < high:
        height = (high - low).bit_length() - 1
        parts.append((height, low >> height))
        low += 1 << height
    return parts


def join_perfect(hashes: Sequence[bytes]) -> bytes:
    """The root over the perfect subtrees that ``split_perfect`` named, in its order."""
    return _fold(hashes)


def prove_inclusion(index: int, size: int, subtree: Subtree) -> list[bytes]:
    """The audit path of leaf ``index`` in the tree of ``size`` leaves (RFC 9162, 2.1.3.1).

    Raises:
        ValueError: there is no such leaf.
    """
    if not 0 <= index < size:
        raise ValueError(f"a tree of {size} leaves has no leaf {index}")
    path: list[bytes] = []
    low, high = 0, size
    while high - low > 1:
        middle = low + _split(high - low)
        if index < middle:
            path.append(subtree(middle, high))
            high = middle
        else:
            path.append(subtree(low, middle))
            low = middle
    return path[::-1]


def verify_inclusion(
    leaf: bytes, index: int, size: int, path: Sequence[bytes], root: bytes
) -> bool:
    """Whether ``path`` shows that ``leaf`` stands at ``index`` under ``root`` (RFC 9162, 2.1.3.2).

    Take ``size`` and ``root`` from a signed checkpoint, never from whoever made the proof.
    """
    if not 0 <= index < size or not _are_hashes((leaf, root, *path)):
        return False
    position, last, digest = index, size - 1, leaf
    sha256 = hashlib.sha256  # written out: proofs of many records spend their time here
    for sibling in path:
        if last == 0:
            return False
        if position & 1 or position == last:
            digest = sha256(b"\x01" + sibling + digest).digest()
            while not position & 1 and position:
                position >>= 1
                last >>= 1
        else:
            digest = sha256(b"\x01" + digest + sibling).digest()
        position >>= 1
        last >>= 1
    return last == 0 and digest == root


def prove_consistency(old_size: int, new_size: int, subtree: Subtree) -> list[bytes]:
    """The proof that the tree begins with the old one's ``old_size`` leaves (RFC 9162, 2.1.4.1).

    Raises:
        ValueError: the old size is 0 or larger than the new one.
    """
    if not 0 < old_size <= new_size:
        raise ValueError(f"there is no consistency proof from size {old_size} to {new_size}")
    proof: list[bytes] = []
    low, high, whole = 0, new_size, True
    while old_size != high:
        middle = low + _split(high - low)
        if old_size <= middle:
            proof.append(subtree(middle, high))
            high = middle
        else:
            proof.append(subtree(low, middle))
            low, whole = middle, False
    if not whole:
        proof.append(subtree(low, high))
    return proof[::-1]


def verify_consistency(
    old_size: int, new_size: int, proof: Sequence[bytes], old_root: bytes, new_root: bytes
) -> bool:
    """Whether ``proof`` shows that the new tree only appended to the old (RFC 9162, 2.1.4.2).

    From size 0 nothing can be shown: the answer is no.
    """
    if not 0 < old_size <= new_size or not _are_hashes((old_root, new_root, *proof)):
        return False
    if old_size == new_size:
        return not proof and old_root == new_root
    steps = list(proof)
    if old_size & (old_size - 1) == 0:
        steps.insert(0, old_root)
    if not steps:
        return False
    position, last = old_size - 1, new_size - 1
    while position & 1:
        position >>= 1
        last >>= 1
    old = new = steps[0]
    for sibling in steps[1:]:
        if last == 0:
            return False
        if position & 1 or position == last:
            old, new = hash_node(sibling, old), hash_node(sibling, new)
            while not position & 1 and position:
                position >>= 1
                last >>= 1
        else:
            new = hash_node(new, sibling)
        position >>= 1
        last >>= 1
    return last == 0 and old == old_root and new == new_root


def _split(count: int) -> int:
    """The largest power of two smaller than ``count``."""
    return 1 << ((count - 1).bit_length() - 1)


def _fold(hashes: Sequence[bytes]) -> bytes:
    if not hashes:
        return EMPTY_ROOT
    digest = hashes[-1]
    for left in reversed(hashes[:-1]):
        digest = hash_node(left, digest)
    return digest


def _are_hashes(values: Sequence[bytes]) -> bool:
    return set(map(type, values)) == {bytes} and set(map(len, values)) == {HASH_BYTES}
