"""Lining up two columns of ids, each sorted and without repetition."""

from __future__ import annotations

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc


def join_sorted(left: pa.ChunkedArray, right: pa.ChunkedArray) -> tuple[pa.Array, pa.Array]:
    """For every id of either column its place in both, by id; null where a column lacks it."""
    if left.equals(right):
        same = pa.array(np.arange(len(left)))
        return same, same
    only_left = pc.invert(pc.is_in(left, value_set=right))
    ids = pa.chunked_array([*right.chunks, *left.filter(only_left).chunks], pa.string())
    ordered = ids.take(pc.sort_indices(ids))
    return (
        _whole(pc.index_in(ordered, value_set=left)),
        _whole(pc.index_in(ordered, value_set=right)),
    )


def _whole(column: pa.ChunkedArray) -> pa.Array:
    combined = column.combine_chunks()
    return combined if isinstance(combined, pa.Array) else pa.concat_arrays(combined.chunks)
