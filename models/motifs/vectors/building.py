"""Building an index: order, clustering, and how many cells must be searched."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any, Final

import numpy as np
import numpy.typing as npt

from models.errors import EncoderError
from models.motifs.vectors.cells import Cells, cluster
from models.motifs.vectors.exact import ArrayRows
from models.motifs.vectors.kinds import Choice, Kind
from models.motifs.vectors.products import Stored
from models.motifs.vectors.protocol import Ids, Vectors, check_ids, check_vectors
from models.motifs.vectors.recall import RECALL_AT, sample_queries, share_found
from models.motifs.vectors.segments import Segment

ASKED_RECALL: Final = 0.99
"""Recall of the 10 best below which an approximate index is not used."""

_MOST_PROBED = 4
_CHECKED_AT_ONCE = 65_536


@dataclass(frozen=True, slots=True)
class Built:
    """An index, ready to be searched or written.

    Attributes:
        kind: how it is searched.
        ids: int64, of each row.
        vectors: the rows, in the precision in which they are kept.
        cells: where the rows lie, or None where all are compared.
        probes: cells that are searched for a query.
        recall: of the 10 best, as measured; 1 where all are compared.
        note: why it is of this kind.
    """

    kind: Kind
    ids: Ids
    vectors: Stored
    cells: Cells | None
    probes: int
    recall: float
    note: str

    @property
    def segment(self) -> Segment:
        """It, for searching in memory."""
        half = self.kind != "exact"
        return Segment(ArrayRows(self.vectors), self.ids, half, self.cells, self.probes)


def build(
    ids: npt.NDArray[Any],
    vectors: npt.NDArray[Any],
    choice: Choice,
    *,
    queries: Vectors | None = None,
    recall: float = ASKED_RECALL,
) -> Built:
    """Build an index. The same vectors under the same ids give the same, in whatever order.

    Args:
        ids: one per vector, 0 or more, all different.
        vectors: float32 or float16, n x dimension, each of length 1 or all zeros.
        choice: of ``choose_kind``.
        queries: what the recall is measured with; some of the vectors, disturbed, if None.
        recall: asked of an approximate index. One that does not reach it by searching a quarter
            of its cells is made an exact one, and says so in its note.

    Raises:
        EncoderError: a vector cannot be compared with others.
        RegisterError: the ids cannot be used.
    """
    if vectors.ndim != 2 or vectors.shape[1] < 1:
        raise EncoderError(
            f"The vectors have the shape {vectors.shape}.", "Give them as rows of equal length."
        )
    numbers = check_ids(ids, len(vectors))
    for start in range(0, len(vectors), _CHECKED_AT_ONCE):
        check_vectors(vectors[start : start + _CHECKED_AT_ONCE], vectors.shape[1])
    if queries is not None:
        queries = check_vectors(queries, vectors.shape[1])
    precision = np.float32 if choice.kind == "exact" else np.float16
    order = np.argsort(numbers)
    kept = _in_order(vectors, order, precision)
    if choice.cells == 0 or len(numbers) == 0:
        kind: Kind = "exact" if choice.kind == "exact" else "exact_half"
        return Built(kind, numbers[order], kept, None, 0, 1.0, choice.reason)
    asked = sample_queries(kept) if queries is None else queries
    return _build_cells(numbers[order], kept, choice, asked, recall)


def _build_cells(
    ids: Ids, vectors: Stored, choice: Choice, queries: Vectors, recall: float
) -> Built:
    truth = Segment(ArrayRows(vectors), ids, half=True).search(queries, RECALL_AT)
    cells, order = cluster(vectors, choice.cells)
    laid = Built("cells_half", ids[order], vectors[order], cells, 0, 0.0, choice.reason)
    reached = 0.0
    for probes in _probes_to_try(len(cells)):
        segment = Segment(ArrayRows(laid.vectors), laid.ids, True, cells, probes)
        reached = share_found(segment.search(queries, RECALL_AT), truth)
        if reached >= recall:
            return Built(
                "cells_half", laid.ids, laid.vectors, cells, probes, reached, choice.reason
            )
    note = (
        f"Cells found {reached:.3f} of the {RECALL_AT} best and {recall:.3f} was asked for: "
        f"all vectors are compared."
    )
    return Built("exact_half", ids, vectors, None, 0, 1.0, note)


def _probes_to_try(cells: int) -> Iterator[int]:
    """1, 2, 3, 4, 6, 9 and so on, up to a quarter of the cells: beyond, cells hardly pay."""
    probes = 1
    while probes <= max(1, cells // _MOST_PROBED):
        yield probes
        probes = max(probes + 1, probes * 3 // 2)


def _in_order(vectors: npt.NDArray[Any], order: npt.NDArray[np.intp], kind: type) -> Stored:
    if len(order) == 0 or (order[1:] > order[:-1]).all():
        return np.ascontiguousarray(vectors, dtype=kind)
    kept: Stored = np.empty(vectors.shape, kind)
    for start in range(0, len(order), _CHECKED_AT_ONCE):
        part = order[start : start + _CHECKED_AT_ONCE]
        kept[start : start + len(part)] = vectors[part]
    return kept
