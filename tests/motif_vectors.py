"""Vectors for the tests of the vector index, and the answer that brute force gives."""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt

from models.motifs.vectors.building import Built, build
from models.motifs.vectors.kinds import Choice, Kind
from models.motifs.vectors.protocol import Found, Identity, Ids, Vectors

DIMENSION = 24
IDENTITY = Identity("e" * 64, "register 1")
KINDS: tuple[Kind, ...] = ("exact", "exact_half", "cells_half")


def draw(count: int, seed: int = 0, dimension: int = DIMENSION) -> Vectors:
    """Unit vectors in clusters."""
    rng = np.random.default_rng(seed)
    centres = rng.standard_normal((8, dimension))
    points = centres[rng.integers(0, 8, count)] + 0.5 * rng.standard_normal((count, dimension))
    points /= np.linalg.norm(points, axis=1, keepdims=True)
    return points.astype(np.float32)


def build_kind(ids: Ids, vectors: npt.NDArray[Any], kind: Kind) -> Built:
    """An index of this kind, however few the vectors are."""
    cells = max(1, len(ids) // 20) if kind == "cells_half" else 0
    return build(ids, vectors, Choice(kind, cells, 0, "for a test"))


def brute_force(ids: Ids, vectors: npt.NDArray[Any], queries: Vectors, k: int) -> Found:
    """Every pair in float64, rounded once; best first, equal ones by id."""
    scores = np.full((len(queries), k), -np.inf, np.float32)
    found = np.full((len(queries), k), -1, np.int64)
    for row, query in enumerate(queries.astype(np.float64)):
        if not query.any():
            continue
        products = (vectors.astype(np.float64) * query).sum(axis=1).astype(np.float32)
        order = np.lexsort((ids, -products))[:k]
        scores[row, : len(order)] = products[order]
        found[row, : len(order)] = ids[order]
    return scores, found


def assert_same(answer: Found, wanted: Found) -> None:
    """The same scores and the same ids, to the bit."""
    np.testing.assert_array_equal(answer[0], wanted[0])
    np.testing.assert_array_equal(answer[1], wanted[1])
