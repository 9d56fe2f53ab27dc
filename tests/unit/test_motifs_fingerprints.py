"""PDQ fingerprints and the search among them."""

from __future__ import annotations

import numpy as np
import pytest

from models.motifs.fingerprints import (
    ORIENTATIONS,
    PDQ_BYTES,
    QUALITY_FLOOR,
    HammingIndex,
    hamming_distance,
    hash_orientations,
    hash_pixels,
)
from tests.motif_pictures import decode_file, draw, encode_file, scaled


def test_a_hash_is_32_bytes_and_the_same_every_time() -> None:
    first, second = hash_pixels(draw(1)), hash_pixels(draw(1))
    assert len(first.bits) == PDQ_BYTES
    assert first == second


@pytest.mark.parametrize("seed", range(4))
def test_a_re_encoded_scaled_and_brightened_copy_is_within_the_copy_distance(seed: int) -> None:
    original = draw(seed)
    brighter = (original * 0.8 + 40).astype(np.uint8)
    edited = decode_file(encode_file(scaled(brighter, 0.6), "JPEG", quality=50))
    assert hamming_distance(hash_pixels(original).bits, hash_pixels(edited).bits) <= 31


def test_two_different_pictures_are_far_apart() -> None:
    assert hamming_distance(hash_pixels(draw(1)).bits, hash_pixels(draw(2)).bits) > 90


def test_the_hash_does_not_depend_on_how_the_pixels_lie_in_memory() -> None:
    turned = draw(3).transpose(1, 0, 2)
    assert hash_pixels(turned) == hash_pixels(np.ascontiguousarray(turned))


@pytest.mark.parametrize("factor", [0.4, 0.75, 2.0, 5.0])
def test_scaling_a_picture_hardly_moves_its_hash(factor: float) -> None:
    other = scaled(draw(4), factor)
    assert hamming_distance(hash_pixels(other).bits, hash_pixels(draw(4)).bits) <= 16


def test_a_turned_or_mirrored_query_equals_one_orientation_of_the_reference() -> None:
    picture = draw(5)
    queries = [np.rot90(picture, quarter) for quarter in range(4)]
    queries += [picture[:, ::-1], picture[::-1], picture.transpose(1, 0, 2)]
    queries += [np.rot90(picture, 2).transpose(1, 0, 2)]
    assert len(queries) == len(ORIENTATIONS)
    assert [hash_pixels(q) for q in queries] == list(hash_orientations(picture))


@pytest.mark.parametrize("size", [(1, 1), (1, 500), (500, 1), (3, 4)])
def test_a_picture_of_any_shape_has_a_hash(size: tuple[int, int]) -> None:
    found = hash_pixels(np.random.default_rng(0).integers(0, 256, (*size, 3)).astype(np.uint8))
    assert len(found.bits) == PDQ_BYTES
    assert 0 <= found.quality <= 100


def test_a_plain_picture_has_a_hash_that_says_nothing() -> None:
    plain = hash_pixels(np.full((300, 300, 3), 200, np.uint8))
    assert plain.quality < QUALITY_FLOOR
    assert not plain.speaks


def test_the_search_includes_the_distance_asked_for_and_nothing_beyond() -> None:
    zero = bytes(PDQ_BYTES)
    three = bytes([0b111]) + bytes(PDQ_BYTES - 1)
    four = bytes([0b1111]) + bytes(PDQ_BYTES - 1)
    assert HammingIndex([four, three, zero]).search([zero], 3) == [[(2, 0), (1, 3)]]


def test_equal_distances_come_in_order_of_position() -> None:
    one = bytes([1]) + bytes(PDQ_BYTES - 1)
    two = bytes([2]) + bytes(PDQ_BYTES - 1)
    assert HammingIndex([two, one, two]).search([bytes(PDQ_BYTES)], 5) == [[(0, 1), (1, 1), (2, 1)]]


def test_an_empty_index_finds_nothing() -> None:
    assert HammingIndex([]).search([bytes(PDQ_BYTES)], 256) == [[]]


def test_whether_anything_is_near_is_what_the_search_says() -> None:
    chance = np.random.default_rng(7)
    stored = chance.integers(0, 256, (40, PDQ_BYTES), np.uint8)
    queries = stored[:20].copy()
    for bits, query in enumerate(queries):  # each a bit farther than the one before
        flipped = chance.permutation(PDQ_BYTES * 8)[: 5 * bits]
        np.bitwise_xor.at(query, flipped // 8, (1 << (flipped % 8)).astype(np.uint8))
    index = HammingIndex([row.tobytes() for row in stored])
    found = [bool(hits) for hits in index.search([q.tobytes() for q in queries], 60)]
    assert index.near(queries, 60).tolist() == found
    assert set(found) == {True, False}
    assert not HammingIndex([]).near(queries, 60).any()
