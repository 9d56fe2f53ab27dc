"""Recall, false alarms and their intervals, as benchmarks and commands measure them."""

from __future__ import annotations

import math

import pytest

from models.motifs.calibration.measuring import clean_share_of, score_of, summarise, trace
from models.motifs.calibration.pairs import CalibrationError
from models.motifs.calibration.shares import Share

PICTURES = [
    ("crop", "Aoi", {"Aoi": 0.9, "Ren": 0.2}),
    ("crop", "Aoi", {"Ren": 0.9}),
    ("flip", "Ren", {"Ren": 0.5}),
    ("flip", "Ren", {}),
    ("scene", None, {"Aoi": 0.6}),
    ("icon", None, {}),
]


def test_a_picture_is_found_by_its_own_label_only() -> None:
    found = summarise(PICTURES, score_of(0.5))
    assert found.by_kind == {"crop": Share(1, 2), "flip": Share(1, 2)}
    assert found.recall == Share(2, 4)


def test_a_clean_picture_is_flagged_by_any_label() -> None:
    found = summarise(PICTURES, score_of(0.5))
    assert found.alarms == Share(1, 2)
    assert found.alarms_by_kind == {"scene": Share(1, 1), "icon": Share(0, 1)}


def test_a_score_at_the_threshold_counts() -> None:
    assert summarise(PICTURES, score_of(0.9)).recall == Share(1, 4)
    assert summarise(PICTURES, score_of(math.nextafter(0.9, 1))).recall == Share(0, 4)


def test_a_picture_in_which_nothing_was_seen_is_never_found() -> None:
    found = summarise([("crop", "Aoi", {}), ("c", None, {})], clean_share_of(0.5))
    assert (found.recall, found.alarms) == (Share(0, 1), Share(0, 1))


@pytest.mark.parametrize(("count", "allowed"), [(999, 0), (1000, 1), (3000, 3), (3999, 3)])
def test_a_share_of_clean_pictures_lets_exactly_so_many_through(count: int, allowed: int) -> None:
    clean = [("c", None, {"Aoi": n / count}) for n in range(count)]
    assert summarise(clean, clean_share_of(1e-3)).alarms == Share(allowed, count)


def test_clean_pictures_with_one_score_are_all_kept_out() -> None:
    clean = [("c", None, {"Aoi": 0.4})] * 2000
    assert summarise(clean, clean_share_of(1e-3)).alarms.found == 0


def test_a_share_of_no_clean_pictures_is_refused() -> None:
    with pytest.raises(CalibrationError, match="no clean pictures"):
        summarise(PICTURES[:2], clean_share_of(1e-3))


def test_a_trace_begins_where_no_clean_picture_is_flagged_and_ends_with_all() -> None:
    rates, found = trace([0.9, 0.5, 0.1, -math.inf], [0.6, 0.2])
    assert rates.tolist() == [0.0, 0.5, 1.0]
    assert found.tolist() == [1, 2, 3]


def test_a_trace_jumps_over_ties() -> None:
    rates, found = trace([0.9], [0.5, 0.5, 0.1])
    assert rates.tolist() == [0.0, 0.0, 2 / 3, 1.0]
    assert found.tolist() == [1, 1, 1, 1]


@pytest.mark.parametrize(
    ("share", "interval"),
    [
        (Share(0, 10), (0.0, 0.2775)),
        (Share(5, 10), (0.2366, 0.7634)),
        (Share(10, 10), (0.7225, 1.0)),
        (Share(0, 0), (0.0, 1.0)),
    ],
)
def test_intervals_are_those_of_wilson(share: Share, interval: tuple[float, float]) -> None:
    assert share.interval == pytest.approx(interval, abs=1e-4)
