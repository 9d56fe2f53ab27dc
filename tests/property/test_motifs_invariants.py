"""What holds for every picture and every register, not only for the drawn ones."""

from __future__ import annotations

import tempfile
from pathlib import Path

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp

from models.assets.asset import Asset
from models.motifs.features_stage import FeaturesStage
from models.motifs.fingerprints import (
    PDQ_BYTES,
    HammingIndex,
    Pixels,
    hamming_distance,
    hash_orientations,
    hash_pixels,
)
from models.motifs.layout import LayoutEncoder
from models.motifs.motifs_stage import MotifsStage
from models.motifs.views import VIEWS, views_of
from models.reasons import Reason
from models.stages import run_stage
from tests.motif_pictures import build_index, draw, encode_file, write_asset

encoder = LayoutEncoder()
sides = st.integers(1, 40)
pictures = st.tuples(sides, sides).flatmap(lambda s: hnp.arrays(np.uint8, (*s, 3)))
hashes = st.binary(min_size=PDQ_BYTES, max_size=PDQ_BYTES)


@settings(max_examples=40, deadline=None)
@given(pictures)
def test_any_picture_has_a_hash_and_its_first_orientation_is_itself(picture: Pixels) -> None:
    found = hash_pixels(picture)
    assert len(found.bits) == PDQ_BYTES
    assert 0 <= found.quality <= 100
    assert hash_orientations(picture)[0] == found


@settings(max_examples=40, deadline=None)
@given(pictures)
def test_any_embedding_is_finite_and_of_length_one_or_nothing(picture: Pixels) -> None:
    (embedding,) = encoder.encode([picture])
    assert np.isfinite(embedding).all()
    length = float(np.linalg.norm(embedding))
    assert length == 0 or abs(length - 1) < 1e-5


@settings(max_examples=40, deadline=None)
@given(pictures)
def test_any_picture_has_every_view(picture: Pixels) -> None:
    views = views_of(picture)
    assert len(views) == len(VIEWS)
    assert all(view.size for view in views)
    assert np.array_equal(views[1][:, ::-1], picture)


@given(st.lists(hashes, max_size=12), st.lists(hashes, max_size=4), st.integers(0, 256))
def test_the_search_agrees_with_counting_bits(
    stored: list[bytes], asked: list[bytes], reach: int
) -> None:
    expected = [
        sorted(
            (
                (position, hamming_distance(one, query))
                for position, one in enumerate(stored)
                if hamming_distance(one, query) <= reach
            ),
            key=lambda hit: (hit[1], hit[0]),
        )
        for query in asked
    ]
    assert HammingIndex(stored).search(asked, reach) == expected


@settings(max_examples=25, deadline=None)
@given(st.lists(st.binary(max_size=200) | st.integers(0, 5), max_size=6), st.integers(1, 3))
def test_any_bytes_give_one_row_each_that_is_sound_or_says_why_not(
    contents: list[bytes | int], workers: int
) -> None:
    with tempfile.TemporaryDirectory() as name:
        assets: dict[str, Asset] = {}
        for number, content in enumerate(contents):
            data = content if isinstance(content, bytes) else encode_file(draw(content))
            asset = write_asset(Path(name), f"{number}.png", data)
            assets.setdefault(asset.asset_id, asset)
        asked = list(assets.values())
        features = FeaturesStage(encoder, 10_000_000, 1_000_000, workers)
        table = features.examine(asked, lambda _: None)
        index = build_index((), encoder)
        found = MotifsStage(index, table).examine(asked, lambda _: None)
    for rows in (table.to_pylist(), found.to_pylist()):
        assert [row["asset_id"] for row in rows] == [asset.asset_id for asset in asked]
        for row in rows:
            assert (row["fault_code"] is None) == (row["findings"] is not None)
            assert row["fault_code"] is None or row["fault_code"] in {r.value for r in Reason}


@settings(max_examples=6, deadline=None)
@given(st.permutations(range(6)), st.integers(1, 5))
def test_examining_in_parts_and_any_order_gives_the_same_bytes(order: list[int], cut: int) -> None:
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        assets = [write_asset(folder, f"{i}.png", encode_file(draw(i))) for i in range(6)]
        stage = FeaturesStage(encoder, 10_000_000, 1_000_000, 2)
        whole = run_stage(stage, "a" * 64, assets, folder)
        shuffled = [assets[i] for i in order]
        run_stage(stage, "b" * 64, shuffled[:cut], folder)
        parts = run_stage(stage, "b" * 64, shuffled, folder)
    assert parts.output_sha256 == whole.output_sha256
