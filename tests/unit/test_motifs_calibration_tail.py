"""Where one clean picture in a thousand lies, counted or extended."""

from __future__ import annotations

import math

import numpy as np
import pytest

from models.motifs.calibration.pairs import CalibrationError
from models.motifs.calibration.tail import find_quantile


def test_with_many_pictures_it_is_counted_exactly() -> None:
    scores = np.arange(20_000, dtype=float)
    found = find_quantile(scores, 1e-3)
    assert found.method == "counted"
    assert (scores >= found.score).sum() == 20


def test_ties_are_never_let_through_together() -> None:
    scores = np.concatenate([np.zeros(19_000), np.full(1_000, 5.0)])
    found = find_quantile(scores, 1e-3)
    assert (scores >= found.score).sum() == 0


def test_with_few_pictures_an_exponential_tail_is_extended_to_where_it_belongs() -> None:
    dice = np.random.default_rng(3)
    found = [find_quantile(dice.exponential(2.0, 1_000), 1e-3).score for _ in range(20)]
    assert np.mean(found) == pytest.approx(2 * math.log(1000), rel=0.07)


def test_the_interval_holds_the_truth_nearly_always() -> None:
    dice = np.random.default_rng(4)
    drawn = [find_quantile(dice.exponential(2.0, 1_000), 1e-3) for _ in range(30)]
    holds = sum(q.low <= 2 * math.log(1000) <= q.high for q in drawn)
    assert holds >= 25


def test_scores_that_end_are_judged_cautiously() -> None:
    """An exponential tail of what is bounded lies beyond the bound, never short of the quantile."""
    dice = np.random.default_rng(5)
    found = [find_quantile(dice.uniform(0, 1, 1_000), 1e-3).score for _ in range(10)]
    assert min(found) > 0.999


def test_the_order_of_the_scores_does_not_matter() -> None:
    scores = np.random.default_rng(6).exponential(1.0, 500)
    assert find_quantile(scores, 1e-3) == find_quantile(scores[::-1], 1e-3)


@pytest.mark.parametrize("count", [300, 20_000])
def test_of_scores_that_are_all_the_same_none_reaches_the_quantile(count: int) -> None:
    assert 0 < find_quantile(np.zeros(count), 1e-3).score < 0.01


def test_too_few_scores_are_refused() -> None:
    with pytest.raises(CalibrationError, match="99 clean pictures"):
        find_quantile(np.zeros(99), 1e-3)


def test_a_tail_is_never_extended_wider_than_what_is_possible() -> None:
    scores = np.random.default_rng(7).exponential(3.0, 1_000)
    capped = find_quantile(scores, 1e-3, widest=1.0)
    top = np.sort(scores)[::-1]
    assert capped.score == pytest.approx(max(top[50] + math.log(50), top[3] + 1e-3))
    assert capped.score < find_quantile(scores, 1e-3).score


def test_a_quantile_is_never_so_low_that_far_more_pictures_reach_it() -> None:
    """Of 1,000 pictures 1 is expected to reach it, and 3 by chance; 9 stand apart from the rest."""
    scores = np.concatenate([np.linspace(0, 1, 991), np.linspace(20, 21, 9)])
    found = find_quantile(scores, 1e-3, widest=1.0)
    assert (scores >= found.score).sum() == 3


def test_one_stray_picture_of_a_hundred_does_not_set_the_quantile() -> None:
    scores = np.append(np.linspace(0, 1, 150), 30.0)
    assert find_quantile(scores, 1e-3, widest=1.0).score < 10
