"""The way out: only what is kept, only what was screened, and nowhere but into the folder."""

from __future__ import annotations

import io
import json
import os
import tarfile
from collections.abc import Iterable
from dataclasses import replace
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from models.assets.scan import Scan
from models.assets.sidecars import Kept, SidecarReport, keep_places, write_sidecars
from models.errors import DatasetError
from tests.assets_files import fill, pack, picture, scan


def keep(found: Scan, names: Iterable[str]) -> dict[str, Kept]:
    places = keep_places(found.assets)
    return {name: places[name] for name in names}


def write(
    found: Scan, kept: dict[str, Kept], out: Path, copy_images: bool = False
) -> SidecarReport:
    return write_sidecars(found.root, found.layout, kept, out, copy_images)


def content(folder: Path) -> dict[str, bytes]:
    return {
        str(path.relative_to(folder)): path.read_bytes()
        for path in folder.rglob("*")
        if path.is_file()
    }


@pytest.fixture
def kohya(tmp_path: Path) -> Path:
    files: dict[str, bytes | str] = {f"x/{n}.png": picture(i) for i, n in enumerate("abc")}
    files |= {f"x/{n}.txt": f"caption of {n}\r\n" for n in "abc"}
    files["meta_cap.json"] = json.dumps({"x/a": {"tags": "少女"}, "x/b": {"tags": "two"}})
    return fill(tmp_path / "set", files)


def test_kohya_captions_come_out_byte_for_byte_and_filtered(kohya: Path, tmp_path: Path) -> None:
    found = scan(kohya)
    report = write(found, keep(found, ["x/a.png", "x/c.png"]), tmp_path / "out")
    written = content(tmp_path / "out")
    assert sorted(written) == ["meta_cap.json", "x/a.txt", "x/c.txt"]
    assert written["x/a.txt"] == b"caption of a\r\n"
    assert json.loads(written["meta_cap.json"]) == {"x/a": {"tags": "少女"}}
    assert "少女".encode() in written["meta_cap.json"]
    assert report == SidecarReport(("meta_cap.json", "x/a.txt", "x/c.txt"), 0, 3)


def test_images_are_copied_with_their_own_bytes(kohya: Path, tmp_path: Path) -> None:
    found = scan(kohya)
    report = write(found, keep(found, ["x/b.png"]), tmp_path / "out", copy_images=True)
    assert report.images == 1
    assert content(tmp_path / "out")["x/b.png"] == picture(1)


def test_what_was_written_scans_to_the_same_assets(kohya: Path, tmp_path: Path) -> None:
    found = scan(kohya)
    names = [asset.name for asset in found.assets]
    write(found, keep(found, names), tmp_path / "out", copy_images=True)
    again = scan(tmp_path / "out")
    assert [asset.identity for asset in again.assets] == [asset.identity for asset in found.assets]


def test_a_caption_edited_since_is_refused(kohya: Path, tmp_path: Path) -> None:
    found = scan(kohya)
    fill(kohya, {"x/a.txt": "hatsune miku"})
    with pytest.raises(DatasetError, match=r"captions of x/a\.png have changed .* Run the cleans"):
        write(found, keep(found, ["x/a.png"]), tmp_path / "out")
    assert not (tmp_path / "out").exists()


def test_a_caption_added_since_is_refused(kohya: Path, tmp_path: Path) -> None:
    found = scan(kohya)
    fill(kohya, {"x/a.caption": "hatsune miku"})
    with pytest.raises(DatasetError, match="have changed"):
        write(found, keep(found, ["x/a.png"]), tmp_path / "out")


def test_a_change_of_what_is_not_kept_does_not_matter(kohya: Path, tmp_path: Path) -> None:
    found = scan(kohya)
    fill(kohya, {"x/b.txt": "hatsune miku"})
    write(found, keep(found, ["x/a.png"]), tmp_path / "out")
    assert b"miku" not in b"".join(content(tmp_path / "out").values())


