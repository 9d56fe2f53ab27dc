"""One run of rows that is searched as a whole, exactly or by cells."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from models.motifs.vectors.cells import Cells, search_cells
from models.motifs.vectors.exact import ArrayRows, Mask, Rows, search_exactly
from models.motifs.vectors.protocol import Found, Ids, Vectors


@dataclass(frozen=True, slots=True)
class Segment:
    """Rows with their ids. Nothing in it changes: a change makes another segment.

    Attributes:
        rows: the vectors.
        ids: int64, one per row.
        half: whether they are kept in float16.
        cells: in which cells they lie, or None where all are compared.
        probes: how many cells are searched for a query.
        dead: rows that are not there any more, or None.
    """

    rows: Rows
    ids: Ids
    half: bool
    cells: Cells | None = None
    probes: int = 0
    dead: Mask | None = None

    @property
    def living(self) -> int:
        """How many rows are there."""
        return len(self.ids) - (int(np.count_nonzero(self.dead)) if self.dead is not None else 0)

    def search(self, queries: Vectors, k: int) -> Found:
        """The k best rows for each query."""
        if self.cells is None:
            return search_exactly(self.rows, self.ids, queries, k, self.dead)
        return search_cells(self.rows, self.ids, self.cells, self.probes, queries, k, self.dead)


def empty_segment(dimension: int, half: bool) -> Segment:
    """A segment without rows."""
    vectors = np.zeros((0, dimension), np.float16 if half else np.float32)
    return Segment(ArrayRows(vectors), np.zeros(0, np.int64), half)
