"""Thresholds from rulings: the miss rate stays below the target as often as promised."""

from __future__ import annotations

import math
from dataclasses import replace

import numpy as np
import pytest
from scipy import stats

from models.errors import ReviewError
from models.review.quality.calibration import (
    Proposal,
    Refusal,
    Ruled,
    examine_threshold,
    is_chosen,
    least_violations,
    propose_threshold,
)
from models.review.quality.miss_rates import binomial_p_value, hoeffding_bentkus_p_value
from models.review.quality.ruled_release import Known, gather_ruled

STEPS = tuple(step / 20 for step in range(1, 20))


def violations(scores: list[float], **more: float) -> list[Ruled]:
    return [Ruled(score, True, **more) for score in scores]


def test_fifty_nine_violations_without_a_miss_show_five_per_cent() -> None:
    assert least_violations(0.05, 0.05) == 59
    assert isinstance(propose_threshold(violations([0.9] * 59), 0.5, [], alpha=0.05), Proposal)
    assert isinstance(propose_threshold(violations([0.9] * 58), 0.5, [], alpha=0.05), Refusal)


def test_p_values_of_counts_and_of_losses() -> None:
    assert binomial_p_value(2, 100, 0.05) == pytest.approx(stats.binom.cdf(2, 100, 0.05))
    # Bates et al. 2021, section 3.1, by hand: of none lost, both give (1 - alpha) ** n at best.
    assert hoeffding_bentkus_p_value(0.0, 50, 0.1) == pytest.approx(0.9**50)
    divergence = 0.04 * math.log(0.04 / 0.1) + 0.96 * math.log(0.96 / 0.9)
    both = (math.exp(-200 * divergence), math.e * stats.binom.cdf(8, 200, 0.1))
    assert hoeffding_bentkus_p_value(8.0, 200, 0.1) == pytest.approx(min(both))
    assert hoeffding_bentkus_p_value(30.0, 200, 0.1) == 1.0


def test_the_bound_on_the_miss_rate_is_clopper_and_pearsons() -> None:
    rulings = violations([0.2] * 3 + [0.8] * 97)
    evidence = examine_threshold(rulings, 0.5, alpha=0.1)
    assert evidence.at_most == pytest.approx(stats.beta.ppf(0.95, 4, 97), abs=1e-6)
    assert evidence.estimate == pytest.approx(0.03)
    assert (evidence.violations, evidence.missed) == (100, 3)


def test_the_highest_threshold_before_the_first_failure_is_proposed() -> None:
    # 200 violations spread over 0.3 to 0.9: at most 4 may be missed for 5 %.
    scores = [0.3 + 0.6 * n / 200 for n in range(200)]
    found = propose_threshold(violations(scores), 0.1, scores, alpha=0.05, thresholds=STEPS)
    assert isinstance(found, Proposal)
    assert found.new == 0.3
    assert examine_threshold(violations(scores), 0.35, alpha=0.05).p_value > 0.05


def test_a_later_threshold_that_would_pass_again_is_not_reached() -> None:
    rulings = violations([0.1] * 20 + [0.9] * 200)
    assert isinstance(
        propose_threshold(rulings, 0.5, [], alpha=0.05, thresholds=[0.2, 0.5]), Refusal
    )


def test_reviews_saved_and_added_are_counted() -> None:
    rulings = violations([0.9] * 100)
    scores = [0.1] * 50 + [0.6] * 30 + [0.95] * 5
    saved = propose_threshold(rulings, 0.05, scores, alpha=0.05, thresholds=[0.7])
    added = propose_threshold(rulings, 0.92, scores, alpha=0.05, thresholds=[0.5])
    assert isinstance(saved, Proposal)
    assert isinstance(added, Proposal)
    assert (saved.reviews_before, saved.reviews_after, saved.reviews_added) == (85, 5, -80)
    assert added.reviews_added == 30
    assert "saves 80 reviews of 85" in saved.words.en
    assert "30件増えます" in added.words.ja
    assert "Keep" in replace(saved, old=saved.new).words.en


