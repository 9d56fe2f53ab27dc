"""What is said of a new calibration beside the one in force."""

from __future__ import annotations

from dataclasses import replace

from models.motifs.calibration.comparing import describe_anchor, write_comparison
from models.motifs.calibration.evaluating import Evaluation, evaluate
from models.motifs.calibration.fitting import Learnt
from models.motifs.calibration.tail import Quantile
from models.motifs.evidence import Evidence
from models.motifs.risk import Calibration
from tests.motif_calibration_cases import looked, propose, simple_calibration

COSINES = (0.9, 0.7, 0.5)


def judged_by(calibration: Calibration, clean: int = 1000) -> Evaluation:
    pictures = [looked("Aoi", propose("Aoi", Evidence(whole=each))) for each in COSINES] * 20
    pictures += [looked(None, propose("Aoi", Evidence(whole=0.5)))] * clean
    return evaluate(
        pictures, [], calibration, encoder="builtin:layout", risk=0.5, references={"Aoi": 1}
    )


def with_bias(bias: float) -> Calibration:
    return replace(simple_calibration(), bias=bias)


def learnt(quantile: Quantile) -> Learnt:
    return Learnt(replace(with_bias(-quantile.score), learnt_from="much"), quantile, 60, 100)


EXTENDED = Quantile(5.0, 4.0, 6.0, 900, "extended", 45)


def test_recall_of_both_stands_side_by_side() -> None:
    said = write_comparison(learnt(EXTENDED), judged_by(with_bias(-7.0)), judged_by(with_bias(-5)))
    assert "Learnt from much." in said
    (row,) = [line for line in said.splitlines() if line.startswith("  crop")]
    assert row.split()[:3] == ["crop", "60", "0.33"]
    assert "0.67 (0.54 to 0.77)" in row


def test_an_anchor_is_told_with_its_method_and_how_sure_it_is() -> None:
    assert describe_anchor(learnt(EXTENDED)) == (
        "A risk of 0.5 is what 1 clean picture in 1,000 reaches, extended from the 45 likeliest of "
        "900 clean pictures; with 95 % confidence that is a risk from 0.27 to 0.73."
    )
    counted = learnt(Quantile(5.0, 4.0, 6.0, 20_000, "counted", 20))
    assert "counted among 20,000 clean pictures" in describe_anchor(counted)


def test_a_calibration_that_finds_less_and_flags_more_is_advised_against() -> None:
    worse = replace(
        judged_by(with_bias(-7.0)),
        summary=replace(
            judged_by(with_bias(-7.0)).summary, alarms=judged_by(with_bias(-2.0)).summary.alarms
        ),
    )
    said = write_comparison(learnt(EXTENDED), judged_by(with_bias(-5.0)), worse)
    assert "keep the one in force" in said


def test_a_calibration_that_flags_too_much_asks_for_clean_pictures() -> None:
    said = write_comparison(
        learnt(EXTENDED), judged_by(with_bias(-5.0)), judged_by(with_bias(-2.0))
    )
    assert "The new calibration flags 1000 in 1,000 clean pictures" in said


def test_a_small_checking_half_is_said_to_be_small() -> None:
    few = judged_by(with_bias(-5.0), clean=20)
    said = write_comparison(learnt(EXTENDED), few, few)
    assert "60 pictures that show a motif and 20 clean ones: too few" in said
