"""More evidence never makes a risk sink."""

from __future__ import annotations

from dataclasses import replace

from hypothesis import given
from hypothesis import strategies as st

from models.motifs.evidence import DETECTORS, Detector, Evidence
from models.motifs.risk import Calibration, Curve

numbers = st.floats(-100, 100, allow_nan=False)


@st.composite
def curves(draw: st.DrawFn) -> Curve:
    at = sorted(draw(st.sets(numbers, min_size=1, max_size=6)))
    adds = sorted(draw(st.lists(st.floats(0, 20), min_size=len(at), max_size=len(at))))
    return Curve(tuple(at), tuple(adds))


calibrations = st.builds(
    Calibration,
    st.just("any"),
    st.just(""),
    st.dictionaries(st.sampled_from(DETECTORS), curves()),
    st.floats(-20, 20),
)
evidences = st.builds(
    Evidence,
    pdq=st.none() | st.integers(0, 256),
    whole=st.none() | st.floats(-1, 1),
    part=st.none() | st.floats(-1, 1),
    points=st.none() | st.floats(0, 100),
)


@given(calibrations, evidences, st.sampled_from(DETECTORS), st.floats(0, 100))
def test_a_detector_that_sees_more_never_lowers_the_risk(
    calibration: Calibration, evidence: Evidence, detector: Detector, more: float
) -> None:
    seen = getattr(evidence, detector)
    if detector == "pdq":
        stronger = replace(evidence, pdq=0 if seen is None else max(0, seen - int(more)))
    else:
        stronger = replace(evidence, **{detector: more if seen is None else seen + more})
    assert calibration.risk_of(stronger) >= calibration.risk_of(evidence)


@given(calibrations, evidences)
def test_a_risk_lies_between_0_and_1(calibration: Calibration, evidence: Evidence) -> None:
    assert 0 <= calibration.risk_of(evidence) <= 1
