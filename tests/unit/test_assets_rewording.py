"""Rewritten captions take the place of the originals in every layout, and nothing else changes."""

from __future__ import annotations

import io
import json
import tarfile
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from models.assets.asset import Asset
from models.assets.rewording import reword_lines, reword_text, reword_values
from models.assets.sidecars import keep_places, write_sidecars
from tests.assets_files import fill, picture, scan

REWRITTEN = {"miku sings": "a girl sings"}


def _export(root: Path, out: Path, *, copy_images: bool = True) -> dict[str, bytes]:
    """What is written when every caption "miku sings" is to be "a girl sings"."""
    found = scan(root)

    def texts(asset: Asset) -> dict[int, str]:
        return {
            index: REWRITTEN[caption.text.strip()]
            for index, caption in enumerate(asset.captions)
            if caption.text.strip() in REWRITTEN
        }

    keep = keep_places(found.assets, {asset.asset_id: texts(asset) for asset in found.assets})
    write_sidecars(found.root, found.layout, keep, out, copy_images)
    return {
        str(path.relative_to(out)): path.read_bytes()
        for path in sorted(out.rglob("*"))
        if path.is_file()
    }


def test_the_spaces_around_a_caption_stay() -> None:
    assert reword_text("  miku sings \t", REWRITTEN) == "  a girl sings \t"


def test_only_whole_captions_are_rewritten() -> None:
    assert reword_text("miku sings loudly", REWRITTEN) == "miku sings loudly"


def test_each_line_of_a_caption_file_is_a_caption_and_line_ends_stay() -> None:
    assert reword_lines("miku sings\r\na dog\nmiku sings", REWRITTEN) == (
        "a girl sings\r\na dog\na girl sings"
    )


def test_only_caption_columns_are_rewritten_however_deep() -> None:
    row = {
        "file_name": "miku sings",
        "text": "miku sings",
        "meta": {"tags": ["miku sings", {"x": "miku sings"}], "artist": "miku sings"},
    }
    assert reword_values(row, REWRITTEN) == {
        "file_name": "miku sings",
        "text": "a girl sings",
        "meta": {"tags": ["a girl sings", {"x": "a girl sings"}], "artist": "miku sings"},
    }


def test_kohya_caption_files_and_metadata_are_rewritten(tmp_path: Path) -> None:
    fill(
        tmp_path / "data",
        {
            "a.png": picture(1),
            "a.txt": b"miku sings\n",
            "b.png": picture(2),
            "b.txt": b"a dog",
            "meta_cap.json": json.dumps(
                {"a": {"caption": "miku sings"}, "b": {"caption": "a dog"}}
            ).encode(),
        },
    )
    written = _export(tmp_path / "data", tmp_path / "out")
    assert written["a.txt"] == b"a girl sings\n"
    assert written["b.txt"] == b"a dog"
    assert json.loads(written["meta_cap.json"])["a"] == {"caption": "a girl sings"}


@pytest.mark.parametrize("kind", ["jsonl", "csv", "parquet"])
def test_a_table_is_rewritten_in_the_rows_that_hold_the_caption(tmp_path: Path, kind: str) -> None:
    rows = [
        {"file_name": "a.png", "text": "miku sings", "stars": "5"},
        {"file_name": "b.png", "text": "a dog, asleep", "stars": "4"},
    ]
    fill(tmp_path / "data", {"a.png": picture(1), "b.png": picture(2)})
    path = tmp_path / "data" / f"metadata.{kind}"
    if kind == "parquet":
        pq.write_table(pa.Table.from_pylist(rows), path)
    elif kind == "csv":
        path.write_text('file_name,text,stars\na.png,miku sings,5\nb.png,"a dog, asleep",4\n')
    else:
        path.write_text("".join(json.dumps(row) + "\n" for row in rows))
    written = _export(tmp_path / "data", tmp_path / "out")[f"metadata.{kind}"]
    expected = [{**rows[0], "text": "a girl sings"}, rows[1]]
    if kind == "parquet":
        table = pq.read_table(io.BytesIO(written))
        assert table.to_pylist() == expected
        assert table.schema == pq.read_schema(path)
    elif kind == "csv":
        assert written.decode().splitlines() == [
            "file_name,text,stars",
            "a.png,a girl sings,5",
            'b.png,"a dog, asleep",4',
        ]
    else:
        assert [json.loads(line) for line in written.splitlines()] == expected


def _tar(path: Path) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    with tarfile.open(path, "w", format=tarfile.PAX_FORMAT) as tar:
        for name, data in {
            "1.png": picture(1),
            "1.txt": b"miku sings",
            "1.json": json.dumps({"caption": "miku sings", "key": "1"}).encode(),
            "1.npy": b"miku sings",
            "2.png": picture(2),
            "2.txt": b"a dog",
        }.items():
            info = tarfile.TarInfo(name)
            info.size = len(data)
            tar.addfile(info, io.BytesIO(data))


def test_a_tar_that_is_written_again_holds_the_rewritten_members(tmp_path: Path) -> None:
    _tar(tmp_path / "data" / "0.tar")
    written = _export(tmp_path / "data", tmp_path / "out")
    with tarfile.open(fileobj=io.BytesIO(written["0.tar"])) as tar:
        members = {info.name: tar.extractfile(info).read() for info in tar}  # type: ignore[union-attr]
    assert members["1.txt"] == b"a girl sings"
    assert json.loads(members["1.json"]) == {"caption": "a girl sings", "key": "1"}
    assert members["1.npy"] == b"miku sings"
    assert members["1.png"] == picture(1)
    assert members["2.txt"] == b"a dog"


def test_where_tars_are_not_written_the_rewritten_members_lie_beside_the_keys(
    tmp_path: Path,
) -> None:
    _tar(tmp_path / "data" / "0.tar")
    written = _export(tmp_path / "data", tmp_path / "out", copy_images=False)
    assert json.loads(written["kept.json"]) == {"0.tar": ["1", "2"]}
    reworded = json.loads(written["rewritten.json"])
    assert reworded["0.tar/1.txt"] == "a girl sings"
    assert json.loads(reworded["0.tar/1.json"])["caption"] == "a girl sings"
    assert "0.tar/2.txt" not in reworded
