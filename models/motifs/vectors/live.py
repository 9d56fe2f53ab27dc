"""An index that is changed while it is searched.

It has two segments: a base, which is never changed and may be a file on disk, and a tail in memory
for what was added since, in which every vector is compared. What is removed is marked. Every
change makes a new state and puts it in the place of the old one in a single step, so that readers
take no lock and see the one or the other.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from threading import Lock
from typing import Any

import numpy as np
import numpy.typing as npt

from models.errors import RegisterError
from models.motifs.vectors.exact import ArrayRows, Mask, keep_best
from models.motifs.vectors.products import Stored
from models.motifs.vectors.protocol import (
    Found,
    Ids,
    Vectors,
    check_ids,
    check_vectors,
    check_wanted,
)
from models.motifs.vectors.segments import Segment, empty_segment

_SMALLEST_ROOM = 64
_STALE_SHARE = 0.2
_STALE_FROM = 10_000


@dataclass(frozen=True, slots=True)
class _State:
    base: Segment
    tail: Segment

    @property
    def living(self) -> int:
        return self.base.living + self.tail.living


class LiveIndex:
    """A ``VectorIndex`` over a segment that was built, and what changed since."""

    def __init__(self, dimension: int, base: Segment | None = None, *, half: bool = False) -> None:
        """Make the index.

        Args:
            dimension: numbers in a vector.
            base: what it begins with, or None for nothing.
            half: whether vectors are kept in float16 where there is no base to say so.
        """
        first = base or empty_segment(dimension, half)
        self._dimension = dimension
        self._writing = Lock()
        self._state = _State(first, empty_segment(dimension, first.half))
        # Only the writer touches these. The tail's arrays have room beyond what readers see.
        self._order: npt.NDArray[np.intp] | None = None
        self._tail_rows: dict[int, int] = {}
        self._room: Stored = np.zeros((0, dimension), np.float16 if first.half else np.float32)
        self._room_ids: Ids = np.zeros(0, np.int64)

    @property
    def dimension(self) -> int:
        """Length of a vector."""
        return self._dimension

    @property
    def stale(self) -> bool:
        """Whether so much has changed that building it anew makes searching faster."""
        state = self._state
        changed = len(state.tail.ids) + len(state.base.ids) - state.base.living
        return changed > max(_STALE_FROM, int(_STALE_SHARE * len(state.base.ids)))

    def __len__(self) -> int:
        return self._state.living

    def search(self, queries: Vectors, k: int) -> Found:
        """See ``VectorIndex.search``.

        Raises:
            EncoderError: a query cannot be compared with the vectors.
            RegisterError: the file below it is damaged.
        """
        check_wanted(k)
        asked = check_vectors(queries, self._dimension)
        state = self._state
        scores, found = state.base.search(asked, k)
        if len(state.tail.ids) == 0:
            return scores, found
        more, also = state.tail.search(asked, k)
        scores, found = np.hstack([scores, more]), np.hstack([found, also])
        which, slots = np.nonzero(found >= 0)
        return keep_best(len(asked), k, which, scores[which, slots], found[which, slots])

    def add(self, ids: Ids, vectors: Vectors) -> None:
        """See ``VectorIndex.add``.

        Raises:
            EncoderError: a vector cannot be compared with others.
            RegisterError: an id cannot be used.
        """
        given, numbers = self._checked(ids, vectors)
        with self._writing:
            in_base, in_tail = self._places_of(numbers)
            known = [*self._state.base.ids[in_base], *self._state.tail.ids[in_tail]]
            if known:
                raise RegisterError(
                    f"There is a vector with the id {min(known)} already.",
                    "Remove it first, or replace it.",
                )
            self._state = self._with_added(self._state, numbers, given)

    def remove(self, ids: Ids) -> int:
        """See ``VectorIndex.remove``."""
        wanted = np.unique(np.asarray(ids, dtype=np.int64))
        with self._writing:
            state = self._with_removed(self._state, wanted)
            gone = self._state.living - state.living
            self._state = state
        return gone

    def replace(self, ids: Ids, vectors: Vectors) -> None:
        """Put vectors in the place of those with the same ids, in one change; add the others.

        Raises:
            EncoderError: a vector cannot be compared with others.
            RegisterError: an id is negative or given twice.
        """
        given, numbers = self._checked(ids, vectors)
        with self._writing:
            state = self._with_removed(self._state, numbers)
            self._state = self._with_added(state, numbers, given)

    def snapshot(self) -> tuple[Ids, Stored]:
        """A copy of all ids, ascending, and their vectors as they are kept."""
        state = self._state
        parts = [_living_of(segment) for segment in (state.base, state.tail)]
        ids = np.concatenate([ids for ids, _ in parts])
        order = np.argsort(ids)
        return ids[order], np.concatenate([vectors for _, vectors in parts])[order]

    def _checked(self, ids: npt.NDArray[Any], vectors: npt.NDArray[Any]) -> tuple[Vectors, Ids]:
        given = check_vectors(vectors, self._dimension)
        return given, check_ids(ids, len(given))

    def _places_of(self, numbers: Ids) -> tuple[Ids, list[int]]:
        """Rows of the base, and of the tail, in which vectors with these ids live."""
        base = self._state.base
        if self._order is None:
            self._order = np.argsort(base.ids)
        in_tail = [row for n in numbers.tolist() if (row := self._tail_rows.get(n)) is not None]
        at = np.searchsorted(base.ids, numbers, sorter=self._order)
        inside = at < len(base.ids)
        rows = self._order[at[inside]]
        rows = rows[base.ids[rows] == numbers[inside]]
        return (rows if base.dead is None else rows[~base.dead[rows]]), in_tail

    def _with_removed(self, state: _State, numbers: Ids) -> _State:
        in_base, in_tail = self._places_of(numbers)
        for number in numbers.tolist():
            self._tail_rows.pop(number, None)
        return _State(_marked(state.base, in_base), _marked(state.tail, in_tail))

    def _with_added(self, state: _State, numbers: Ids, vectors: Vectors) -> _State:
        if len(numbers) == 0:
            return state
        if len(state.tail.ids) - state.tail.living > max(_SMALLEST_ROOM, state.tail.living):
            state = self._with_compact_tail(state)
        before = len(state.tail.ids)
        after = before + len(numbers)
        if after > len(self._room_ids):
            self._room, self._room_ids = _with_room(self._room, self._room_ids, before, after)
        self._room[before:after] = vectors
        self._room_ids[before:after] = numbers
        self._tail_rows.update(zip(numbers.tolist(), range(before, after), strict=True))
        dead = state.tail.dead
        if dead is not None:
            dead = np.concatenate([dead, np.zeros(len(numbers), np.bool_)])
        tail = replace(
            state.tail,
            rows=ArrayRows(self._room[:after]),
            ids=self._room_ids[:after],
            dead=dead,
        )
        return _State(state.base, tail)

    def _with_compact_tail(self, state: _State) -> _State:
        """The tail without what was removed, in new arrays: readers may still see the old."""
        ids, vectors = _living_of(state.tail)
        self._room, self._room_ids = _with_room(vectors, ids, len(ids), len(ids))
        self._tail_rows = {number: row for row, number in enumerate(ids.tolist())}
        tail = replace(state.tail, rows=ArrayRows(vectors), ids=ids, dead=None)
        return _State(state.base, tail)


def _marked(segment: Segment, rows: list[int] | Ids) -> Segment:
    if len(rows) == 0:
        return segment
    dead: Mask = np.zeros(len(segment.ids), np.bool_)
    if segment.dead is not None:
        dead |= segment.dead
    dead[rows] = True
    return replace(segment, dead=dead)


def _with_room(vectors: Stored, ids: Ids, used: int, wanted: int) -> tuple[Stored, Ids]:
    """New arrays with what is used of the old ones, and room for twice what is wanted."""
    room = max(_SMALLEST_ROOM, 2 * wanted)
    more = np.zeros((room, vectors.shape[1]), vectors.dtype)
    more_ids = np.zeros(room, np.int64)
    more[:used], more_ids[:used] = vectors[:used], ids[:used]
    return more, more_ids


def _living_of(segment: Segment) -> tuple[Ids, Stored]:
    positions = np.arange(len(segment.ids))
    if segment.dead is not None:
        positions = positions[~segment.dead]
    return segment.ids[positions], segment.rows.take(positions)
