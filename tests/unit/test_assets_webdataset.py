"""Tar shards as WebDataset and img2dataset write them, whole and damaged."""

from __future__ import annotations

import io
import json
import tarfile
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq

from models.assets.reading import read_location
from models.canonical import digest_bytes
from models.reasons import Reason
from tests.assets_files import assets_by_name, captions, fill, pack, picture, scan


def rows(*values: dict[str, Any]) -> bytes:
    sink = io.BytesIO()
    pq.write_table(pa.Table.from_pylist(list(values)), sink)
    return sink.getvalue()


def test_a_member_image_has_the_text_and_the_json_of_its_key(tmp_path: Path) -> None:
    record = json.dumps({"caption": "a girl", "url": "https://example.org/1"})
    members = {"x/1.jpg": picture(format_="JPEG"), "x/1.txt": "a girl", "x/1.json": record}
    fill(tmp_path, {"00000.tar": pack(members)})
    found = scan(tmp_path)
    (asset,) = found.assets
    assert found.layout == "webdataset"
    assert asset.name == "00000.tar/x/1.jpg"
    assert [(c.text, c.source) for c in asset.captions] == [("a girl", "00000.tar/x/1.txt")]
    assert digest_bytes(read_location(asset.locations[0], 10_000)) == asset.asset_id
    (sidecar,) = asset.sidecars
    assert read_location(sidecar, 1000) == record.encode()
    assert sidecar.digest == digest_bytes(record.encode())


def test_an_image_without_text_is_an_asset_without_captions(tmp_path: Path) -> None:
    fill(tmp_path, {"0.tar": pack({"1.png": picture(), "2.txt": "no image"})})
    assert [(a.name, a.captions) for a in scan(tmp_path).assets] == [("0.tar/1.png", ())]


def test_a_json_member_that_says_something_else_is_a_caption_too(tmp_path: Path) -> None:
    record = '{"caption": "hatsune miku"}'
    fill(tmp_path, {"0.tar": pack({"1.png": picture(), "1.txt": "a girl", "1.json": record})})
    found = scan(tmp_path)
    assert captions(found.assets[0]) == ["a girl", "hatsune miku"]
    assert [n.kind for n in found.notices] == ["captions_disagree"]


def test_the_table_adds_captions_and_its_failures_are_no_assets(tmp_path: Path) -> None:
    table = rows(
        {"key": "1", "status": "success", "caption": "a girl", "url": "u"},
        {"key": "2", "status": "failed_to_download", "caption": "no", "url": "u"},
        {"key": "3", "status": "success", "caption": "gone", "url": "u"},
    )
    fill(tmp_path, {"0.tar": pack({"1.png": picture()}), "0.parquet": table})
    assets = assets_by_name(scan(tmp_path))
    assert sorted(assets) == ["0.tar/1.png", "0.tar/3"]
    assert assets["0.tar/1.png"].captions[0].source == "0.parquet:1#caption"
    fault = assets["0.tar/3"].fault
    assert fault is not None
    assert fault.reason is Reason.IMAGE_MISSING
    assert captions(assets["0.tar/3"]) == ["gone"]


def test_a_table_that_cannot_be_read_clears_nothing_of_its_shard(tmp_path: Path) -> None:
    fill(tmp_path, {"0.tar": pack({"1.png": picture()}), "0.parquet": b"PAR1"})
    fault = scan(tmp_path).assets[0].fault
    assert fault is not None
    assert fault.reason is Reason.CAPTION_UNREADABLE


def test_a_text_member_that_is_not_utf_8_is_a_fault(tmp_path: Path) -> None:
    fill(tmp_path, {"0.tar": pack({"1.png": picture(), "1.txt": b"\xe9", "2.png": picture(1)})})
    assets = assets_by_name(scan(tmp_path))
    fault = assets["0.tar/1.png"].fault
    assert fault is not None
    assert fault.reason is Reason.CAPTION_UNREADABLE
    assert assets["0.tar/1.png"].asset_id == digest_bytes(picture())
    assert assets["0.tar/2.png"].fault is None


def test_what_stands_before_the_damage_is_scanned_and_the_damage_is_recorded(
    tmp_path: Path,
) -> None:
    whole = pack({"1.png": picture(), "2.png": picture(1, "BMP", (40, 40))})
    fill(tmp_path, {"0.tar": whole[:2600], "1.tar": pack({"1.png": picture(2)})})
    found = scan(tmp_path)
    assets = assets_by_name(found)
    assert assets["0.tar/1.png"].fault is None
    assert assets["1.tar/1.png"].fault is None
    faults = {name: a.fault.reason for name, a in assets.items() if a.fault}
    assert faults == {"0.tar": Reason.IMAGE_MISSING, "0.tar/2.png": Reason.IMAGE_DAMAGED}
    assert "tar_damaged" in [n.kind for n in found.notices]


def test_a_file_that_is_no_tar_at_all_is_recorded(tmp_path: Path) -> None:
    fill(tmp_path, {"0.tar": b"not a tar" * 200, "1.tar": pack({"1.png": picture()})})
    fault = assets_by_name(scan(tmp_path))["0.tar"].fault
    assert fault is not None
    assert "the tar is damaged" in fault.detail


def test_a_compressed_tar_is_recorded_and_says_what_to_do(tmp_path: Path) -> None:
    fill(tmp_path, {"0.tar.gz": b"\x1f\x8b", "1.tar": pack({"1.png": picture()})})
    fault = assets_by_name(scan(tmp_path))["0.tar.gz"].fault
    assert fault is not None
    assert "unpack it" in fault.detail


