"""Reading a folder's pairs.csv: what counts, what is left out, and what stops."""

from __future__ import annotations

from pathlib import Path

import pytest

from models.motifs.calibration.labelled import LabelledFolder, read_labelled
from models.motifs.calibration.pairs import CalibrationError


def read(folder: Path, text: str | bytes, *files: str) -> LabelledFolder:
    data = text if isinstance(text, bytes) else text.encode()
    (folder / "pairs.csv").write_bytes(data)
    for name in files or ("a.png", "b.png"):
        (folder / name).write_bytes(b"x")
    return read_labelled(folder, ["Aoi", "Ren", "星野"])


def reasons(found: LabelledFolder) -> dict[int, str]:
    return {each.line: each.why for each in found.left_out}


def test_a_row_says_what_a_picture_shows_and_how_it_was_edited(tmp_path: Path) -> None:
    found = read(tmp_path, "file,label,kind,box\na.png,Aoi,crop,0 0 0.5 0.5\nb.png,,scene,\n")
    shown, clean = found.pictures
    assert (shown.label, shown.kind, shown.box) == ("Aoi", "crop", (0, 0, 0.5, 0.5))
    assert (clean.label, clean.kind, clean.box) == (None, "scene", None)
    assert found.left_out == ()


def test_kind_and_box_may_be_left_out_and_columns_stand_in_any_order(tmp_path: Path) -> None:
    found = read(tmp_path, "Label,note,FILE\nAoi,hm,a.png\n,,b.png\n")
    assert [p.label for p in found.pictures] == ["Aoi", None]
    assert [p.kind for p in found.pictures] == ["as labelled", "clean"]


def test_a_list_from_excel_with_a_byte_order_mark_is_read(tmp_path: Path) -> None:
    found = read(tmp_path, "\ufefffile,label\r\na.png,星野\r\n")
    assert found.pictures[0].label == "星野"


def test_a_label_that_is_spelled_with_combining_marks_is_the_registered_one(tmp_path: Path) -> None:
    (tmp_path / "pairs.csv").write_text("file,label\na.png,\u30ab\u3099\n", encoding="utf-8")
    (tmp_path / "a.png").write_bytes(b"x")
    assert read_labelled(tmp_path, ["\u30ac"]).pictures[0].label == "\u30ac"


def test_a_box_of_all_of_it_is_a_box(tmp_path: Path) -> None:
    found = read(tmp_path, 'file,label,box\na.png,Aoi,"0,0,1,1"\n')
    assert found.pictures[0].box == (0, 0, 1, 1)


def test_a_picture_of_two_motifs_has_two_rows(tmp_path: Path) -> None:
    found = read(tmp_path, "file,label\na.png,Aoi\na.png,Ren\n")
    assert [p.label for p in found.pictures] == ["Aoi", "Ren"]


def test_rows_that_cannot_be_used_are_left_out_with_their_lines(tmp_path: Path) -> None:
    found = read(
        tmp_path,
        "file,label,box\n"
        "a.png,Aoi,\n"
        "nosuch.png,Aoi,\n"
        "b.png,Aio,\n"
        "\n"
        ",Ren,\n"
        "a.png,Aoi,\n"
        "b.png,Ren,3 4 5 6\n"
        "a.png,,\n",
    )
    assert [p.line for p in found.pictures] == [2]
    said = reasons(found)
    assert said[3] == "there is no such file"
    assert said[4] == "no reference is registered with the label 'Aio'; did you mean 'Aoi'?"
    assert said[6] == "it names no file"
    assert said[7] == "the same file and label stand in an earlier row"
    assert "not four fractions" in said[8]
    assert said[9] == "another row says what this file shows, so it is not clean"


def test_a_folder_is_no_picture(tmp_path: Path) -> None:
    (tmp_path / "sub").mkdir()
    found = read(tmp_path, "file,label\na.png,Aoi\nsub,Aoi\n")
    assert reasons(found) == {3: "there is no such file"}


def test_a_name_that_no_file_system_takes_is_left_out(tmp_path: Path) -> None:
    found = read(tmp_path, f"file,label\na.png,Aoi\n{'x' * 300}.png,Aoi\n")
    assert 3 in reasons(found)


@pytest.mark.parametrize(
    ("text", "problem"),
    [
        ("", "no column file and no column label"),
        ("picture,label\na.png,Aoi\n", "no column file; its columns are 'picture', 'label'"),
        ("file;label\na.png;Aoi\n", "no column file and no column label"),
        ("file,label\na.png,Aoi,crop\n", "Line 2 .* more values than there are columns"),
        ('file,label\n"a.png,Aoi\n', "Line 2 .* cannot be read"),
        ("file,label\na.png,Nobody\n", r"No row .* can be used\. Line 2: no reference"),
        ("file,label\n", "No row .* can be used"),
        (b"file,label\n\xff.png,Aoi\n", "is not UTF-8"),
    ],
)
def test_what_is_no_such_list_stops_with_what_is_wrong(
    tmp_path: Path, text: str | bytes, problem: str
) -> None:
    with pytest.raises(CalibrationError, match=problem):
        read(tmp_path, text)


def test_a_folder_without_a_list_says_how_to_make_one(tmp_path: Path) -> None:
    with pytest.raises(CalibrationError, match="columns file and label"):
        read_labelled(tmp_path, ["Aoi"])
