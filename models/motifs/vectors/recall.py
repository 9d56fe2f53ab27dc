"""How much of the exact answer an approximate index finds."""

from __future__ import annotations

from typing import Final

import numpy as np

from models.motifs.vectors.products import Stored
from models.motifs.vectors.protocol import Found, VectorIndex, Vectors

RECALL_AT: Final = 10
_SAMPLED = 256
_SEED = 20
# Between a resemblance that is barely worth a look and an edited copy.
_COSINES = (0.6, 0.95)


def measure_recall(index: VectorIndex, exact: VectorIndex, queries: Vectors, k: int) -> float:
    """Share of the k best vectors that the index finds, on average over the queries.

    A vector found in place of one with the same score counts as found.

    Args:
        index: what is measured.
        exact: an index of the same vectors that answers exactly.
        queries: float32, q x dimension.
        k: 1 or more.

    Returns:
        0..1; 1 where there is nothing to find.
    """
    return share_found(index.search(queries, k), exact.search(queries, k))


def share_found(answer: Found, truth: Found) -> float:
    """Share of the truth's places that the answer fills with scores as good."""
    wanted = truth[1] >= 0
    if not wanted.any():
        return 1.0
    floors = np.where(wanted, truth[0], np.inf).min(axis=1, keepdims=True, initial=np.inf)
    got = ((answer[1] >= 0) & (answer[0] >= floors)).sum(axis=1)
    return float(np.minimum(got, wanted.sum(axis=1)).sum() / wanted.sum())


def sample_queries(vectors: Stored, wanted: int = _SAMPLED) -> Vectors:
    """Queries for a measurement where there are no real ones: some vectors, turned towards others.

    Their cosines with the vectors they come from are spread over what matters, 0.6 to 0.95. They
    are turned towards other vectors because real pictures lie where vectors lie: random noise
    leads away from all cells but one, and makes a recall look better than it is. The same vectors
    give the same queries.

    Args:
        vectors: n x dimension, of length 1; rows of zeros are passed over.
        wanted: how many at most.
    """
    speaking = np.flatnonzero(vectors.any(axis=1))
    if len(speaking) == 0:
        return np.zeros((0, vectors.shape[1]), np.float32)
    wanted = min(wanted, len(speaking))
    chosen = speaking[np.linspace(0, len(speaking) - 1, wanted).astype(np.int64)]
    picked = vectors[chosen].astype(np.float64)
    others = np.random.default_rng(_SEED).choice(speaking, wanted)
    noise = vectors[others].astype(np.float64)
    noise -= picked * (noise * picked).sum(axis=1, keepdims=True)
    noise /= np.maximum(np.linalg.norm(noise, axis=1, keepdims=True), 1e-6)
    cosines = np.linspace(*_COSINES, len(picked))[:, None]
    mixed = cosines * picked + np.sqrt(1 - cosines**2) * noise
    mixed /= np.linalg.norm(mixed, axis=1, keepdims=True)
    return np.asarray(mixed, dtype=np.float32)
