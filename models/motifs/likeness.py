"""Searching the references by an encoder's embeddings: whole pictures, and parts in either.

An index proposes (``models.motifs.vectors``), exact or in cells by how many references there are.
The likeness that is reported is computed from the vectors of the picture and of the reference
alone: their cosine, less what both reach with any picture where the encoder knows that
(``models.motifs.cohort``).
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from models.motifs.alignment import Box
from models.motifs.cohort import measure_levels
from models.motifs.encoder import Embeddings, Seen
from models.motifs.vectors.protocol import Searched
from models.motifs.vectors.serving import Opener, in_memory
from models.motifs.views import VIEWS

_Doubles = npt.NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class Likeness:
    """How alike a picture and a reference are in the encoder's eyes.

    Attributes:
        whole: of the whole pictures, at its best over the ways in which the reference is shown.
        view: that way; "" as it is.
        part: of a part of one with the whole of the other, at its best.
        box: that part of the picture; None where it is a part of the reference.
    """

    whole: float
    view: str
    part: float
    box: Box | None


class LikenessIndex:
    """The embeddings of all references, as they are shown, and of their parts."""

    def __init__(
        self,
        views: Embeddings,
        parts: Embeddings,
        part_counts: Sequence[int],
        *,
        cohort: Embeddings | None = None,
        opener: Opener = in_memory,
    ) -> None:
        """Make the index.

        Args:
            views: one row for each reference and way of showing it, in the order of ``VIEWS``.
            parts: rows of parts of the references, in the references' order.
            part_counts: how many of those rows each reference has.
            cohort: the encoder's.
            opener: makes them searchable; see there for what it raises.
        """
        self.dimension = views.shape[1]
        self._views = views.reshape(-1, len(VIEWS), self.dimension)
        self._parts = parts
        self._cohort = np.zeros((0, self.dimension), np.float32) if cohort is None else cohort
        self._view_levels = measure_levels(views, self._cohort).reshape(-1, len(VIEWS))
        self._part_levels = measure_levels(parts, self._cohort)
        self._ends = np.cumsum([0, *part_counts]).tolist()
        self._by_view = opener("views", views)
        self._by_part = opener("parts", parts)
        self._part_owners = np.repeat(np.arange(len(part_counts)), part_counts)

    def propose(self, queries: Sequence[Seen], most: int) -> list[tuple[int, ...]]:
        """For each picture the references that are most like it: whole, or in some part."""
        if not queries or not len(self._by_view):
            return [() for _ in queries]
        wholes = np.stack([query.whole for query in queries]).astype(np.float32)
        by_whole = self._nearest(self._by_view, wholes, 2 * most * len(VIEWS))
        by_their_part = self._nearest(self._by_part, wholes, 2 * most)
        counts = [len(query.parts) for query in queries]
        ends = np.cumsum([0, *counts]).tolist()
        parts = [np.zeros((0, self.dimension)), *(query.parts for query in queries)]
        by_our_part = self._nearest(
            self._by_view, np.concatenate(parts).astype(np.float32), len(VIEWS)
        )
        proposed = []
        for i in range(len(queries)):
            ways = (
                ((score, row // len(VIEWS)) for score, row in by_whole[i]),
                ((score, int(self._part_owners[row])) for score, row in by_their_part[i]),
                (
                    (score, row // len(VIEWS))
                    for hits in by_our_part[ends[i] : ends[i + 1]]
                    for score, row in hits
                ),
            )
            chosen = [number for way in ways for number in _best(way, most)]
            proposed.append(tuple(dict.fromkeys(chosen)))
        return proposed

    def compare(self, query: Seen, numbers: Iterable[int]) -> list[Likeness]:
        """A picture and some references; a likeness to nothing is 0 at most."""
        whole = query.whole.astype(np.float64)
        parts = query.parts.astype(np.float64)
        level = measure_levels(whole[None], self._cohort)[0]
        part_levels = measure_levels(parts, self._cohort)[:, None]
        return [
            self._compare(whole, parts, query.boxes, level, part_levels, number)
            for number in numbers
        ]

    def _compare(
        self,
        whole: _Doubles,
        parts: _Doubles,
        boxes: npt.NDArray[np.floating[Any]],
        level: float,
        part_levels: _Doubles,
        number: int,
    ) -> Likeness:
        views, levels = self._views[number].astype(np.float64), self._view_levels[number]
        likenesses = (views * whole).sum(axis=1) - (levels + level) / 2
        view = int(likenesses.argmax())
        part, box = 0.0, None
        if len(parts):
            ours = (parts[:, None, :] * views[None]).sum(axis=2) - (levels + part_levels) / 2
            row = int(ours.max(axis=1).argmax())
            part, box = float(ours[row].max()), _as_box(boxes[row])
        those = slice(self._ends[number], self._ends[number + 1])
        theirs = (self._parts[those].astype(np.float64) * whole).sum(axis=1)
        theirs -= (self._part_levels[those] + level) / 2
        if len(theirs) and float(theirs.max()) > part:
            part, box = float(theirs.max()), None
        return Likeness(_cosine(float(likenesses[view])), VIEWS[view], _cosine(part), box)

    @staticmethod
    def _nearest(index: Searched, queries: Embeddings, most: int) -> list[list[tuple[float, int]]]:
        wanted = min(len(index), most)
        if wanted == 0 or len(queries) == 0:
            return [[] for _ in queries]
        scores, rows = index.search(np.ascontiguousarray(queries), wanted)
        return [
            [(score, row) for score, row in zip(near, those, strict=True) if row >= 0]
            for near, those in zip(scores.tolist(), rows.tolist(), strict=True)
        ]


def _best(hits: Iterable[tuple[float, int]], most: int) -> list[int]:
    """The references with the best scores, each once."""
    best: dict[int, float] = {}
    for score, number in hits:
        best[number] = max(score, best.get(number, score))
    return sorted(best, key=lambda number: (-best[number], number))[:most]


def _cosine(value: float) -> float:
    return round(max(-1.0, min(1.0, value)), 4)


def _as_box(row: npt.NDArray[np.floating[Any]]) -> Box:
    left, top, right, bottom = (round(float(side), 4) for side in row)
    return left, top, right, bottom
