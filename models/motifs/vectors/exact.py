"""Exact search of rows of vectors: what it answers depends on the vectors alone.

A float32 matrix product rounds differently with the size of the batch. So it only proposes: the
inner products of what it proposes are computed again, pair by pair, in float64, and rounded once.
Where the last one proposed is within rounding of the last one wanted, every row within rounding is
looked at, so that equal scores are ordered by id and none of them is missed.
"""

from __future__ import annotations

from typing import Protocol

import numpy as np
import numpy.typing as npt

from models.motifs.vectors.products import Products, Stored, error_bound
from models.motifs.vectors.protocol import Found, Ids, Scores, Vectors, nothing_found

Positions = npt.NDArray[np.int64]
Mask = npt.NDArray[np.bool_]

SPARE = 8
"""How many more than wanted are proposed, so that a few equal scores need no second look."""

_QUERIES_AT_ONCE = 1024
_PAIRS_AT_ONCE = 4096
_FIRST_ROWS = 512


class Rows(Protocol):
    """Vectors by row, in memory or in a file."""

    def __len__(self) -> int:
        """How many rows."""

    def read(self, start: int, stop: int) -> Stored:
        """The rows from start up to stop, not to be written to.

        Raises:
            RegisterError: they lie in a file that is damaged.
        """

    def take(self, positions: Positions) -> Stored:
        """A copy of these rows.

        Raises:
            RegisterError: they lie in a file that is damaged.
        """


class ArrayRows:
    """Rows that lie in memory."""

    def __init__(self, vectors: Stored) -> None:
        self._vectors = vectors

    def __len__(self) -> int:
        return len(self._vectors)

    def read(self, start: int, stop: int) -> Stored:
        """The rows from start up to stop."""
        return self._vectors[start:stop]

    def take(self, positions: Positions) -> Stored:
        """A copy of these rows."""
        return self._vectors[positions]


def search_exactly(
    rows: Rows, ids: Ids, queries: Vectors, k: int, dead: Mask | None = None
) -> Found:
    """The k rows with the largest inner product, for each query.

    Args:
        rows: what is searched.
        ids: int64, of each row.
        queries: float32, checked.
        k: 1 or more.
        dead: rows that are not there any more, or None.
    """
    scores, found = nothing_found(len(queries), k)
    if len(rows) == 0:
        return scores, found
    speaking = np.flatnonzero(queries.any(axis=1))
    for start in range(0, len(speaking), _QUERIES_AT_ONCE):
        part = speaking[start : start + _QUERIES_AT_ONCE]
        scores[part], found[part] = _search_part(rows, ids, queries[part], k, dead)
    return scores, found


def score_pairs(
    rows: Rows, queries: Vectors, which: npt.NDArray[np.intp], positions: Positions
) -> Scores:
    """The inner product of ``queries[which[i]]`` and row ``positions[i]``, rounded once."""
    scores = np.empty(len(positions), np.float32)
    for start in range(0, len(positions), _PAIRS_AT_ONCE):
        part = slice(start, start + _PAIRS_AT_ONCE)
        pairs = rows.take(positions[part]).astype(np.float64)
        pairs *= queries[which[part]]
        scores[part] = pairs.sum(axis=1)
    return scores


def keep_best(queries: int, k: int, which: npt.NDArray[np.intp], scores: Scores, ids: Ids) -> Found:
    """The k best of each query's pairs, in the order of an answer.

    Args:
        queries: how many there are.
        k: how many are kept of each.
        which: the query of each pair.
        scores: of each pair.
        ids: of each pair.
    """
    best, found = nothing_found(queries, k)
    order = np.lexsort((ids, -scores, which))
    which, scores, ids = which[order], scores[order], ids[order]
    rank = np.arange(len(which)) - np.searchsorted(which, which)
    kept = rank < k
    best[which[kept], rank[kept]] = scores[kept]
    found[which[kept], rank[kept]] = ids[kept]
    return best, found


def _search_part(rows: Rows, ids: Ids, queries: Vectors, k: int, dead: Mask | None) -> Found:
    proposed, positions = _propose(rows, queries, min(len(rows), k + SPARE), dead)
    which, slots = np.nonzero(positions >= 0)
    chosen = positions[which, slots]
    scores = score_pairs(rows, queries, which, chosen)
    best, found = keep_best(len(queries), k, which, scores, ids[chosen])
    slack = error_bound(queries.shape[1])
    # Nothing was left out where there were too few to fill the proposals, or just enough.
    full = (positions[:, -1] >= 0) & (len(rows) > positions.shape[1])
    unsure = np.flatnonzero(full & (proposed[:, -1] >= best[:, -1] - slack))
    if len(unsure):
        floors = best[unsure, -1] - slack
        best[unsure], found[unsure] = _settle(rows, ids, queries[unsure], k, floors, dead)
    return best, found


def _propose(
    rows: Rows, queries: Vectors, wanted: int, dead: Mask | None
) -> tuple[Scores, Positions]:
    """The best rows of each query by their float32 products.

    Only what beats the worst of the best so far is kept, and the best are found anew each time
    that the rows seen have doubled: few are sorted. The matrix product takes most of the time,
    unlike with ``argpartition``, and with FAISS, which does without one for fewer than 500 queries.
    """
    products = Products(queries)
    best, positions = nothing_found(len(queries), wanted)
    more: list[tuple[npt.NDArray[np.intp], Scores, Positions]] = []
    start, merge_at = 0, _FIRST_ROWS
    while start < len(rows):
        stop = min(len(rows), start + products.block_rows, max(merge_at, start + 1))
        block, places = _read_live(rows, start, stop, dead)
        near = products.of(block)
        at, which = np.nonzero(near > best[:, -1])
        more.append((which, near[at, which], places[at]))
        start = stop
        if start >= merge_at or start == len(rows):
            known, slots = np.nonzero(positions >= 0)
            more.append((known, best[known, slots], positions[known, slots]))
            queried, scores, found = map(np.concatenate, zip(*more, strict=True))
            best, positions = keep_best(len(queries), wanted, queried, scores, found)
            more, merge_at = [], 2 * start
    return best, positions


def _read_live(rows: Rows, start: int, stop: int, dead: Mask | None) -> tuple[Stored, Positions]:
    block = rows.read(start, stop)
    places = np.arange(start, stop)
    if dead is None or not dead[start:stop].any():
        return block, places
    live = ~dead[start:stop]
    return block[live], places[live]


def _settle(
    rows: Rows, ids: Ids, queries: Vectors, k: int, floors: Scores, dead: Mask | None
) -> Found:
    """The answer from every row at or above its query's floor."""
    products = Products(queries)
    best, found = nothing_found(len(queries), k)
    for start in range(0, len(rows), products.block_rows):
        stop = min(len(rows), start + products.block_rows)
        block, places = _read_live(rows, start, stop, dead)
        at, which = np.nonzero(products.of(block) >= floors)
        if len(at) == 0:
            continue
        scores = score_pairs(rows, queries, which, places[at])
        known, slots = np.nonzero(found >= 0)
        best, found = keep_best(
            len(queries),
            k,
            np.concatenate([known, which]),
            np.concatenate([best[known, slots], scores]),
            np.concatenate([found[known, slots], ids[places[at]]]),
        )
    return best, found
