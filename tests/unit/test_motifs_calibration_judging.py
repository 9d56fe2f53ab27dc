"""Labelled pictures as a calibration judges them, and what is learnt from them."""

from __future__ import annotations

from pathlib import Path

import pytest

from models.motifs.alignment import Alignment
from models.motifs.calibration.judging import (
    count_boxes,
    gather_pairs,
    judge,
    look_at,
    overlap,
    weigh_detectors,
)
from models.motifs.calibration.labelled import LabelledFolder, LabelledPicture
from models.motifs.calibration.pairs import CalibrationError
from models.motifs.calibration.shares import Share
from models.motifs.calibration.splitting import split_in_halves
from models.motifs.evidence import Evidence
from tests.motif_calibration_cases import FakeExaminer, looked, propose, simple_calibration

WEAK, STRONG = Evidence(whole=0.3), Evidence(whole=0.9)
RULES = simple_calibration()


def placed(box: tuple[float, float, float, float]) -> Evidence:
    lies = Alignment(9, 9, (1, 0, 0, 0, 1, 0), False, box, (0, 0, 1, 1), ())
    return Evidence(whole=0.9, points=9.0, alignment=lies)


def test_a_label_has_the_risk_of_its_surest_reference() -> None:
    seen = looked("Aoi", propose("Aoi", WEAK, "1"), propose("Aoi", STRONG, "2"))
    (judged,) = judge([seen], RULES)
    assert judged.risks == {"Aoi": RULES.risk_of(STRONG)}
    assert judged.own is not None
    assert judged.own.reference == "2"


def test_the_likeliest_reference_of_a_clean_picture_is_the_one_of_the_highest_risk() -> None:
    (judged,) = judge([looked(None, propose("Ren", WEAK), propose("Aoi", STRONG))], RULES)
    assert judged.own is None
    assert judged.top is not None
    assert judged.top.label == "Aoi"


def test_a_picture_for_which_nothing_was_proposed_has_no_reference() -> None:
    (judged,) = judge([looked("Aoi")], RULES)
    assert (judged.own, judged.top) == (None, None)


def test_only_the_surest_reference_of_a_label_is_learnt_as_a_match() -> None:
    seen = looked("Aoi", propose("Aoi", WEAK, "1"), propose("Aoi", STRONG, "2"))
    pairs, clean = gather_pairs([seen], RULES)
    assert [(pair.evidence, pair.matches) for pair in pairs] == [(STRONG, True)]
    assert clean == []


def test_references_of_what_the_file_shows_besides_are_never_learnt_as_others(
    tmp_path: Path,
) -> None:
    rows = tuple(
        LabelledPicture(line, "a.png", tmp_path / "a.png", label, "both")
        for line, label in ((2, "Aoi"), (3, "Ren"))
    )
    proposed = (propose("Aoi", STRONG), propose("Ren", WEAK), propose("Yui", WEAK))
    seen, _ = look_at(LabelledFolder(rows, ()), FakeExaminer({"a.png": proposed}))
    pairs, _ = gather_pairs(seen, RULES)
    assert [pair.matches for pair in pairs] == [True, False, True, False]
    assert [pair.evidence for pair in pairs if not pair.matches] == [WEAK, WEAK]


def test_a_clean_picture_is_learnt_with_all_that_was_proposed_for_it() -> None:
    pairs, clean = gather_pairs(
        [looked(None, propose("Aoi", WEAK), propose("Ren", WEAK)), looked(None)], RULES
    )
    assert pairs == []
    assert clean == [[WEAK, WEAK], []]


def test_each_file_is_looked_at_once_and_a_damaged_one_is_left_out(tmp_path: Path) -> None:
    rows = tuple(
        LabelledPicture(line, name, tmp_path / name, label, "crop")
        for line, name, label in ((2, "a.png", "Aoi"), (3, "a.png", "Ren"), (4, "b.png", None))
    )
    examiner = FakeExaminer({"a.png": ()})
    counted: list[tuple[int, int]] = []
    seen, left_out = look_at(
        LabelledFolder(rows, ()), examiner, lambda done, total: counted.append((done, total))
    )
    assert [path.name for path in examiner.asked] == ["a.png", "b.png"]
    assert [each.picture.line for each in seen] == [2, 3]
    assert [(each.line, each.why) for each in left_out] == [
        (4, "b.png: it ends too early (image_damaged)")
    ]
    assert counted == [(1, 2), (2, 2)]


