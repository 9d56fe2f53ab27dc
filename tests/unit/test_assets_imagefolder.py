"""The imagefolder layout: metadata tables, their rows and columns, and what they leave out."""

from __future__ import annotations

import csv
import io
import json
import os
import unicodedata
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from models.assets.texts import is_caption_column
from models.reasons import Reason
from tests.assets_files import assets_by_name, captions, fill, picture, scan


def table(kind: str, rows: list[dict[str, Any]]) -> bytes:
    if kind == "jsonl":
        return "\n".join(json.dumps(row, ensure_ascii=False) for row in rows).encode()
    sink = io.BytesIO()
    if kind == "parquet":
        pq.write_table(pa.Table.from_pylist(rows), sink)
        return sink.getvalue()
    text = io.StringIO()
    writer = csv.DictWriter(text, list(rows[0]))
    writer.writeheader()
    writer.writerows(rows)
    return text.getvalue().encode("utf-8-sig")


@pytest.mark.parametrize(("kind", "row"), [("jsonl", "2"), ("csv", "3"), ("parquet", "2")])
def test_a_row_gives_its_image_captions_with_their_place(
    tmp_path: Path, kind: str, row: str
) -> None:
    rows = [
        {"file_name": "a.png", "text": "one", "width": "6"},
        {"file_name": "s/b.png", "text": "少女", "width": "6"},
    ]
    fill(tmp_path, {"t/a.png": picture(), "t/s/b.png": picture(1)})
    fill(tmp_path, {f"t/metadata.{kind}": table(kind, rows)})
    found = scan(tmp_path)
    assert found.layout == "imagefolder"
    (caption,) = assets_by_name(found)["t/s/b.png"].captions
    assert (caption.text, caption.source) == ("少女", f"t/metadata.{kind}:{row}#text")


@pytest.mark.parametrize(
    ("column", "is_caption"),
    [
        *((name, True) for name in ("text", "Caption", "captions", "prompt", "tag_string")),
        *((name, True) for name in ("caption_ja", "negative_prompt", "alt-text", "タグ")),
        *((name, False) for name in ("file_name", "label", "url", "textile", "context", "id")),
    ],
)
def test_which_columns_are_captions(column: str, is_caption: bool) -> None:
    assert is_caption_column(column) is is_caption


def test_strings_in_lists_are_captions_and_numbers_are_not(tmp_path: Path) -> None:
    row = {"file_name": "a.png", "captions": ["x", "", "y"], "text": 7, "tags": None}
    fill(tmp_path, {"a.png": picture(), "metadata.jsonl": json.dumps(row)})
    assert [(c.text, c.source) for c in scan(tmp_path).assets[0].captions] == [
        ("x", "metadata.jsonl:1#captions[0]"),
        ("y", "metadata.jsonl:1#captions[2]"),
    ]


def test_a_lone_surrogate_in_json_stays_as_it_is(tmp_path: Path) -> None:
    fill(tmp_path, {"a.png": picture()})
    fill(tmp_path, {"metadata.jsonl": '{"file_name": "a.png", "text": "\\ud800!"}'})
    assert captions(scan(tmp_path).assets[0]) == ["\ud800!"]


def test_one_row_may_name_several_images(tmp_path: Path) -> None:
    row = {"image_file_name": "a.png", "frames_file_names": ["b.png", "c.png"], "text": "x"}
    fill(tmp_path, {f"{n}.png": picture(i) for i, n in enumerate("abc")})
    fill(tmp_path, {"metadata.jsonl": json.dumps(row)})
    assert [(a.name, captions(a)) for a in scan(tmp_path).assets] == [
        ("a.png", ["x"]),
        ("b.png", ["x"]),
        ("c.png", ["x"]),
    ]


