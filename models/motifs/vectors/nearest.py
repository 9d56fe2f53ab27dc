"""Searching one of the database's tables within a transaction, with the answer of brute force.

The database proposes, a few more than are wanted; the inner products are computed again from the
vectors themselves. Where a better row may have been left out, all that are near enough are asked
for.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Final

import numpy as np
import numpy.typing as npt
from sqlalchemy import Connection, Row, Table

from models.motifs.vectors.exact import ArrayRows, keep_best, score_pairs
from models.motifs.vectors.pgvector import from_sent, nearest_rows, rows_within, use_graph
from models.motifs.vectors.protocol import Found, Vectors, nothing_found

MOST_EF: Final = 1_000
"""How far a graph can be searched at most."""

_SPARE = 32
_ASKED_AT_ONCE = 64
# The database rounds the query to halves: 11 bits of fraction, in sums that are at most 1.
_SLACK = 2.0**-10


def find_nearest(connection: Connection, table: Table, queries: Vectors, k: int, ef: int) -> Found:
    """The k nearest rows of each query; see ``VectorIndex.search``.

    Args:
        table: of ``pgvector.table_of``.
        queries: float32, q x dimension, checked.
        ef: how far the graph is searched; 0 compares all.
    """
    scores, found = nothing_found(len(queries), k)
    speaking = np.flatnonzero(queries.any(axis=1))
    for start in range(0, len(speaking), _ASKED_AT_ONCE):
        part = speaking[start : start + _ASKED_AT_ONCE]
        asked = queries[part]
        graph = ef > 0 and k + _SPARE <= MOST_EF
        use_graph(connection, max(ef, k + _SPARE) if graph else 0)
        near = connection.execute(nearest_rows(table, asked, k + _SPARE)).all()
        best, at = _rescore(asked, k, near)
        for query in _unsure(near, best, k, len(part), graph=graph):
            only = asked[query : query + 1]
            if graph:
                best[query], at[query] = find_nearest(connection, table, only, k, 0)
            else:
                use_graph(connection, 0)
                floor = float(best[query, -1]) - _SLACK
                within = connection.execute(rows_within(table, only, floor)).all()
                best[query], at[query] = _rescore(only, k, within)
        scores[part], found[part] = best, at
    return scores, found


def _unsure(
    near: Sequence[Row[Any]], best: npt.NDArray[np.float32], k: int, count: int, *, graph: bool
) -> list[int]:
    """Queries of which a better row may have been left out.

    A graph gives too few where many of its rows were removed. Without one, a row with a score
    within rounding of the last one wanted may be missing.
    """
    proposed = np.zeros(count, np.int64)
    lowest = np.full(count, np.inf)
    for row in near:
        proposed[row.place] += 1
        lowest[row.place] = min(lowest[row.place], row.product)
    if graph:
        return np.flatnonzero(proposed < k).tolist()
    full = proposed == k + _SPARE
    return np.flatnonzero(full & (lowest >= best[:, -1] - _SLACK)).tolist()


def _rescore(queries: Vectors, k: int, near: Sequence[Row[Any]]) -> Found:
    if not near:
        return nothing_found(len(queries), k)
    which = np.array([row.place for row in near], np.intp)
    ids = np.array([row.id for row in near], np.int64)
    rows = ArrayRows(from_sent([row.sent for row in near], queries.shape[1]))
    scores = score_pairs(rows, queries, which, np.arange(len(near)))
    return keep_best(len(queries), k, which, scores, ids)