def test_a_detector_is_worth_what_it_finds_alone_and_what_only_it_finds() -> None:
    pictures = [
        looked("Aoi", propose("Aoi", Evidence(whole=0.9))),
        looked("Aoi", propose("Aoi", Evidence(points=9.0))),
        looked("Aoi", propose("Aoi", Evidence(whole=0.9, points=9.0))),
        looked("Aoi", propose("Aoi", Evidence(whole=0.5, points=3.0))),
        looked("Aoi", propose("Aoi", WEAK)),
        looked(None, propose("Aoi", STRONG)),
    ]
    worth = weigh_detectors(pictures, RULES, 0.5)
    assert (worth["whole"].alone, worth["whole"].only) == (Share(2, 5), Share(2, 5))
    assert (worth["points"].alone, worth["points"].only) == (Share(2, 5), Share(2, 5))
    assert worth["pdq"].alone == Share(0, 5)


def test_the_same_file_says_nothing_about_detectors() -> None:
    same = looked("Aoi", propose("Aoi", Evidence(same_file=True, whole=1.0)))
    assert weigh_detectors([same], RULES, 0.5)["whole"].alone == Share(0, 0)


def test_a_box_is_right_where_it_overlaps_the_true_one_by_half() -> None:
    true = (0.0, 0.0, 0.5, 0.5)
    pictures = [
        looked("Aoi", propose("Aoi", placed((0.0, 0.0, 0.5, 0.4))), box=true),
        looked("Aoi", propose("Aoi", placed((0.4, 0.4, 0.9, 0.9))), box=true),
        looked("Aoi", propose("Aoi", WEAK), box=true),
        looked("Aoi", propose("Aoi", STRONG), box=None),
    ]
    assert count_boxes(judge(pictures, RULES), 0.5) == {"crop": Share(1, 2)}


def test_a_motif_seen_all_over_a_picture_has_the_whole_picture_as_its_box() -> None:
    seen = looked("Aoi", propose("Aoi", STRONG), box=(0.05, 0.0, 1.0, 1.0))
    assert count_boxes(judge([seen], RULES), 0.5) == {"crop": Share(1, 1)}


@pytest.mark.parametrize(
    ("other", "shared"),
    [
        ((0.0, 0.0, 1.0, 1.0), 1.0),
        ((0.0, 0.0, 0.5, 1.0), 0.5),
        ((0.5, 0.5, 1.5, 1.5), 0.25 / 1.75),
        ((2.0, 2.0, 3.0, 3.0), 0.0),
        ((0.5, 0.5, 0.5, 0.5), 0.0),
    ],
)
def test_an_overlap_is_what_is_shared_of_both(
    other: tuple[float, float, float, float], shared: float
) -> None:
    assert overlap((0.0, 0.0, 1.0, 1.0), other) == pytest.approx(shared)


def test_all_pictures_of_a_label_lie_in_one_half() -> None:
    pictures = [looked(f"label {n % 7}", name=f"{n}.png") for n in range(70)]
    pictures += [looked(None, name=f"clean {n}.png") for n in range(40)]
    learning, checking = split_in_halves(pictures)
    shown = [{each.picture.label for each in half} - {None} for half in (learning, checking)]
    assert not shown[0] & shown[1]
    assert [len([e for e in half if e.picture.label is None]) for half in (learning, checking)] == [
        20,
        20,
    ]
    assert len(learning) + len(checking) == 110


def test_one_label_of_many_pictures_does_not_make_the_halves_uneven() -> None:
    pictures = [looked("many", name=f"{n}.png") for n in range(30)]
    pictures += [looked(f"label {n}", name=f"x{n}.png") for n in range(30)]
    learning, checking = split_in_halves(pictures)
    assert abs(len(learning) - len(checking)) <= 1 or min(len(learning), len(checking)) >= 15


def test_the_halves_do_not_depend_on_the_order_of_the_rows() -> None:
    pictures = [looked(f"label {n % 5}", name=f"{n}.png") for n in range(20)]
    one, _ = split_in_halves(pictures)
    other, _ = split_in_halves(pictures[::-1])
    assert {e.picture.name for e in one} == {e.picture.name for e in other}


def test_pictures_of_one_label_cannot_be_split() -> None:
    with pytest.raises(CalibrationError, match="show 1 of the registered labels"):
        split_in_halves([looked("Aoi"), looked(None)])
