"""What a vector index is, and what it refuses to take in."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Protocol

import numpy as np
import numpy.typing as npt

from models.errors import EncoderError, RegisterError

Vectors = npt.NDArray[np.float32]
Ids = npt.NDArray[np.int64]
Scores = npt.NDArray[np.float32]
Found = tuple[Scores, Ids]
"""Scores and ids, one row per query: best first, equal scores by id, padded with -inf and -1."""

_NORM_SLACK = 0.01


@dataclass(frozen=True, slots=True)
class Identity:
    """Whose vectors an index holds. Vectors of two identities are never compared.

    Attributes:
        encoder: fingerprint of the encoder that made them.
        version: of the register that they stand for.
    """

    encoder: str
    version: str


class Searched(Protocol):
    """Vectors by id, searched by inner product. Safe to use from several threads."""

    def __len__(self) -> int:
        """How many vectors it holds."""

    def search(self, queries: Vectors, k: int) -> Found:
        """The k vectors with the largest inner product, for each query.

        A query of zeros finds nothing: it comes from a picture in which the encoder sees nothing.

        Args:
            queries: float32, q x dimension, each of length 1, or all zeros.
            k: 1 or more.

        Raises:
            EncoderError: a query is of another length, not finite or not of length 1.
        """


class VectorIndex(Searched, Protocol):
    """Vectors that can be changed while they are searched.

    A search sees them as they were before a change or after it, never in between.
    """

    @property
    def dimension(self) -> int:
        """Length of a vector."""

    def add(self, ids: Ids, vectors: Vectors) -> None:
        """Take in vectors: all of them, or none where one is refused.

        Args:
            ids: int64, one per vector, 0 or more, none of them in the index.
            vectors: float32, n x dimension, each of length 1, or all zeros.

        Raises:
            EncoderError: a vector is of another length, not finite or not of length 1.
            RegisterError: an id is negative, given twice or in the index already.
        """

    def remove(self, ids: Ids) -> int:
        """Take out the vectors with these ids; returns how many were there."""


def check_vectors(vectors: npt.NDArray[Any], dimension: int) -> Vectors:
    """The vectors as contiguous float32, once it is certain that they can be compared.

    Raises:
        EncoderError: they are of another length, not finite, or not of length 1.
    """
    if vectors.ndim != 2 or vectors.shape[1] != dimension:
        raise EncoderError(
            f"The vectors have the shape {vectors.shape}, but the index wants rows of "
            f"{dimension} numbers.",
            "Run again, so that the vectors are made with the encoder of the settings.",
        )
    if vectors.dtype not in (np.float32, np.float16):
        raise EncoderError(
            f"The vectors are of the type {vectors.dtype}.", "Give them as float32 or float16."
        )
    checked = np.ascontiguousarray(vectors, dtype=np.float32)
    with np.errstate(over="ignore", invalid="ignore"):
        norms = np.sqrt(np.einsum("ij,ij->i", checked, checked))
    # Written so that a norm that is no number is refused as well.
    sound = (np.abs(norms - 1) <= _NORM_SLACK) | (norms == 0)
    if not sound.all():
        row = int(np.argmin(sound))
        raise EncoderError(
            f"Vector {row} has the length {norms[row]:.4g}; it must be 1, or all zeros.",
            "The encoder is at fault: check its weights, then compute the vectors again.",
        )
    return checked


def check_ids(ids: npt.NDArray[Any], count: int) -> Ids:
    """The ids as int64, once it is certain that there is a different one for each vector.

    Raises:
        RegisterError: there are too few or too many, one is negative, or one is given twice.
    """
    remedy = "Give each vector an id of its own, 0 or more."
    if ids.ndim != 1 or len(ids) != count:
        raise RegisterError(f"There are {ids.size} ids for {count} vectors.", remedy)
    if not np.issubdtype(ids.dtype, np.integer):
        raise RegisterError(f"The ids are of the type {ids.dtype}.", remedy)
    if ids.dtype == np.uint64 and count and int(ids.max()) > np.iinfo(np.int64).max:
        raise RegisterError("An id is too large.", "Give ids below 2 to the power of 63.")
    checked = ids.astype(np.int64)
    if count and int(checked.min()) < 0:
        raise RegisterError(f"The id {int(checked.min())} is negative.", remedy)
    ordered = np.sort(checked)
    twice = ordered[1:][ordered[1:] == ordered[:-1]]
    if len(twice):
        raise RegisterError(f"The id {int(twice[0])} is given twice.", remedy)
    return checked


def check_wanted(k: int) -> None:
    """Make sure that a search asks for something.

    Raises:
        ValueError: k is less than 1.
    """
    if k < 1:
        raise ValueError(f"k is {k}; a search returns at least one vector")


def nothing_found(queries: int, k: int) -> Found:
    """The answer in which no query found anything."""
    return np.full((queries, k), -np.inf, np.float32), np.full((queries, k), -1, np.int64)
