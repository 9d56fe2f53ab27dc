"""What a cosine says beyond how much alike either picture is to any."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt
import pytest
from hypothesis import given
from hypothesis import strategies as st

from models.motifs.cohort import NEAREST, measure_levels
from models.motifs.encoder import Seen
from models.motifs.likeness import LikenessIndex
from models.motifs.views import VIEWS

Rows = npt.NDArray[np.float32]
NO_PARTS = np.zeros((0, 8), np.float32)
NO_BOXES = np.zeros((0, 4), np.float32)


def rows(seed: int, count: int, dimension: int = 8) -> Rows:
    drawn = np.random.default_rng(seed).standard_normal((count, dimension))
    return np.asarray(drawn / np.linalg.norm(drawn, axis=1, keepdims=True), np.float32)


def index_of(references: Rows, cohort: Rows | None = None) -> LikenessIndex:
    views = np.repeat(references, len(VIEWS), axis=0)
    return LikenessIndex(views, NO_PARTS, [0] * len(references), cohort=cohort)


def test_a_level_is_the_mean_cosine_with_the_nearest() -> None:
    vectors, cohort = rows(1, 3), rows(2, 40)
    expected = np.sort(vectors.astype(float) @ cohort.astype(float).T, axis=1)[:, -NEAREST:]
    assert measure_levels(vectors, cohort) == pytest.approx(expected.mean(axis=1), abs=1e-9)


def test_without_a_cohort_every_level_is_nothing() -> None:
    assert measure_levels(rows(1, 3), NO_PARTS).tolist() == [0, 0, 0]


def test_a_cohort_smaller_than_what_counts_is_used_whole() -> None:
    vectors, cohort = rows(1, 2), rows(2, 2)
    expected = (vectors.astype(float) @ cohort.astype(float).T).mean(axis=1)
    assert measure_levels(vectors, cohort) == pytest.approx(expected, abs=1e-9)


@given(st.integers(0, 1000))
def test_a_level_depends_on_its_own_vector_alone(seed: int) -> None:
    vectors, cohort = rows(seed, 7), rows(seed + 1, 30)
    together = measure_levels(vectors, cohort)
    alone = np.concatenate([measure_levels(vectors[i : i + 1], cohort) for i in range(7)])
    assert together == pytest.approx(alone, abs=1e-12)


def test_without_a_cohort_a_likeness_is_the_cosine() -> None:
    references, query = rows(3, 4), rows(4, 1)[0]
    found = index_of(references).compare(Seen(query, NO_PARTS, NO_BOXES), [2])[0]
    assert found.whole == pytest.approx(float(references[2] @ query), abs=1e-3)


def test_a_picture_in_a_crowd_is_less_alike_than_one_that_stands_apart() -> None:
    """Both pairs have the same cosine; around the first lie many others."""
    axes = np.eye(8, dtype=np.float32)
    crowded, apart = axes[0], axes[1]
    cohort = rows(5, 20, 8) * 0.2 + axes[0]
    cohort /= np.linalg.norm(cohort, axis=1, keepdims=True)
    index = index_of(np.stack([crowded, apart]), cohort.astype(np.float32))
    near = [np.asarray(0.8 * axis + 0.6 * axes[7], np.float32) for axis in (crowded, apart)]
    first, second = (
        index.compare(Seen(query, NO_PARTS, NO_BOXES), [number])[0].whole
        for number, query in enumerate(near)
    )
    assert first < second - 0.3


def test_a_part_is_measured_against_the_cohort_as_a_whole_is() -> None:
    references, cohort, part = rows(6, 3), rows(7, 50), rows(8, 1)
    query = Seen(rows(9, 1)[0], part, np.array([[0, 0, 0.5, 0.5]], np.float32))
    as_part = index_of(references, cohort).compare(query, [1])[0]
    as_whole = index_of(references, cohort).compare(Seen(part[0], NO_PARTS, NO_BOXES), [1])[0]
    assert as_part.part == pytest.approx(as_whole.whole, abs=1e-4)
