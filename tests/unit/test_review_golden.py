"""Golden items: who is right how often, how many it takes, and which is shown when."""

from __future__ import annotations

import math
import re
from itertools import pairwise
from pathlib import Path

import numpy as np
import pytest

from models.errors import ReviewError
from models.review.quality.golden import (
    GoldenRuling,
    choose_golden,
    measure_accuracy,
    plan_golden,
)

PAGE = Path(__file__).resolve().parents[2] / "docs" / "review-quality.md"
KEY = bytes(range(32))
POOL = [f"golden {number:03}" for number in range(40)]


def wrong_at_least(limit: int, of: int, wrong: float) -> float:
    return sum(math.comb(of, k) * wrong**k * (1 - wrong) ** (of - k) for k in range(limit, of + 1))


def test_accuracy_is_told_apart_by_kind() -> None:
    rulings = [GoldenRuling(f"v{n}", "mika", True, n >= 2) for n in range(10)]
    rulings += [GoldenRuling(f"h{n}", "mika", False, n == 0) for n in range(10)]
    (mika,) = measure_accuracy(rulings)
    assert (mika.right.found, mika.right.of) == (17, 20)
    assert (mika.missed.found, mika.missed.of) == (2, 10)
    assert (mika.false_alarms.found, mika.false_alarms.of) == (1, 10)
    # Wilson's interval of 2 of 10.
    assert mika.missed.interval == pytest.approx((0.0567, 0.5098), abs=5e-5)


def test_without_a_golden_item_of_a_kind_its_interval_is_everything() -> None:
    (one,) = measure_accuracy([GoldenRuling("a", "x", False, False)])
    assert one.missed.of == 0
    assert one.missed.interval == (0.0, 1.0)


def test_only_the_first_ruling_on_an_item_counts() -> None:
    again = [GoldenRuling("a", "x", True, False), GoldenRuling("a", "x", True, True)]
    (one,) = measure_accuracy(again)
    assert (one.right.found, one.right.of) == (0, 1)


def test_two_known_answers_for_an_item_are_refused() -> None:
    with pytest.raises(ReviewError, match="two known answers"):
        measure_accuracy([GoldenRuling("a", "x", True, True), GoldenRuling("a", "y", False, True)])


@pytest.mark.parametrize("below", [0.5, 0.6, 0.7, 0.8])
def test_the_plan_is_the_smallest_that_keeps_both_promises(below: float) -> None:
    plan = plan_golden(2000, below)
    assert wrong_at_least(plan.notice_at, plan.items, 1 - below) == pytest.approx(plan.probability)
    assert plan.probability >= 0.9
    assert wrong_at_least(plan.notice_at, plan.items, 0.05) == pytest.approx(plan.wrongly)
    assert plan.wrongly <= 0.05
    for fewer in range(1, plan.items):
        for limit in range(1, fewer + 1):
            kept = wrong_at_least(limit, fewer, 0.05) <= 0.05
            assert not (kept and wrong_at_least(limit, fewer, 1 - below) >= 0.9)


def test_the_share_brings_enough_golden_items() -> None:
    plan = plan_golden(1000, 0.8)
    assert plan.items == 38
    assert plan.fits
    assert wrong_at_least(plan.items, 1000, plan.share) >= 0.95
    assert wrong_at_least(plan.items, 1000, plan.share - 0.001) < 0.95


@pytest.mark.parametrize(("queue", "below"), [(10, 0.5), (1000, 0.9)])
def test_a_queue_that_is_too_short_is_said_to_be(queue: int, below: float) -> None:
    plan = plan_golden(queue, below)
    assert not plan.fits
    assert "too short" in plan.words.en
    assert "足りません" in plan.words.ja


def test_the_table_of_the_page_is_what_is_computed() -> None:
    rows = re.findall(
        r"\| (0\.\d+) \| (\d+) \| (\d+) wrong \| ([\d,]+) \|", PAGE.read_text("utf-8")
    )
    assert len(rows) == 5
    for below, items, limit, queue in rows:
        plan = plan_golden(int(queue.replace(",", "")), float(below))
        assert (plan.items, plan.notice_at) == (int(items), int(limit))
        assert plan.fits
        assert not plan_golden(plan.queue - 1, float(below)).fits


def test_accuracies_that_cannot_be_told_apart_are_refused() -> None:
    with pytest.raises(ReviewError):
        plan_golden(1000, 0.95)
    with pytest.raises(ReviewError, match="20,000"):
        plan_golden(1000, 0.949)


def test_in_1000_reviews_the_plan_notices_and_suspects_as_often_as_it_says() -> None:
    plan = plan_golden(1000, 0.8)
    dice = np.random.default_rng(3)
    noticed = (dice.binomial(plan.items, 0.2, 1000) >= plan.notice_at).mean()
    suspected = (dice.binomial(plan.items, 0.05, 1000) >= plan.notice_at).mean()
    assert noticed >= 0.9 - 4 * math.sqrt(0.9 * 0.1 / 1000)
    assert suspected <= 0.05 + 4 * math.sqrt(0.05 * 0.95 / 1000)


def test_the_choice_is_the_same_again_and_none_is_shown_twice() -> None:
    seen: list[str] = []
    for serial in range(600):
        first = choose_golden(KEY, "mika", serial, POOL, seen)
        assert first == choose_golden(KEY, "mika", serial, POOL[::-1], seen)
        if first is not None:
            assert first not in seen
            seen.append(first)
    assert 5 <= len(seen) <= 40


def test_a_used_up_pool_gives_ordinary_items() -> None:
    assert {choose_golden(KEY, "x", serial, POOL, POOL) for serial in range(300)} == {None}


def test_the_place_of_a_golden_item_cannot_be_predicted_by_counting() -> None:
    places = [serial for serial in range(20_000) if choose_golden(KEY, "mika", serial, POOL, [])]
    share = len(places) / 20_000
    assert share == pytest.approx(0.03, abs=4 * math.sqrt(0.03 * 0.97 / 20_000))
    # What follows a golden item is golden as often as anything: no gap, no rhythm.
    follows = sum(b == a + 1 for a, b in pairwise(places)) / len(places)
    assert follows == pytest.approx(0.03, abs=4 * math.sqrt(0.03 * 0.97 / len(places)))
    # Of every remainder of the position as many, within chance.
    for modulus in (2, 7, 20):
        counts = np.bincount(np.array(places) % modulus, minlength=modulus)
        expected = len(places) / modulus
        assert (np.abs(counts - expected) < 4.5 * math.sqrt(expected)).all()


def test_another_key_and_another_reviewer_get_other_places() -> None:
    def places(key: bytes, reviewer: str) -> set[int]:
        return {n for n in range(3000) if choose_golden(key, reviewer, n, POOL, [])}

    mine = places(KEY, "mika")
    assert len(mine & places(KEY, "jonas")) < len(mine) / 3
    assert len(mine & places(KEY[::-1], "mika")) < len(mine) / 3


@pytest.mark.parametrize(("key", "share"), [(b"short", 0.03), (KEY, 0.019), (KEY, 0.06)])
def test_a_short_key_and_a_share_out_of_range_are_refused(key: bytes, share: float) -> None:
    with pytest.raises(ReviewError):
        choose_golden(key, "x", 0, POOL, [], share=share)
