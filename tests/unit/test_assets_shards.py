"""Shard files: written and read back exactly, and refused when they are damaged."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from models.assets.asset import Asset, Caption, Fault, Location, unread_id
from models.assets.shards import Shard, cut_shards, make_shard, read_shard, write_shard
from models.canonical import digest_bytes
from models.errors import WorkspaceError
from models.reasons import Reason


def sample() -> Shard:
    digest = digest_bytes(b"pixels")
    return make_shard(
        [
            Asset(
                digest,
                (
                    Location("a/絵.png", "/set/a/絵.png", 6, None, digest),
                    Location("0.tar/1.png", "/set/0.tar", 6, 512, digest),
                ),
                (Caption("lone \ud800 surrogate", "m.jsonl:1#text"), Caption("", "a.txt", 1)),
                (Location("a/絵.json", "/set/a/絵.json", 2, None, digest_bytes(b"{}")),),
            ),
            Asset(
                unread_id("gone.png"),
                (Location("gone.png", "/set/gone.png"),),
                fault=Fault(Reason.IMAGE_MISSING, "gone.png: there is no such file"),
            ),
        ]
    )


def test_a_shard_is_read_back_as_it_was(tmp_path: Path) -> None:
    path = write_shard(tmp_path / "shards", sample())
    assert path.name == f"{sample().digest}.parquet"
    assert read_shard(path) == sample()


def test_the_same_shard_is_the_same_bytes(tmp_path: Path) -> None:
    one, two = (write_shard(tmp_path / name, sample()).read_bytes() for name in "12")
    assert one == two


def test_a_flipped_bit_is_never_read_as_other_assets(tmp_path: Path) -> None:
    path = write_shard(tmp_path, sample())
    whole = path.read_bytes()
    refused = 0
    for at in range(0, len(whole), 29):
        path.write_bytes(whole[:at] + bytes([whole[at] ^ 4]) + whole[at + 1 :])
        try:
            found = read_shard(path)
        except WorkspaceError:
            refused += 1
        else:
            assert found == sample(), at
    assert refused > len(whole) // 29 // 2


def test_a_cut_or_missing_file_is_an_error(tmp_path: Path) -> None:
    path = write_shard(tmp_path, sample())
    path.write_bytes(path.read_bytes()[:-8])
    with pytest.raises(WorkspaceError, match="cannot be read"):
        read_shard(path)
    with pytest.raises(WorkspaceError, match="cannot be read"):
        read_shard(tmp_path / "none.parquet")


def test_a_shard_under_another_name_is_an_error(tmp_path: Path) -> None:
    path = write_shard(tmp_path, sample())
    with pytest.raises(WorkspaceError, match="what its name says"):
        read_shard(path.rename(tmp_path / f"{'0' * 64}.parquet"))


def test_the_digest_covers_all_that_a_stage_may_look_at() -> None:
    asset = sample().assets[0]
    variants = [
        asset,
        replace(asset, asset_id="0" * 64),
        replace(asset, locations=asset.locations[:1]),
        replace(asset, captions=(Caption("other", "a.txt"),)),
        replace(asset, captions=(replace(asset.captions[0], source="b"), asset.captions[1])),
        replace(asset, sidecars=()),
        replace(asset, fault=Fault(Reason.CAPTION_UNREADABLE, "a.txt")),
    ]
    assert len({make_shard([variant]).digest for variant in variants}) == len(variants)


def test_where_the_bytes_lie_does_not_matter() -> None:
    asset = sample().assets[0]
    moved = replace(asset, locations=tuple(replace(p, uri="/new") for p in asset.locations))
    assert make_shard([moved]).digest == make_shard([asset]).digest


def test_a_shard_size_below_one_is_a_mistake() -> None:
    with pytest.raises(ValueError, match="at least one"):
        cut_shards([], 0)


def test_a_shard_that_lies_there_whole_is_not_written_again(tmp_path: Path) -> None:
    path = write_shard(tmp_path, sample())
    before = path.stat()
    assert write_shard(tmp_path, sample()) == path
    assert (path.stat().st_ino, path.stat().st_mtime_ns) == (before.st_ino, before.st_mtime_ns)


def test_a_damaged_shard_is_written_again(tmp_path: Path) -> None:
    path = write_shard(tmp_path, sample())
    whole = path.read_bytes()
    path.write_bytes(whole[:-20])
    write_shard(tmp_path, sample())
    assert path.read_bytes() == whole


def test_a_shard_whose_files_moved_is_written_again(tmp_path: Path) -> None:
    shard = sample()
    path = write_shard(tmp_path, shard)
    moved = tuple(
        replace(asset, locations=tuple(replace(p, uri=f"/new{p.uri}") for p in asset.locations))
        for asset in shard.assets
    )
    write_shard(tmp_path, Shard(shard.digest, moved))
    assert read_shard(path).assets == moved
