"""Inner products with vectors that are kept in half precision.

Widening float16 to float32 costs more than the products themselves when the queries are few. NumPy
does it at 0.6e9 numbers a second on one core, PyTorch at 4e9, and PyTorch takes seconds to import.
Here the bits of a half are moved to where float32 has sign, exponent and fraction: a shift and a
mask, at 1.7e9 a second, in pieces that stay in the processor's cache. What comes out is the number
times 2**-112, because the exponents of the two formats are biased by 15 and by 127; the queries
are multiplied by 2**112 once instead. Powers of two round nothing, so that the products are, to
the bit, those of the plain conversion.
"""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt

from models.motifs.vectors.protocol import Scores, Vectors

Stored = npt.NDArray[np.floating[Any]]
"""Vectors as they are kept: float16 or float32."""

FEW_QUERIES = 32
"""Up to so many queries, widening dominates; beyond, the products do."""

_RAISED = np.float32(2.0**112)
_FRACTION_SHIFT = np.int32(13)
# Sign and what was shifted; the copies of the sign in between are cleared.
_KEPT = np.int32(0x8FFFE000 - 2**32)
_NOT_FINITE = 0x7C00
_CACHED_BYTES = 128 * 1024
_BLOCK_BYTES = 4 * 1024**2
_PRODUCTS = 2**22
_FEWEST_ROWS, _MOST_ROWS = 1_024, 16_384


def error_bound(dimension: int) -> float:
    """How far a float32 inner product of two unit vectors can be off, twice over.

    The classical bound: n roundings of 2**-24 on sums of products that are at most 1 together.
    """
    return dimension * 2.0**-23


class Products:
    """Inner products of the same queries with block after block. For one thread."""

    def __init__(self, queries: Vectors) -> None:
        self._raised = np.ascontiguousarray((queries * _RAISED).T)
        self._plain = np.ascontiguousarray(queries.T)
        width = 4 * max(1, queries.shape[1])
        room = _CACHED_BYTES if len(queries) <= FEW_QUERIES else _BLOCK_BYTES
        self._piece: int = max(1, room // width)
        self._scratch = np.empty((0, queries.shape[1]), np.int32)

    def of(self, rows: Stored) -> Scores:
        """float32, rows x queries; each is off by ``error_bound`` at most."""
        if rows.dtype == np.float32:
            return np.asarray(rows @ self._plain)
        out = np.empty((len(rows), self._raised.shape[1]), np.float32)
        for start in range(0, len(rows), self._piece):
            widened = self._widen(rows[start : start + self._piece])
            np.matmul(widened, self._raised, out=out[start : start + len(widened)])
        return out

    @property
    def block_rows(self) -> int:
        """How many rows are best given at once, so that their products stay small."""
        queries = int(self._raised.shape[1])
        return min(_MOST_ROWS, max(_FEWEST_ROWS, _PRODUCTS // max(1, queries)))

    def _widen(self, rows: Stored) -> Vectors:
        """float32: the rows times 2**-112, in memory that the next call uses again."""
        if len(self._scratch) < len(rows):
            self._scratch = np.empty(rows.shape, np.int32)
        wide = self._scratch[: len(rows)]
        np.left_shift(rows.view(np.int16), _FRACTION_SHIFT, out=wide, dtype=np.int32)
        np.bitwise_and(wide, _KEPT, out=wide)
        return wide.view(np.float32)


def all_finite(rows: npt.NDArray[Any]) -> bool:
    """Whether no number is infinite or none at all; for halves, much faster than NumPy's way."""
    if rows.dtype != np.float16:
        return bool(np.isfinite(rows).all())
    bits = rows.view(np.int16)
    piece = max(1, _CACHED_BYTES // max(1, 2 * rows.shape[1]))
    highest = 0
    for start in range(0, len(bits), piece):
        magnitudes = np.bitwise_and(bits[start : start + piece], np.int16(0x7FFF))
        highest = max(highest, int(magnitudes.max(initial=0)))
    return highest < _NOT_FINITE
