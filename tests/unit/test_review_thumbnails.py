"""The copies that reviewers see: small, upright, nothing but pixels, whole or absent."""

from __future__ import annotations

import hashlib
import io
from pathlib import Path

import pytest
from PIL import Image

from models.assets.faults import FaultError
from models.review.derivatives import THUMB, VIEW, derivative_path
from models.review.thumbnails import write_derivatives


def photograph(width: int, height: int) -> bytes:
    image = Image.new("RGB", (width, height), "teal")
    exif = Image.Exif()
    exif[0x010E] = "a private description"
    exif[0x0112] = 6
    sink = io.BytesIO()
    image.save(sink, "JPEG", exif=exif)
    return sink.getvalue()


def write(folder: Path, data: bytes) -> tuple[Path, ...]:
    return write_derivatives(data, hashlib.sha256(data).hexdigest(), folder, 10_000_000)


def test_a_picture_gets_a_view_and_a_thumbnail(tmp_path: Path) -> None:
    paths = write(tmp_path, photograph(1600, 800))
    assert [Image.open(path).size for path in paths] == [(384, 768), (128, 256)]
    assert {Image.open(path).format for path in paths} == {"WEBP"}


def test_the_copies_lie_under_the_first_digits_of_the_id(tmp_path: Path) -> None:
    data = photograph(40, 40)
    asset_id = hashlib.sha256(data).hexdigest()
    view, thumb = write(tmp_path, data)
    assert view == tmp_path / asset_id[:2] / f"{asset_id}-768.webp"
    assert thumb == derivative_path(tmp_path, asset_id, THUMB)


def test_a_small_picture_is_not_enlarged(tmp_path: Path) -> None:
    for path in write(tmp_path, photograph(30, 20)):
        assert Image.open(path).size == (20, 30)


def test_metadata_does_not_survive(tmp_path: Path) -> None:
    for path in write(tmp_path, photograph(300, 300)):
        assert b"private" not in path.read_bytes()
        assert not Image.open(path).getexif()


def test_writing_again_leaves_what_is_there(tmp_path: Path) -> None:
    data = photograph(300, 300)
    before = [path.stat().st_mtime_ns for path in write(tmp_path, data)]
    assert [path.stat().st_mtime_ns for path in write(tmp_path, data)] == before


def test_a_missing_copy_is_written_with_the_same_bytes(tmp_path: Path) -> None:
    data = photograph(300, 300)
    view, thumb = write(tmp_path, data)
    first = thumb.read_bytes()
    thumb.unlink()
    write(tmp_path, data)
    assert thumb.read_bytes() == first
    assert view.exists()


def test_a_damaged_picture_writes_nothing_and_says_why(tmp_path: Path) -> None:
    with pytest.raises(FaultError) as caught:
        write(tmp_path, photograph(300, 300)[:200])
    assert caught.value.fault.reason.value == "image_damaged"
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("wrong", ["../../etc/passwd", "A" * 64, "0" * 63, "0" * 64 + "\n", ""])
def test_only_an_asset_id_names_a_copy(tmp_path: Path, wrong: str) -> None:
    with pytest.raises(ValueError, match="asset id"):
        derivative_path(tmp_path, wrong, VIEW)


def test_only_the_two_sizes_exist(tmp_path: Path) -> None:
    with pytest.raises(ValueError, match="size"):
        derivative_path(tmp_path, "0" * 64, 4096)