def test_several_rows_about_one_image_are_all_kept(tmp_path: Path) -> None:
    rows = [{"file_name": "a.png", "text": t} for t in ("one", "two")]
    fill(tmp_path, {"a.png": picture(), "metadata.jsonl": table("jsonl", rows)})
    found = scan(tmp_path)
    assert captions(found.assets[0]) == ["one", "two"]
    assert found.notices == ()


def test_two_tables_that_disagree_are_noticed(tmp_path: Path) -> None:
    for kind, text in (("csv", "one"), ("jsonl", "two")):
        row = {"file_name": "a.png", "text": text}
        fill(tmp_path, {"a.png": picture(), f"metadata.{kind}": table(kind, [row])})
    found = scan(tmp_path)
    assert captions(found.assets[0]) == ["one", "two"]
    assert [n.kind for n in found.notices] == ["captions_disagree"]


def test_a_name_is_found_in_the_other_unicode_form_and_with_backslashes(tmp_path: Path) -> None:
    composed, decomposed = (unicodedata.normalize(form, "が") for form in ("NFC", "NFD"))
    rows = [
        {"file_name": f"{composed}.png", "text": "ga"},
        {"file_name": "s\\b.png", "text": "b"},
    ]
    fill(tmp_path, {f"{decomposed}.png": picture(), "s/b.png": picture(1)})
    fill(tmp_path, {"metadata.jsonl": table("jsonl", rows)})
    assets = assets_by_name(scan(tmp_path))
    assert captions(assets[f"{decomposed}.png"]) == ["ga"]
    assert captions(assets["s/b.png"]) == ["b"]


@pytest.mark.parametrize("name", ["none.png", "../b.png", "/etc/hostname"])
def test_what_a_row_names_and_is_not_in_the_dataset_is_missing(tmp_path: Path, name: str) -> None:
    fill(tmp_path, {"b.png": picture(1)})
    row = {"file_name": name, "text": "x"}
    fill(tmp_path / "set", {"a.png": picture(), "metadata.jsonl": json.dumps(row)})
    lost = [a for a in scan(tmp_path / "set").assets if a.fault is not None]
    assert [(a.fault.reason, captions(a)) for a in lost if a.fault] == [
        (Reason.IMAGE_MISSING, ["x"])
    ]


def test_an_image_in_no_row_is_an_asset_with_a_notice(tmp_path: Path) -> None:
    row = {"file_name": "a.png", "text": "x"}
    fill(tmp_path, {"a.png": picture(), "b.png": picture(1), "metadata.jsonl": json.dumps(row)})
    found = scan(tmp_path)
    asset = assets_by_name(found)["b.png"]
    assert (asset.captions, asset.fault) == ((), None)
    assert "b.png stands in no metadata table" in found.notices[0].message


@pytest.mark.parametrize(
    "line",
    [
        pytest.param(b'{"file_name": "b.png", "te', id="cut short"),
        pytest.param(b'{"file_name": "b.png", "text": "\xe9"}', id="not UTF-8"),
        pytest.param(b'["b.png"]', id="not an object"),
    ],
)
def test_a_line_that_cannot_be_read_clears_no_image_it_may_speak_of(
    tmp_path: Path, line: bytes
) -> None:
    rows = table("jsonl", [{"file_name": "a.png", "text": "x"}]) + b"\n" + line
    fill(tmp_path, {"a.png": picture(), "b.png": picture(1), "metadata.jsonl": rows})
    found = scan(tmp_path)
    assets = assets_by_name(found)
    fault = assets["b.png"].fault
    assert fault is not None
    assert fault.reason is Reason.CAPTION_UNREADABLE
    assert "metadata.jsonl:2" in fault.detail
    assert assets["a.png"].fault is None
    assert "metadata_unreadable" in [n.kind for n in found.notices]


def test_a_key_named_twice_is_not_trusted(tmp_path: Path) -> None:
    line = '{"file_name": "a.png", "text": "clean", "text": "other"}'
    fill(tmp_path, {"a.png": picture(), "metadata.jsonl": line})
    fault = scan(tmp_path).assets[0].fault
    assert fault is not None
    assert "names a key twice" in fault.detail


