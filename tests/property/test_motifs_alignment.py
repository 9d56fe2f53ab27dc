"""An alignment says the same place, whatever picture the reference is a part of."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from models.motifs.alignment import Alignment, Box

unit = st.floats(0, 1)
numbers = st.floats(-2, 2)


@st.composite
def boxes(draw: st.DrawFn) -> Box:
    left, top = draw(st.floats(0, 0.7)), draw(st.floats(0, 0.7))
    return left, top, left + draw(st.floats(0.1, 0.3)), top + draw(st.floats(0.1, 0.3))


alignments = st.builds(
    Alignment,
    inliers=st.just(9),
    matched=st.just(20),
    transform=st.tuples(*[numbers] * 6),
    mirrored=st.booleans(),
    box=boxes(),
    reference_box=boxes(),
    points=st.lists(st.tuples(unit, unit, unit, unit), max_size=4).map(tuple),
)


def place(alignment: Alignment, x: float, y: float) -> tuple[float, float]:
    """Where a point of the reference lies in the asset."""
    a, b, c, d, e, f = alignment.transform
    x = 1 - x if alignment.mirrored else x
    return a * x + b * y + c, d * x + e * y + f


@given(alignments, boxes(), unit, unit)
def test_a_point_lies_where_it_lay(alignment: Alignment, box: Box, x: float, y: float) -> None:
    left, top, right, bottom = box
    outer = (left + x * (right - left), top + y * (bottom - top))
    assert place(alignment.within(box), *outer) == pytest.approx(place(alignment, x, y), abs=1e-6)


@given(alignments)
def test_a_reference_that_is_the_whole_picture_changes_nothing(alignment: Alignment) -> None:
    assert place(alignment.within((0, 0, 1, 1)), 0.3, 0.6) == pytest.approx(
        place(alignment, 0.3, 0.6)
    )


@given(alignments)
def test_an_alignment_is_read_back_as_it_was(alignment: Alignment) -> None:
    assert Alignment.from_dict(alignment.as_dict()) == alignment
