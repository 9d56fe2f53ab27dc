"""What an evaluation says, on the terminal, as a page and as numbers."""

from __future__ import annotations

import json
from collections.abc import Sequence
from pathlib import Path

import pytest
from PIL import Image

from models.errors import WorkspaceError
from models.motifs.calibration.evaluating import Evaluation, evaluate
from models.motifs.calibration.judging import Looked
from models.motifs.calibration.labelled import LeftOut
from models.motifs.calibration.lettering import make_showable
from models.motifs.calibration.pairs import CalibrationError
from models.motifs.calibration.reporting import write_page, write_terminal
from models.motifs.calibration.saving import require_new_file, save_calibration, save_evaluation
from models.motifs.evidence import Evidence
from models.motifs.register import Reference
from models.motifs.risk import Calibration
from tests.motif_calibration_cases import looked, propose, simple_calibration
from tests.motif_pictures import draw, encode_file


def seen(label: str | None, cosine: float, *, kind: str = "crop", name: str = "a.png") -> Looked:
    return looked(label, propose("Aoi", Evidence(whole=cosine)), kind=kind, name=name)


def evaluated(pictures: Sequence[Looked], left_out: Sequence[LeftOut] = ()) -> Evaluation:
    return evaluate(
        pictures,
        left_out,
        simple_calibration(),
        encoder="builtin:layout",
        risk=0.5,
        references={"Aoi": 1, "Ren": 2},
    )


def advice(pictures: Sequence[Looked]) -> str:
    return "\n".join(evaluated(pictures).advice)


def test_a_lower_risk_is_suggested_where_it_finds_more_and_flags_hardly_more() -> None:
    pictures = [seen("Aoi", 0.9)] * 60 + [seen("Aoi", 0.56)] * 40
    pictures += [seen(None, 0.2)] * 1997 + [seen(None, 0.57)] * 2 + [seen(None, 0.9)]
    assert (
        "At risk 0.35 recall would be 1.00 instead of 0.60, and 1.5 in 1,000 clean pictures would "
        "be flagged instead of 0.5 in 1,000."
    ) in advice(pictures)


def test_a_lower_risk_is_not_suggested_where_many_clean_pictures_would_be_flagged() -> None:
    pictures = [seen("Aoi", 0.9)] * 60 + [seen("Aoi", 0.56)] * 40
    pictures += [seen(None, 0.2)] * 1900 + [seen(None, 0.57)] * 100
    assert "recall would be" not in advice(pictures)


def test_a_higher_risk_is_suggested_where_it_loses_nothing_and_flags_less() -> None:
    pictures = [seen("Aoi", 0.95)] * 100 + [seen(None, 0.62)] * 10 + [seen(None, 0.2)] * 1990
    said = advice(pictures)
    assert "At risk 0.60 recall would be 1.00 instead of 1.00" in said
    assert "0 in 1,000 clean pictures would be flagged instead of 5 in 1,000" in said


def test_few_clean_pictures_are_said_to_be_too_few() -> None:
    assert "There are 5 clean pictures: too few" in advice(
        [seen("Aoi", 0.9), *[seen(None, 0.1)] * 5]
    )


def test_far_more_false_alarms_than_promised_ask_for_a_calibration() -> None:
    pictures = [seen("Aoi", 0.9)] * 10 + [seen(None, 0.9)] * 30 + [seen(None, 0.1)] * 1000
    assert "kiyome motifs calibrate" in advice(pictures)


def test_a_kind_that_is_found_far_less_is_named() -> None:
    pictures = [seen("Aoi", 0.9)] * 100 + [seen("Aoi", 0.2, kind="tiny")] * 20
    assert "'tiny' is found less than the rest: 0 of 20." in advice(pictures)


def test_a_label_that_is_mostly_missed_is_named_with_its_references() -> None:
    said = advice([seen("Aoi", 0.2)] * 10 + [seen("Aoi", 0.9)] * 2)
    assert "Of 'Aoi' 10 of 12 pictures are missed, and it has 1 reference:" in said


def test_a_picture_flagged_for_another_label_only_is_missed_and_counted_apart() -> None:
    found = evaluated([seen("Ren", 0.9), seen("Aoi", 0.9)])
    assert (found.mistaken.found, found.summary.recall.found) == (1, 1)
    assert [each.picture.label for each in found.missed] == ["Ren"]


def test_misses_are_listed_worst_first_and_alarms_likeliest_first() -> None:
    found = evaluated(
        [
            seen("Aoi", 0.5, name="near.png"),
            seen("Aoi", 0.3, name="far.png"),
            seen(None, 0.5, name="low.png"),
            seen(None, 0.9, name="high.png"),
            seen(None, 0.2, name="never.png"),
        ]
    )
    assert [each.picture.name for each in found.missed] == ["far.png", "near.png"]
    assert [each.picture.name for each in found.alarms] == ["high.png", "low.png"]


