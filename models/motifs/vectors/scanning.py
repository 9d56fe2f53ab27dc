"""Retro-search: new references against the cached embeddings of a whole dataset.

The embeddings stream by once, in blocks, and never lie in memory together. Reading Parquet and
widening halves take nearly all of the time; the products of a few references are the small part.
"""

from __future__ import annotations

import math
from collections import deque
from collections.abc import Iterable, Iterator, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from models.errors import EncoderError, WorkspaceError
from models.motifs.vectors.exact import ArrayRows, score_pairs
from models.motifs.vectors.products import Products, Stored, all_finite, error_bound
from models.motifs.vectors.protocol import Scores, Vectors, check_vectors, check_wanted

_BLOCK_ROWS = 16_384
_BATCH_ROWS = 65_536


@dataclass(frozen=True, slots=True)
class Block:
    """Some of the cached embeddings.

    Attributes:
        keys: of each row, such as asset ids; all of one dataset are strings, or all integers.
        vectors: float16 or float32, rows x dimension.
    """

    keys: Sequence[Any] | npt.NDArray[Any] | pa.Array
    vectors: Stored


@dataclass(frozen=True, slots=True)
class Hits:
    """What one query found.

    Attributes:
        keys: best first; equal scores by key.
        scores: of each, rounded once, whatever the blocks and threads were.
        total: how many rows are at or above the floor; more than ``keys`` where there were more
            than were asked for.
    """

    keys: tuple[Any, ...]
    scores: tuple[float, ...]
    total: int


def scan(
    blocks: Iterable[Block], queries: Vectors, k: int, floor: float, *, threads: int = 1
) -> tuple[Hits, ...]:
    """The rows at or above the floor for each query, at most the k best of them.

    Memory holds a few blocks and k hits a query. A query of zeros finds nothing.

    Args:
        blocks: the embeddings, in any order.
        queries: float32, q x dimension, each of length 1, or all zeros.
        k: 1 or more.
        floor: the lowest inner product that is a hit.
        threads: how many search at once; reading goes on beside them.

    Raises:
        EncoderError: an embedding or a query is of another length, or not finite. Nothing is
            returned then: what was not compared is not clear.
    """
    check_wanted(k)
    if not math.isfinite(floor) or threads < 1:
        raise ValueError(f"no search with a floor of {floor} and {threads} threads")
    asked = check_vectors(queries, queries.shape[1] if queries.ndim == 2 else 0)
    best = [_Best(k) for _ in asked]
    with ThreadPoolExecutor(threads, thread_name_prefix="retro-search") as pool:
        waiting: deque[Future[list[_Near]]] = deque()
        for block in blocks:
            for part in _parts_of(block):
                waiting.append(pool.submit(_search_block, part, asked, k, floor))
                if len(waiting) > 2 * threads:
                    _take_in(best, waiting.popleft().result())
        while waiting:
            _take_in(best, waiting.popleft().result())
    return tuple(kept.hits for kept in best)


def read_features(paths: Iterable[Path], *, column: str = "embedding") -> Iterator[Block]:
    """The embeddings that the features stage has kept, by asset id.

    Assets without an embedding, of which the stage has recorded why, are passed over.

    Args:
        paths: Parquet files with ``asset_id`` and the column.
        column: a fixed-size list of float16 or float32, or fixed-size binary that holds float16.
            Binary is read ten times as fast, because Parquet has no lists of fixed size.

    Raises:
        WorkspaceError: a file is missing or damaged.
        EncoderError: the column is of another type.
    """
    for path in paths:
        try:
            with pq.ParquetFile(path, pre_buffer=True) as file:
                for batch in file.iter_batches(_BATCH_ROWS, columns=["asset_id", column]):
                    yield _block_of(batch, path, column)
        except (OSError, pa.ArrowException) as error:
            raise WorkspaceError(
                f"The features in {path} cannot be read: {error}.",
                "Run the features stage again.",
            ) from error


def read_matrix(vectors: Stored, keys: Sequence[Any] | None = None) -> Iterator[Block]:
    """The rows of a matrix, which may be mapped from a file; keys are row numbers if not given."""
    for start in range(0, len(vectors), _BATCH_ROWS):
        stop = min(len(vectors), start + _BATCH_ROWS)
        yield Block(
            np.arange(start, stop) if keys is None else keys[start:stop], vectors[start:stop]
        )


@dataclass(frozen=True, slots=True)
class _Near:
    """One query's rows at or above the floor in one block: at most k of them, and how many."""

    keys: list[Any]
    scores: Scores
    total: int


