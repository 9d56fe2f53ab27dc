"""Trees of any size, up to 2**63 leaves, of which only what a proof touches is ever computed."""

from __future__ import annotations

import hashlib
from functools import lru_cache

from models.ledger.merkle import Subtree, hash_node, join_perfect, split_perfect


def synthetic_tree(*edges: int) -> Subtree:
    """A tree whose perfect subtrees have made-up hashes, except where an edge runs through them.

    Args:
        edges: sizes of the trees that proofs are about, as numbers of leaves; a leaf ``i`` that
            is to be proven has the edges ``i`` and ``i + 1``.
    """

    @lru_cache(maxsize=4096)
    def hash_subtree(height: int, position: int) -> bytes:
        low, high = position << height, (position + 1) << height
        if any(low < edge < high for edge in edges):
            left, right = 2 * position, 2 * position + 1
            return hash_node(hash_subtree(height - 1, left), hash_subtree(height - 1, right))
        return hashlib.sha256(b"subtree %d of height %d" % (position, height)).digest()

    def hash_range(low: int, high: int) -> bytes:
        return join_perfect([hash_subtree(*part) for part in split_perfect(low, high)])

    return hash_range
