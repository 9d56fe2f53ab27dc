"""Searching the references by an encoder's embeddings: whole pictures, and parts in either.

FAISS proposes; the cosine that is reported is computed again from the vectors of one picture alone,
because a batched matrix product rounds differently with the batch's size.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any

import faiss
import numpy as np
import numpy.typing as npt

from models.motifs.alignment import Box
from models.motifs.encoder import Embeddings, Seen
from models.motifs.views import VIEWS

_Doubles = npt.NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class Likeness:
    """How alike a picture and a reference are in the encoder's eyes.

    Attributes:
        whole: the best cosine of the whole pictures, over the ways in which the reference is shown.
        view: that way; "" as it is.
        part: the best cosine of a part of one with the whole of the other.
        box: that part of the picture; None where it is a part of the reference.
    """

    whole: float
    view: str
    part: float
    box: Box | None


class LikenessIndex:
    """The embeddings of all references, as they are shown, and of their parts."""

    def __init__(self, views: Embeddings, parts: Embeddings, part_counts: Sequence[int]) -> None:
        """Make the index.

        Args:
            views: one row for each reference and way of showing it, in the order of ``VIEWS``.
            parts: rows of parts of the references, in the references' order.
            part_counts: how many of those rows each reference has.
        """
        self.dimension = views.shape[1]
        self._views = views.astype(np.float64).reshape(-1, len(VIEWS), self.dimension)
        ends = np.cumsum([0, *part_counts])
        self._parts = [
            parts[start:end].astype(np.float64)
            for start, end in zip(ends[:-1].tolist(), ends[1:].tolist(), strict=True)
        ]
        self._by_view = _inner_product(views)
        self._by_part = _inner_product(parts)
        self._part_owners = np.repeat(np.arange(len(part_counts)), part_counts)

    def propose(self, queries: Sequence[Seen], most: int) -> list[tuple[int, ...]]:
        """For each picture the references that are most like it: whole, or in some part."""
        if not queries or self._by_view.ntotal == 0:
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

    def compare(self, query: Seen, number: int) -> Likeness:
        """A picture and one reference; cosines of nothing are 0."""
        whole = query.whole.astype(np.float64)
        views = self._views[number]
        cosines = (views * whole).sum(axis=1)
        view = int(cosines.argmax())
        part, box = 0.0, None
        if len(query.parts):
            ours = (query.parts.astype(np.float64)[:, None, :] * views[None]).sum(axis=2)
            row = int(ours.max(axis=1).argmax())
            part, box = float(ours[row].max()), _as_box(query.boxes[row])
        theirs = (self._parts[number] * whole).sum(axis=1)
        if len(theirs) and float(theirs.max()) > part:
            part, box = float(theirs.max()), None
        return Likeness(_cosine(float(cosines[view])), VIEWS[view], _cosine(part), box)

    @staticmethod
    def _nearest(index: Any, queries: Embeddings, most: int) -> list[list[tuple[float, int]]]:
        wanted = min(index.ntotal, most)
        if wanted == 0 or len(queries) == 0:
            return [[] for _ in queries]
        scores, rows = index.search(np.ascontiguousarray(queries), wanted)
        return [
            list(zip(near, those, strict=True))
            for near, those in zip(scores.tolist(), rows.tolist(), strict=True)
        ]


def _inner_product(vectors: Embeddings) -> Any:
    index = faiss.IndexFlatIP(vectors.shape[1])
    if len(vectors):
        index.add(np.ascontiguousarray(vectors, dtype=np.float32))
    return index


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