def test_a_csv_row_with_an_unquoted_comma_is_not_trusted(tmp_path: Path) -> None:
    text = "file_name,text\na.png,a girl, hatsune miku\nb.png,fine\n"
    fill(tmp_path, {"a.png": picture(), "b.png": picture(1), "metadata.csv": text})
    assets = assets_by_name(scan(tmp_path))
    fault = assets["a.png"].fault
    assert fault is not None
    assert fault.detail.startswith("metadata.csv:2: it has 3 fields where the header has 2")
    assert assets["b.png"].fault is None


@pytest.mark.parametrize("name", ["metadata.parquet", "metadata.csv"])
def test_a_table_that_cannot_be_read_clears_nothing_below_its_folder(
    tmp_path: Path, name: str
) -> None:
    fill(tmp_path, {f"x/{name}": b"PAR1\xff\xfe\xfd", "x/y/a.png": picture()})
    fill(tmp_path, {"b.png": picture(1), "metadata.jsonl": '{"file_name": "b.png"}'})
    assets = assets_by_name(scan(tmp_path))
    fault = assets["x/y/a.png"].fault
    assert fault is not None
    assert fault.reason is Reason.CAPTION_UNREADABLE
    assert assets["b.png"].fault is None


def test_json_beside_an_image_is_its_sidecar(tmp_path: Path) -> None:
    fill(tmp_path, {"a.png": picture(), "a.json": "{}"})
    fill(tmp_path, {"metadata.jsonl": '{"file_name": "a.png"}'})
    assert [s.name for s in scan(tmp_path).assets[0].sidecars] == ["a.json"]


def test_strings_anywhere_below_a_caption_column_are_captions(tmp_path: Path) -> None:
    row = {"file_name": "a.png", "caption": {"en": "a girl", "ja": ["x", ["y"]]}, "note": "n"}
    row["about"] = {"title": "t", "count": 3}
    fill(tmp_path, {"metadata.jsonl": json.dumps(row), "a.png": picture()})
    (asset,) = scan(tmp_path).assets
    assert [(c.text, c.source) for c in asset.captions] == [
        ("a girl", "metadata.jsonl:1#caption.en"),
        ("x", "metadata.jsonl:1#caption.ja[0]"),
        ("y", "metadata.jsonl:1#caption.ja[1][0]"),
        ("t", "metadata.jsonl:1#about.title"),
    ]


def test_parquet_captions_are_read_inside_structs_and_as_bytes(tmp_path: Path) -> None:
    columns = {"file_name": ["a.png"], "caption": [{"en": "a girl"}], "text": [b"a house"]}
    fill(tmp_path, {"a.png": picture()})
    pq.write_table(pa.table(columns), tmp_path / "metadata.parquet")
    assert captions(scan(tmp_path).assets[0]) == ["a girl", "a house"]


def test_parquet_captions_that_are_not_utf_8_are_a_fault(tmp_path: Path) -> None:
    columns = {"file_name": ["a.png"], "text": pa.array([b"\xff\xfe\xff"])}
    fill(tmp_path, {"a.png": picture()})
    pq.write_table(pa.table(columns), tmp_path / "metadata.parquet")
    (asset,) = scan(tmp_path).assets
    assert asset.fault is not None
    assert asset.fault.reason is Reason.CAPTION_UNREADABLE


@pytest.mark.parametrize("name", ["metadata.jsonl", "metadata.csv", "metadata.parquet"])
def test_a_table_that_is_a_named_pipe_clears_nothing_and_is_not_waited_for(
    tmp_path: Path, name: str
) -> None:
    fill(tmp_path, {"a.png": picture()})
    os.mkfifo(tmp_path / name)
    (asset,) = scan(tmp_path, "imagefolder").assets
    assert asset.fault is not None
    assert "named pipe" in asset.fault.detail
