"""The kohya layout: captions beside images, metadata at the root, and the odd names of both."""

from __future__ import annotations

import json
import os
import unicodedata
from pathlib import Path

import pytest

from models.assets.reading import read_location
from models.canonical import digest_bytes
from models.reasons import Reason
from tests.assets_files import assets_by_name, captions, fill, picture, scan


def notices(found: object) -> dict[str, str]:
    return {notice.kind: notice.message for notice in found.notices}  # type: ignore[attr-defined]


def test_an_image_has_the_caption_of_the_same_name(tmp_path: Path) -> None:
    fill(tmp_path, {"x/y/a.PNG": picture(), "x/y/a.txt": "1girl, smile\n", "a.txt": "another"})
    found = scan(tmp_path)
    (asset,) = found.assets
    assert found.layout == "kohya"
    assert asset.name == "x/y/a.PNG"
    assert asset.asset_id == digest_bytes(picture())
    assert [(c.text, c.source) for c in asset.captions] == [("1girl, smile", "x/y/a.txt")]


def test_the_extension_caption_counts_as_well(tmp_path: Path) -> None:
    fill(tmp_path, {"a.jpg": picture(format_="JPEG"), "a.caption": "a girl"})
    assert captions(scan(tmp_path).assets[0]) == ["a girl"]


def test_every_line_that_is_not_blank_is_a_caption_of_its_own(tmp_path: Path) -> None:
    fill(tmp_path, {"a.png": picture(), "a.txt": "one\r\n\r\n  \r\ntwo \rthree\n"})
    (asset,) = scan(tmp_path).assets
    assert [(c.text, c.source) for c in asset.captions] == [
        ("one", "a.txt:1"),
        ("two ", "a.txt:4"),
        ("three", "a.txt:5"),
    ]


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16", "utf-32"])
def test_marked_encodings_are_read(tmp_path: Path, encoding: str) -> None:
    fill(tmp_path, {"a.png": picture(), "a.txt": "少女、笑顔".encode(encoding)})
    assert captions(scan(tmp_path).assets[0]) == ["少女、笑顔"]


@pytest.mark.parametrize(
    "data",
    [
        pytest.param("少女".encode("cp932"), id="Shift JIS"),
        pytest.param("girl".encode("utf-16-le"), id="UTF-16 without its mark"),
        pytest.param(b"\xff\xfegirls", id="a mark and then half a character"),
        pytest.param(b"a" * (1024 * 1024 + 1), id="larger than any caption"),
    ],
)
def test_a_caption_that_is_not_text_is_a_fault_of_an_asset_that_keeps_its_id(
    tmp_path: Path, data: bytes
) -> None:
    fill(tmp_path, {"a.png": picture(), "a.txt": data, "b.png": picture(1), "b.txt": "fine"})
    assets = assets_by_name(scan(tmp_path))
    fault = assets["a.png"].fault
    assert fault is not None
    assert fault.reason is Reason.CAPTION_UNREADABLE
    assert fault.detail.startswith("a.txt: ")
    assert assets["a.png"].asset_id == digest_bytes(picture())
    assert assets["b.png"].fault is None


def test_a_caption_that_is_a_folder_or_a_pipe_is_a_fault(tmp_path: Path) -> None:
    fill(tmp_path, {"a.png": picture(), "b.png": picture(1), "b.txt": "fine"})
    os.mkfifo(tmp_path / "a.txt")
    fault = assets_by_name(scan(tmp_path))["a.png"].fault
    assert fault is not None
    assert "named pipe" in fault.detail


def test_deleting_an_unreadable_caption_changes_what_the_asset_is(tmp_path: Path) -> None:
    fill(tmp_path, {"a.png": picture(), "a.txt": b"\xff", "b.png": picture(1), "b.txt": "fine"})
    before = assets_by_name(scan(tmp_path))["a.png"]
    (tmp_path / "a.txt").unlink()
    after = assets_by_name(scan(tmp_path))["a.png"]
    assert before.asset_id == after.asset_id
    assert before.identity != after.identity


def test_two_files_that_disagree_are_both_kept_and_noticed(tmp_path: Path) -> None:
    fill(tmp_path, {"a.png": picture(), "a.txt": "a girl", "a.caption": "hatsune miku"})
    found = scan(tmp_path)
    assert sorted(captions(found.assets[0])) == ["a girl", "hatsune miku"]
    (notice,) = found.notices
    assert notice.kind == "captions_disagree"
    assert "a.png: a.caption and a.txt" in notice.message
    assert "delete the file" in notice.message


def test_two_files_that_agree_are_one_caption(tmp_path: Path) -> None:
    fill(tmp_path, {"a.png": picture(), "a.txt": "a girl\n", "a.caption": " a girl"})
    found = scan(tmp_path)
    assert len(found.assets[0].captions) == 1
    assert found.notices == ()


