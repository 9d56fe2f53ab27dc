"""Learning a calibration: what comes out of labelled pairs, and what is refused."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from models.motifs.calibration.fitting import RISK_OF_NOTHING, add_up, learn, learn_calibration
from models.motifs.calibration.pairs import CalibrationError, LabelledPair
from models.motifs.evidence import Evidence
from models.motifs.risk import Calibration
from models.policy import RECORDED_RISK
from tests.motif_calibration_cases import imagine_clean, imagine_pairs


@pytest.fixture(scope="module")
def calibration() -> Calibration:
    return learn_calibration(imagine_pairs(1, 400), imagine_clean(2, 800), name="x", encoder="e")


def test_matches_have_a_higher_risk_than_others(calibration: Calibration) -> None:
    fresh = imagine_pairs(3, 200)
    risks = [calibration.risk_of(pair.evidence) for pair in fresh]
    assert np.median(risks[:200]) > 0.5
    assert np.median(risks[200:]) < 0.01


def test_a_calibration_says_what_it_is_for_and_from(calibration: Calibration) -> None:
    assert (calibration.name, calibration.encoder) == ("x", "e")
    assert calibration.learnt_from == "400 matches, 5200 others, 800 clean pictures"


def test_a_learnt_calibration_can_be_written_and_read(calibration: Calibration) -> None:
    from models.canonical import canonical_json

    text = canonical_json(calibration.as_dict()).decode()
    assert Calibration.from_json(text, "here").as_dict() == calibration.as_dict()


def test_the_same_pairs_give_the_same_calibration(calibration: Calibration) -> None:
    again = learn_calibration(imagine_pairs(1, 400), imagine_clean(2, 800), name="x", encoder="e")
    assert again.as_dict() == calibration.as_dict()


def test_a_pair_of_which_nothing_was_seen_is_never_recorded() -> None:
    """Not even where clean pictures score nothing at all, so that any anchor would do."""
    seen = [LabelledPair(Evidence(whole=0.9 - 0.001 * n), True) for n in range(60)]
    others = [LabelledPair(Evidence(whole=0.1 + 0.001 * n), False) for n in range(60)]
    found = learn_calibration([*seen, *others], [[]] * 200, name="x", encoder="")
    assert found.risk_of(Evidence()) <= RISK_OF_NOTHING < RECORDED_RISK


def test_a_clean_picture_without_any_proposal_counts_as_one() -> None:
    clean = imagine_clean(2, 800)
    sparse = learn(imagine_pairs(1, 400), [*clean, *([[]] * 7200)], name="x", encoder="")
    dense = learn(imagine_pairs(1, 400), clean, name="x", encoder="")
    assert sparse.anchor.pictures == 8000
    assert sparse.anchor.score < dense.anchor.score


def test_a_detector_that_is_counted_twice_does_not_double_the_odds() -> None:
    pairs = [replace(p, evidence=replace(p.evidence, part=None)) for p in imagine_pairs(1, 400)]
    clean = [[replace(e, part=None) for e in picture] for picture in imagine_clean(2, 400)]
    once = learn_calibration(pairs, clean, name="x", encoder="")

    def double(evidence: Evidence) -> Evidence:
        return replace(evidence, part=evidence.whole)

    twice = learn_calibration(
        [LabelledPair(double(p.evidence), p.matches) for p in pairs],
        [[double(e) for e in picture] for picture in clean],
        name="x",
        encoder="",
    )
    surest = Evidence(whole=0.95)
    one = add_up(once, surest) - once.bias
    two = add_up(twice, double(surest)) - twice.bias
    assert one < two < 1.3 * one


def test_a_detector_that_sees_the_same_in_all_pictures_gets_no_say() -> None:
    pairs = imagine_pairs(1, 200)
    dice = np.random.default_rng(5)
    same = [
        LabelledPair(replace(p.evidence, points=float(dice.uniform(0, 9))), p.matches)
        for p in pairs
    ]
    clean = [
        [replace(e, points=float(dice.uniform(0, 9))) for e in picture]
        for picture in imagine_clean(2, 200)
    ]
    found = learn_calibration(same, clean, name="x", encoder="")
    said = found.curves["points"].adds[-1] if "points" in found.curves else 0.0
    assert said < 0.15 * found.curves["whole"].adds[-1]


def test_a_detector_that_saw_few_matches_gets_no_curve() -> None:
    pairs = [replace(p, evidence=replace(p.evidence, pdq=None)) for p in imagine_pairs(1, 100)]
    pairs[:5] = [LabelledPair(Evidence(pdq=3, whole=0.8), True)] * 5
    found = learn_calibration(pairs, imagine_clean(2, 200), name="x", encoder="")
    assert "pdq" not in found.curves


def test_pairs_of_the_same_file_teach_nothing() -> None:
    same = [LabelledPair(Evidence(same_file=True, whole=1.0), True)] * 300
    pairs, clean = imagine_pairs(1, 100), imagine_clean(2, 200)
    with_them = learn_calibration([*pairs, *same], clean, name="x", encoder="")
    without = learn_calibration(pairs, clean, name="x", encoder="")
    assert with_them.as_dict() == without.as_dict()


def test_measures_that_are_all_alike_can_be_learnt_from() -> None:
    pairs = [LabelledPair(Evidence(whole=0.9), True)] * 40
    pairs += [LabelledPair(Evidence(whole=0.1), False)] * 40
    clean = [[Evidence(whole=0.1)]] * 150
    found = learn_calibration(pairs, clean, name="x", encoder="")
    assert found.risk_of(Evidence(whole=0.9)) > 0.4 > found.risk_of(Evidence(whole=0.1))


@pytest.mark.parametrize(("count", "clean"), [(10, 500), (400, 20)])
def test_too_few_pictures_are_refused_with_how_many_are_needed(count: int, clean: int) -> None:
    with pytest.raises(CalibrationError, match=r"at least \d+ .*are needed"):
        learn_calibration(imagine_pairs(1, count), imagine_clean(2, clean), name="x", encoder="")


def test_labels_that_have_nothing_to_do_with_what_is_seen_are_refused() -> None:
    pairs = [LabelledPair(p.evidence, not p.matches) for p in imagine_pairs(1, 200)]
    upside_down = [LabelledPair(Evidence(whole=p.evidence.whole), p.matches) for p in pairs]
    clean = [[Evidence(whole=0.9)]] * 150
    with pytest.raises(CalibrationError, match="labels"):
        learn_calibration(upside_down, clean, name="x", encoder="")


def test_pairs_of_which_nothing_was_seen_are_refused() -> None:
    pairs = [LabelledPair(Evidence(), n % 2 == 0) for n in range(100)]
    with pytest.raises(CalibrationError, match="No detector saw enough"):
        learn_calibration(pairs, [[]] * 200, name="x", encoder="")
