"""The embedded encoder: its files, that open_clip itself can load them, and what it sees."""

from __future__ import annotations

import csv
import json
import re
from collections import Counter
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from models.errors import EncoderError
from models.motifs import dense
from models.motifs.clip import OpenClipEncoder, load_art, load_open_clip
from models.motifs.encoder import MAX_PARTS
from models.motifs.fingerprints import Pixels
from tests.motif_pictures import draw

open_clip = pytest.importorskip("open_clip")

FOLDER = Path(__file__).resolve().parents[2] / "models" / "motifs" / "embedded"
WEIGHTS = FOLDER / "open_clip_model.safetensors"


@pytest.fixture(scope="module")
def art() -> OpenClipEncoder:
    return load_art()


def read_training_list() -> list[dict[str, str]]:
    with (FOLDER / "TRAINED_ON.csv").open(encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file))


def picture(seed: int, height: int = 180, width: int = 240) -> Pixels:
    """Coloured blocks on white, other ones for each seed."""
    chance = np.random.default_rng(seed)
    pixels = np.full((height, width, 3), 255, np.uint8)
    for _ in range(12):
        top, left = int(chance.integers(height - 30)), int(chance.integers(width - 30))
        pixels[top : top + 40, left : left + 50] = chance.integers(0, 256, 3)
    return pixels


def test_the_weights_are_small_enough_to_travel_with_the_code() -> None:
    assert WEIGHTS.stat().st_size < 25_000_000


def test_open_clip_loads_the_folder_by_itself() -> None:
    model = open_clip.create_model(f"local-dir:{FOLDER}")
    stored = json.loads((FOLDER / "open_clip_config.json").read_text(encoding="utf-8"))
    assert model.visual.trunk.fc.out_features == stored["model_cfg"]["embed_dim"]
    assert {str(parameter.dtype) for parameter in model.parameters()} == {"torch.float32"}


def test_every_training_picture_is_listed_once_with_its_licence() -> None:
    rows = read_training_list()
    assert len(rows) > 10_000
    assert all(re.fullmatch(r"[0-9a-f]{64}", row["sha256"]) for row in rows)
    assert all(row["package"] and row["file"] and row["licence"] for row in rows)
    assert max(Counter(row["sha256"] for row in rows).values()) == 1


def test_the_kept_back_packages_were_not_trained_on() -> None:
    packages = {row["package"] for row in read_training_list()}
    assert not packages & {"supertux-data", "pingus-data"}


def test_its_scores_are_measured_and_in_order(art: OpenClipEncoder) -> None:
    stated = json.loads((FOLDER / "scores.json").read_text(encoding="utf-8"))
    assert art.suggested_score == stated["suggested_score"]
    assert art.floor_score == stated["floor_score"]
    assert 0 < art.floor_score < art.suggested_score < 1
    assert art.limits == stated["limits"]


def test_it_is_called_by_its_own_name(art: OpenClipEncoder) -> None:
    assert art.name == "builtin:art"


def test_a_picture_is_seen_whole_and_in_parts(art: OpenClipEncoder) -> None:
    (seen,) = art.look([picture(1)])
    assert seen.whole.shape == (art.dimension,)
    assert 0 < len(seen.parts) <= MAX_PARTS
    assert len(seen.parts) == len(seen.boxes)
    lengths = np.linalg.norm(seen.parts, axis=1)
    np.testing.assert_allclose(lengths[lengths > 0], 1, atol=1e-5)
    assert (lengths > 0).sum() > 5


def test_what_is_plain_resembles_nothing(art: OpenClipEncoder) -> None:
    (seen,) = art.look([np.full((120, 200, 3), 230, np.uint8)])
    assert not seen.whole.any()
    assert not seen.parts.any()


def test_a_plain_border_changes_nothing_of_the_whole(art: OpenClipEncoder) -> None:
    motif = draw(5, (320, 260)).copy()
    motif[:8], motif[-8:] = 0, 90
    framed = np.full((400, 400, 3), 255, np.uint8)
    framed[60:320, 40:360] = motif
    inner, outer = art.encode([motif, framed])
    assert inner @ outer > 0.95


def test_looking_and_encoding_agree_on_the_whole(art: OpenClipEncoder) -> None:
    (seen,) = art.look([picture(2)])
    np.testing.assert_array_equal(seen.whole, art.encode([picture(2)])[0])


def test_company_does_not_change_what_is_seen(art: OpenClipEncoder) -> None:
    pictures = [picture(seed, 90 + 10 * seed, 200 - 10 * seed) for seed in range(5)]
    together = art.look(pictures)
    alone = [art.look([each])[0] for each in pictures]
    for one, other in zip(together, alone, strict=True):
        np.testing.assert_array_equal(one.whole, other.whole)
        np.testing.assert_array_equal(one.parts, other.parts)


