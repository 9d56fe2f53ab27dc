"""What must hold of the statistics of review, whatever was ruled."""

from __future__ import annotations

import math
from random import Random

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from models.review.quality.agreement import Measure, Rating, measure_agreement
from models.review.quality.assurance import Combination, StratumResult, bound_violations
from models.review.quality.audit_sample import draw_sample
from models.review.quality.bounds import bound_count, bound_share, size_for_count
from models.review.quality.calibration import Proposal, Ruled, examine_threshold, propose_threshold

_rows = st.lists(st.lists(st.sampled_from([None, "a", "b", "c"]), min_size=2, max_size=4))
_many_rows = st.lists(
    st.lists(st.sampled_from([None, "a", "a", "b"]), min_size=3, max_size=3),
    min_size=20,
    max_size=45,
)


def ratings_of(rows: list[list[str | None]]) -> list[Rating]:
    return [
        Rating(f"item {item}", f"reviewer {place}", category)
        for item, row in enumerate(rows)
        for place, category in enumerate(row)
        if category is not None
    ]


def measures(ratings: list[Rating]) -> list[Measure]:
    found = measure_agreement(ratings, draws=100)
    return [found.raw, found.kappa, found.alpha, found.ac1]


@settings(max_examples=40, deadline=None)
@given(_rows | _many_rows)
def test_a_measure_is_a_number_in_its_interval_or_words(rows: list[list[str | None]]) -> None:
    for measure in measures(ratings_of(rows)):
        if measure.absence is None:
            assert measure.estimate is not None
            assert measure.low is not None
            assert measure.high is not None
            assert -1 - 1e-9 <= measure.low <= measure.estimate <= measure.high <= 1 + 1e-9
        else:
            assert measure.estimate is measure.low is measure.high is None
        assert "nan" not in measure.words.en


@settings(max_examples=30, deadline=None)
@given(_many_rows, st.randoms(use_true_random=False))
def test_the_order_of_items_and_the_names_of_reviewers_do_not_matter(
    rows: list[list[str | None]], chance: Random
) -> None:
    before = measures(ratings_of(rows))
    places = [0, 1, 2]
    chance.shuffle(places)
    turned = [[row[place] for place in places] for row in rows]
    chance.shuffle(turned)
    shuffled = ratings_of(turned)
    chance.shuffle(shuffled)
    assert measures(shuffled) == before


@settings(max_examples=30, deadline=None)
@given(_many_rows, st.permutations(["a", "b"]))
def test_the_names_of_categories_do_not_matter(
    rows: list[list[str | None]], names: list[str]
) -> None:
    other = dict(zip("ab", names, strict=True))
    renamed = [[other[cell] if cell else None for cell in row] for row in rows]
    for before, after in zip(
        measures(ratings_of(rows)), measures(ratings_of(renamed)), strict=True
    ):
        assert after.absence == before.absence
        if before.estimate is not None:
            assert after.estimate == pytest.approx(before.estimate)


@st.composite
def _samples(draw: st.DrawFn) -> tuple[int, int, int]:
    population = draw(st.integers(1, 3000))
    drawn = draw(st.integers(0, population))
    return draw(st.integers(0, drawn)), drawn, population


@settings(max_examples=50, deadline=None)
@given(_samples(), st.sampled_from([0.8, 0.95, 0.99]))
def test_bounds_rise_with_what_is_found_and_with_the_confidence(
    sample: tuple[int, int, int], confidence: float
) -> None:
    found, drawn, population = sample
    most = bound_count(found, drawn, population, confidence)
    assert found <= most <= population - (drawn - found)
    assert most <= bound_count(found, drawn, population, 0.999)
    if found < drawn:
        assert most <= bound_count(found + 1, drawn, population, confidence)
        assert bound_share(found, drawn, confidence) <= bound_share(found + 1, drawn, confidence)
    # One more that was looked at and is harmless cannot raise it.
    if drawn < population:
        assert bound_count(found, drawn + 1, population, confidence) <= most
    # Without replacement there is no more to fear than with. One for the tie at the limit.
    if drawn:
        assert most <= math.ceil(population * bound_share(found, drawn, confidence)) + 1


