"""The register's vectors in a database that several machines search and fill.

A vector's id is a digest of what it holds, so that one row serves every version of the register
that has it: a new motif adds its own few rows, and whoever searches an older register goes on
undisturbed. Rows of other registers are passed over. They are removed when they are many; whoever
has the older register open is then refused, and has to open the index anew.
"""

from __future__ import annotations

import hashlib
from typing import Any, Final

import numpy as np
import numpy.typing as npt

from models.motifs.vectors.postgres import PostgresIndex
from models.motifs.vectors.protocol import (
    Found,
    Identity,
    Ids,
    Vectors,
    check_vectors,
    check_wanted,
    nothing_found,
)

GRAPH_FROM: Final = 10_000
"""Rows from which on pgvector's graph is faster than comparing all."""

_FEW = 10_000
_WIDENED = 4
_ID_BITS = 63


class SharedIndex:
    """The rows of a matrix, searched in the database. Safe to use from several threads."""

    def __init__(self, url: str, identity: Identity, vectors: Vectors) -> None:
        """Open the index, and add to the database what it does not hold yet.

        Args:
            url: SQLAlchemy URL of a PostgreSQL database with pgvector.
            identity: whose vectors they are; the version is not looked at.
            vectors: float32, n x dimension, each of length 1 or all zeros; found by their row.

        Raises:
            EncoderError: a vector cannot be compared with others.
            StoreError: the database cannot be reached, has no pgvector, or holds another format.
        """
        given = check_vectors(vectors, vectors.shape[1])
        ids = _digest_rows(given)
        self._order = np.argsort(ids, kind="stable")
        self._ids, first = np.unique(ids[self._order], return_index=True)
        self._ends = np.append(first, len(ids))
        self._index = PostgresIndex(url, identity, given.shape[1], any_version=True)
        few = max(_FEW, len(self._ids))
        distinct = given[self._order[first]]
        self._index.hold(self._ids, distinct, strangers=few, graph_from=GRAPH_FROM)

    def __len__(self) -> int:
        return len(self._order)

    def close(self) -> None:
        """Give back the connections."""
        self._index.close()

    def search(self, queries: Vectors, k: int) -> Found:
        """The k rows with the largest inner product; see ``VectorIndex.search``.

        Raises:
            EncoderError: a query cannot be compared with the vectors.
            RegisterError: rows of this register may have been removed since it was opened.
            StoreError: the database cannot be reached.
        """
        check_wanted(k)
        scores, found = nothing_found(len(queries), k)
        left, asked = np.arange(len(queries)), k
        while len(left):
            near, ids = self._index.search(queries[left], asked)
            again = []
            for query, products, numbers in zip(left, near, ids, strict=True):
                best = self._rows_of(products, numbers)
                if len(best) < k and numbers[-1] >= 0:
                    again.append(query)  # strangers stood in the way
                    continue
                for slot, (product, row) in enumerate(best[:k]):
                    scores[query, slot], found[query, slot] = product, row
            left, asked = np.array(again, np.intp), asked * _WIDENED
        return scores, found

    def _rows_of(
        self, products: npt.NDArray[np.float32], numbers: Ids
    ) -> list[tuple[np.float32, int]]:
        """Our rows among those that the database found, best first."""
        best = []
        places = np.searchsorted(self._ids, numbers)
        for product, number, place in zip(products, numbers, places, strict=True):
            if place < len(self._ids) and self._ids[place] == number:
                rows = self._order[self._ends[place] : self._ends[place + 1]]
                best += [(product, int(row)) for row in rows]
        return sorted(best, key=lambda each: (-each[0], each[1]))


def _digest_rows(vectors: npt.NDArray[Any]) -> Ids:
    """An id for each row, by its content in the precision in which it is kept."""
    rows = np.ascontiguousarray(vectors, ">f2")
    digests = (hashlib.blake2b(row.tobytes(), digest_size=8).digest() for row in rows)
    ids = (int.from_bytes(digest) & ((1 << _ID_BITS) - 1) for digest in digests)
    return np.fromiter(ids, np.int64, len(rows))
