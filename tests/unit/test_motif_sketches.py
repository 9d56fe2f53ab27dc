"""Sketches: at its right place a reference looks like the picture, and elsewhere it does not."""

from __future__ import annotations

import cv2
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from benchmarks.motif_local_trees import DIRECTIONS, learn_trees, straighten
from models.motifs.local.looks import SKETCH_TRAITS, compare_sketches
from models.motifs.local.scoring import MEASURED, Trees, _learnt, score_place
from models.motifs.local.sketches import (
    SKETCH_SIDE,
    ReferenceSketch,
    Sketch,
    draw_reference,
    draw_sketch,
    pack_sketches,
    unpack_sketch,
)

SQUARE = (1.0, 1.0)
SHAPE = (1.0, 0.75)
EDGES = SKETCH_TRAITS.index("edges agree")
ALIKE = SKETCH_TRAITS.index("share of blocks alike")
MOVED = SKETCH_TRAITS.index("moved")
ARRANGED = SKETCH_TRAITS.index("colours agree in their arrangement")
ANOTHER = SKETCH_TRAITS.index("share of cells of another colour")


def shapes(seed: int, height: int, width: int, size: int) -> np.ndarray:
    chance = np.random.default_rng(seed)
    picture = np.full((height, width, 3), 230, np.uint8)
    for _ in range(height * width // (size * size)):
        x, y = (int(v) for v in chance.integers(0, [width, height]))
        colour = [int(c) for c in chance.integers(0, 256, 3)]
        corner = (x + int(chance.integers(4, size)), y + int(chance.integers(4, size)))
        cv2.rectangle(picture, (x, y), corner, colour, -1)
    return picture


MOTIF = shapes(1, 240, 240, 60)


def sketched(picture: np.ndarray) -> bytes:
    return draw_sketch(picture, cv2.cvtColor(picture, cv2.COLOR_RGB2GRAY))


def sketch_of(picture: np.ndarray) -> Sketch:
    sketch = Sketch.read(sketched(picture))
    assert sketch is not None
    return sketch


def pasted(side: int = 150, left: int = 400, top: int = 250) -> tuple[Sketch, np.ndarray]:
    """A scene with the motif, and where it lies, in units of the longer side."""
    scene = shapes(2, 600, 800, 60)
    small = cv2.resize(MOTIF, (side, side), interpolation=cv2.INTER_AREA)
    scene[top : top + side, left : left + side] = small
    scale = side / 800
    return sketch_of(scene), np.array([[scale, 0, left / 800], [0, scale, top / 800]])


def compare(sketch: Sketch, affine: np.ndarray, mask: np.ndarray | None = None) -> np.ndarray:
    return compare_sketches(sketch, draw_reference(MOTIF, mask), affine, SHAPE, SQUARE)


def test_at_its_place_the_edges_agree_and_elsewhere_they_do_not() -> None:
    sketch, place = pasted()
    elsewhere = np.add(place, [[0, 0, -0.3], [0, 0, -0.1]])
    right, wrong = compare(sketch, place), compare(sketch, elsewhere)
    assert np.tanh(right[EDGES]) > 0.8
    assert right[ALIKE] > 0.8
    assert np.tanh(wrong[EDGES]) < 0.4
    assert wrong[ALIKE] < 0.2


def test_a_place_that_is_a_little_off_is_moved_to_where_it_fits() -> None:
    sketch, place = pasted()
    off = compare(sketch, np.add(place, [[0.004, 0, 0.004], [0, 0, 0.004]]))
    assert np.tanh(off[EDGES]) > 0.8
    assert off[MOVED] > 0


def test_what_is_not_the_motif_is_not_compared() -> None:
    sketch, place = pasted()
    mask = np.zeros(MOTIF.shape[:2], np.bool_)
    mask[60:180, 60:180] = True
    other = MOTIF.copy()
    other[~mask] = 255 - other[~mask]
    traits = compare_sketches(sketch, draw_reference(other, mask), place, SHAPE, SQUARE)
    assert np.tanh(traits[EDGES]) > 0.8


def test_a_mirrored_reference_is_compared_with_its_mirror() -> None:
    reference = draw_reference(MOTIF, None)
    sketch = sketch_of(MOTIF[:, ::-1].copy())
    whole = np.eye(2, 3)
    straight = compare_sketches(sketch, reference, whole, SQUARE, SQUARE)
    mirrored = compare_sketches(sketch, reference.mirrored(), whole, SQUARE, SQUARE)
    assert np.tanh(mirrored[EDGES]) > 0.9
    assert np.tanh(straight[EDGES]) < 0.4
    assert mirrored[ARRANGED] > 0.9
    assert straight[ARRANGED] < 0.4


def test_without_a_sketch_nothing_speaks_for_a_place() -> None:
    traits = compare_sketches(None, draw_reference(MOTIF, None), np.eye(2, 3), SQUARE, SQUARE)
    assert not traits.any()


def recoloured(picture: np.ndarray, turn: int) -> np.ndarray:
    """The same picture with every hue turned by so many degrees, each pixel as light as before."""
    lab = cv2.cvtColor(picture.astype(np.float32) / 255, cv2.COLOR_RGB2LAB)
    cosine, sine = np.cos(np.radians(turn)), np.sin(np.radians(turn))
    a, b = lab[..., 1].copy(), lab[..., 2].copy()
    lab[..., 1], lab[..., 2] = cosine * a - sine * b, sine * a + cosine * b
    turned = np.clip(cv2.cvtColor(lab, cv2.COLOR_LAB2RGB) * 255, 0, 255)
    return np.asarray(turned, np.uint8)


def colours_of(picture: np.ndarray, reference: np.ndarray = MOTIF) -> tuple[float, float]:
    """Both traits of colours, where the whole picture is laid over the reference."""
    drawn = draw_reference(reference, None)
    traits = compare_sketches(sketch_of(picture), drawn, np.eye(2, 3), SQUARE, SQUARE)
    return float(traits[ARRANGED]), float(traits[ANOTHER])


VIVID = np.where((MOTIF == 230).all(axis=2, keepdims=True), (90, 150, 230), MOTIF).astype(np.uint8)
"""The motif on a ground that has a colour too."""


def test_a_copy_has_the_colours_of_the_reference() -> None:
    arranged, another = colours_of(VIVID, VIVID)
    assert arranged > 0.95
    assert another < 0.05


def test_the_same_drawing_in_other_colours_is_told_apart() -> None:
    arranged, another = colours_of(recoloured(VIVID, 120), VIVID)
    assert arranged < 0
    assert another > 0.8


def test_a_flag_with_one_stripe_of_another_colour_has_a_third_of_another_colour() -> None:
    flag = np.full((240, 240, 3), 255, np.uint8)
    flag[:, 160:] = 210, 30, 40
    one, other = flag.copy(), flag.copy()
    one[:, :80], other[:, :80] = (30, 60, 150), (20, 130, 60)
    assert colours_of(one, one)[1] < 0.05
    assert 0.25 < colours_of(other, one)[1] < 0.45


def test_of_a_grey_copy_colours_say_nothing() -> None:
    grey = np.repeat(cv2.cvtColor(MOTIF, cv2.COLOR_RGB2GRAY)[..., None], 3, axis=2)
    arranged, another = colours_of(grey)
    assert abs(arranged) < 0.1
    assert another == 0


def test_of_a_grey_reference_colours_say_nothing() -> None:
    grey = np.repeat(cv2.cvtColor(MOTIF, cv2.COLOR_RGB2GRAY)[..., None], 3, axis=2)
    arranged, another = colours_of(MOTIF, grey)
    assert abs(arranged) < 0.1
    assert another == 0


@pytest.mark.parametrize("light", [(1.0, 0.9, 0.8), (0.85, 0.9, 1.0), (0.8, 0.8, 0.8)])
def test_a_tint_or_a_dimmer_light_barely_changes_the_colours(light: tuple[float, ...]) -> None:
    arranged, another = colours_of((MOTIF * light).astype(np.uint8))
    assert arranged > 0.9
    assert another < 0.1


def test_a_sketch_without_colours_is_read_as_one_of_a_grey_picture() -> None:
    _, data = cv2.imencode(".jpg", cv2.cvtColor(MOTIF, cv2.COLOR_RGB2GRAY))
    sketch = Sketch.read(data.tobytes())
    assert sketch is not None
    assert (sketch.levels[0][..., 1:] == 128).all()


@pytest.mark.parametrize("data", [b"", b"no picture", sketched(np.zeros((9, 9, 3), np.uint8))[:40]])
def test_a_damaged_sketch_is_not_read(data: bytes) -> None:
    assert Sketch.read(data) is None


def test_a_sketch_larger_than_any_that_is_drawn_is_not_read() -> None:
    _, data = cv2.imencode(".jpg", np.zeros((SKETCH_SIDE + 1, 8), np.uint8))
    assert Sketch.read(data.tobytes()) is None


def test_references_of_any_shape_survive_packing() -> None:
    drawn = [draw_reference(shapes(3, *size, 20), None) for size in ((40, 640), (99, 60), (32, 32))]
    arrays = pack_sketches(drawn)
    for number, sketch in enumerate(drawn):
        again = unpack_sketch(arrays, number)
        assert np.array_equal(again.light, sketch.light)
        assert np.array_equal(again.chroma, sketch.chroma)
        assert np.array_equal(again.shown, sketch.shown)


@settings(max_examples=40, deadline=None)
@given(
    numbers=st.lists(st.floats(-3, 3), min_size=6, max_size=6),
    size=st.tuples(st.integers(8, 48), st.integers(8, 48)),
    seed=st.integers(0, 99),
)
def test_any_place_gives_finite_traits(
    numbers: list[float], size: tuple[int, int], seed: int
) -> None:
    chance = np.random.default_rng(seed)
    light = chance.integers(0, 256, size).astype(np.uint8)
    chroma = chance.integers(0, 256, (*size, 2)).astype(np.uint8)
    reference = ReferenceSketch(light, chroma, chance.random(size) < 0.8)
    sketch = sketch_of(chance.integers(0, 256, (90, 120, 3)).astype(np.uint8))
    affine = np.array(numbers).reshape(2, 3)
    traits = compare_sketches(sketch, reference, affine, SHAPE, SQUARE)
    assert traits.shape == (len(SKETCH_TRAITS),)
    assert np.isfinite(traits).all()
    assert 0 <= score_place(np.concatenate([np.zeros(18, np.float32), traits])) <= 1


def test_trees_add_up_what_their_answers_say() -> None:
    trees = Trees(
        np.array([[0, 1], [1, 1]]),
        np.array([[0.5, 0.5], [0.2, 0.9]], np.float32),
        np.array([[0, 1, 2, 4], [0, 8, 0, 16]], np.float32),
        -1.0,
    )
    assert trees.read(np.array([[0, 0], [1, 0.6], [0, 1]])).tolist() == [-1.0, 11.0, 17.0]


def test_trees_learn_what_two_traits_say_together() -> None:
    chance = np.random.default_rng(0)
    measured = chance.random((600, len(MEASURED)))
    right = (measured[:, 2] > 0.5) & (measured[:, 20] > 0.3)
    trees = learn_trees(measured, right)
    fresh = chance.random((300, len(MEASURED)))
    true = (fresh[:, 2] > 0.5) & (fresh[:, 20] > 0.3)
    assert ((trees.read(fresh) > 0) == true).mean() > 0.95


def test_trees_never_contradict_what_is_known_beforehand() -> None:
    chance = np.random.default_rng(1)
    measured = chance.random((600, len(MEASURED)))
    # What is learnt from says that fewer points are better, which is not to be believed.
    trees = learn_trees(measured, measured[:, 0] + measured[:, 20] < 1)
    assert_no_contradiction(trees, chance)


def test_the_packaged_trees_never_contradict_it_either() -> None:
    assert_no_contradiction(_learnt()[0], np.random.default_rng(2))


def assert_no_contradiction(trees: Trees, chance: np.random.Generator) -> None:
    low, high = trees.limits.min() - 1, trees.limits.max() + 1
    places = chance.uniform(low, high, (200, len(MEASURED)))
    for trait in np.flatnonzero(DIRECTIONS):
        more = places.copy()
        more[:, trait] += chance.uniform(0, high - low, len(places))
        gained = trees.read(more) - trees.read(places)
        assert (gained * DIRECTIONS[trait] > -1e-4).all(), MEASURED[trait]


def test_leaves_that_go_the_right_way_stay_as_they_are() -> None:
    leaves = np.array([0.0, 1.0, 2.0, 4.0])
    weights = np.array([1.0, 3.0, 1.0, 1.0])
    assert straighten(leaves, weights, [1, 1]).tolist() == leaves.tolist()
    assert straighten(leaves, weights, [-1, 0]).tolist() == [0.75, 0.75, 3.0, 3.0]
