"""The blind sample of cleared assets, and what may be claimed from it."""

from __future__ import annotations

import contextlib
import hashlib
import io
import math
import re
from fractions import Fraction
from pathlib import Path

import numpy as np
import pytest

from models.errors import ReviewError
from models.review.quality.assurance import (
    Combination,
    StratumResult,
    bound_violations,
    count_rulings,
)
from models.review.quality.audit_sample import Aim, draw_sample, plan_audit
from models.review.quality.bounds import (
    bound_count,
    bound_share,
    hypergeometric_below,
    size_for_count,
)

PAGE = Path(__file__).resolve().parents[2] / "docs" / "review-quality.md"
STRATA = {"drawings": 9000, "photographs": 5000, "renders": 800, "scans": 30}


def exact_below(most: int, drawn: int, affected: int, population: int) -> Fraction:
    ways = sum(
        math.comb(affected, k) * math.comb(population - affected, drawn - k)
        for k in range(min(most, drawn) + 1)
    )
    return Fraction(ways, math.comb(population, drawn))


def test_clopper_and_pearson_as_in_textbooks() -> None:
    # Upper ends of two-sided 95 % intervals, which every table of Clopper and Pearson has.
    for found, of, upper in ((0, 10, 0.3085), (1, 10, 0.4450), (4, 10, 0.7376), (10, 100, 0.1762)):
        assert bound_share(found, of, 0.975) == pytest.approx(upper, abs=5e-5)
    # None of n: 1 - 0.05 ** (1 / n), near the rule of three.
    assert bound_share(0, 300, 0.95) == pytest.approx(1 - 0.05 ** (1 / 300))
    assert bound_share(5, 5, 0.95) == 1.0


@pytest.mark.parametrize(
    ("population", "affected", "size"),
    [(100, 2, 78), (100, 5, 45), (100, 10, 25), (50, 5, 22), (1000, 10, 258), (1000, 50, 57)],
)
def test_sample_sizes_of_veterinary_tables(population: int, affected: int, size: int) -> None:
    # R. M. Cannon and R. T. Roe, Livestock disease surveys, 1982, table 1: animals to test so that
    # with 95 % one of the affected is among them.
    assert size_for_count(population, affected - 1, 0, 0.95) == size


@pytest.mark.parametrize("population", [7, 60, 400])
def test_hypergeometric_values_are_those_of_whole_numbers(population: int) -> None:
    dice = np.random.default_rng(population)
    for _ in range(200):
        drawn, affected = (int(each) for each in dice.integers(0, population + 1, 2))
        most = int(dice.integers(0, population + 1))
        value = hypergeometric_below(most, drawn, affected, population)
        assert value == pytest.approx(float(exact_below(most, drawn, affected, population)))


@pytest.mark.parametrize(("found", "drawn", "population"), [(0, 59, 5000), (3, 200, 5000)])
def test_the_bound_is_the_largest_count_that_is_not_too_improbable(
    found: int, drawn: int, population: int
) -> None:
    most = bound_count(found, drawn, population, 0.95)
    assert exact_below(found, drawn, most, population) > Fraction(1, 20)
    assert exact_below(found, drawn, most + 1, population) <= Fraction(1, 20)


def test_a_large_population_comes_close_to_the_binomial_and_never_exceeds_it() -> None:
    share = bound_share(2, 500, 0.95)
    exact = bound_count(2, 500, 2_000_000, 0.95) / 2_000_000
    assert share * 0.999 < exact <= share


def test_a_whole_population_is_what_was_found() -> None:
    assert bound_count(3, 40, 40, 0.95) == 3


@pytest.mark.parametrize("aim", list(Aim))
@pytest.mark.parametrize("allowed", [0, 2])
def test_a_sample_of_the_planned_size_shows_what_was_asked(aim: Aim, allowed: int) -> None:
    plan = plan_audit(STRATA, 0.01, aim=aim, allowed=allowed)
    for worst in STRATA:
        results = []
        for stratum in plan.strata:
            here = allowed if aim is Aim.EACH or stratum.name == worst else 0
            found = min(here, stratum.size)
            results.append(
                StratumResult(
                    stratum.name, stratum.population, stratum.size, found, stratum.size - found
                )
            )
        found_more = bound_violations(results, combination=plan.combination)
        if aim is Aim.OVERALL:
            assert found_more.overall.share <= 0.01
        else:
            assert all(
                bound.share <= 0.01 for bound in found_more.strata if bound.drawn < bound.population
            )


