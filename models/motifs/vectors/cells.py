"""Approximate search: vectors in cells around centroids, of which the nearest are searched.

The inverted file of FAISS (Jégou et al., 2011), laid out differently: the rows of a cell lie next
to each other in one matrix, so that a file of them can be searched where it lies, and the queries
that visit a cell are compared with it in one matrix product. FAISS makes the clustering.
"""

from __future__ import annotations

from dataclasses import dataclass

import faiss
import numpy as np
import numpy.typing as npt

from models.motifs.vectors.exact import (
    SPARE,
    ArrayRows,
    Mask,
    Positions,
    Rows,
    keep_best,
    score_pairs,
    search_exactly,
)
from models.motifs.vectors.products import Products, Stored, error_bound
from models.motifs.vectors.protocol import Found, Ids, Scores, Vectors, nothing_found

_SEED = 20
_ROUNDS = 8
_SAMPLED_PER_CELL = 32
_QUERIES_AT_ONCE = 1024
_PROPOSALS_AT_ONCE = 2**22
_ASSIGNED_AT_ONCE = 65_536


@dataclass(frozen=True, slots=True)
class Cells:
    """A clustering of rows.

    Attributes:
        centroids: float32, cells x dimension, each of length 1.
        offsets: int64, cells + 1: the rows of cell i are those from ``offsets[i]`` on, up to
            ``offsets[i + 1]``.
    """

    centroids: Vectors
    offsets: npt.NDArray[np.int64]

    def __len__(self) -> int:
        return len(self.centroids)


def cluster(vectors: Stored, cells: int) -> tuple[Cells, Positions]:
    """Cluster vectors, and say in which order they lie cell by cell.

    The sample that it learns from, and with it the outcome, depends on the vectors and their order
    alone.

    Args:
        vectors: n x dimension.
        cells: 1 to n.

    Returns:
        The cells, and for each row of the new order the position in ``vectors``.
    """
    count, dimension = vectors.shape
    wanted = min(count, cells * _SAMPLED_PER_CELL)
    sample = vectors[np.linspace(0, count - 1, wanted).astype(np.int64)].astype(np.float32)
    trainer = faiss.Kmeans(
        dimension, cells, niter=_ROUNDS, spherical=True, seed=_SEED, min_points_per_centroid=1
    )
    trainer.train(sample)
    centroids = np.ascontiguousarray(trainer.centroids, dtype=np.float32)
    nearest = np.empty(count, np.int64)
    for start in range(0, count, _ASSIGNED_AT_ONCE):
        part = vectors[start : start + _ASSIGNED_AT_ONCE].astype(np.float32)
        _, at = faiss.knn(part, centroids, 1, metric=faiss.METRIC_INNER_PRODUCT)
        nearest[start : start + len(part)] = at[:, 0]
    order = np.argsort(nearest, kind="stable")
    offsets = np.searchsorted(nearest[order], np.arange(cells + 1)).astype(np.int64)
    return Cells(centroids, offsets), order


def search_cells(
    rows: Rows,
    ids: Ids,
    cells: Cells,
    probes: int,
    queries: Vectors,
    k: int,
    dead: Mask | None = None,
) -> Found:
    """The k rows with the largest inner product among those in the nearest cells, for each query.

    Within these cells the answer is exact, and the same whatever the size of the batch.

    Args:
        rows: what is searched, cell by cell.
        ids: int64, of each row.
        cells: where the cells lie.
        probes: how many of them are searched for a query.
        queries: float32, checked.
        k: 1 or more.
        dead: rows that are not there any more, or None.
    """
    scores, found = nothing_found(len(queries), k)
    speaking = np.flatnonzero(queries.any(axis=1))
    room = _PROPOSALS_AT_ONCE // (max(1, min(probes, len(cells))) * (k + SPARE))
    at_once = max(1, min(_QUERIES_AT_ONCE, room))
    for start in range(0, len(speaking), at_once):
        part = speaking[start : start + at_once]
        visits = _visits_of(cells, queries[part], probes)
        scores[part], found[part] = _search_part(rows, ids, cells, visits, queries[part], k, dead)
    return scores, found