def test_an_evaluation_of_clean_pictures_alone_can_be_written() -> None:
    said = write_terminal(evaluated([seen(None, 0.1)] * 3))
    assert "Pictures that show a motif: 0; clean ones: 3" in said


def test_the_terminal_shows_recall_with_intervals_and_rows_left_out() -> None:
    left_out = [LeftOut(7, "x\x1b[31m.png", "there is no such file")]
    said = write_terminal(evaluated([seen("Aoi", 0.9)] * 3 + [seen("Aoi", 0.2)], left_out))
    assert "3 of 4    0.75   0.30 to 0.95" in said
    assert "line 7: x\\x1b[31m.png: there is no such file" in said


def test_japanese_kinds_stay_in_their_columns() -> None:
    said = write_terminal(evaluated([seen("Aoi", 0.9, kind="回転"), seen("Aoi", 0.9, kind="ab")]))
    rows = [line for line in said.splitlines() if "1 of 1 " in line]
    assert rows[0].index("1 of 1") + 2 == rows[1].index("1 of 1")


def test_what_a_name_holds_is_never_markup_on_the_page() -> None:
    left_out = [LeftOut(2, "a|b<img src=x>\n# c", "there is no such file")]
    page = write_page(evaluated([seen("Aoi", 0.9, kind="*x*|y")], left_out), [])
    assert r"a\|b\<img src=x\>\\n\# c" in page
    assert r"\*x\*\|y" in page


def test_a_report_holds_numbers_figures_and_sheets_with_japanese_names(tmp_path: Path) -> None:
    picture, reference = tmp_path / "写真.png", tmp_path / "reference"
    picture.write_bytes(encode_file(draw(1)))
    reference.write_bytes(encode_file(draw(2)))
    registered = Reference("id of 星野", "星野", "character", "", reference)
    pictures = [
        looked("星野", propose("星野", Evidence(whole=0.2)), name=str(picture), kind="回転"),
        looked(None, propose("星野", Evidence(whole=0.7)), name=str(picture)),
        looked("Aoi", name=str(tmp_path / "gone.png")),
    ]
    out = tmp_path / "new" / "report"
    page = save_evaluation(evaluated(pictures), [registered], out, 10**7, simple_calibration())
    text = page.read_text(encoding="utf-8")
    for name in ("recall.png", "risks.png", "curves.png", "misses.png", "alarms.png"):
        assert f"({name})" in text
        with Image.open(out / name) as image:
            assert min(image.size) > 200
    numbers = json.loads((out / "report.json").read_text(encoding="utf-8"))
    assert numbers["missed"][1]["label"] == "星野"
    assert numbers["missed"][0]["risk"] is None


def test_an_old_sheet_does_not_outlive_what_it_showed(tmp_path: Path) -> None:
    save_evaluation(evaluated([seen("Aoi", 0.2), seen(None, 0.1)]), [], tmp_path, 10**7)
    assert (tmp_path / "misses.png").is_file()
    save_evaluation(evaluated([seen("Aoi", 0.9), seen(None, 0.1)]), [], tmp_path, 10**7)
    assert not (tmp_path / "misses.png").exists()


def test_a_report_into_a_file_says_that_it_cannot_be_written(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("x")
    with pytest.raises(WorkspaceError, match="cannot be written"):
        save_evaluation(evaluated([seen("Aoi", 0.9)]), [], tmp_path / "file", 10**7)


def test_a_calibration_is_written_so_that_it_reads_the_same(tmp_path: Path) -> None:
    path = tmp_path / "calibration.json"
    save_calibration(simple_calibration(), path)
    read = Calibration.from_json(path.read_text(encoding="utf-8"), "it")
    assert read.fingerprint == simple_calibration().fingerprint


def test_a_file_is_replaced_only_when_asked_to(tmp_path: Path) -> None:
    path = tmp_path / "calibration.json"
    path.write_text("mine")
    with pytest.raises(CalibrationError, match="already"):
        require_new_file(path, force=False)
    require_new_file(path, force=True)


@pytest.mark.parametrize("name", [".", "nosuch/calibration.json"])
def test_a_place_that_is_no_file_is_refused_at_once(tmp_path: Path, name: str) -> None:
    with pytest.raises(CalibrationError):
        require_new_file(tmp_path / name, force=True)


def test_what_no_font_can_draw_becomes_a_question_mark() -> None:
    assert make_showable("Aoi \U0010fffd") in ("Aoi ?", "Aoi \\U0010fffd")
    assert make_showable("x" * 80, 10) == "x" * 9 + "…"
