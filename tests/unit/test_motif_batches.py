"""How large the batches are that a graphics card is given."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from models.motifs.towers import choose_batch

SIZES = (16, 32, 64, 128)


def test_batches_grow_while_a_picture_gets_cheaper() -> None:
    assert choose_batch(lambda size: 1.0 + 0.01 * size, SIZES) == 128


def test_batches_stay_small_where_nothing_is_gained() -> None:
    assert choose_batch(lambda size: 0.01 * size, SIZES) == 16


@pytest.mark.parametrize(("memory", "chosen"), [(20, 16), (100, 64), (1000, 128)])
def test_batches_fit_into_the_cards_memory(memory: int, chosen: int) -> None:
    assert choose_batch(lambda size: 1.0 if size <= memory else None, SIZES) == chosen


def test_the_smallest_batch_is_taken_where_none_fits() -> None:
    assert choose_batch(lambda _: None, SIZES) == 16


@given(st.lists(st.one_of(st.none(), st.floats(1e-6, 1e3)), min_size=4, max_size=4))
def test_whatever_is_measured_a_size_is_chosen_that_fits(times: list[float | None]) -> None:
    measured = dict(zip(SIZES, times, strict=True))
    chosen = choose_batch(measured.__getitem__, SIZES)
    assert chosen == SIZES[0] or measured[chosen] is not None