def test_metadata_names_images_by_path_or_by_stem(tmp_path: Path) -> None:
    metadata = {
        "x/a.png": {"caption": "by path"},
        "x/b": {"tags": "by path without extension"},
        "c": {"caption": ["by", "stem"], "train_resolution": [512, 512]},
        str(tmp_path / "d.png"): {"caption": "by absolute path"},
    }
    files = {f"x/{n}.png": picture(i) for i, n in enumerate("abc")}
    fill(tmp_path, {**files, "d.png": picture(9), "meta_cap.json": json.dumps(metadata)})
    assets = assets_by_name(scan(tmp_path))
    assert captions(assets["x/a.png"]) == ["by path"]
    assert captions(assets["x/b.png"]) == ["by path without extension"]
    assert captions(assets["x/c.png"]) == ["by", "stem"]
    assert captions(assets["d.png"]) == ["by absolute path"]
    assert assets["x/a.png"].captions[0].source == "meta_cap.json#x/a.png#caption"


def test_an_image_that_only_the_metadata_names_is_missing_and_not_lost(tmp_path: Path) -> None:
    fill(tmp_path, {"a.png": picture(), "meta.json": '{"a": {}, "../b.png": {"tags": "x"}}'})
    asset = assets_by_name(scan(tmp_path))["../b.png"]
    assert asset.fault is not None
    assert asset.fault.reason is Reason.IMAGE_MISSING
    assert captions(asset) == ["x"]


def test_metadata_that_is_not_json_clears_no_image(tmp_path: Path) -> None:
    fill(tmp_path, {"a.png": picture(), "a.txt": "fine", "meta_lat.json": '{"a": {'})
    (asset,) = scan(tmp_path).assets
    assert asset.fault is not None
    assert asset.fault.reason is Reason.CAPTION_UNREADABLE
    assert "meta_lat.json" in asset.fault.detail


def test_json_of_another_kind_is_ignored_with_a_notice(tmp_path: Path) -> None:
    fill(tmp_path, {"a.png": picture(), "a.txt": "fine", "meta.json": '{"version": 3}'})
    found = scan(tmp_path)
    assert found.assets[0].fault is None
    assert "meta.json is not metadata of kohya's kind" in notices(found)["metadata_ignored"]


def test_json_beside_an_image_is_its_sidecar(tmp_path: Path) -> None:
    body = b'{"name": "Token"}'
    fill(tmp_path, {"a.png": picture(), "a.txt": "x", "a.json": body, "meta1.png": picture(1)})
    fill(tmp_path, {"meta1.json": '{"not": {"caption": "metadata"}}'})
    assets = assets_by_name(scan(tmp_path))
    (sidecar,) = assets["a.png"].sidecars
    assert (sidecar.name, sidecar.digest, sidecar.size) == ("a.json", digest_bytes(body), len(body))
    assert read_location(sidecar, 100) == body
    assert [s.name for s in assets["meta1.png"].sidecars] == ["meta1.json"]
    assert assets["meta1.png"].captions == ()


def test_composed_and_decomposed_names_match_and_keep_their_spelling(tmp_path: Path) -> None:
    composed = unicodedata.normalize("NFC", "ガラス")
    decomposed = unicodedata.normalize("NFD", "ガラス")
    assert composed != decomposed
    fill(tmp_path, {f"1/{decomposed}.png": picture(), f"1/{composed}.txt": "glass"})
    fill(tmp_path, {f"2/{composed}.png": picture(1), f"2/{decomposed}.txt": "pane"})
    assets = scan(tmp_path).assets
    assert [(a.name, captions(a)) for a in assets] == [
        (f"1/{decomposed}.png", ["glass"]),
        (f"2/{composed}.png", ["pane"]),
    ]
    assert assets[0].captions[0].source == f"1/{composed}.txt"


def test_both_spellings_in_one_folder_are_two_locations(tmp_path: Path) -> None:
    names = [unicodedata.normalize(form, "が") + ".png" for form in ("NFC", "NFD")]
    fill(tmp_path, {names[0]: picture(), names[1]: picture(1), "x.txt": ""})
    assert sorted(a.name for a in scan(tmp_path).assets) == sorted(names)


def test_a_name_of_255_bytes_is_fine(tmp_path: Path) -> None:
    stem = "画" * 83 + "ab"
    fill(tmp_path, {f"{stem}.png": picture(), f"{stem}.txt": "long"})
    assert captions(scan(tmp_path).assets[0]) == ["long"]


def test_a_name_that_is_not_utf_8_is_shown_and_still_read(tmp_path: Path) -> None:
    for extension, data in ((b"png", picture()), (b"txt", b"caf\xc3\xa9")):
        with open(os.fsencode(tmp_path) + b"/caf\xe9." + extension, "wb") as file:
            file.write(data)
    (asset,) = scan(tmp_path).assets
    assert asset.name == "caf\\xe9.png"
    assert asset.locations[0].uri.endswith("/caf%E9.png")
    assert captions(asset) == ["café"]
    assert digest_bytes(read_location(asset.locations[0], 1000)) == asset.asset_id


