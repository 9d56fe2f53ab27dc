"""Retro-search: every cached embedding is compared, or the search fails."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from models.errors import EncoderError, WorkspaceError
from models.motifs.vectors.scanning import Block, read_features, read_matrix, scan
from tests.motif_vectors import DIMENSION, brute_force, draw

HALVES = draw(500).astype(np.float16)


def as_list(vectors: npt.NDArray[Any], missing: list[int]) -> pa.Array:
    return pa.FixedSizeListArray.from_arrays(
        pa.array(vectors.reshape(-1)),
        vectors.shape[1],
        mask=pa.array([row in missing for row in range(len(vectors))]),
    )


def as_binary(vectors: npt.NDArray[Any], missing: list[int]) -> pa.Array:
    rows = [None if row in missing else v.tobytes() for row, v in enumerate(vectors)]
    return pa.array(rows, pa.binary(2 * vectors.shape[1]))


def keep(path: Path, column: pa.Array) -> Path:
    ids = pa.array([f"asset {row:05}" for row in range(len(column))])
    pq.write_table(pa.table({"asset_id": ids, "embedding": column}), path, row_group_size=200)
    return path


def test_hits_are_every_row_at_or_above_the_floor_best_first() -> None:
    queries = HALVES[::100].astype(np.float32)
    scores, ids = brute_force(np.arange(500), HALVES, queries, 500)
    for hits, score, number in zip(
        scan(read_matrix(HALVES), queries, 500, 0.4), scores, ids, strict=True
    ):
        wanted = score >= 0.4
        assert 0 < hits.total == wanted.sum() < 500
        assert hits.keys == tuple(number[wanted].tolist())
        assert hits.scores == tuple(score[wanted].tolist())


def test_more_than_were_asked_for_are_counted() -> None:
    (hits,) = scan(read_matrix(HALVES), draw(1), 3, -1.0)
    assert len(hits.keys) == 3
    assert hits.total == 500


def test_float32_is_searched_as_well() -> None:
    (hits,) = scan(read_matrix(draw(500)), draw(500)[7:8], 1, 0.99)
    assert hits.keys == (7,)


@pytest.mark.parametrize("form", [as_list, as_binary])
def test_kept_features_are_read_in_either_form_without_the_missing(
    tmp_path: Path, form: Any
) -> None:
    path = keep(tmp_path / "features.parquet", form(HALVES, [7, 200]))
    queries = HALVES[[6, 7, 201]].astype(np.float32)
    found = scan(read_features([path]), queries, 1, 0.99, threads=2)
    assert [hits.keys for hits in found] == [("asset 00006",), (), ("asset 00201",)]


def test_several_files_are_searched_as_one(tmp_path: Path) -> None:
    one = keep(tmp_path / "1.parquet", as_list(HALVES[:250], []))
    two = keep(tmp_path / "2.parquet", as_binary(HALVES[250:], []))
    (hits,) = scan(read_features([one, two]), draw(1), 1_000, -1.0)
    assert hits.total == 500


def test_nothing_kept_finds_nothing() -> None:
    (hits,) = scan([], draw(1), 3, 0.5)
    assert (hits.keys, hits.total) == ((), 0)


def test_a_reference_of_zeros_finds_nothing() -> None:
    (hits,) = scan(read_matrix(HALVES), np.zeros((1, DIMENSION), np.float32), 3, -1.0)
    assert (hits.keys, hits.total) == ((), 0)


@pytest.mark.parametrize("value", [np.nan, np.inf, -np.inf])
@pytest.mark.parametrize("kind", [np.float16, np.float32])
def test_an_embedding_that_is_not_finite_stops_the_search(value: float, kind: type) -> None:
    damaged = HALVES.astype(kind)
    damaged[499, 3] = value
    with pytest.raises(EncoderError, match="not finite"):
        scan(read_matrix(damaged), draw(2), 3, 0.99, threads=2)


def test_embeddings_of_another_length_stop_the_search() -> None:
    with pytest.raises(EncoderError, match="24 numbers"):
        scan(read_matrix(HALVES[:, 1:]), draw(2), 3, 0.99)


@pytest.mark.parametrize("kind", [np.float64, ">f2"])
def test_embeddings_of_another_type_stop_the_search(kind: Any) -> None:
    with pytest.raises(EncoderError, match="of the type"):
        scan(read_matrix(HALVES.astype(kind)), draw(2), 3, 0.99)


def test_a_reference_that_is_not_finite_is_refused() -> None:
    queries = draw(2)
    queries[0, 0] = np.nan
    with pytest.raises(EncoderError, match="Vector 0"):
        scan(read_matrix(HALVES), queries, 3, 0.9)


@pytest.mark.parametrize(("floor", "threads"), [(float("nan"), 1), (0.5, 0)])
def test_a_floor_that_is_no_number_or_no_threads_are_mistakes(floor: float, threads: int) -> None:
    with pytest.raises(ValueError, match="no search"):
        scan(read_matrix(HALVES), draw(1), 3, floor, threads=threads)


def test_keys_and_embeddings_belong_together() -> None:
    with pytest.raises(ValueError, match="499 keys for 500"):
        scan([Block(list(range(499)), HALVES)], draw(1), 3, 0.5)


def test_a_damaged_or_missing_file_stops_the_search(tmp_path: Path) -> None:
    path = keep(tmp_path / "features.parquet", as_binary(HALVES, []))
    path.write_bytes(path.read_bytes()[:-40])
    for bad in (path, tmp_path / "missing.parquet"):
        with pytest.raises(WorkspaceError, match="cannot be read"):
            scan(read_features([bad]), draw(1), 3, 0.5)


def test_a_column_that_holds_no_embeddings_is_refused(tmp_path: Path) -> None:
    path = keep(tmp_path / "features.parquet", pa.array(["no"] * 500))
    with pytest.raises(EncoderError, match="holds no embeddings"):
        scan(read_features([path]), draw(1), 3, 0.5)


def test_a_file_without_the_column_is_refused(tmp_path: Path) -> None:
    path = keep(tmp_path / "features.parquet", as_binary(HALVES, []))
    with pytest.raises(EncoderError, match="no column 'another'"):
        scan(read_features([path], column="another"), draw(1), 3, 0.5)
