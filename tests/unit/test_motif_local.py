"""Local features: a registered motif is found in pictures that hold it, at its place."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace

import cv2
import numpy as np
import pytest

from models.motifs.alignment import MAX_POINTS, Alignment
from models.motifs.fingerprints import Pixels
from models.motifs.local.index import Found, LocalIndex, pair
from models.motifs.local.keypoints import MAX_POINTS as MAX_KEYPOINTS
from models.motifs.local.keypoints import Keypoints, KeypointsError, extract
from models.motifs.local.references import extract_reference

SURE = 0.5


def draw_motif(seed: int, side: int = 240) -> Pixels:
    """Flat shapes in strong colours, with something to recognise in every part."""
    chance = np.random.default_rng(seed)
    picture = np.full((side, side, 3), 255, np.uint8)
    for _ in range(28):
        colour = [int(c) for c in chance.integers(0, 256, 3)]
        corners = chance.integers(side // 10, side - side // 10, 2) + chance.integers(
            -side // 6, side // 6, (3, 2)
        )
        cv2.fillPoly(picture, [corners.astype(np.int32)], colour)
        centre = tuple(int(c) for c in chance.integers(side // 8, side - side // 8, 2))
        cv2.circle(picture, centre, int(chance.integers(3, side // 12)), colour[::-1], 2)
    return picture


def draw_scene(seed: int, height: int = 480, width: int = 640) -> Pixels:
    """A busy ground that holds no motif."""
    chance = np.random.default_rng(1000 + seed)
    small = chance.integers(0, 256, (height // 16, width // 16, 3)).astype(np.uint8)
    scene = cv2.resize(small, (width, height), interpolation=cv2.INTER_CUBIC)
    for _ in range(40):
        colour = [int(c) for c in chance.integers(0, 256, 3)]
        x, y, w, h = (int(v) for v in chance.integers(0, [width, height, 60, 60]))
        cv2.rectangle(scene, (x, y), (x + w, y + h), colour, -1)
    return np.asarray(scene, np.uint8)


def paste(scene: Pixels, motif: Pixels, left: int, top: int, side: int) -> Pixels:
    shown = scene.copy()
    small = cv2.resize(motif, (side, side), interpolation=cv2.INTER_AREA)
    shown[top : top + side, left : left + side] = small
    return shown


@pytest.fixture(scope="module")
def index() -> LocalIndex:
    return LocalIndex.build([extract_reference(draw_motif(seed)) for seed in range(6)])


def search(index: LocalIndex, pixels: Pixels) -> Found:
    found = index.search(extract(pixels))
    assert found
    return found[0]


def test_a_motif_pasted_on_a_scene_is_found_at_its_place(index: LocalIndex) -> None:
    best = search(index, paste(draw_scene(1), draw_motif(3), left=160, top=120, side=160))
    assert (best.reference, best.score > SURE) == (3, True)
    assert best.alignment.box == pytest.approx((0.25, 0.25, 0.5, 0.583), abs=0.02)
    assert not best.alignment.mirrored


def test_a_mirrored_motif_is_found_and_said_to_be_mirrored(index: LocalIndex) -> None:
    mirrored = np.ascontiguousarray(draw_motif(2)[:, ::-1])
    best = search(index, paste(draw_scene(2), mirrored, left=300, top=100, side=240))
    assert (best.reference, best.score > SURE, best.alignment.mirrored) == (2, True, True)


@pytest.mark.parametrize("quarters", [1, 2, 3])
def test_a_turned_picture_is_found(index: LocalIndex, quarters: int) -> None:
    best = search(index, np.ascontiguousarray(np.rot90(draw_motif(4, 400), quarters)))
    assert (best.reference, best.score > SURE) == (4, True)


def test_a_crop_is_found_and_the_box_is_the_whole_picture(index: LocalIndex) -> None:
    crop = np.ascontiguousarray(draw_motif(1, 600)[150:450, 150:450])
    best = search(index, crop)
    assert (best.reference, best.score > SURE) == (1, True)
    assert best.alignment.box == pytest.approx((0, 0, 1, 1), abs=0.02)
    x0, y0, x1, y1 = best.alignment.reference_box
    assert min(x0, y0) > 0.23
    assert max(x1, y1) < 0.77
    assert min(x1 - x0, y1 - y0) > 0.3


def test_a_squashed_picture_is_found(index: LocalIndex) -> None:
    squashed = cv2.resize(draw_motif(5), (400, 260), interpolation=cv2.INTER_AREA)
    best = search(index, np.asarray(squashed, np.uint8))
    assert (best.reference, best.score > SURE) == (5, True)


def test_two_motifs_in_one_picture_are_both_found(index: LocalIndex) -> None:
    scene = paste(draw_scene(3), draw_motif(0), left=20, top=20, side=200)
    both = paste(scene, draw_motif(5), left=380, top=200, side=200)
    sure = {found.reference for found in index.search(extract(both)) if found.score > SURE}
    assert sure == {0, 5}


@pytest.mark.parametrize("seed", range(4))
def test_a_scene_without_a_motif_is_not_sure_of_any(index: LocalIndex, seed: int) -> None:
    assert all(found.score < SURE for found in index.search(extract(draw_scene(10 + seed))))


def test_each_reference_is_found_once_and_the_surest_first(index: LocalIndex) -> None:
    found = index.search(extract(paste(draw_scene(4), draw_motif(1), 100, 100, 240)))
    numbers, scores = [f.reference for f in found], [f.score for f in found]
    assert len(set(numbers)) == len(numbers)
    assert scores == sorted(scores, reverse=True)


def test_matched_points_lie_where_the_transform_says(index: LocalIndex) -> None:
    mirrored = np.ascontiguousarray(draw_motif(2)[:, ::-1])
    alignment = search(index, paste(draw_scene(5), mirrored, 200, 140, 260)).alignment
    a, b, c, d, e, f = alignment.transform
    assert 0 < len(alignment.points) <= MAX_POINTS
    for x, y, u, v in alignment.points:
        u = 1 - u if alignment.mirrored else u
        assert (a * u + b * v + c, d * u + e * v + f) == pytest.approx((x, y), abs=0.03)
    assert Alignment.from_dict(alignment.as_dict()) == alignment


def test_a_motif_without_ground_is_found_on_another_ground() -> None:
    motif = draw_motif(7)
    mask = np.zeros(motif.shape[:2], np.bool_)
    cv2.circle(as_bytes := mask.view(np.uint8), (120, 120), 100, 1, -1)
    mask = as_bytes.astype(np.bool_)
    index = LocalIndex.build([extract_reference(motif, mask)])
    scene = draw_scene(6)
    scene[100:340, 200:440][mask] = motif[mask]
    best = search(index, scene)
    assert best.score > SURE
    assert best.alignment.box == pytest.approx((0.3125, 0.208, 0.6875, 0.708), abs=0.03)


def test_a_pair_is_compared_without_an_index() -> None:
    reference = extract_reference(draw_motif(3))
    found = pair(extract(paste(draw_scene(1), draw_motif(3), 160, 120, 160)), reference)
    assert found is not None
    assert found.score > SURE
    assert pair(extract(np.full((300, 300, 3), 90, np.uint8)), reference) is None


def test_an_index_kept_as_arrays_finds_the_same(index: LocalIndex) -> None:
    again = LocalIndex.from_arrays(index.to_arrays())
    query = extract(paste(draw_scene(7), draw_motif(4), 50, 60, 200))
    assert again.search(query) == index.search(query)
    assert len(again) == len(index) == 6


def test_arrays_that_do_not_fit_each_other_are_refused(index: LocalIndex) -> None:
    arrays = index.to_arrays()
    with pytest.raises(ValueError, match="do not fit"):
        LocalIndex.from_arrays({**arrays, "codes": arrays["codes"][:-1]})
    with pytest.raises(KeyError):
        LocalIndex.from_arrays({name: arrays[name] for name in list(arrays)[1:]})
    with pytest.raises(ValueError, match="not an index"):
        LocalIndex.from_arrays({**arrays, "neighbours": arrays["neighbours"][:40]})


def test_what_is_found_does_not_depend_on_threads(index: LocalIndex) -> None:
    pictures = [paste(draw_scene(s), draw_motif(s), 100, 100, 200) for s in range(4)]
    one_by_one = [(extract(p).pack(), index.search(extract(p))) for p in pictures]
    with ThreadPoolExecutor(4) as pool:
        side_by_side = list(
            pool.map(lambda p: (extract(p).pack(), index.search(extract(p))), pictures * 3)
        )
    assert side_by_side == one_by_one * 3


def test_packed_points_find_the_same_as_fresh_ones(index: LocalIndex) -> None:
    query = extract(paste(draw_scene(8), draw_motif(0), 100, 100, 200))
    assert index.search(Keypoints.unpack(query.pack())) == index.search(query)


def test_points_that_agree_where_the_picture_looks_otherwise_are_doubted(
    index: LocalIndex,
) -> None:
    scene = draw_scene(1)
    query = extract(paste(scene, draw_motif(3), left=160, top=120, side=160))
    other = replace(query, sketch=extract(scene).sketch)
    assert search_points(index, query) > SURE
    assert 1 - search_points(index, other) > 3 * (1 - search_points(index, query))


def search_points(index: LocalIndex, query: Keypoints) -> float:
    return max(found.score for found in index.search(query) if found.reference == 3)


def test_a_damaged_sketch_is_an_error_and_clears_nothing(index: LocalIndex) -> None:
    query = extract(paste(draw_scene(1), draw_motif(3), left=160, top=120, side=160))
    with pytest.raises(KeypointsError, match="sketch"):
        index.search(replace(query, sketch=b"\xff\xd8 no picture"))


def test_points_kept_before_there_were_sketches_are_refused() -> None:
    old = b"KLF1" + extract(draw_scene(1)).pack()[4:]
    with pytest.raises(KeypointsError, match="not packed points"):
        Keypoints.unpack(old)


def test_a_large_register_keeps_fewer_points_of_each(monkeypatch: pytest.MonkeyPatch) -> None:
    references = [extract_reference(draw_motif(seed)) for seed in range(4)]
    total = sum(len(form) for reference in references for form in reference.forms)
    monkeypatch.setattr("models.motifs.local.index.MOST_ROWS", total // 2)
    index = LocalIndex.build(references)
    assert len(index.to_arrays()["codes"]) == pytest.approx(total // 2, abs=8)
    best = search(index, paste(draw_scene(1), draw_motif(3), left=160, top=120, side=200))
    assert (best.reference, best.score > SURE) == (3, True)


def test_an_index_of_nothing_finds_nothing() -> None:
    empty = LocalIndex.build([])
    plain = LocalIndex.build([extract_reference(np.full((64, 64, 3), 200, np.uint8))])
    query = extract(draw_scene(9))
    assert (len(empty), empty.search(query)) == (0, [])
    assert (len(plain), plain.search(query)) == (1, [])
    assert LocalIndex.from_arrays(empty.to_arrays()).search(query) == []


def test_a_tiled_texture_keeps_to_the_limits() -> None:
    tile = np.zeros((16, 16, 3), np.uint8)
    tile[3:11, 5:13] = (250, 120, 40)
    texture = np.tile(tile, (50, 50, 1))
    points = extract(texture)
    assert 0 < len(points) <= MAX_KEYPOINTS
    index = LocalIndex.build([extract_reference(texture), extract_reference(draw_motif(1))])
    for found in index.search(points):
        assert 0 <= found.score <= 1


def test_points_are_spread_over_the_picture() -> None:
    noise = np.random.default_rng(0).integers(0, 256, (300, 300, 3)).astype(np.uint8)
    picture = draw_motif(1, 600)
    picture[:300, :300] = noise
    points = extract(picture)
    in_noise = (points.places < 400).all(axis=1).mean()
    assert in_noise < 0.75