def test_two_names_that_look_alike_in_print_stay_apart(tmp_path: Path) -> None:
    with open(os.fsencode(tmp_path) + b"/\xe9.png", "wb") as file:
        file.write(picture())
    fill(tmp_path, {"\\xe9.png": picture(1)})
    assert [a.name for a in scan(tmp_path).assets] == ["\\xe9.png", "\\xe9.png#2"]


def test_hidden_files_and_what_macos_adds_are_skipped(tmp_path: Path) -> None:
    fill(tmp_path, {"a.png": picture(), "._a.png": b"x", ".git/b.png": picture(1)})
    fill(tmp_path, {"__MACOSX/a.png": b"x", "x/.DS_Store": b"x"})
    assert [a.name for a in scan(tmp_path).assets] == ["a.png"]


def test_a_link_out_of_the_dataset_is_not_followed_and_not_lost(tmp_path: Path) -> None:
    fill(tmp_path, {"outside.png": picture(), "set/a.png": picture(1)})
    (tmp_path / "set" / "b.png").symlink_to(tmp_path / "outside.png")
    (tmp_path / "set" / "gone.png").symlink_to("nothing.png")
    found = scan(tmp_path / "set")
    assets = assets_by_name(found)
    for name in ("b.png", "gone.png"):
        fault = assets[name].fault
        assert fault is not None
        assert fault.reason is Reason.IMAGE_MISSING
    assert "2 links lead out of the dataset" in notices(found)["link_outside"]


@pytest.mark.parametrize(
    ("name", "reason"),
    [
        ("a.txt", Reason.CAPTION_UNREADABLE),
        ("meta_cap.json", Reason.CAPTION_UNREADABLE),
        ("metadata.csv", Reason.CAPTION_UNREADABLE),
        ("a.json", Reason.CONSENT_UNDETERMINED),
    ],
)
def test_what_a_link_out_of_the_dataset_may_say_clears_nothing(
    tmp_path: Path, name: str, reason: Reason
) -> None:
    fill(tmp_path, {"outside": "{}", "set/a.png": picture()})
    (tmp_path / "set" / name).symlink_to(tmp_path / "outside")
    (asset,) = scan(tmp_path / "set").assets
    assert asset.fault is not None
    assert asset.fault.reason is reason
    assert asset.asset_id == digest_bytes(picture())


def test_a_link_inside_the_dataset_is_another_place_of_the_same_asset(tmp_path: Path) -> None:
    fill(tmp_path, {"a.png": picture(), "x/c.png": picture(1)})
    (tmp_path / "b.png").symlink_to("a.png")
    asset = scan(tmp_path).assets[0]
    assert [location.name for location in asset.locations] == ["a.png", "b.png"]


def test_linked_folders_are_not_followed_so_circles_end(tmp_path: Path) -> None:
    fill(tmp_path, {"x/a.png": picture()})
    (tmp_path / "x" / "up").symlink_to(tmp_path)
    found = scan(tmp_path)
    assert [a.name for a in found.assets] == ["x/a.png"]
    assert "x/up is a link to a folder" in notices(found)["folder_link"]


def test_a_folder_that_cannot_be_listed_is_an_asset_with_a_fault(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    fill(tmp_path, {"a.png": picture(), "locked/b.png": picture(1)})
    real = os.scandir

    def refuse(path: str) -> object:
        if path.endswith("/locked"):
            raise PermissionError(13, "Permission denied")
        return real(path)

    monkeypatch.setattr("models.assets.tree.os.scandir", refuse)
    asset = assets_by_name(scan(tmp_path))["locked/"]
    assert asset.fault is not None
    assert "permission denied" in asset.fault.detail


def test_a_caption_without_an_image_is_noticed(tmp_path: Path) -> None:
    fill(tmp_path, {"a.png": picture(), "a.txt": "x", "a.png.txt": "y"})
    assert "a.png.txt has no image" in notices(scan(tmp_path))["caption_without_image"]


def test_images_without_captions_are_a_kohya_dataset(tmp_path: Path) -> None:
    fill(tmp_path, {"a.png": picture(), "b.avif": b"\0\0\0\x20ftypavif"})
    found = scan(tmp_path)
    assert (found.layout, [a.name for a in found.assets]) == ("kohya", ["a.png", "b.avif"])


def test_metadata_that_is_a_named_pipe_clears_no_image_and_is_not_waited_for(
    tmp_path: Path,
) -> None:
    fill(tmp_path, {"a.png": picture(), "a.txt": "a girl"})
    os.mkfifo(tmp_path / "meta.json")
    (asset,) = scan(tmp_path).assets
    assert asset.fault is not None
    assert asset.fault.reason is Reason.CAPTION_UNREADABLE
    assert "named pipe" in asset.fault.detail


def test_json_named_for_the_whole_file_name_is_a_sidecar_too(tmp_path: Path) -> None:
    fill(tmp_path, {"a.png": picture(), "a.png.json": "{}", "a.jpg.json": "{}"})
    (asset,) = scan(tmp_path).assets
    assert [sidecar.name for sidecar in asset.sidecars] == ["a.png.json"]
