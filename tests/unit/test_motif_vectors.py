"""The vector index: what it answers, what it refuses, and what it chooses."""

from __future__ import annotations

import threading

import numpy as np
import pytest

from models.errors import EncoderError, RegisterError
from models.motifs.vectors.building import build
from models.motifs.vectors.cells import search_cells
from models.motifs.vectors.exact import ArrayRows
from models.motifs.vectors.kinds import EXACT_UP_TO, Choice, Kind, choose_kind
from models.motifs.vectors.live import LiveIndex
from models.motifs.vectors.products import Products, all_finite
from models.motifs.vectors.protocol import VectorIndex
from models.motifs.vectors.recall import measure_recall, sample_queries
from tests.motif_vectors import DIMENSION, KINDS, assert_same, brute_force, build_kind, draw

GIB = 1024**3


def index_of(count: int, kind: Kind = "exact", seed: int = 0) -> LiveIndex:
    ids = np.arange(count, dtype=np.int64)
    return LiveIndex(DIMENSION, build_kind(ids, draw(count, seed), kind).segment)


@pytest.mark.parametrize("kind", ["exact", "exact_half"])
def test_an_exact_index_answers_as_brute_force_does_to_the_bit(kind: Kind) -> None:
    vectors, queries = draw(3_000), draw(80, 1)
    ids = np.random.default_rng(2).permutation(9_000)[:3_000].astype(np.int64)
    index = LiveIndex(DIMENSION, build_kind(ids, vectors, kind).segment)
    kept = vectors if kind == "exact" else vectors.astype(np.float16)
    assert_same(index.search(queries, 10), brute_force(ids, kept, queries, 10))


@pytest.mark.parametrize("kind", KINDS)
def test_the_answer_does_not_depend_on_the_batch(kind: Kind) -> None:
    index, queries = index_of(2_000, kind), draw(40, 1)
    together = index.search(queries, 10)
    alone = [index.search(queries[i : i + 1], 10) for i in range(len(queries))]
    assert_same(together, tuple(np.concatenate(part) for part in zip(*alone, strict=True)))


@pytest.mark.parametrize("kind", KINDS)
def test_the_answer_does_not_depend_on_the_order_in_which_vectors_come(kind: Kind) -> None:
    vectors, queries = draw(2_000), draw(40, 1)
    ids = np.arange(2_000)
    order = np.random.default_rng(3).permutation(2_000)
    one = LiveIndex(DIMENSION, build_kind(ids, vectors, kind).segment)
    other = LiveIndex(DIMENSION, build_kind(ids[order], vectors[order], kind).segment)
    assert_same(one.search(queries, 10), other.search(queries, 10))


@pytest.mark.parametrize("kind", KINDS)
def test_equal_scores_are_ordered_by_id_and_none_is_missed(kind: Kind) -> None:
    vectors = draw(600)
    vectors[100:400] = vectors[100]
    ids = np.random.default_rng(4).permutation(600).astype(np.int64)
    index = LiveIndex(DIMENSION, build_kind(ids, vectors, kind).segment)
    _, found = index.search(vectors[100:101], 20)
    assert found[0].tolist() == sorted(ids[100:400].tolist())[:20]


def test_a_cell_that_is_searched_misses_nothing_in_it() -> None:
    vectors, queries = draw(900), draw(30, 1)
    built = build_kind(np.arange(900), vectors, "cells_half")
    assert built.cells is not None
    answer = search_cells(
        ArrayRows(built.vectors), built.ids, built.cells, len(built.cells), queries, 10
    )
    assert_same(answer, brute_force(built.ids, built.vectors, queries, 10))


@pytest.mark.parametrize("kind", KINDS)
def test_more_than_there_is_is_padded(kind: Kind) -> None:
    scores, found = index_of(3, kind).search(draw(2, 1), 5)
    assert (found[:, 3:] == -1).all()
    assert np.isneginf(scores[:, 3:]).all()
    assert (np.sort(found[:, :3]) == [0, 1, 2]).all()


@pytest.mark.parametrize("kind", KINDS)
def test_an_empty_index_finds_nothing(kind: Kind) -> None:
    index = index_of(0, kind)
    scores, found = index.search(draw(2, 1), 3)
    assert len(index) == 0
    assert (found == -1).all()
    assert np.isneginf(scores).all()


def test_no_queries_have_no_answers() -> None:
    scores, found = index_of(5).search(draw(0), 3)
    assert scores.shape == found.shape == (0, 3)


