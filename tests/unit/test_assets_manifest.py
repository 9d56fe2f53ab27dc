"""Manifests of paths and URLs, and the choice of a layout."""

from __future__ import annotations

import os
import unicodedata
from pathlib import Path

import fsspec
import pytest

from models.assets.layouts import detect_layout
from models.canonical import digest_bytes
from models.errors import DatasetError
from models.reasons import Reason
from tests.assets_files import assets_by_name, captions, fill, pack, picture, scan


def test_paths_count_from_the_manifests_folder(tmp_path: Path) -> None:
    fill(tmp_path, {"images/a.png": picture(), "images/a.json": "{}", "b.png": picture(1)})
    text = f"path,caption\nimages/a.png,one\n{tmp_path}/b.png,two\n"
    fill(tmp_path, {"list.csv": text})
    found = scan(tmp_path / "list.csv")
    assets = assets_by_name(found)
    assert found.layout == "manifest"
    assert captions(assets["images/a.png"]) == ["one"]
    assert assets["images/a.png"].captions[0].source == "list.csv:2#caption"
    assert [s.name for s in assets["images/a.png"].sidecars] == ["images/a.json"]
    assert assets[f"{tmp_path}/b.png"].asset_id == digest_bytes(picture(1))


def test_urls_are_read_where_they_lie(tmp_path: Path) -> None:
    fsspec.filesystem("memory").pipe_file("/manifest/a.png", picture())
    fill(tmp_path, {"list.jsonl": '{"uri": "memory://manifest/a.png", "prompt": "one"}'})
    (asset,) = scan(tmp_path / "list.jsonl").assets
    assert (asset.asset_id, captions(asset)) == (digest_bytes(picture()), ["one"])


def test_what_is_not_there_is_an_asset_with_a_fault(tmp_path: Path) -> None:
    text = "file,text\nnone.png,one\nmemory://manifest/none.png,two\n"
    fill(tmp_path, {"list.csv": text})
    assets = scan(tmp_path / "list.csv").assets
    assert [a.fault.reason for a in assets if a.fault] == [Reason.IMAGE_MISSING] * 2
    assert [captions(a) for a in assets] == [["two"], ["one"]]


def test_a_name_is_found_in_the_other_unicode_form(tmp_path: Path) -> None:
    composed, decomposed = (unicodedata.normalize(form, "が.png") for form in ("NFC", "NFD"))
    fill(tmp_path, {decomposed: picture(), "list.csv": f"image,text\n{composed},ga\n"})
    assert scan(tmp_path / "list.csv").assets[0].fault is None


def test_a_file_uri_reaches_a_name_that_is_not_utf_8(tmp_path: Path) -> None:
    with open(os.fsencode(tmp_path) + b"/\xe9.png", "wb") as file:
        file.write(picture())
    fill(tmp_path, {"list.csv": f"path\nfile://{tmp_path}/%E9.png\n"})
    assert scan(tmp_path / "list.csv").assets[0].asset_id == digest_bytes(picture())


def test_rows_about_one_path_are_one_place(tmp_path: Path) -> None:
    fill(tmp_path, {"a.png": picture(), "list.csv": "path,text\na.png,one\na.png,two\n"})
    (asset,) = scan(tmp_path / "list.csv").assets
    assert len(asset.locations) == 1
    assert captions(asset) == ["one", "two"]


def test_a_row_that_names_nothing_is_recorded(tmp_path: Path) -> None:
    fill(tmp_path, {"a.png": picture(), "list.jsonl": '{"path": "a.png"}\n{"path": '})
    found = scan(tmp_path / "list.jsonl")
    assert [a.name for a in found.assets if a.fault] == ["list.jsonl:2"]
    assert [n.kind for n in found.notices] == ["row_unreadable"]


def test_a_manifest_without_a_path_column_lists_what_it_has(tmp_path: Path) -> None:
    fill(tmp_path, {"list.csv": "photo,text\na.png,x\n"})
    with pytest.raises(DatasetError, match="it has photo, text"):
        scan(tmp_path / "list.csv")


@pytest.mark.parametrize(
    ("files", "layout"),
    [
        ({"a.png": b"x", "a.txt": b"x"}, "kohya"),
        ({"a.png": b"x", "meta_cap.json": b'{"a": {"caption": "x"}}'}, "kohya"),
        ({"a.png": b"x"}, "kohya"),
        ({"t/metadata.csv": b"file_name\na.png\n", "t/a.png": b"x"}, "imagefolder"),
        ({"d/0.tar": pack({"1.png": b"x"}), "d/0.parquet": b"PAR1"}, "webdataset"),
        ({"train.csv": b"path,caption\na.png,x\n", "a.png": b"x"}, "manifest"),
        ({"notes.csv": b"day,note\n1,x\n", "a.png": b"x"}, "kohya"),
    ],
)
def test_a_layout_is_recognised(tmp_path: Path, files: dict[str, bytes], layout: str) -> None:
    assert detect_layout(str(fill(tmp_path, files))) == layout