def test_an_image_changed_since_is_not_copied(kohya: Path, tmp_path: Path) -> None:
    found = scan(kohya)
    fill(kohya, {"x/a.png": picture(9)})
    with pytest.raises(DatasetError, match=r"x/a\.png has changed since it was screened"):
        write(found, keep(found, ["x/a.png"]), tmp_path / "out", copy_images=True)


def test_an_image_that_is_gone_is_an_error(kohya: Path, tmp_path: Path) -> None:
    found = scan(kohya)
    (kohya / "x" / "a.png").unlink()
    with pytest.raises(DatasetError, match="is not in the dataset any more"):
        write(found, keep(found, ["x/a.png"]), tmp_path / "out")


def test_a_caption_edited_between_the_comparison_and_the_copy_is_refused(
    kohya: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    found = scan(kohya)
    monkeypatch.setattr(
        "models.assets.sink.read_caption_file", lambda _: (b"hatsune miku", "hatsune miku")
    )
    with pytest.raises(DatasetError, match="holds a caption that was not screened: 'hatsune miku'"):
        write(found, keep(found, ["x/a.png"]), tmp_path / "out")


def test_a_name_that_is_not_utf_8_is_copied_under_its_own_bytes(tmp_path: Path) -> None:
    (tmp_path / "set").mkdir()
    for extension, data in ((b"png", picture()), (b"txt", b"x")):
        with open(os.fsencode(tmp_path) + b"/set/\xe9." + extension, "wb") as file:
            file.write(data)
    found = scan(tmp_path / "set")
    write(found, keep(found, ["\\xe9.png"]), tmp_path / "out", copy_images=True)
    names = [os.fsencode(path.name) for path in (tmp_path / "out").iterdir()]
    assert sorted(names) == [b"\xe9.png", b"\xe9.txt"]


def test_a_folder_beside_a_manifest_may_be_written_to(tmp_path: Path) -> None:
    (tmp_path / "a.png").write_bytes(picture())
    (tmp_path / "list.csv").write_text("path,caption\na.png,a cat\n", encoding="utf-8")
    found = scan(tmp_path / "list.csv")
    write(found, keep(found, ["a.png"]), tmp_path / "workspace" / "out")
    assert (tmp_path / "workspace" / "out" / "list.csv").exists()
    with pytest.raises(DatasetError, match="lies inside the dataset"):
        write(found, keep(found, ["a.png"]), tmp_path)


def test_an_output_folder_inside_the_dataset_is_refused(kohya: Path) -> None:
    found = scan(kohya)
    with pytest.raises(DatasetError, match="lies inside the dataset"):
        write(found, keep(found, ["x/a.png"]), kohya / "out")


def test_nothing_is_written_through_a_link_out_of_the_folder(kohya: Path, tmp_path: Path) -> None:
    found = scan(kohya)
    (tmp_path / "elsewhere").mkdir()
    (tmp_path / "out").mkdir()
    (tmp_path / "out" / "x").symlink_to(tmp_path / "elsewhere")
    with pytest.raises(DatasetError, match="through a link"):
        write(found, keep(found, ["x/a.png"]), tmp_path / "out")
    assert content(tmp_path / "elsewhere") == {}


@pytest.mark.parametrize("kind", ["jsonl", "csv"])
def test_kept_rows_of_a_text_table_come_out_as_they_were(tmp_path: Path, kind: str) -> None:
    lines = {
        "jsonl": ['{"file_name": "a.png",  "text":"少女", "n": 1.50}', '{"file_name": "b.png"}'],
        "csv": ["file_name,text,n", 'a.png,"x, ""y""\nz",1.50', "b.png,b,2"],
    }[kind]
    fill(tmp_path / "set", {"t/a.png": picture(), "t/b.png": picture(1)})
    fill(tmp_path / "set", {f"t/metadata.{kind}": "\n".join(lines)})
    found = scan(tmp_path / "set")
    write(found, keep(found, ["t/a.png"]), tmp_path / "out")
    expected = "\n".join(lines[:-1]) + "\n"
    assert content(tmp_path / "out") == {f"t/metadata.{kind}": expected.encode()}


def test_kept_rows_of_a_parquet_table_keep_all_columns_and_metadata(tmp_path: Path) -> None:
    table = pa.table(
        {"file_name": ["a.png", "b.png"], "text": ["one", "two"], "box": [[1, 2], [3]]}
    ).replace_schema_metadata({"huggingface": "{}"})
    sink = io.BytesIO()
    pq.write_table(table, sink)
    files = {"a.png": picture(), "b.png": picture(1), "metadata.parquet": sink.getvalue()}
    fill(tmp_path / "set", files)
    found = scan(tmp_path / "set")
    write(found, keep(found, ["b.png"]), tmp_path / "out", copy_images=True)
    written = pq.read_table(tmp_path / "out" / "metadata.parquet")
    assert written.to_pylist() == table.to_pylist()[1:]
    assert written.schema.metadata == table.schema.metadata
    assert (tmp_path / "out" / "b.png").read_bytes() == picture(1)


def test_a_row_about_two_images_goes_when_one_of_them_goes(tmp_path: Path) -> None:
    row = {"image_file_name": "a.png", "mask_file_name": "b.png", "text": "x"}
    files = {"a.png": picture(), "b.png": picture(1), "metadata.jsonl": json.dumps(row)}
    found = scan(fill(tmp_path / "set", files))
    write(found, keep(found, ["a.png"]), tmp_path / "out")
    assert content(tmp_path / "out") == {"metadata.jsonl": b""}


def test_a_table_that_could_not_be_read_does_not_stop_the_others(tmp_path: Path) -> None:
    files = {"a/1.png": picture(), "a/metadata.jsonl": '{"file_name": "1.png", "text": "x"}'}
    broken = {"b/2.png": picture(1), "b/metadata.parquet": "not parquet"}
    found = scan(fill(tmp_path / "set", {**files, **broken}))
    write(found, keep(found, ["a/1.png"]), tmp_path / "out")
    assert sorted(content(tmp_path / "out")) == ["a/metadata.jsonl"]


def test_a_shard_of_which_nothing_is_kept_leaves_no_table(shards: Path, tmp_path: Path) -> None:
    fill(shards, {"1.tar": pack({"1.png": picture(9)}), "1.parquet": b"not parquet"})
    found = scan(shards)
    write(found, keep(found, ["0.tar/1.png"]), tmp_path / "out")
    assert sorted(content(tmp_path / "out")) == ["0.parquet", "kept.json"]


@pytest.fixture
def shards(tmp_path: Path) -> Path:
    members: dict[str, bytes | str] = {}
    for seed, key in enumerate(("1", "2", "3")):
        members[f"{key}.png"] = picture(seed)
        members[f"{key}.txt"] = f"caption {key}"
        members[f"{key}.npy"] = b"\x93NUMPY"
    sink = io.BytesIO()
    values = [
        {"key": k, "status": s, "caption": f"caption {k}", "url": f"u{k}"}
        for k, s in (("1", "success"), ("2", "success"), ("9", "failed"))
    ]
    pq.write_table(pa.Table.from_pylist(values), sink)
    return fill(tmp_path / "set", {"0.tar": pack(members), "0.parquet": sink.getvalue()})


def test_shards_without_images_come_out_as_keys_and_tables(shards: Path, tmp_path: Path) -> None:
    found = scan(shards)
    write(found, keep(found, ["0.tar/1.png", "0.tar/3.png"]), tmp_path / "out")
    assert json.loads((tmp_path / "out" / "kept.json").read_text()) == {"0.tar": ["1", "3"]}
    rows = pq.read_table(tmp_path / "out" / "0.parquet").to_pylist()
    assert [row["url"] for row in rows] == ["u1"]


def test_shards_with_images_are_packed_again(shards: Path, tmp_path: Path) -> None:
    found = scan(shards)
    report = write(found, keep(found, ["0.tar/2.png"]), tmp_path / "out", copy_images=True)
    assert report.images == 1
    with tarfile.open(tmp_path / "out" / "0.tar") as tar:
        assert tar.getnames() == ["2.png", "2.txt", "2.npy"]
        image = tar.extractfile("2.png")
        assert image is not None
        assert image.read() == picture(1)
    assert scan(tmp_path / "out").assets[0].identity == found.assets[1].identity


def test_one_of_two_images_of_a_key_may_go(tmp_path: Path) -> None:
    members = {"1.a.png": picture(), "1.b.png": picture(1), "1.txt": "x"}
    found = scan(fill(tmp_path / "set", {"0.tar": pack(members)}))
    write(found, keep(found, ["0.tar/1.b.png"]), tmp_path / "out", copy_images=True)
    with tarfile.open(tmp_path / "out" / "0.tar") as tar:
        assert tar.getnames() == ["1.b.png", "1.txt"]


def test_a_tar_changed_since_is_refused(shards: Path, tmp_path: Path) -> None:
    found = scan(shards)
    data = (shards / "0.tar").read_bytes()
    fill(shards, {"0.tar": data.replace(b"caption 1", b"miku here")})
    with pytest.raises(DatasetError, match="have changed"):
        write(found, keep(found, ["0.tar/1.png"]), tmp_path / "out", copy_images=True)


def test_a_manifest_comes_out_filtered_with_its_images(tmp_path: Path) -> None:
    text = "path,text\nimages/a.png,one\nimages/b.png,two\n"
    files = {"images/a.png": picture(), "images/b.png": picture(1), "list.csv": text}
    fill(tmp_path / "set", files)
    found = scan(tmp_path / "set" / "list.csv")
    kept = keep(found, ["images/b.png"])
    write(found, kept, tmp_path / "out", copy_images=True)
    assert content(tmp_path / "out") == {
        "list.csv": b"path,text\nimages/b.png,two\n",
        "images/b.png": picture(1),
    }


@pytest.mark.parametrize("name", ["../a.png", "{root}/a.png"])
def test_images_outside_the_manifests_folder_are_not_copied(tmp_path: Path, name: str) -> None:
    name = name.format(root=tmp_path)
    fill(tmp_path, {"a.png": picture(), "set/list.csv": f"path,text\n{name},one\n"})
    found = scan(tmp_path / "set" / "list.csv")
    write(found, keep(found, [name]), tmp_path / "plain")
    with pytest.raises(DatasetError, match="would be written outside"):
        write(found, keep(found, [name]), tmp_path / "copied", copy_images=True)
    assert sorted(content(tmp_path)) == [
        "a.png",
        "copied/list.csv",
        "plain/list.csv",
        "set/list.csv",
    ]


def test_an_asset_that_is_kept_with_other_captions_is_refused(kohya: Path, tmp_path: Path) -> None:
    found = scan(kohya)
    kept = keep(found, ["x/a.png"])
    kept["x/a.png"] = replace(kept["x/a.png"], captions=kept["x/a.png"].captions[:1])
    with pytest.raises(DatasetError, match="have changed"):
        write(found, kept, tmp_path / "out")


def test_what_is_whole_in_a_damaged_tar_is_packed_again(tmp_path: Path) -> None:
    data = pack({"1.png": picture(1), "1.txt": "one", "2.png": picture(2)})
    fill(tmp_path / "in", {"0.tar": data[:2600]})  # ends inside the third member
    found = scan(tmp_path / "in")
    keep = keep_places(a for a in found.assets if a.name == "0.tar/1.png")
    write_sidecars(found.root, found.layout, keep, tmp_path / "out", copy_images=True)
    assert [a.name for a in scan(tmp_path / "out").assets] == ["0.tar/1.png"]