def test_harmless_rulings_change_nothing() -> None:
    rulings = violations([0.9] * 80 + [0.2])
    harmless = [Ruled(0.1, False)] * 500
    assert examine_threshold(rulings + harmless, 0.5, alpha=0.1) == examine_threshold(
        rulings, 0.5, alpha=0.1
    )


def test_an_outstanding_ruling_counts_as_missed_below_and_not_at_all_above() -> None:
    rulings = violations([0.9] * 80)
    below = examine_threshold([*rulings, Ruled(0.2, None)], 0.5, alpha=0.1)
    missed = examine_threshold([*rulings, Ruled(0.2, True)], 0.5, alpha=0.1)
    assert (below.at_most, below.p_value) == (missed.at_most, missed.p_value)
    assert (below.outstanding, missed.outstanding) == (1, 0)
    above = examine_threshold([*rulings, Ruled(0.8, None)], 0.5, alpha=0.1)
    assert above.p_value == examine_threshold(rulings, 0.5, alpha=0.1).p_value


def test_a_graver_miss_weighs_more() -> None:
    lightly = violations([0.9] * 96) + violations([0.2] * 4, loss=0.25)
    gravely = violations([0.9] * 96) + violations([0.2] * 4, loss=0.9)
    light, grave = (examine_threshold(each, 0.5, alpha=0.1) for each in (lightly, gravely))
    assert light.p_value < grave.p_value
    assert light.at_most < grave.at_most


def test_a_rarely_chosen_miss_weighs_more() -> None:
    often = [*violations([0.9] * 150), Ruled(0.2, True, 0.5)]
    seldom = [*violations([0.9] * 150), Ruled(0.2, True, 0.1)]
    few, many = (
        examine_threshold(each, 0.5, alpha=0.1, least_probability=0.1) for each in (often, seldom)
    )
    assert few.p_value < many.p_value
    assert few.estimate == pytest.approx(2 / 152)
    assert many.estimate == pytest.approx(10 / 160)


@pytest.mark.parametrize(
    ("rulings", "least", "said"),
    [
        ([], None, "none of them missed"),
        (violations([0.9] * 10), None, "59 are needed"),
        (violations([0.001] * 50 + [0.9] * 50), None, "misses 50 of 100"),
        (violations([0.9] * 100), 0.01, "as low as 0.01"),
    ],
)
def test_where_nothing_can_be_shown_it_is_refused_in_words(
    rulings: list[Ruled], least: float | None, said: str
) -> None:
    found = propose_threshold(rulings, 0.5, [0.1], alpha=0.05, least_probability=least)
    assert isinstance(found, Refusal)
    assert said in found.words.en
    assert "提案できません" in found.words.ja


def test_different_probabilities_need_the_smallest_of_the_design() -> None:
    mixed = [Ruled(0.9, True), Ruled(0.1, False, 0.1)]
    with pytest.raises(ReviewError, match="different probabilities"):
        propose_threshold(mixed, 0.5, [], alpha=0.05)
    with pytest.raises(ReviewError, match=r"below 0\.2"):
        propose_threshold(mixed, 0.5, [], alpha=0.05, least_probability=0.2)


@pytest.mark.parametrize(
    "ruled",
    [
        Ruled(0.5, True, 0.0),
        Ruled(0.5, True, 1.1),
        Ruled(math.nan, True),
        Ruled(0.5, True, 1.0, 0.0),
        Ruled(0.5, True, 1.0, 2.0),
    ],
)
def test_a_ruling_that_cannot_be_used_is_refused(ruled: Ruled) -> None:
    with pytest.raises(ReviewError):
        propose_threshold([ruled], 0.5, [], alpha=0.05)