def test_one_fewer_would_not_show_it() -> None:
    plan = plan_audit({"all": 20_000}, 0.01)
    (stratum,) = plan.strata
    fewer = StratumResult("all", 20_000, stratum.size - 1, 0, stratum.size - 1)
    assert bound_violations([fewer]).overall.share > 0.01


def test_every_stratum_is_sampled_at_least_as_densely_as_the_whole() -> None:
    plan = plan_audit(STRATA, 0.01)
    share = min(stratum.size / stratum.population for stratum in plan.strata)
    assert all(stratum.size >= 1 for stratum in plan.strata)
    assert share * sum(STRATA.values()) >= plan.total - len(STRATA)


def test_in_proportion_the_pooled_bound_is_that_of_a_plain_sample() -> None:
    results = [StratumResult(name, 10_000, 100, 0, 100) for name in "abc"]
    assert bound_violations(results).overall.most == math.floor(30_000 * bound_share(0, 300, 0.95))


def test_violations_are_assumed_to_lie_where_the_fewest_were_looked_at() -> None:
    results = [StratumResult("thin", 10_000, 10, 0, 10), StratumResult("dense", 1000, 500, 0, 500)]
    overall = bound_violations(results).overall
    mean = 510 * bound_share(0, 510, 0.95)
    assert overall.most == math.floor(mean / (10 / 10_000))


def test_a_stratum_of_which_nothing_was_drawn_counts_in_full() -> None:
    results = [StratumResult("seen", 1000, 300, 0, 300), StratumResult("unseen", 70, 0, 0, 0)]
    for combination in Combination:
        found = bound_violations(results, combination=combination)
        assert found.strata[1].most == 70
        assert found.overall.most >= 70


def test_what_is_not_ruled_on_counts_as_a_violation() -> None:
    ruled = bound_violations([StratumResult("a", 5000, 300, 3, 297)])
    waiting = bound_violations([StratumResult("a", 5000, 300, 1, 297)])
    assert waiting.overall.most == ruled.overall.most
    assert waiting.overall.unruled == 2
    assert "not ruled on yet, and counted as violations: 2" in waiting.claim.en
    assert "未判断" in waiting.claim.ja
    assert "not ruled" not in ruled.claim.en


def test_rulings_are_counted_by_stratum() -> None:
    drawn = {"a": ("1", "2", "3"), "b": ("4",)}
    results = count_rulings({"a": 10, "b": 5, "c": 2}, drawn, {"1": True, "2": False, "9": True})
    assert results == (
        StratumResult("a", 10, 3, 1, 1),
        StratumResult("b", 5, 1, 0, 0),
        StratumResult("c", 2, 0, 0, 0),
    )
    assert [each.unruled for each in results] == [1, 1, 0]


def test_a_claim_is_rounded_to_the_careful_side() -> None:
    found = bound_violations([StratumResult("a", 7000, 299, 0, 299)])
    said = re.search(r"at most ([\d.]+) %", found.claim.en)
    assert said
    assert float(said[1]) / 100 >= found.overall.share


@pytest.mark.parametrize(
    "results", [[StratumResult("a", 0, 0, 0, 0)], [StratumResult("a", 9, 0, 0, 0)]]
)
def test_where_nothing_can_be_claimed_the_sentence_says_so(results: list[StratumResult]) -> None:
    claim = bound_violations(results).claim
    assert "at most" not in claim.en
    assert "主張できません" in claim.ja


def test_what_may_not_be_claimed_stands_beside_it_in_both_languages() -> None:
    found = bound_violations([StratumResult("a", 5000, 300, 0, 300)])
    assert len(found.not_claimed) >= 4
    assert all(words.en and words.ja for words in found.not_claimed)


@pytest.mark.parametrize(
    "results",
    [
        [],
        [StratumResult("a", 9, 1, 0, 1)] * 2,
        [StratumResult("a", 9, 10, 0, 10)],
        [StratumResult("a", 9, 2, 2, 1)],
    ],
)
def test_numbers_that_contradict_each_other_are_refused(results: list[StratumResult]) -> None:
    with pytest.raises(ReviewError):
        bound_violations(results)


