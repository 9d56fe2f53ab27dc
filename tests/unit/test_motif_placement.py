"""Where a reference lies in an asset: arithmetic, and what is refused of odd numbers."""

from __future__ import annotations

import math
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from models.motifs.alignment import MAX_POINTS
from models.motifs.placement import Placement, find_box, find_placement, find_points, read_number

IDENTITY = [1, 0, 0, 0, 1, 0]
HUGE = 10**400
odd_numbers = st.one_of(
    st.floats(),
    st.integers(),
    st.sampled_from([HUGE, -HUGE, 1e9, True, None, "0.5"]),
)
odd_values = st.recursive(
    odd_numbers | st.text(max_size=5),
    lambda inner: st.lists(inner, max_size=7) | st.dictionaries(st.text(max_size=3), inner),
    max_leaves=30,
)


def placed(transform: list[float], mirrored: bool = False) -> Placement:
    placement = find_placement(transform, mirrored)
    assert placement is not None
    return placement


class TestPlacement:
    def test_a_point_is_laid_as_the_transform_says(self) -> None:
        assert placed([0.5, 0, 0.25, 0, 0.4, 0.1]).place(1, 0.5) == pytest.approx((0.75, 0.3))

    def test_a_mirrored_reference_is_mirrored_before_it_is_laid(self) -> None:
        mirrored = placed([0.5, 0.1, 0.25, 0, 0.4, 0.1], mirrored=True)
        plain = placed([0.5, 0.1, 0.25, 0, 0.4, 0.1])
        assert mirrored.place(0.2, 0.7) == pytest.approx(plain.place(0.8, 0.7))

    @given(st.lists(st.floats(-2, 2), min_size=6, max_size=6), st.booleans())
    def test_the_way_back_leads_back(self, transform: list[float], mirrored: bool) -> None:
        placement = find_placement(transform, mirrored)
        if placement is None:
            return
        back = Placement(placement.invert())
        assert back.place(*placement.place(0.3, 0.6)) == pytest.approx((0.3, 0.6), abs=1e-6)

    def test_a_stretched_picture_is_laid_by_the_scaled_matrix(self) -> None:
        placement = placed([0.5, 0.1, 0.25, -0.2, 0.4, 0.3])
        scaled = Placement(placement.scale((640, 480)))
        x, y = placement.place(0.3, 0.8)
        assert scaled.place(0.3 * 640, 0.8 * 480) == pytest.approx((x * 640, y * 480))

    @pytest.mark.parametrize("degrees", [0, 18, 90, -90, 179, 180])
    @pytest.mark.parametrize("mirrored", [False, True])
    def test_a_turn_is_told_in_degrees_as_it_looks_on_the_asset(
        self, degrees: int, mirrored: bool
    ) -> None:
        width, height = 640, 320
        cosine, sine = math.cos(math.radians(degrees)), math.sin(math.radians(degrees))
        transform = [
            *(200 * cosine / width, -200 * sine / width, 0.1),
            *(200 * sine / height, 200 * cosine / height, 0.1),
        ]
        assert placed(transform, mirrored).turn((width, height), mirrored) == degrees

    @pytest.mark.parametrize(
        "transform",
        [
            [math.nan, 0, 0, 0, 1, 0],
            [1, 0, math.inf, 0, 1, 0],
            [1, 0, 1e9, 0, 1, 0],
            [HUGE, 0, 0, 0, 1, 0],
            [1, 0, 0, 0, 1],
            [*IDENTITY, 0],
            ["1", 0, 0, 0, 1, 0],
            [True, 0, 0, 0, 1, 0],
            [0, 0, 0, 0, 0, 0],
            [1, 1, 0, 1, 1, 0],
            [1, 0, 0, 0, 1e-4, 0],
            "111111",
            None,
            {},
        ],
    )
    def test_what_cannot_be_drawn_is_no_placement(self, transform: Any) -> None:
        assert find_placement(transform, False) is None


class TestBoxesAndPoints:
    def test_a_box_that_reaches_past_an_edge_by_rounding_is_cut(self) -> None:
        assert find_box([-0.0005, 0.1, 1.0005, 0.2]) == (0.0, 0.1, 1.0, 0.2)

    @pytest.mark.parametrize(
        "box",
        [None, [], [0, 0, 1], [0, 0, 2, 1], [0.5, 0, 0.1, 1], [0, 0, math.nan, 1], "0,0,1,1", {}],
    )
    def test_any_other_box_is_none(self, box: Any) -> None:
        assert find_box(box) is None

    def test_points_outside_a_picture_are_left_out_and_the_others_kept(self) -> None:
        points = [[0.1, 0.2, 0.3, 0.4], [1.5, 0, 0, 0], [0, 0, 0], "x", None, [math.nan] * 4]
        assert find_points(points) == ((0.1, 0.2, 0.3, 0.4),)

    def test_no_more_points_are_read_than_a_person_can_look_at(self) -> None:
        assert len(find_points([[0.5, 0.5, 0.5, 0.5]] * 10_000)) == MAX_POINTS

    @given(odd_values)
    def test_whatever_is_given_is_read_as_sound_numbers_or_nothing(self, value: Any) -> None:
        box, placement = find_box(value), find_placement(value, True)
        numbers = [number for point in find_points(value) for number in point]
        assert all(0 <= number <= 1 for number in [*numbers, *(box or ())])
        assert placement is None or all(map(math.isfinite, placement.invert()))

    @given(odd_numbers)
    def test_a_number_is_between_its_bounds_or_none(self, value: Any) -> None:
        number = read_number(value, -1, 1)
        assert number is None or (isinstance(number, float) and -1 <= number <= 1)