@pytest.mark.parametrize("kind", KINDS)
def test_a_query_of_zeros_finds_nothing(kind: Kind) -> None:
    queries = draw(3, 1)
    queries[1] = 0
    _, found = index_of(50, kind).search(queries, 4)
    assert (found[1] == -1).all()
    assert (found[[0, 2]] >= 0).all()


def test_a_search_for_none_is_a_mistake() -> None:
    with pytest.raises(ValueError, match="at least one"):
        index_of(5).search(draw(1), 0)


@pytest.mark.parametrize("value", [np.nan, np.inf, -np.inf, 1e30, 0.5])
def test_a_vector_that_cannot_be_compared_is_refused_and_nothing_is_added(value: float) -> None:
    index, vectors = index_of(5), draw(3, 1)
    vectors[1, 2] = value
    with pytest.raises(EncoderError, match="Vector 1"):
        index.add(np.array([10, 11, 12]), vectors)
    assert len(index) == 5


def test_a_query_that_is_not_finite_is_refused() -> None:
    queries = draw(2)
    queries[1, 0] = np.nan
    with pytest.raises(EncoderError, match="length nan"):
        index_of(5).search(queries, 1)


def test_vectors_of_another_length_are_refused() -> None:
    index = index_of(5)
    with pytest.raises(EncoderError, match="rows of 24 numbers"):
        index.add(np.array([9]), draw(1, dimension=DIMENSION + 1))
    with pytest.raises(EncoderError, match="rows of 24 numbers"):
        index.search(draw(1, dimension=DIMENSION - 1), 1)
    with pytest.raises(EncoderError, match="rows of 24 numbers"):
        index.search(draw(1)[0], 1)


@pytest.mark.parametrize(
    ("ids", "said"),
    [
        ([7, 7], "given twice"),
        ([7, -1], "negative"),
        ([7], "1 ids for 2"),
        ([7, 3], "id 3 already"),
        ([7.0, 8.0], "type float64"),
    ],
)
def test_an_id_that_cannot_be_used_is_refused_and_nothing_is_added(
    ids: list[float], said: str
) -> None:
    index = index_of(5)
    with pytest.raises(RegisterError, match=said):
        index.add(np.array(ids), draw(2, 1))  # type: ignore[arg-type]
    assert len(index) == 5


@pytest.mark.parametrize("kind", KINDS)
def test_what_is_added_is_found_and_what_is_removed_is_not(kind: Kind) -> None:
    index, vectors = index_of(200, kind), draw(3, 9)
    index.add(np.array([900, 901, 902]), vectors)
    assert index.search(vectors, 1)[1][:, 0].tolist() == [900, 901, 902]
    assert index.remove(np.array([901, 5, 4_000])) == 2
    assert len(index) == 201
    assert 901 not in index.search(vectors, 50)[1]
    assert 5 not in index.search(draw(200)[5:6], 50)[1]


def test_an_id_can_be_used_again_once_it_is_removed() -> None:
    index, vectors = index_of(20), draw(2, 9)
    for vector in vectors:
        index.remove(np.array([3]))
        index.add(np.array([3]), vector[None])
        assert index.search(vector[None], 1)[1][0, 0] == 3
    assert len(index) == 20


def test_a_replaced_vector_is_there_once() -> None:
    index, vectors = index_of(20), draw(2, 9)
    index.replace(np.array([3, 99]), vectors)
    index.replace(np.array([3, 99]), vectors[::-1])
    assert index.search(vectors, 1)[1][:, 0].tolist() == [99, 3]
    assert len(index) == 21


def test_replacing_over_and_over_does_not_fill_the_memory() -> None:
    index, vectors = index_of(0), draw(40)
    for _ in range(200):
        index.replace(np.arange(40), vectors)
    assert len(index) == 40
    assert len(index._state.tail.ids) <= 200
    assert_same(index.search(vectors, 5), brute_force(np.arange(40), vectors, vectors, 5))


def test_an_index_knows_when_it_is_worth_building_anew() -> None:
    index = index_of(100)
    assert not index.stale
    index.add(np.arange(1_000, 11_001), draw(10_001, 2))
    assert index.stale