def test_several_layouts_are_an_error_that_says_how_to_choose(tmp_path: Path) -> None:
    fill(tmp_path, {"a.png": b"x", "a.txt": b"x", "metadata.jsonl": b"{}"})
    with pytest.raises(DatasetError) as caught:
        detect_layout(str(tmp_path))
    assert "kohya: a.txt beside an image; imagefolder: metadata.jsonl" in caught.value.problem
    assert "--layout kohya or imagefolder" in caught.value.remedy
    assert scan(tmp_path, "kohya").layout == "kohya"


@pytest.mark.parametrize(
    ("files", "problem"),
    [({}, "is empty"), ({"readme.md": b"x"}, "holds no images in a layout")],
)
def test_no_layout_is_an_error_that_lists_what_was_looked_for(
    tmp_path: Path, files: dict[str, bytes], problem: str
) -> None:
    with pytest.raises(DatasetError) as caught:
        scan(fill(tmp_path, files))
    assert problem in caught.value.problem
    for layout in ("kohya", "imagefolder", "webdataset", "manifest"):
        assert f"{layout}: " in caught.value.remedy


def test_a_named_layout_without_images_is_an_error(tmp_path: Path) -> None:
    with pytest.raises(DatasetError, match="holds no images"):
        scan(fill(tmp_path, {"a.txt": b"x"}), "kohya")


def test_an_unknown_layout_is_an_error(tmp_path: Path) -> None:
    with pytest.raises(DatasetError, match="Use auto, kohya, imagefolder"):
        scan(fill(tmp_path, {"a.png": b"x"}), "coco")


def test_a_path_that_does_not_exist_is_an_error(tmp_path: Path) -> None:
    with pytest.raises(DatasetError, match="cannot be opened: there is no such file"):
        scan(tmp_path / "none")


def test_a_url_is_not_a_dataset() -> None:
    with pytest.raises(DatasetError, match="not on this machine"):
        detect_layout("s3://bucket/set")


def test_a_file_that_is_neither_tar_nor_table_is_an_error(tmp_path: Path) -> None:
    with pytest.raises(DatasetError, match="holds no images in a layout"):
        scan(fill(tmp_path, {"a.png": picture()}) / "a.png")


def test_several_manifests_are_an_error_that_lists_them(tmp_path: Path) -> None:
    fill(tmp_path, {"a.csv": "path\nx.png\n", "b.csv": "path\nx.png\n"})
    with pytest.raises(DatasetError, match=r"several manifests: a\.csv, b\.csv"):
        scan(tmp_path)


def test_a_caption_of_any_length_costs_the_others_nothing(tmp_path: Path) -> None:
    long = "word " * 50_000
    files = {
        "a.png": picture(1),
        "b.png": picture(2),
        "m.csv": f"path,text\na.png,{long}\nb.png,x\n",
    }
    fill(tmp_path, files)
    assert [captions(a) for a in scan(tmp_path).assets] == [[long], ["x"]]


def test_damage_below_the_header_does_not_make_a_manifest_something_else(tmp_path: Path) -> None:
    fill(tmp_path, {"a.png": picture(), "m.csv": b"path,text\na.png,x\0y\n"})
    with pytest.raises(DatasetError, match=r"The manifest m\.csv cannot be read"):
        scan(tmp_path)


def test_csv_that_is_not_sound_names_its_line(tmp_path: Path) -> None:
    fill(tmp_path, {"a.png": picture(), "m.csv": 'path,text\na.png,x\nb.png,"x"y\n'})
    with pytest.raises(DatasetError, match="line 3"):
        scan(tmp_path)


def test_a_pipe_beside_the_images_is_not_waited_for(tmp_path: Path) -> None:
    fill(tmp_path, {"a.png": picture()})
    os.mkfifo(tmp_path / "m.csv")
    assert scan(tmp_path).layout == "kohya"


@pytest.mark.parametrize("name", ["a.json", "a.png.json"])
def test_a_sidecar_that_leads_nowhere_is_kept_for_consent_to_ask_about(
    tmp_path: Path, name: str
) -> None:
    fill(tmp_path, {"a.png": picture(), "m.csv": "path\na.png\n"})
    (tmp_path / name).symlink_to("nowhere")
    (asset,) = scan(tmp_path).assets
    assert [(s.name, s.digest) for s in asset.sidecars] == [(name, "")]
