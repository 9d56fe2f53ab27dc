"""Scanning: one asset for each content, in a stable order, and the cache of digests."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from models.assets import hashing
from models.assets import scan as scanning
from models.assets.asset import Location, unread_id
from models.assets.scan import Scan
from models.canonical import digest_bytes
from models.errors import WorkspaceError
from models.reasons import Reason
from tests.assets_files import assets_by_name, captions, fill, pack, picture, scan


@pytest.fixture
def hashed(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """The names of the locations whose bytes were read, as the scans go on."""
    names: list[str] = []
    real = hashing.hash_location

    def spy(location: Location, max_bytes: int) -> tuple[str, int]:
        names.append(location.name)
        return real(location, max_bytes)

    monkeypatch.setattr(scanning, "hash_location", spy)
    return names


@pytest.fixture
def later(monkeypatch: pytest.MonkeyPatch) -> None:
    """Scans happen a minute after the files were written."""
    real = hashing.time.time_ns
    monkeypatch.setattr(hashing.time, "time_ns", lambda: real() + 60 * 10**9)


def test_byte_identical_files_are_one_asset_with_every_caption(tmp_path: Path) -> None:
    fill(tmp_path, {"b/1.png": picture(), "b/1.txt": "second", "c.png": picture(1)})
    fill(tmp_path, {"a.png": picture(), "a.txt": "first", "a.json": "{}"})
    asset, other = scan(tmp_path).assets
    assert [location.name for location in asset.locations] == ["a.png", "b/1.png"]
    assert [(c.text, c.location) for c in asset.captions] == [("first", 0), ("second", 1)]
    assert [sidecar.name for sidecar in asset.sidecars] == ["a.json"]
    assert {location.digest for location in asset.locations} == {asset.asset_id}
    assert other.name == "c.png"


def test_one_unreadable_caption_stops_all_copies_of_the_image(tmp_path: Path) -> None:
    fill(tmp_path, {"a.png": picture(), "a.txt": "fine", "b.png": picture(), "b.txt": b"\xff"})
    (asset,) = scan(tmp_path).assets
    assert asset.fault is not None
    assert asset.fault.reason is Reason.CAPTION_UNREADABLE


def test_assets_come_in_code_point_order_of_their_names(tmp_path: Path) -> None:
    names = ["Z.png", "a.png", "a/b.png", "a0.png", "絵.png", "𝔸.png"]
    fill(tmp_path, {name: picture(seed) for seed, name in enumerate(reversed(names))})
    assert [asset.name for asset in scan(tmp_path).assets] == sorted(names)


def test_files_that_cannot_be_used_are_assets_of_their_own(tmp_path: Path) -> None:
    fill(tmp_path, {"a.png": b"", "b.png": b"", "big.png": b"x" * 101, "c.png": b"x" * 100})
    found = scan(tmp_path, max_bytes=100)
    assets = assets_by_name(found)
    faults = {name: a.fault.reason for name, a in assets.items() if a.fault}
    assert faults == {
        "a.png": Reason.IMAGE_EMPTY,
        "b.png": Reason.IMAGE_EMPTY,
        "big.png": Reason.FILE_TOO_LARGE,
    }
    assert assets["a.png"].asset_id == unread_id("a.png")
    assert len({asset.asset_id for asset in found.assets}) == 4


def test_the_number_of_workers_changes_nothing(tmp_path: Path) -> None:
    fill(tmp_path, {f"{n % 7}/{n}.png": picture(n % 150) for n in range(200)})
    assert scan(tmp_path, workers=1) == scan(tmp_path, workers=4)


def test_progress_ends_at_the_total(tmp_path: Path) -> None:
    fill(tmp_path, {f"{n}.png": picture(n) for n in range(100)})
    seen: list[tuple[int, int]] = []
    scan(tmp_path, progress=lambda done, total: seen.append((done, total)))
    assert seen[-1] == (100, 100)
    assert seen == sorted(seen)


def test_a_second_scan_reads_no_image(tmp_path: Path, hashed: list[str], later: None) -> None:
    fill(tmp_path / "set", {"a.png": picture(), "a.txt": "x", "a.json": "{}", "絵.png": picture(1)})
    cache = tmp_path / "cache" / "hashes"
    first = scan(tmp_path / "set", hash_cache=cache)
    assert sorted(hashed) == ["a.json", "a.png", "絵.png"]
    hashed.clear()
    assert scan(tmp_path / "set", hash_cache=cache) == first
    assert hashed == []


def test_a_second_scan_of_tars_reads_neither_members_nor_headers(
    tmp_path: Path, hashed: list[str], later: None, monkeypatch: pytest.MonkeyPatch
) -> None:
    members = {"1.png": picture(), "1.txt": "one", "1.json": "{}", "2.png": picture(1)}
    fill(tmp_path / "set", {"0.tar": pack(members)})
    cache = tmp_path / "hashes"
    first = scan(tmp_path / "set", hash_cache=cache)
    hashed.clear()
    monkeypatch.setattr("models.assets.layouts.webdataset.tarfile.open", None)
    assert scan(tmp_path / "set", hash_cache=cache) == first
    assert hashed == []


def test_a_changed_file_is_read_again_and_the_others_are_not(
    tmp_path: Path, hashed: list[str], later: None
) -> None:
    fill(tmp_path / "set", {"a.png": picture(0, "BMP"), "b.png": picture(1)})
    cache = tmp_path / "hashes"
    scan(tmp_path / "set", hash_cache=cache)
    hashed.clear()
    before = (tmp_path / "set" / "a.png").stat()
    swapped = picture(2, "BMP")
    assert len(swapped) == before.st_size, "the test needs a change that keeps the size"
    (tmp_path / "set" / "a.png").write_bytes(swapped)
    os.utime(tmp_path / "set" / "a.png", ns=(before.st_atime_ns, before.st_mtime_ns))
    found = scan(tmp_path / "set", hash_cache=cache)
    assert hashed == ["a.png"]
    assert assets_by_name(found)["a.png"].asset_id == digest_bytes(swapped)


def test_a_file_touched_just_before_the_scan_is_not_remembered(
    tmp_path: Path, hashed: list[str]
) -> None:
    fill(tmp_path / "set", {"a.png": picture()})
    for _ in range(2):
        scan(tmp_path / "set", hash_cache=tmp_path / "hashes")
    assert hashed == ["a.png", "a.png"]


@pytest.mark.parametrize("damage", ["flipped", "cut", "foreign", "empty"])
def test_a_damaged_cache_is_built_again(
    tmp_path: Path, hashed: list[str], later: None, damage: str
) -> None:
    fill(tmp_path / "set", {"a.png": picture()})
    cache = tmp_path / "hashes"
    first = scan(tmp_path / "set", hash_cache=cache)
    whole = cache.read_bytes()
    flipped = bytearray(whole)
    flipped[70] ^= 1
    wrong = {"flipped": bytes(flipped), "cut": whole[:60], "foreign": b"PAR1" * 99, "empty": b""}
    cache.write_bytes(wrong[damage])
    hashed.clear()
    assert scan(tmp_path / "set", hash_cache=cache) == first
    assert hashed == ["a.png"]
    assert cache.read_bytes() == whole


def test_the_cache_forgets_files_that_are_gone(tmp_path: Path, later: None) -> None:
    fill(tmp_path / "set", {"a.png": picture(), "b.png": picture(1)})
    cache = tmp_path / "hashes"
    scan(tmp_path / "set", hash_cache=cache)
    before = cache.stat().st_size
    (tmp_path / "set" / "b.png").unlink()
    scan(tmp_path / "set", hash_cache=cache)
    assert cache.stat().st_size == before - 48


def test_max_bytes_holds_for_remembered_files_too(tmp_path: Path, later: None) -> None:
    fill(tmp_path / "set", {"a.png": b"x" * 100})
    cache = tmp_path / "hashes"
    assert scan(tmp_path / "set", hash_cache=cache).assets[0].fault is None
    fault = scan(tmp_path / "set", hash_cache=cache, max_bytes=99).assets[0].fault
    assert fault is not None
    assert fault.reason is Reason.FILE_TOO_LARGE


def test_a_cache_that_cannot_be_written_is_an_error(tmp_path: Path, later: None) -> None:
    fill(tmp_path / "set", {"a.png": picture()})
    (tmp_path / "file").touch()
    with pytest.raises(WorkspaceError, match="hash cache"):
        scan(tmp_path / "set", hash_cache=tmp_path / "file" / "hashes")


def test_an_edited_caption_is_seen_although_the_image_is_remembered(
    tmp_path: Path, later: None
) -> None:
    fill(tmp_path / "set", {"a.png": picture(), "a.txt": "before"})
    found: list[Scan] = []
    for text in ("before", "after"):
        fill(tmp_path / "set", {"a.txt": text})
        found.append(scan(tmp_path / "set", hash_cache=tmp_path / "hashes"))
    assert captions(found[1].assets[0]) == ["after"]
    assert found[0].assets[0].identity != found[1].assets[0].identity