@pytest.mark.parametrize("kind", KINDS)
def test_readers_see_a_change_whole_or_not_at_all(kind: Kind) -> None:
    index, queries = index_of(400, kind), draw(400)[:1]
    pair, ids = np.repeat(queries, 2, axis=0), np.array([700, 701])
    torn: list[int] = []
    failures: list[Exception] = []
    stop = threading.Event()

    def look() -> None:
        try:
            while not stop.is_set():
                _, found = index.search(queries, 3)
                here = int(np.isin(ids, found[0]).sum())
                if here == 1:
                    torn.append(here)
        except Exception as error:  # noqa: BLE001
            failures.append(error)

    readers = [threading.Thread(target=look) for _ in range(3)]
    for reader in readers:
        reader.start()
    for _ in range(60):
        index.add(ids, pair)
        index.remove(ids)
    stop.set()
    for reader in readers:
        reader.join()
    assert not torn
    assert not failures


def test_cells_that_do_not_reach_the_asked_recall_give_way_to_an_exact_index() -> None:
    ids, vectors = np.arange(500), draw(500)
    built = build(ids, vectors, Choice("cells_half", 100, 0, "x"), recall=1.01)
    assert built.kind == "exact_half"
    assert built.cells is None
    assert "all vectors are compared" in built.note
    queries = draw(20, 1)
    answer = LiveIndex(DIMENSION, built.segment).search(queries, 10)
    assert_same(answer, brute_force(ids, vectors.astype(np.float16), queries, 10))


def test_the_measured_recall_is_what_the_asked_queries_get() -> None:
    ids, vectors, queries = np.arange(4_000), draw(4_000), draw(200, 1)
    built = build(ids, vectors, Choice("cells_half", 60, 0, "x"), queries=queries, recall=0.95)
    exact: VectorIndex = LiveIndex(
        DIMENSION, build(ids, vectors, Choice("exact_half", 0, 0, "x")).segment
    )
    assert built.kind == "cells_half"
    assert built.recall >= 0.95
    measured = measure_recall(LiveIndex(DIMENSION, built.segment), exact, queries, 10)
    assert measured == built.recall


def test_recall_counts_what_is_missing() -> None:
    vectors = draw(100)
    whole = LiveIndex(DIMENSION, build_kind(np.arange(100), vectors, "exact").segment)
    half = LiveIndex(DIMENSION, build_kind(np.arange(50), vectors[:50], "exact").segment)
    assert measure_recall(whole, whole, vectors, 1) == 1
    assert measure_recall(half, whole, vectors, 1) == 0.5


def test_sampled_queries_are_unit_vectors_and_always_the_same() -> None:
    vectors = draw(500)
    queries = sample_queries(vectors, 50)
    np.testing.assert_allclose(np.linalg.norm(queries, axis=1), 1, atol=1e-5)
    np.testing.assert_array_equal(queries, sample_queries(vectors, 50))
    assert sample_queries(np.zeros((3, DIMENSION), np.float32)).shape == (0, DIMENSION)


def test_few_vectors_are_compared_in_full_precision() -> None:
    assert choose_kind(1_000, 512, 2 * GIB).kind == "exact"


def test_more_vectors_are_kept_in_half_precision() -> None:
    choice = choose_kind(EXACT_UP_TO, 512, 2 * GIB)
    assert choice.kind == "exact_half"
    assert "half precision" in choice.reason


def test_very_many_vectors_lie_in_cells() -> None:
    choice = choose_kind(1_000_000, 512, 2 * GIB)
    assert (choice.kind, choice.cells) == ("cells_half", 2_000)
    assert "1,000,000" in choice.reason


def test_vectors_that_do_not_fit_into_memory_lie_in_cells() -> None:
    choice = choose_kind(100_000, 512, 64 * 1024**2)
    assert choice.kind == "cells_half"
    assert "do not fit" in choice.reason


def test_no_vectors_need_no_cells() -> None:
    assert choose_kind(0, 512, 0).kind == "exact"


def test_halves_multiply_as_if_they_had_been_converted() -> None:
    every = np.arange(2**16, dtype=np.uint16).view(np.float16)
    finite = every[np.isfinite(every)]
    rows = np.resize(finite, (len(finite) // 16, 16))
    ones = np.eye(16, dtype=np.float32)
    np.testing.assert_array_equal(Products(ones).of(rows), rows.astype(np.float32))


def test_every_half_that_is_not_finite_is_noticed() -> None:
    every = np.arange(2**16, dtype=np.uint16).view(np.float16)
    for value in every[~np.isfinite(every)][::37]:
        assert not all_finite(np.array([[0, value, 1]], np.float16))
    assert all_finite(every[np.isfinite(every)][None])