def test_anybody_can_draw_the_same_sample() -> None:
    assets = [hashlib.sha256(str(n).encode()).hexdigest() for n in range(500)]
    drawn = draw_sample({"a": assets, "b": []}, {"a": 20, "b": 0}, "release 7, root 3f")["a"]

    def digest(asset: str) -> bytes:
        state = hashlib.sha256()
        for part in ("kiyome assurance sample 1", "release 7, root 3f", "a", asset):
            state.update(len(part).to_bytes(8, "big") + part.encode())
        return state.digest()

    assert drawn == tuple(sorted(assets, key=digest)[:20])
    assert draw_sample({"a": assets[::-1]}, {"a": 20}, "release 7, root 3f")["a"] == drawn
    assert draw_sample({"a": assets}, {"a": 25}, "release 7, root 3f")["a"][:20] == drawn
    assert draw_sample({"a": assets}, {"a": 20}, "release 8, root 3f")["a"] != drawn


@pytest.mark.parametrize(
    ("strata", "sizes", "seed"),
    [
        ({"a": ["1"]}, {"a": 2}, "s"),
        ({"a": ["1"]}, {"b": 1}, "s"),
        ({"a": ["1"]}, {"a": 1}, ""),
        ({"a": ["1", "1"]}, {"a": 1}, "s"),
        ({"a": ["1"], "b": ["1"]}, {"a": 1}, "s"),
    ],
)
def test_a_sample_that_cannot_be_drawn_is_refused(
    strata: dict[str, list[str]], sizes: dict[str, int], seed: str
) -> None:
    with pytest.raises(ReviewError):
        draw_sample(strata, sizes, seed)


def test_every_asset_is_drawn_equally_often() -> None:
    assets = [str(n) for n in range(20)]
    counts = dict.fromkeys(assets, 0)
    for seed in range(2000):
        for asset in draw_sample({"a": assets}, {"a": 5}, f"seed {seed}")["a"]:
            counts[asset] += 1
    assert max(abs(count - 500) for count in counts.values()) < 4.5 * math.sqrt(2000 * 0.25 * 0.75)


@pytest.mark.parametrize("combination", list(Combination))
@pytest.mark.parametrize(
    ("populations", "sizes", "violations"),
    [
        ((3000, 1500, 500), (180, 90, 30), (36, 12, 2)),
        ((3000, 1500, 500), (60, 90, 150), (60, 0, 0)),
        ((200, 40, 2000), (100, 40, 100), (3, 3, 30)),
    ],
)
def test_in_1000_audits_the_bounds_hold_as_often_as_they_say(
    combination: Combination,
    populations: tuple[int, ...],
    sizes: tuple[int, ...],
    violations: tuple[int, ...],
) -> None:
    dice = np.random.default_rng(11)
    runs = 1000
    found = np.stack(
        [
            dice.hypergeometric(bad, of - bad, size, runs)
            for of, size, bad in zip(populations, sizes, violations, strict=True)
        ],
        axis=1,
    )
    kinds, counts = np.unique(found, axis=0, return_counts=True)
    overall = together = 0
    for kind, count in zip(kinds, counts, strict=True):
        results = [
            StratumResult(str(n), populations[n], sizes[n], int(x), sizes[n] - int(x))
            for n, x in enumerate(kind)
        ]
        assurance = bound_violations(results, combination=combination)
        overall += count * (assurance.overall.most >= sum(violations))
        together += count * all(
            bound.most >= bad for bound, bad in zip(assurance.strata, violations, strict=True)
        )
    least = 0.95 - 4 * math.sqrt(0.95 * 0.05 / runs)
    assert overall / runs >= least
    assert together / runs >= least


def test_the_example_of_the_page_prints_what_it_says() -> None:
    text = PAGE.read_text("utf-8")
    code = re.findall(r"```python\n(.*?)```", text, re.DOTALL)
    said = re.findall(r"```text\n(.*?)```", text, re.DOTALL)
    assert len(code) == len(said) > 0
    for example, expected in zip(code, said, strict=True):
        with contextlib.redirect_stdout(io.StringIO()) as printed:
            exec(example, {})
        assert printed.getvalue() == expected
