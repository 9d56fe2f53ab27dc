"""The real images: every one is scanned, decoded, cut into shards and written out again."""

from __future__ import annotations

import csv
import os
from pathlib import Path

import pytest

from models.assets.decoding import decode_image
from models.assets.reading import read_location
from models.assets.scan import Scan, scan_dataset
from models.assets.shards import cut_shards, read_shard, write_shard
from models.assets.sidecars import keep_places, write_sidecars

IMAGES = Path(__file__).resolve().parents[3] / "shared" / "data" / "images"
MAX_PIXELS = 64_000_000

pytestmark = pytest.mark.skipif(
    not (IMAGES / "manifest.csv").is_file(), reason=f"needs the shared images in {IMAGES}"
)


def scan_images(**options: object) -> Scan:
    values = {"max_bytes": 1 << 28, "workers": os.cpu_count() or 1, **options}
    return scan_dataset(str(IMAGES), **values)  # type: ignore[arg-type]


@pytest.fixture(scope="module")
def found() -> Scan:
    return scan_images()


def test_the_digests_are_those_of_the_manifest(found: Scan) -> None:
    with open(IMAGES / "manifest.csv", encoding="utf-8") as file:
        expected = {row["file"]: row["sha256"] for row in csv.DictReader(file)}
    assert found.layout == "manifest"
    scanned = {place.name: asset.asset_id for asset in found.assets for place in asset.locations}
    assert scanned == expected


def test_a_folder_and_its_manifest_hold_the_same_assets(found: Scan) -> None:
    folder = scan_images(layout="kohya")
    assert {a.asset_id for a in folder.assets} == {a.asset_id for a in found.assets}


def test_every_tenth_image_is_decoded_to_the_size_asked_for(found: Scan) -> None:
    for asset in found.assets[::10]:
        data = read_location(asset.locations[0], 1 << 28)
        image = decode_image(data, max_pixels=MAX_PIXELS, fit=512)
        assert max(image.pixels.shape) == min(512, max(image.width, image.height)), asset.name


def test_shards_of_real_assets_are_read_back(found: Scan, tmp_path: Path) -> None:
    shards = cut_shards(found.assets, 500)
    back = [read_shard(write_shard(tmp_path, shard)) for shard in shards]
    assert tuple(asset for shard in back for asset in shard.assets) == found.assets


def test_a_part_of_the_dataset_is_written_out_and_scans_the_same(
    found: Scan, tmp_path: Path
) -> None:
    part = found.assets[::40]
    report = write_sidecars(found.root, found.layout, keep_places(part), tmp_path / "out", True)
    assert report.images == sum(len(asset.locations) for asset in part)
    again = scan_dataset(str(tmp_path / "out"), max_bytes=1 << 28, workers=1)
    assert {asset.asset_id for asset in again.assets} == {asset.asset_id for asset in part}
