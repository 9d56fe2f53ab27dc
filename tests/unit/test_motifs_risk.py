"""One risk from all evidence."""

from __future__ import annotations

import json
import math

import pytest

from models.errors import EncoderError
from models.motifs.evidence import Evidence
from models.motifs.risk import Calibration, Curve

CALIBRATION = Calibration(
    "test",
    "f" * 64,
    {
        "pdq": Curve((-60.0, -31.0), (0.0, 6.0)),
        "whole": Curve((0.5, 0.8, 0.9), (0.0, 3.0, 6.0)),
        "points": Curve((2.0,), (4.0,)),
    },
    -4.0,
)


def test_the_same_file_is_certain() -> None:
    assert CALIBRATION.risk_of(Evidence(same_file=True)) == 1.0


def test_a_detector_that_saw_nothing_adds_nothing() -> None:
    assert CALIBRATION.risk_of(Evidence()) == round(1 / (1 + math.exp(4)), 4)
    assert CALIBRATION.risk_of(Evidence(part=0.99)) == CALIBRATION.risk_of(Evidence())


def test_evidence_adds_up() -> None:
    whole = CALIBRATION.risk_of(Evidence(whole=0.8))
    both = CALIBRATION.risk_of(Evidence(whole=0.8, pdq=31))
    assert CALIBRATION.risk_of(Evidence()) < whole < both


@pytest.mark.parametrize(
    ("measure", "adds"), [(0.4, 0.0), (0.5, 0.0), (0.65, 1.5), (0.8, 3.0), (0.85, 4.5), (0.99, 6.0)]
)
def test_a_curve_is_read_between_its_knots_and_flat_beyond(measure: float, adds: float) -> None:
    assert CALIBRATION.curves["whole"].read(measure) == pytest.approx(adds)


def test_a_curve_may_begin_with_a_step() -> None:
    step = Curve((2.0,), (4.0,))
    assert [step.read(1.99), step.read(2.0), step.read(3.0)] == [0.0, 4.0, 4.0]


@pytest.mark.parametrize(
    ("at", "adds"),
    [
        ((), ()),
        ((0.1, 0.2), (0.0,)),
        ((0.2, 0.1), (0.0, 1.0)),
        ((0.1, 0.1), (0.0, 1.0)),
        ((0.1, 0.2), (1.0, 0.5)),
        ((0.1, 0.2), (-1.0, 0.5)),
        ((0.1, math.nan), (0.0, 1.0)),
        ((0.1, 0.2), (0.0, math.inf)),
    ],
)
def test_a_curve_that_falls_or_is_no_curve_is_refused(at: tuple, adds: tuple) -> None:
    with pytest.raises(ValueError, match="curve"):
        Curve(at, adds)


def test_a_calibration_is_read_back_as_it_was() -> None:
    text = json.dumps(CALIBRATION.as_dict())
    assert Calibration.from_json(text, "file") == CALIBRATION
    assert Calibration.from_json(text, "file").fingerprint == CALIBRATION.fingerprint


@pytest.mark.parametrize(
    "change",
    [
        {"format": "kiyome/motif-calibration/9"},
        {"curves": {"smell": {"at": [0.0], "adds": [1.0]}}},
        {"curves": {"pdq": {"at": [1.0, 0.0], "adds": [0.0, 1.0]}}},
        {"curves": {"pdq": {"at": "ab", "adds": [0.0, 1.0]}}},
        {"curves": []},
        {"curves": {}},
        {"bias": None},
        {"bias": math.nan},
        {"bias": 10**400},
        {"curves": {"pdq": {"at": [0, 10**400], "adds": [0.0, 1.0]}}},
    ],
)
def test_a_file_that_is_no_calibration_is_refused_by_name(change: dict) -> None:
    text = json.dumps({**CALIBRATION.as_dict(), **change})
    with pytest.raises(EncoderError, match=r"risk\.json is not a calibration"):
        Calibration.from_json(text, "risk.json")


@pytest.mark.parametrize("key", ["name", "encoder", "learnt_from"])
def test_a_calibration_with_half_a_surrogate_pair_in_a_text_has_a_fingerprint(key: str) -> None:
    text = json.dumps({**CALIBRATION.as_dict(), key: "half \ud800"})
    read = Calibration.from_json(text, "risk.json")
    assert getattr(read, key) == r"half \ud800"
    assert len(read.fingerprint) == 64


@pytest.mark.parametrize("text", ["", "[]", "null", '"x"', "{}", "[" * 100_000])
def test_a_file_that_is_something_else_is_refused(text: str) -> None:
    with pytest.raises(EncoderError, match="not a calibration"):
        Calibration.from_json(text, "risk.json")