def _visits_of(cells: Cells, queries: Vectors, probes: int) -> Positions:
    numbers = np.arange(len(cells), dtype=np.int64)
    wanted = min(probes, len(cells))
    return search_exactly(ArrayRows(cells.centroids), numbers, queries, wanted)[1]


def _search_part(
    rows: Rows,
    ids: Ids,
    cells: Cells,
    visits: Positions,
    queries: Vectors,
    k: int,
    dead: Mask | None,
) -> Found:
    wanted = k + SPARE
    slack = error_bound(queries.shape[1])
    scores = np.full((*visits.shape, wanted), -np.inf, np.float32)
    positions = np.full((*visits.shape, wanted), -1, np.int64)
    # The lowest score that a cell proposed where it had more to propose: what it left out.
    left_out = np.full(visits.shape, -np.inf, np.float32)
    for cell, which, slots in _by_cell(visits):
        near, places = _products_with(rows, cells, cell, queries[which], dead)
        kept = min(wanted, near.shape[1])
        if kept < near.shape[1]:
            at = np.argpartition(-near, kept - 1, axis=1)[:, :kept]
            near = np.take_along_axis(near, at, 1)
            left_out[which, slots] = near.min(axis=1)
        else:
            at = np.broadcast_to(np.arange(kept), near.shape)
        scores[which, slots, :kept] = near
        positions[which, slots, :kept] = places[at]
    best, found = _rescore(rows, ids, queries, k, scores, positions)
    unsure = (left_out >= best[:, -1:] - slack) & np.isfinite(left_out)
    again = np.flatnonzero(unsure.any(axis=1))
    for query in again:
        only = slice(query, query + 1)
        best[only], found[only] = _settle(
            rows, ids, cells, visits[query], queries[only], k, best[query, -1] - slack, dead
        )
    return best, found


def _by_cell(
    visits: Positions,
) -> list[tuple[int, npt.NDArray[np.intp], npt.NDArray[np.intp]]]:
    """Each visited cell, with the queries that visit it and the rank it has for each."""
    which, slots = np.nonzero(visits >= 0)
    visited = visits[which, slots]
    order = np.argsort(visited, kind="stable")
    numbers, starts = np.unique(visited[order], return_index=True)
    groups = np.split(order, starts[1:])
    return [
        (int(number), which[group], slots[group])
        for number, group in zip(numbers, groups, strict=True)
    ]


def _products_with(
    rows: Rows, cells: Cells, cell: int, queries: Vectors, dead: Mask | None
) -> tuple[Scores, Positions]:
    """float32, queries x living rows of the cell, and where these rows are."""
    start, stop = int(cells.offsets[cell]), int(cells.offsets[cell + 1])
    block = rows.read(start, stop)
    places = np.arange(start, stop)
    if dead is not None and dead[start:stop].any():
        live = ~dead[start:stop]
        block, places = block[live], places[live]
    return Products(queries).of(block).T, places


def _rescore(
    rows: Rows, ids: Ids, queries: Vectors, k: int, scores: Scores, positions: Positions
) -> Found:
    """The answer from the best proposals of all visited cells together."""
    count = len(queries)
    scores, positions = scores.reshape(count, -1), positions.reshape(count, -1)
    # Whatever may be among the k best once it is computed exactly, and nothing else.
    at = min(k, scores.shape[1]) - 1
    floors = -np.partition(-scores, at, axis=1)[:, at] - 2 * error_bound(queries.shape[1])
    which, slots = np.nonzero((positions >= 0) & (scores >= floors[:, None]))
    chosen = positions[which, slots]
    exact = score_pairs(rows, queries, which, chosen)
    return keep_best(count, k, which, exact, ids[chosen])


def _settle(
    rows: Rows,
    ids: Ids,
    cells: Cells,
    visited: Positions,
    query: Vectors,
    k: int,
    floor: np.float32,
    dead: Mask | None,
) -> Found:
    """The answer for one query from every row at or above the floor in the cells it visits."""
    chosen = []
    for cell in visited[visited >= 0].tolist():
        near, places = _products_with(rows, cells, cell, query, dead)
        chosen.append(places[near[0] >= floor])
    at = np.concatenate(chosen)
    which = np.zeros(len(at), np.intp)
    return keep_best(1, k, which, score_pairs(rows, query, which, at), ids[at])