def test_the_number_of_threads_does_not_change_what_is_seen(art: OpenClipEncoder) -> None:
    torch = pytest.importorskip("torch")
    before = torch.get_num_threads()
    seen = []
    for threads in (1, 2):
        torch.set_num_threads(threads)
        seen += art.look([picture(6, 400, 300)])
    torch.set_num_threads(before)
    np.testing.assert_array_equal(seen[0].whole, seen[1].whole)
    np.testing.assert_array_equal(seen[0].parts, seen[1].parts)


def test_a_smaller_copy_is_more_alike_than_another_picture(art: OpenClipEncoder) -> None:
    original, other = picture(3), picture(4)
    copy = dense.shrink(original, 120, 90)
    first, again, stranger = art.encode([original, copy, other])
    assert first @ again > 0.9 > first @ stranger


def test_a_pasted_picture_is_seen_best_in_a_part_that_shows_it(art: OpenClipEncoder) -> None:
    motif = draw(7, (96, 96))
    scene = picture(8, 320, 320)
    scene[200:296, 200:296] = motif
    (seen,) = art.look([scene])
    (reference,) = art.encode([motif])
    left, top, right, bottom = seen.boxes[int((seen.parts @ reference).argmax())]
    assert min(right, 0.925) > max(left, 0.625)
    assert min(bottom, 0.925) > max(top, 0.625)


@pytest.mark.parametrize("shape", [(1, 1), (1, 900), (900, 1), (7, 5), (2000, 30)])
def test_odd_shapes_are_seen(art: OpenClipEncoder, shape: tuple[int, int]) -> None:
    pixels = np.random.default_rng(0).integers(0, 256, (*shape, 3)).astype(np.uint8)
    (seen,) = art.look([pixels])
    assert np.isfinite(seen.whole).all()
    assert np.isfinite(seen.parts).all()
    assert 0 < len(seen.parts) <= MAX_PARTS


@settings(max_examples=200, deadline=None)
@given(st.integers(1, 4000), st.integers(1, 4000))
def test_windows_lie_within_the_picture_and_are_never_too_many(width: int, height: int) -> None:
    boxes = dense.place_windows(width, height, dense.SCALES)
    assert 0 < len(boxes) <= MAX_PARTS
    assert (boxes >= 0).all()
    assert (boxes <= 1).all()
    assert (boxes[:, 0] < boxes[:, 2]).all()
    assert (boxes[:, 1] < boxes[:, 3]).all()


@given(st.integers(1, 12), st.integers(1, 12))
def test_the_cells_of_a_window_weigh_one_together(rows: int, columns: int) -> None:
    boxes = dense.place_windows(columns, rows, dense.SCALES)
    weights = dense.weigh_cells(boxes, rows, columns)
    assert weights.shape == (len(boxes), rows, columns)
    np.testing.assert_allclose(weights.sum(axis=(1, 2)), 1, atol=1e-5)


def test_a_window_of_the_whole_map_is_its_mean() -> None:
    weights = dense.weigh_cells(np.array([[0, 0, 1, 1]], np.float32), 3, 5)
    np.testing.assert_allclose(weights, 1 / 15, atol=1e-6)


def test_crops_are_never_empty() -> None:
    boxes = np.array([[0, 0, 1e-4, 1e-4], [0.9999, 0.9999, 1, 1]], np.float32)
    crops = dense.crop_windows(picture(1), boxes)
    assert all(min(crop.shape[:2]) >= 1 for crop in crops)


@pytest.mark.parametrize(
    "text",
    [
        "not json",
        "{}",
        '{"suggested_score": 0.3, "floor_score": 0.5, "limits": ""}',
        '{"suggested_score": "high", "floor_score": 0.5, "limits": ""}',
    ],
)
def test_scores_that_make_no_sense_are_refused(tmp_path: Path, text: str) -> None:
    for name in ("open_clip_config.json", WEIGHTS.name):
        (tmp_path / name).write_bytes((FOLDER / name).read_bytes())
    (tmp_path / "scores.json").write_text(text, encoding="utf-8")
    with pytest.raises(EncoderError):
        load_open_clip(f"open_clip:folder:{tmp_path}")


def test_a_folder_without_scores_has_the_general_ones(tmp_path: Path) -> None:
    for name in ("open_clip_config.json", WEIGHTS.name):
        (tmp_path / name).write_bytes((FOLDER / name).read_bytes())
    encoder = load_open_clip(f"open_clip:folder:{tmp_path}")
    assert encoder.suggested_score == 0.85
    assert "not been calibrated" in encoder.limits
