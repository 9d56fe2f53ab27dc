"""How much alike two pictures are, beyond how much alike either is to any picture at all.

Embeddings crowd: a round logo has a high cosine with every round logo, a portrait with every
portrait. From a cosine we take away the mean of what the two pictures reach with the nearest of a
fixed cohort of others. Speaker recognition knows this as adaptive symmetric normalisation (Matejka
et al., "Analysis of score normalization in multilingual speaker recognition", Interspeech 2017),
of which only the shift is used here.
"""

from __future__ import annotations

from typing import Any, Final

import numpy as np
import numpy.typing as npt

from models.motifs.encoder import Embeddings

NEAREST: Final = 5
"""Of the cohort, how many count for one picture."""

_CHUNK = 4096
_Doubles = npt.NDArray[np.float64]


def measure_levels(vectors: npt.NDArray[np.floating[Any]], cohort: Embeddings) -> _Doubles:
    """How alike each vector is to any picture: its mean cosine with the nearest of the cohort.

    Args:
        vectors: of length 1, or zeros where nothing was seen; one a row.
        cohort: of length 1, one a row; may be empty.

    Returns:
        One number a vector; zeros without a cohort.
    """
    levels = np.zeros(len(vectors))
    most = min(NEAREST, len(cohort))
    if most == 0:
        return levels
    others = cohort.astype(np.float64).T
    for start in range(0, len(vectors), _CHUNK):
        cosines = vectors[start : start + _CHUNK].astype(np.float64) @ others
        nearest = np.partition(cosines, -most, axis=1)[:, -most:]
        # Sums in a fixed order: a partition leaves equal rows in any.
        levels[start : start + _CHUNK] = np.sort(nearest, axis=1).mean(axis=1)
    return levels