@settings(max_examples=50, deadline=None)
@given(st.integers(0, 2000), st.integers(0, 100), st.integers(0, 3))
def test_the_smallest_sample_is_the_smallest(population: int, at_most: int, allowed: int) -> None:
    size = size_for_count(population, at_most, allowed, 0.95)
    if 0 < size < population:
        assert bound_count(min(allowed, size), size, population, 0.95) <= at_most
        assert bound_count(min(allowed, size - 1), size - 1, population, 0.95) > at_most


@st.composite
def _audits(draw: st.DrawFn) -> list[StratumResult]:
    results = []
    for number in range(draw(st.integers(1, 4))):
        found, drawn, population = draw(_samples())
        clean = draw(st.integers(0, drawn - found))
        results.append(StratumResult(str(number), population, drawn, found, clean))
    return results


@settings(max_examples=40, deadline=None)
@given(_audits(), st.sampled_from(Combination), st.data())
def test_a_missing_ruling_never_lowers_a_bound(
    results: list[StratumResult], combination: Combination, data: st.DataObject
) -> None:
    before = bound_violations(results, combination=combination)
    assert before.overall.most <= before.overall.population
    assert before.overall.most >= sum(each.counted for each in results)
    place = data.draw(st.integers(0, len(results) - 1))
    each = results[place]
    if each.clean:
        fewer = StratumResult(
            each.name, each.population, each.drawn, each.violations, each.clean - 1
        )
        after = bound_violations(
            [*results[:place], fewer, *results[place + 1 :]], combination=combination
        )
        assert after.overall.most >= before.overall.most
        assert all(a.most >= b.most for a, b in zip(after.strata, before.strata, strict=True))
    assert bound_violations(results[::-1], combination=combination) == before


@settings(max_examples=50, deadline=None)
@given(st.sets(st.text(max_size=8), max_size=30), st.text(min_size=1, max_size=8), st.data())
def test_a_sample_is_drawn_without_replacement_and_grows_at_its_end(
    assets: set[str], seed: str, data: st.DataObject
) -> None:
    size = data.draw(st.integers(0, len(assets)))
    drawn = draw_sample({"s": sorted(assets)}, {"s": size}, seed)["s"]
    assert len(set(drawn)) == size
    assert set(drawn) <= assets
    assert draw_sample({"s": sorted(assets)}, {"s": len(assets)}, seed)["s"][:size] == drawn


_ruled = st.builds(
    Ruled,
    st.floats(0, 1),
    st.sampled_from([True, True, False, None]),
    st.sampled_from([0.25, 1.0]),
    st.sampled_from([0.5, 1.0, 1.0]),
)


@settings(max_examples=40, deadline=None)
@given(st.lists(_ruled, max_size=120), st.floats(0.01, 0.99), st.floats(0.01, 0.99))
def test_evidence_does_not_depend_on_the_order_and_worsens_with_the_threshold(
    rulings: list[Ruled], one: float, other: float
) -> None:
    def look(rows: list[Ruled], threshold: float) -> tuple[float, float]:
        found = examine_threshold(rows, threshold, alpha=0.1, least_probability=0.25)
        return found.p_value, found.at_most

    low, high = sorted((one, other))
    assert look(rulings[::-1], low) == pytest.approx(look(rulings, low))
    assert look(rulings, low)[0] <= look(rulings, high)[0] + 1e-9
    assert look(rulings, low)[1] <= look(rulings, high)[1] + 1e-9
    assert look([*rulings, Ruled(0.0, True)], high)[0] >= look(rulings, high)[0] - 1e-9


@settings(max_examples=40, deadline=None)
@given(st.lists(_ruled, min_size=60, max_size=200), st.sampled_from([0.05, 0.1, 0.3]))
def test_what_is_proposed_has_passed_its_test(rulings: list[Ruled], alpha: float) -> None:
    found = propose_threshold(
        rulings, 0.5, [ruled.score for ruled in rulings], alpha=alpha, least_probability=0.25
    )
    if isinstance(found, Proposal):
        assert found.after.p_value <= found.delta
        assert found.after.at_most <= alpha + 1e-9
        assert found.reviews_added == found.reviews_after - found.reviews_before
    else:
        assert found.words.en
        assert found.words.ja
