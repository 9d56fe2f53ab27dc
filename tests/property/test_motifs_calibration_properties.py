"""What must hold of every calibration, whatever it was learnt from."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from models.motifs.calibration.fitting import learn_calibration
from models.motifs.calibration.measuring import clean_share_of, summarise, trace
from models.motifs.calibration.pairs import LabelledPair
from models.motifs.calibration.shares import Share
from models.motifs.calibration.tail import find_quantile
from models.motifs.evidence import Evidence
from models.motifs.risk import CLEAN_SHARE, Calibration
from tests.motif_calibration_cases import imagine, imagine_clean, imagine_pairs

_cosines = st.none() | st.floats(-1, 1)
_evidence = st.builds(
    Evidence,
    pdq=st.none() | st.integers(0, 256),
    whole=_cosines,
    part=_cosines,
    points=st.none() | st.floats(0, 1e6),
)


def shuffled(seed: int, noise: float) -> Calibration:
    """A calibration learnt from pairs of which a share have the wrong label."""
    dice = np.random.default_rng(seed)
    pairs = [
        LabelledPair(pair.evidence, pair.matches ^ (dice.random() < noise))
        for pair in imagine_pairs(seed, 150)
    ]
    return learn_calibration(pairs, imagine_clean(seed + 1, 120), name="x", encoder="")


@pytest.fixture(scope="module")
def calibrations() -> Sequence[Calibration]:
    return [shuffled(10, 0.0), shuffled(20, 0.2), shuffled(30, 0.45)]


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(_evidence, st.data())
def test_a_risk_never_sinks_when_a_measure_rises(
    calibrations: Sequence[Calibration], evidence: Evidence, data: st.DataObject
) -> None:
    name = data.draw(st.sampled_from(["pdq", "whole", "part", "points"]))
    value = getattr(evidence, name)
    low, high = {"pdq": (0, 256), "points": (0, 1e6)}.get(name, (-1, 1))
    if name == "pdq":
        stronger = data.draw(st.integers(0, 256 if value is None else value))
    else:
        stronger = data.draw(st.floats(low if value is None else value, high))
    more = replace(evidence, **{name: stronger})
    for calibration in calibrations:
        assert calibration.risk_of(more) >= calibration.risk_of(evidence)


@settings(max_examples=3, deadline=None)
@given(st.integers(0, 2**32 - 1))
def test_at_most_one_clean_picture_in_a_thousand_of_many_reaches_a_risk_of_half(seed: int) -> None:
    dice = np.random.default_rng(seed)
    clean = [[imagine(dice, matches=False)] for _ in range(10_000)]
    found = learn_calibration(imagine_pairs(seed, 100), clean, name="x", encoder="")
    reached = sum(found.risk_of(picture[0]) >= 0.5 for picture in clean)
    assert 0 < reached <= CLEAN_SHARE * len(clean)


@given(st.lists(st.floats(0, 50), min_size=100, max_size=400), st.floats(0.001, 0.5))
def test_a_quantile_lies_above_all_but_its_share_where_it_is_counted(
    scores: list[float], share: float
) -> None:
    found = find_quantile(scores, share)
    if found.method == "counted":
        assert sum(score >= found.score for score in scores) <= share * len(scores)
    assert found.low <= found.high


@given(st.integers(0, 5000), st.integers(0, 5000))
def test_an_interval_holds_its_share_and_stays_within_0_and_1(one: int, other: int) -> None:
    share = Share(min(one, other), max(one, other))
    low, high = share.interval
    assert 0 <= low <= share.value <= high <= 1


@given(
    st.lists(st.floats(0, 1), max_size=60),
    st.lists(st.floats(0, 1), min_size=1, max_size=60),
)
def test_a_trace_agrees_with_the_summary_at_every_share(
    shown: list[float], clean: list[float]
) -> None:
    pictures = [("shown", "Aoi", {"Aoi": score}) for score in shown]
    pictures += [("clean", None, {"Aoi": score}) for score in clean]
    rates, found = trace(shown, clean)
    assert list(rates) == sorted(rates)
    for allowed in range(len(clean)):
        summary = summarise(pictures, clean_share_of(allowed / len(clean)))
        assert summary.recall.found == found[allowed]
        assert summary.alarms.value == rates[allowed]
