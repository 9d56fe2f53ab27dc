"""Sharing out money: what holds for any weights."""

from __future__ import annotations

from fractions import Fraction
from random import Random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from models.ledger.compensation.payouts import Payout, PayoutTree, verify_payout
from models.ledger.compensation.sums import settle, share_out, split, sum_weights

NAMES = st.text("abcdef", min_size=1, max_size=4)
FRACTIONS = st.builds(Fraction, st.integers(0, 10**12), st.integers(1, 10**6))
WEIGHTS = st.dictionaries(NAMES, FRACTIONS, min_size=1, max_size=30).filter(
    lambda weights: any(weights.values())
)
POTS = st.integers(0, 10**30)
LINES = st.lists(st.tuples(NAMES, st.integers(0, 10**6), FRACTIONS), max_size=30)
ACCOUNT = "0x70997970C51812dc3A010C7d01b50e0d17dc79C8"


@given(POTS, WEIGHTS)
def test_the_amounts_add_up_to_the_pot(pot: int, weights: dict[str, Fraction]) -> None:
    assert sum(share_out(pot, weights).values()) == pot


@given(POTS, WEIGHTS)
def test_every_amount_is_within_one_unit_of_the_exact_part(
    pot: int, weights: dict[str, Fraction]
) -> None:
    total = sum(weights.values())
    for name, amount in share_out(pot, weights).items():
        assert abs(amount - pot * weights[name] / total) < 1


@given(POTS, WEIGHTS)
def test_a_larger_weight_never_gets_less(pot: int, weights: dict[str, Fraction]) -> None:
    amounts = share_out(pot, weights)
    ordered = sorted(weights, key=lambda name: (weights[name], amounts[name]))
    got = [amounts[name] for name in ordered]
    assert got == sorted(got)


@given(POTS, WEIGHTS, st.randoms(use_true_random=False))
def test_the_order_of_the_weights_does_not_matter(
    pot: int, weights: dict[str, Fraction], chance: Random
) -> None:
    names = list(weights)
    chance.shuffle(names)
    assert share_out(pot, {name: weights[name] for name in names}) == share_out(pot, weights)


@given(POTS, WEIGHTS, st.integers(1, 10**9), st.integers(1, 10**9))
def test_only_the_proportion_of_the_weights_counts(
    pot: int, weights: dict[str, Fraction], up: int, down: int
) -> None:
    scaled = {name: weight * up / down for name, weight in weights.items()}
    assert share_out(pot, scaled) == share_out(pot, weights)


@given(POTS, WEIGHTS)
def test_no_weight_gets_nothing(pot: int, weights: dict[str, Fraction]) -> None:
    amounts = share_out(pot, weights)
    assert all(amounts[name] == 0 for name, weight in weights.items() if not weight)


def test_units_left_over_go_to_the_name_that_sorts_first() -> None:
    assert share_out(100, {"c": 1, "b": 1, "a": 1}) == {"a": 34, "b": 33, "c": 33}


@pytest.mark.parametrize(
    ("pot", "weights"), [(1, {}), (1, {"a": 0}), (-1, {"a": 1}), (1, {"a": -1})]
)
def test_what_cannot_be_shared_out_is_refused(pot: int, weights: dict[str, int]) -> None:
    with pytest.raises(ValueError, match="pot"):
        share_out(pot, weights)


@given(LINES, st.randoms(use_true_random=False))
def test_a_weight_is_samples_times_multiplier_in_any_order(
    lines: list[tuple[str, int, Fraction]], chance: Random
) -> None:
    shuffled = list(lines)
    chance.shuffle(shuffled)
    weights = sum_weights(lines)
    assert weights == sum_weights(shuffled)
    assert sum(weights.values()) == sum(count * multiplier for _, count, multiplier in lines)


@given(
    st.lists(st.dictionaries(NAMES, st.integers(0, 10**6), max_size=8), min_size=1, max_size=6),
    st.integers(0, 10**6),
)
def test_nothing_is_lost_between_periods(periods: list[dict[str, int]], minimum: int) -> None:
    carried: dict[str, int] = {}
    paid = earned = 0
    for gross in periods:
        settled = settle(gross, carried, minimum)
        earned += sum(gross.values())
        paid += sum(due.net for due in settled.values())
        carried = {name: due.carried_out for name, due in settled.items()}
        assert paid + sum(carried.values()) == earned
        assert all(due.net == 0 or due.net >= minimum for due in settled.values())
        assert all(amount < minimum for amount in carried.values() if amount)


@given(st.integers(0, 10**30), st.dictionaries(NAMES, st.integers(1, 10**9), min_size=1))
def test_the_parts_of_an_owner_are_the_whole(amount: int, shares: dict[str, int]) -> None:
    assert sum(split(amount, shares).values()) == amount


def test_100_000_owners_are_shared_out_to_the_last_unit() -> None:
    chance = Random(7)
    multipliers = (Fraction(1), Fraction(3, 2), Fraction(2, 3), Fraction(7, 10))
    lines = [
        (f"{owner:032x}", chance.randrange(1, 10**6), chance.choice(multipliers))
        for owner in range(100_000)
    ]
    weights = sum_weights(lines)
    pot = 123_456_789_012_345_678_901
    amounts = share_out(pot, weights)
    assert sum(amounts.values()) == pot
    total = sum(weights.values())
    for owner in (0, 1, 50_000, 99_999):
        name = f"{owner:032x}"
        assert abs(amounts[name] - pot * weights[name] / total) < 1


@given(st.lists(st.integers(1, (1 << 256) - 1), min_size=1, max_size=40))
def test_every_payout_proves_itself_and_nothing_else(amounts: list[int]) -> None:
    tree = PayoutTree([Payout(i, ACCOUNT, amount) for i, amount in enumerate(amounts)])
    for payout in tree.payouts:
        proof = tree.prove(payout.index)
        assert verify_payout(payout, proof, tree.root)
        other = Payout(payout.index, ACCOUNT, payout.amount % 1000 + 1)
        if other != payout:
            assert not verify_payout(other, proof, tree.root)
        assert not verify_payout(payout, [*proof, bytes(32)], tree.root)
        assert not verify_payout(payout, [bytes(31)], tree.root)