def test_assets_are_chosen_with_their_probability_and_more_with_a_higher_one() -> None:
    assets = [f"{n:064x}" for n in range(5000)]
    few = {asset for asset in assets if is_chosen("seed", asset, 0.1)}
    more = {asset for asset in assets if is_chosen("seed", asset, 0.3)}
    assert few < more
    assert len(few) / 5000 == pytest.approx(0.1, abs=4 * math.sqrt(0.09 / 5000))
    assert all(is_chosen("seed", asset, 1.0) for asset in assets[:50])


def simulate(dice: np.random.Generator, chosen_below: float, losses: bool) -> list[Ruled]:
    """Rulings where the share of violations below a score s is s ** 3."""
    scores = dice.random(200) ** (1 / 3)
    probabilities = np.where(scores < 0.6, chosen_below, 1.0)
    # A loss of 0.5 or 1, each as likely: its mean is 0.75.
    graded = np.where(dice.random(200) < 0.5, 0.5, 1.0) if losses else np.ones(200)
    kept = dice.random(200) < probabilities
    columns = (scores[kept], probabilities[kept], graded[kept])
    return [
        Ruled(score, True, probability, loss)
        for score, probability, loss in zip(*(each.tolist() for each in columns), strict=True)
    ]


@pytest.mark.parametrize(
    ("chosen_below", "losses", "steps"),
    [
        # The last threshold is just above the target each time: passing it is the failure.
        (1.0, False, [0.2, 0.3, 0.4642]),
        (1.0, True, [0.2, 0.3, 0.511]),
        (0.4, False, [0.2, 0.3, 0.4642]),
    ],
)
def test_in_1000_calibrations_the_target_is_missed_no_oftener_than_promised(
    chosen_below: float, losses: bool, steps: list[float]
) -> None:
    alpha, delta, runs = 0.1, 0.1, 1000
    mean_loss = 0.75 if losses else 1.0
    assert alpha < steps[-1] ** 3 * mean_loss < alpha + 0.001
    dice = np.random.default_rng(5)
    wrong = proposed = 0
    for _ in range(runs):
        found = propose_threshold(
            simulate(dice, chosen_below, losses),
            0.5,
            [],
            alpha=alpha,
            delta=delta,
            thresholds=steps,
            least_probability=chosen_below,
        )
        if isinstance(found, Proposal):
            proposed += 1
            wrong += found.new**3 * mean_loss > alpha
    assert proposed > runs / 2
    assert wrong / runs <= delta + 4 * math.sqrt(delta * (1 - delta) / runs)


def test_samples_of_fixed_size_in_strata_keep_the_promise() -> None:
    """A finite release: what is flagged is ruled on, and of each stratum a fixed number."""
    alpha, delta, runs = 0.1, 0.1, 600
    dice = np.random.default_rng(11)
    population = [Known(f"f{n}", 0.9) for n in range(240)]
    strata = {"cats": 60, "dogs": 90}
    for name, size in strata.items():
        population += [Known(f"{name}{n}", 0.3 + 0.001 * n, name) for n in range(size)]
    # The lowest threshold misses nothing; at 0.42 a tenth of the violations and one is missed.
    violating = {f"f{n}" for n in range(180)} | {f"cats{n}" for n in range(21)}
    sizes = {"cats": (60, 30), "dogs": (90, 30)}
    missed = [each for each in population if each.asset_id in violating and each.score < 0.42]
    assert len(missed) / len(violating) > alpha
    wrong = 0
    for _ in range(runs):
        drawn = {
            f"{name}{n}": name
            for name, (of, size) in sizes.items()
            for n in dice.choice(of, size, replace=False)
        }
        rulings = {each.asset_id: each.asset_id in violating for each in population}
        ruled, least = gather_ruled(population, drawn, sizes, rulings)
        found = propose_threshold(
            ruled,
            0.5,
            [],
            alpha=alpha,
            delta=delta,
            thresholds=[0.2, 0.42],
            least_probability=least,
        )
        wrong += isinstance(found, Proposal) and found.new == 0.42
    assert wrong / runs <= delta + 4 * math.sqrt(delta * (1 - delta) / runs)