class _Best:
    """The best of what a query has found so far."""

    def __init__(self, k: int) -> None:
        self._k = k
        self._found: list[tuple[float, Any]] = []
        self._total = 0

    def take(self, near: _Near) -> None:
        self._total += near.total
        self._found += [
            (-score, key) for score, key in zip(near.scores.tolist(), near.keys, strict=True)
        ]
        if len(self._found) > 2 * self._k:
            self._found = sorted(self._found)[: self._k]

    @property
    def hits(self) -> Hits:
        kept = sorted(self._found)[: self._k]
        return Hits(tuple(key for _, key in kept), tuple(-score for score, _ in kept), self._total)


def _take_in(best: list[_Best], found: list[_Near]) -> None:
    for kept, near in zip(best, found, strict=True):
        kept.take(near)


def _parts_of(block: Block) -> Iterator[Block]:
    if len(block.keys) != len(block.vectors):
        raise ValueError(f"{len(block.keys)} keys for {len(block.vectors)} embeddings")
    for start in range(0, len(block.vectors), _BLOCK_ROWS):
        part = slice(start, start + _BLOCK_ROWS)
        yield Block(block.keys[part], block.vectors[part])


def _search_block(block: Block, queries: Vectors, k: int, floor: float) -> list[_Near]:
    rows = block.vectors
    if rows.ndim != 2 or rows.shape[1] != queries.shape[1]:
        raise EncoderError(
            f"The cached embeddings have the shape {rows.shape}, but the references have "
            f"{queries.shape[1]} numbers each.",
            "Run the features stage again with the encoder of the settings.",
        )
    if rows.dtype not in (np.float16, np.float32):
        raise EncoderError(
            f"The cached embeddings are of the type {rows.dtype}.",
            "Give them as float16 or float32.",
        )
    if not all_finite(rows):
        raise EncoderError(
            "A cached embedding is not finite, and cannot be compared.",
            "Run the features stage again.",
        )
    slack = error_bound(queries.shape[1])
    products = Products(queries).of(rows)
    at, which = np.nonzero(products >= floor - slack)
    # Sorted by query, so that each one's rows lie together.
    order = np.argsort(which, kind="stable")
    at, which = at[order], which[order]
    scores = score_pairs(ArrayRows(rows), queries, which, at)
    found = []
    for query, asked in enumerate(queries):
        part = slice(*np.searchsorted(which, [query, query + 1]).tolist())
        found.append(_near(block, at[part], scores[part], k, floor, bool(asked.any())))
    return found


def _near(
    block: Block,
    at: npt.NDArray[np.intp],
    scores: Scores,
    k: int,
    floor: float,
    speaks: bool,
) -> _Near:
    hit = np.flatnonzero((scores >= floor) & speaks)
    at, scores = at[hit], scores[hit]
    total = len(at)
    if total > k:
        # All that tie with the last one stay, so that the key decides between them.
        last = np.partition(scores, total - k)[total - k]
        kept = np.flatnonzero(scores >= last)
        at, scores = at[kept], scores[kept]
    return _Near(_keys_at(block.keys, at), scores, total)


def _keys_at(keys: Any, at: npt.NDArray[np.intp]) -> list[Any]:
    if isinstance(keys, pa.Array):
        return list(keys.take(pa.array(at)).to_pylist())
    if isinstance(keys, np.ndarray):
        return list(keys[at].tolist())
    return [keys[row] for row in at.tolist()]


def _block_of(batch: pa.RecordBatch, path: Path, column: str) -> Block:
    if missing := {"asset_id", column} - set(batch.schema.names):
        raise EncoderError(
            f"The features in {path} have no column {min(missing)!r}.",
            "Run the features stage again.",
        )
    there = pc.is_valid(batch.column(column))
    if batch.column(column).null_count:
        batch = batch.filter(there)
    vectors, keys = batch.column(column), batch.column("asset_id")
    kind = vectors.type
    if pa.types.is_fixed_size_list(kind) and kind.value_type in (pa.float16(), pa.float32()):
        numbers = vectors.flatten().to_numpy(zero_copy_only=True)
        return Block(keys, numbers.reshape(len(keys), kind.list_size))
    if pa.types.is_fixed_size_binary(kind) and kind.byte_width % 2 == 0:
        start = vectors.offset * kind.byte_width
        size = len(vectors) * kind.byte_width
        data = memoryview(vectors.buffers()[1])[start : start + size]
        return Block(keys, np.frombuffer(data, np.float16).reshape(len(keys), -1))
    raise EncoderError(
        f"The column {column!r} of {path} is of the type {kind}, which holds no embeddings.",
        "Run the features stage again.",
    )
