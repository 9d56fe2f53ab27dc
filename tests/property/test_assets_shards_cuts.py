"""Cuts keep every asset once, in order, and a change stays local."""

from __future__ import annotations

from collections.abc import Sequence

from hypothesis import given, settings
from hypothesis import strategies as st

from models.assets.asset import Asset, Location
from models.assets.shards import Shard, cut_shards
from models.canonical import digest_bytes


def dataset(count: int, salt: int = 0) -> list[Asset]:
    return [make(f"{salt}/{n:06}") for n in range(count)]


def make(name: str) -> Asset:
    return Asset(digest_bytes(name.encode()), (Location(name, f"/{name}"),))


def members(shards: Sequence[Shard]) -> list[Asset]:
    return [asset for shard in shards for asset in shard.assets]


@given(st.integers(0, 400), st.integers(1, 60), st.integers(0, 99))
@settings(max_examples=60, deadline=None)
def test_cutting_keeps_every_asset_once_and_in_order(count: int, size: int, salt: int) -> None:
    assets = dataset(count, salt)
    shards = cut_shards(assets, size)
    assert members(shards) == assets
    assert all(1 <= len(shard.assets) <= 2 * size for shard in shards)
    assert all(len(shard.assets) >= size / 2 for shard in shards[:-1])
    assert cut_shards(assets, size) == shards


@given(st.integers(0, 600), st.integers(0, 99))
@settings(max_examples=40, deadline=None)
def test_one_insertion_or_removal_changes_only_the_shards_around_it(at: int, salt: int) -> None:
    assets = dataset(600, salt)
    before = {shard.digest for shard in cut_shards(assets, 16)}
    inserted = [*assets[:at], make("new"), *assets[at:]]
    removed = [*assets[:at], *assets[at + 1 :]]
    for changed in (inserted, removed):
        after = cut_shards(changed, 16)
        fresh = [index for index, shard in enumerate(after) if shard.digest not in before]
        assert not fresh or fresh == list(range(fresh[0], fresh[-1] + 1)), "they are neighbours"
        assert len(fresh) <= 12


@given(st.lists(st.integers(0, 3), min_size=1, max_size=200))
@settings(max_examples=30, deadline=None)
def test_ids_that_never_ask_for_a_cut_are_cut_at_twice_the_size(values: list[int]) -> None:
    assets = [
        Asset(f"{n % 2 * 2 + 1:08x}" + "0" * 56, (Location(str(i), ""),))
        for i, n in enumerate(values)
    ]
    shards = cut_shards(assets, 8)
    assert [len(shard.assets) for shard in shards[:-1]] == [16] * (len(shards) - 1)


def test_shards_have_about_the_size_asked_for() -> None:
    sizes = [len(shard.assets) for shard in cut_shards(dataset(20_000), 200)]
    assert 160 < sum(sizes) / len(sizes) < 220
