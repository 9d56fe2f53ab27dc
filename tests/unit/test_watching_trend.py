"""How a dataset has gone, as a table with bars."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from models.watching.figures import DatasetFigures, RunFigures
from models.watching.trend import draw_bar, render_trend

AT = 1_800_000_000_000


def dataset(*runs: RunFigures) -> DatasetFigures:
    """A dataset with these runs."""
    return DatasetFigures("posters", runs[0] if runs else None, runs, 3, AT, 1_200, 0, 5, 7, None)


def test_each_run_is_a_row_with_its_share_its_verdicts_and_its_speed() -> None:
    counts = {"clear": 75, "review": 5, "error": 1, "exclude": 19, "opt_in": 60, "opt_out": 15}
    run = RunFigures("r", "finished", "", AT - 50_000, AT, 50.0, counts)
    text = render_trend(dataset(run))
    row = text.splitlines()[-1]
    assert row.endswith("| 80.0 % | 75 | 5 | 1 | 19 | 50 | 2.0 |")
    assert "Release 3 holds 1,200 assets" in text
    header = next(line for line in text.splitlines() if line.startswith("| run"))
    assert header.count("|") == row.count("|")


def test_a_share_that_nobody_counted_is_left_out() -> None:
    run = RunFigures("r", "finished", "", AT, AT, 0.0, {"clear": 1})
    assert "|  |  | 1 |" in render_trend(dataset(run))


def test_without_a_good_run_it_says_so() -> None:
    assert render_trend(dataset()).endswith("No run has ended well yet.")


@given(st.floats(-1, 2), st.floats(-1, 2))
def test_a_larger_share_never_has_a_shorter_bar(one: float, other: float) -> None:
    low, high = sorted((one, other))
    assert len(draw_bar(low)) <= len(draw_bar(high)) <= 12