def test_an_image_that_is_a_link_in_the_tar_is_not_followed(tmp_path: Path) -> None:
    sink = io.BytesIO()
    with tarfile.open(fileobj=sink, mode="w") as tar:
        link = tarfile.TarInfo("1.png")
        link.type, link.linkname = tarfile.SYMTYPE, "/etc/hostname"
        tar.addfile(link)
    fill(tmp_path, {"0.tar": sink.getvalue()})
    fault = scan(tmp_path).assets[0].fault
    assert fault is not None
    assert fault.reason is Reason.IMAGE_MISSING


def test_two_members_of_one_name_are_both_scanned(tmp_path: Path) -> None:
    sink = io.BytesIO()
    with tarfile.open(fileobj=sink, mode="w") as tar:
        for seed in (0, 1):
            info = tarfile.TarInfo("1.png")
            info.size = len(picture(seed))
            tar.addfile(info, io.BytesIO(picture(seed)))
    fill(tmp_path, {"0.tar": sink.getvalue()})
    assert [(a.name, a.asset_id) for a in scan(tmp_path).assets] == [
        ("0.tar/1.png", digest_bytes(picture(0))),
        ("0.tar/1.png#2", digest_bytes(picture(1))),
    ]


def test_images_beside_the_tars_are_noticed(tmp_path: Path) -> None:
    fill(tmp_path, {"0.tar": pack({"1.png": picture()}), "loose.png": picture(1)})
    found = scan(tmp_path)
    assert [a.name for a in found.assets] == ["0.tar/1.png"]
    assert "loose.png lies beside the tars" in found.notices[0].message


def test_one_tar_is_a_dataset(tmp_path: Path) -> None:
    fill(tmp_path, {"0.tar": pack({"1.png": picture()}), "1.tar": pack({"2.png": picture()})})
    found = scan(tmp_path / "0.tar")
    assert found.root == str(tmp_path / "0.tar")
    assert [a.name for a in found.assets] == ["0.tar/1.png"]


def test_a_header_that_cannot_be_read_is_damage_and_not_the_end(tmp_path: Path) -> None:
    data = bytearray(pack({"1.png": picture(1), "2.png": picture(2)}))
    with tarfile.open(fileobj=io.BytesIO(data)) as tar:
        second = tar.getmembers()[1].offset
    data[second : second + 512] = bytes(range(256)) * 2
    fill(tmp_path, {"0.tar": bytes(data)})
    found = scan(tmp_path)
    assert [a.name for a in found.assets] == ["0.tar", "0.tar/1.png"]
    assert found.assets[0].fault is not None
    assert [n.kind for n in found.notices] == ["tar_damaged"]


def test_tars_joined_into_one_are_not_taken_for_their_first(tmp_path: Path) -> None:
    fill(tmp_path, {"0.tar": pack({"1.png": picture(1)}) + pack({"2.png": picture(2)})})
    assert [a.name for a in scan(tmp_path).assets] == ["0.tar", "0.tar/1.png"]


def test_headers_that_follow_one_another_without_end_cost_only_their_tar(tmp_path: Path) -> None:
    header = tarfile.TarInfo("h")
    header.type, header.size = tarfile.XHDTYPE, 12
    endless = (header.tobuf(tarfile.USTAR_FORMAT) + b"12 path=x.p\n".ljust(512, b"\0")) * 3000
    fill(tmp_path, {"0.tar": endless, "1.tar": pack({"1.png": picture()})})
    assert [a.name for a in scan(tmp_path).assets] == ["0.tar", "1.tar/1.png"]


def test_a_negative_size_is_damage(tmp_path: Path) -> None:
    header = bytearray(tarfile.TarInfo("2.png").tobuf())
    header[124:136] = b"\xff" * 10 + b"\xf0\0"
    header[148:156] = b" " * 8
    header[148:156] = b"%06o\0 " % sum(header)
    whole = pack({"1.png": picture(1)})
    fill(tmp_path, {"0.tar": whole.rstrip(b"\0").ljust(1024, b"\0") + bytes(header)})
    assert [a.name for a in scan(tmp_path).assets] == ["0.tar", "0.tar/1.png"]


def test_json_that_names_a_key_twice_is_not_trusted(tmp_path: Path) -> None:
    record = '{"caption": "hatsune miku", "caption": "a girl"}'
    fill(tmp_path, {"0.tar": pack({"1.png": picture(), "1.json": record})})
    (asset,) = scan(tmp_path).assets
    assert asset.fault is not None
    assert asset.fault.reason is Reason.CAPTION_UNREADABLE


def test_a_json_list_of_strings_is_captions(tmp_path: Path) -> None:
    fill(tmp_path, {"0.tar": pack({"1.png": picture(), "1.json": '["a girl", "a house"]'})})
    assert captions(scan(tmp_path).assets[0]) == ["a girl", "a house"]


def test_the_sample_that_damage_cuts_in_two_is_not_cleared(tmp_path: Path) -> None:
    whole = pack({"1.png": picture(1), "1.txt": "one", "2.png": picture(2), "2.txt": "two"})
    with tarfile.open(fileobj=io.BytesIO(whole)) as tar:
        last = tar.getmembers()[3].offset
    fill(tmp_path, {"0.tar": whole[:last] + b"damage" * 100})
    assets = assets_by_name(scan(tmp_path))
    assert assets["0.tar/1.png"].fault is None
    fault = assets["0.tar/2.png"].fault
    assert fault is not None
    assert fault.reason is Reason.CAPTION_UNREADABLE
