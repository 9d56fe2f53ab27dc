"""Local features: what holds for every picture and for any bytes."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from models.motifs.local.descriptors import mirror_codes, pack_codes, unpack_codes
from models.motifs.local.geometry import apply_affine, fit_affine
from models.motifs.local.index import LocalIndex
from models.motifs.local.keypoints import MAX_POINTS, Keypoints, KeypointsError, extract
from models.motifs.local.references import extract_reference

sizes = st.one_of(
    st.tuples(st.integers(1, 90), st.integers(1, 90)),
    st.sampled_from([(1, 5000), (5000, 1), (8, 8), (45, 2000), (2, 3)]),
)


def picture_of(size: tuple[int, int], seed: int, grain: int) -> np.ndarray:
    chance = np.random.default_rng(seed)
    small = chance.integers(0, 256, (size[0] // grain + 1, size[1] // grain + 1, 3))
    big = small.repeat(grain, axis=0).repeat(grain, axis=1)
    return np.ascontiguousarray(big[: size[0], : size[1]].astype(np.uint8))


@settings(max_examples=40, deadline=None)
@given(size=sizes, seed=st.integers(0, 99), grain=st.integers(1, 30))
def test_any_picture_has_points_within_it_that_survive_packing(
    size: tuple[int, int], seed: int, grain: int
) -> None:
    points = extract(picture_of(size, seed, grain))
    assert len(points) <= MAX_POINTS
    assert np.isfinite(points.places).all()
    assert ((points.places >= 0) & (points.places < (points.width, points.height))).all()
    again = Keypoints.unpack(points.pack())
    assert again.pack() == points.pack()
    for name in ("places", "levels", "angles", "colours", "codes", "sketch"):
        assert np.array_equal(getattr(again, name), getattr(points, name))


@settings(max_examples=15, deadline=None)
@given(size=sizes, seed=st.integers(0, 99), grain=st.integers(4, 30))
def test_any_picture_can_be_registered_and_searched(
    size: tuple[int, int], seed: int, grain: int
) -> None:
    picture = picture_of(size, seed, grain)
    mask = picture[..., 0] > 128
    index = LocalIndex.build([extract_reference(picture, mask), extract_reference(picture)])
    for found in index.search(extract(picture)):
        assert 0 <= found.score <= 1
        x0, y0, x1, y1 = found.alignment.box
        assert 0 <= x0 <= x1 <= 1
        assert 0 <= y0 <= y1 <= 1
        assert np.isfinite(found.alignment.transform).all()


query = extract(picture_of((300, 300), 1, 17))
packed = query.pack()
points_end = len(packed) - len(query.sketch)


@settings(max_examples=150, deadline=None)
@given(
    data=st.one_of(
        st.binary(max_size=200), st.integers(0, len(packed) - 1).map(lambda n: packed[:n])
    )
)
def test_bytes_cut_short_or_invented_are_refused(data: bytes) -> None:
    with pytest.raises(KeypointsError):
        Keypoints.unpack(data)


@settings(max_examples=25, deadline=None)
@given(
    edits=st.lists(
        st.tuples(st.integers(14, points_end - 1), st.integers(0, 255)), min_size=1, max_size=60
    )
)
def test_altered_bytes_of_the_right_length_never_break_a_search(
    edits: list[tuple[int, int]],
) -> None:
    data = bytearray(packed)
    for at, value in edits:
        data[at] = value
    index = LocalIndex.build([extract_reference(picture_of((300, 300), 1, 17))])
    for found in index.search(Keypoints.unpack(bytes(data))):
        assert 0 <= found.score <= 1


@given(rows=st.integers(0, 5), seed=st.integers(0, 999))
def test_codes_survive_packing_and_two_mirrors(rows: int, seed: int) -> None:
    codes = np.random.default_rng(seed).integers(-7, 8, (rows, 64)).astype(np.int8)
    assert np.array_equal(unpack_codes(pack_codes(codes)), codes)
    assert np.array_equal(mirror_codes(mirror_codes(codes)), codes)


@settings(deadline=None)
@given(
    growth=st.floats(0.1, 5),
    turn=st.floats(-3, 3),
    shift=st.tuples(st.floats(-1, 1), st.floats(-1, 1)),
    count=st.integers(2, 30),
)
def test_a_fit_finds_the_similarity_that_made_the_points(
    growth: float, turn: float, shift: tuple[float, float], count: int
) -> None:
    places = np.random.default_rng(count).random((count, 2)).astype(np.float32)
    cosine, sine = growth * np.cos(turn), growth * np.sin(turn)
    true = np.array([[cosine, -sine, shift[0]], [sine, cosine, shift[1]]])
    moved = apply_affine(true, places)
    assert fit_affine(moved, places, np.ones(count, np.float32)) == pytest.approx(true, abs=1e-2)


@settings(max_examples=10, deadline=None)
@given(seed=st.integers(0, 99))
def test_the_mirrored_points_are_nearly_those_of_the_mirrored_picture(seed: int) -> None:
    picture = picture_of((300, 300), seed, 23)
    ours = extract(picture).mirrored()
    theirs = extract(np.ascontiguousarray(picture[:, ::-1]))
    gaps = np.linalg.norm(ours.places[:, None] - theirs.places[None], axis=2)
    near = gaps.argmin(axis=1)
    close = (gaps.min(axis=1) < 1.5) & (ours.levels == theirs.levels[near])
    values = [codes.astype(np.float64) for codes in (ours.codes[close], theirs.codes[near][close])]
    lengths = [np.linalg.norm(value, axis=1) for value in values]
    cosines = (values[0] * values[1]).sum(axis=1) / (lengths[0] * lengths[1])
    assert close.sum() > 20
    assert np.median(cosines) > 0.9
