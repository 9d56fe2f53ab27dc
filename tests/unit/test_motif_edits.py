"""The measure of motifs: its edits do what they say, its halves do not mix, its figures are right.

A picture whose colour says from where in the motif a pixel comes shows what an edit did to it.
"""

from __future__ import annotations

import csv
import hashlib
from collections.abc import Callable
from functools import cache
from pathlib import Path

import numpy as np
import numpy.typing as npt
import pytest
from hypothesis import given
from hypothesis import strategies as st
from PIL import Image

from benchmarks.motif_cases import Case, Cases, Reference, load_cases
from benchmarks.motif_detectors import Scores, Seen
from benchmarks.motif_edits import (
    EDITS,
    MORE_EDITS,
    Edited,
    Pixels,
    Surroundings,
    apply_edit,
)
from benchmarks.motif_pictures import (
    character_of,
    clusters,
    half_of,
    measure_all,
    pdq_distances,
    read_rows,
)
from benchmarks.motif_report import boxes, recall, threshold_at
from benchmarks.motif_scores import Scored, score_cases
from models.motifs.calibration.shares import Share
from tests.motif_pictures import draw

KINDS = (*EDITS, *MORE_EDITS)
ON_SCENE = tuple(kind for kind in KINDS if kind.startswith("pasted"))
KEEPS_COLOUR = tuple(k for k in KINDS if k not in ("grey", "colour", "posterise", "noise"))
"""Kinds after which a pixel's colour still says that it is the motif's."""

SHOWS_ALL = tuple(k for k in KEEPS_COLOUR if k not in ("text over", "occluded 30 %"))


def ground(seed: int, size: tuple[int, int] = (480, 360)) -> Pixels:
    """A busy picture in greys, so that nothing in it has the motif's colour."""
    return np.repeat(draw(seed, size).mean(axis=2, keepdims=True), 3, axis=2).astype(np.uint8)


def green_motif(width: int = 240, height: int = 300) -> Pixels:
    """A strong green ellipse that fills the middle half of a transparent picture."""
    y, x = np.mgrid[0:height, 0:width]
    inside = ((x - width / 2) / (width / 4)) ** 2 + ((y - height / 2) / (height / 4)) ** 2 < 1
    picture = np.zeros((height, width, 4), np.uint8)
    picture[inside] = (0, 255, 0, 255)
    return picture


def placed_motif(side: int = 256) -> Pixels:
    """An opaque picture: red tells a pixel's column, green its row."""
    y, x = np.mgrid[0:side, 0:side]
    scale = 255 / (side - 1)
    layers = [x * scale, y * scale, np.full((side, side), 128), np.full((side, side), 255)]
    return np.stack(layers, axis=2).round().astype(np.uint8)


def opaque_green() -> Pixels:
    return np.full((200, 240, 4), (0, 255, 0, 255), np.uint8)


def is_green(pixels: Pixels) -> npt.NDArray[np.bool_]:
    red, green, blue = (pixels[..., channel].astype(int) for channel in range(3))
    return np.asarray(green - np.maximum(red, blue) > 90)


AROUND = Surroundings(
    scenes=[ground(1), ground(2, (900, 500)), ground(3, (300, 700))],
    others=[ground(4), ground(5, (200, 260))],
)


@cache
def edit(kind: str, motif: Callable[[], Pixels], seed: int = 1) -> Edited:
    return apply_edit(kind, motif(), seed, AROUND)


def test_there_are_21_kinds_that_are_reported_together() -> None:
    assert len(EDITS) == 21


@pytest.mark.parametrize("kind", KINDS)
def test_the_same_seed_gives_the_same_picture(kind: str) -> None:
    one, other = edit(kind, green_motif), apply_edit(kind, green_motif(), 1, AROUND)
    assert np.array_equal(one.pixels, other.pixels)
    assert one.box == other.box


@pytest.mark.parametrize("kind", KINDS)
def test_another_seed_gives_another_picture(kind: str) -> None:
    one, other = edit(kind, placed_motif, seed=1), edit(kind, placed_motif, seed=2)
    assert one.pixels.shape != other.pixels.shape or not np.array_equal(one.pixels, other.pixels)


@pytest.mark.parametrize("kind", KINDS)
def test_an_edited_picture_is_rgb_of_a_size_that_datasets_have(kind: str) -> None:
    pixels = edit(kind, green_motif).pixels
    assert pixels.dtype == np.uint8
    assert pixels.shape[2] == 3
    assert (90 if kind == "downscale" else 300) <= max(pixels.shape[:2]) <= 2000


@pytest.mark.parametrize("seed", range(1, 3))
@pytest.mark.parametrize("kind", KINDS)
def test_the_box_lies_inside_the_picture(kind: str, seed: int) -> None:
    x0, y0, x1, y1 = edit(kind, green_motif, seed).box
    assert 0 <= x0 < x1 <= 1
    assert 0 <= y0 < y1 <= 1


@pytest.mark.parametrize("seed", range(1, 3))
@pytest.mark.parametrize("kind", KEEPS_COLOUR)
def test_all_of_the_motif_lies_in_the_box(kind: str, seed: int) -> None:
    edited = edit(kind, green_motif, seed)
    height, width = edited.pixels.shape[:2]
    rows, columns = np.nonzero(is_green(edited.pixels))
    x0, y0, x1, y1 = edited.box
    # A soft edge, and JPEG's blocks, reach a little beyond it.
    within = (
        (columns >= x0 * width - 9)
        & (columns < x1 * width + 9)
        & (rows >= y0 * height - 9)
        & (rows < y1 * height + 9)
    )
    # Words may be green, and a window has a green button.
    assert within.mean() > (0.9 if kind == "text over" else 0.99)


@pytest.mark.parametrize("seed", range(1, 3))
@pytest.mark.parametrize("kind", SHOWS_ALL)
def test_the_box_is_no_larger_than_the_motif_needs(kind: str, seed: int) -> None:
    edited = edit(kind, green_motif, seed)
    height, width = edited.pixels.shape[:2]
    x0, y0, x1, y1 = edited.box
    inside = is_green(edited.pixels)[
        round(y0 * height) : round(y1 * height), round(x0 * width) : round(x1 * width)
    ]
    # An ellipse fills 0.785 of its own box, and less of the box of a turned box.
    assert inside.mean() > (0.35 if kind == "rotation small" else 0.6)


@pytest.mark.parametrize("share", [0.60, 0.35])
def test_a_crop_keeps_the_share_of_the_area_that_it_names(share: float) -> None:
    pixels = edit(f"crop {share:.0%}".replace("%", " %"), placed_motif).pixels
    spans = [np.ptp(np.percentile(pixels[..., channel], [1, 99])) / 255 for channel in (0, 1)]
    assert spans[0] * spans[1] == pytest.approx(share, abs=0.06)


def test_a_flip_mirrors_left_to_right_and_nothing_else() -> None:
    pixels = edit("flip", placed_motif).pixels
    assert pixels[:, 5, 0].mean() > 240 > 15 > pixels[:, -5, 0].mean()
    assert pixels[5, :, 1].mean() < 15 < 240 < pixels[-5, :, 1].mean()


def test_a_quarter_turn_swaps_rows_and_columns() -> None:
    pixels = edit("rotation 90", placed_motif).pixels
    assert float(np.std(pixels[5, :, 0].astype(float))) < 12
    assert float(np.std(pixels[5, :, 1].astype(float))) > 60


@pytest.mark.parametrize("kind", ON_SCENE)
def test_a_pasted_motif_has_the_share_of_the_side_that_it_names(kind: str) -> None:
    edited = edit(kind, placed_motif)
    height, width = edited.pixels.shape[:2]
    x0, y0, x1, y1 = edited.box
    side = max((x1 - x0) * width, (y1 - y0) * height)
    share = float(kind.split()[1]) / 100
    assert side / (height * width) ** 0.5 == pytest.approx(share, rel=0.03)


def test_an_occlusion_covers_three_tenths_of_the_box() -> None:
    edited = edit("occluded 30 %", opaque_green)
    assert 1 - is_green(edited.pixels).mean() == pytest.approx(0.3, abs=0.02)


def test_a_grey_picture_has_no_colour() -> None:
    pixels = edit("grey", placed_motif).pixels.astype(int)
    assert np.abs(pixels - pixels[..., :1]).max() <= 2


@pytest.mark.parametrize("value", [0, 255])
@pytest.mark.parametrize("seed", range(8))
def test_no_ground_hides_the_motif(value: int, seed: int) -> None:
    y, x = np.mgrid[0:60, 0:60]
    inside = (x - 30) ** 2 + (y - 30) ** 2 < 400
    motif = np.zeros((60, 60, 4), np.uint8)
    motif[inside] = (value, value, value, 255)
    pixels = apply_edit("squash", motif, seed).pixels.astype(int)
    assert np.ptp(pixels.max(axis=2)) > 20 or np.ptp(pixels.min(axis=2)) > 20


def test_a_motif_that_shows_nothing_is_refused() -> None:
    with pytest.raises(ValueError, match="transparent"):
        apply_edit("jpeg", np.zeros((40, 40, 4), np.uint8), 1)


@pytest.mark.parametrize("kind", [*ON_SCENE, "collage"])
def test_an_edit_that_needs_surroundings_says_so(kind: str) -> None:
    with pytest.raises(ValueError, match=r"give (some|others)"):
        apply_edit(kind, green_motif(), 1)


def test_the_smallest_motif_can_be_edited() -> None:
    motif = np.full((1, 1, 4), 255, np.uint8)
    assert all(apply_edit(kind, motif, 1, AROUND).pixels.size for kind in KINDS)


@pytest.fixture
def images(tmp_path: Path) -> Path:
    """Twelve pictures with a manifest: two are variants of one, two show one character."""
    folder = tmp_path / "images"
    folder.mkdir()
    rows = []
    for number in range(12):
        picture = draw(number if number != 1 else 0, (200, 200)).copy()
        if number == 1:
            picture[:4] = 255 - picture[:4]
        label = "game:hero+female" if number in (2, 3) else ""
        name = f"{number}.png"
        Image.fromarray(picture).save(folder / name)
        digest = hashlib.sha256((folder / name).read_bytes()).hexdigest()
        rows.append((name, "set", "CC0", "clipart", label, digest, "0"))
    with (folder / "manifest.csv").open("w", newline="") as file:
        writer = csv.writer(file)
        writer.writerow(("file", "source", "licence", "category", "label", "sha256", "alpha"))
        writer.writerows(rows)
    return folder


def test_pictures_of_one_label_stay_in_one_half(images: Path) -> None:
    rows = [row for row in read_rows(images) if row["label"]]
    first_byte = hashlib.sha256(b"game:hero").digest()[0]
    expected = "tune" if first_byte < 128 else "report"
    assert {half_of(row, images) for row in rows} == {expected}


def test_variants_stay_in_the_half_of_the_smallest_sha256(images: Path) -> None:
    one, other = (row for row in read_rows(images) if row["file"] in ("0.png", "1.png"))
    smallest = min(one["sha256"], other["sha256"])
    expected = "tune" if hashlib.sha256(smallest.encode()).digest()[0] < 128 else "report"
    assert clusters(images)[one["sha256"]] == smallest
    assert {half_of(one, images), half_of(other, images)} == {expected}


def test_what_is_measured_of_pictures_is_the_same_from_the_cache(images: Path) -> None:
    first = measure_all(images)
    measure_all.cache_clear()
    assert measure_all(images) == first


def test_a_mood_is_no_other_character_and_a_troop_is_not_one() -> None:
    row = {"sha256": "ab" * 32, "label": "wes:deoran-mad"}
    assert character_of(row) == "wes:deoran"
    assert character_of(row | {"label": "wes:archer"}) == "wes:archer abababab"


def test_a_folder_without_a_manifest_gives_each_picture_its_own_row(tmp_path: Path) -> None:
    Image.fromarray(draw(1)).save(tmp_path / "one.png")
    Image.fromarray(draw(1)).save(tmp_path / "the_same.png")
    Image.fromarray(draw(2)).save(tmp_path / "two.png")
    assert [row["file"] for row in read_rows(tmp_path)] == ["one.png", "two.png"]


def test_unseen_pictures_are_registered_or_clean_and_never_both(images: Path) -> None:
    bare = images.parent / "bare"
    bare.mkdir()
    for number in range(9):
        Image.fromarray(draw(number + 50)).save(bare / f"{number}.png")
    cases = load_cases("tune", images=images, unseen=bare)
    registered = {reference.path for reference in cases.references}
    clean = {case.path for case in cases if case.group == "clean"}
    assert len(registered) == 3
    assert clean
    assert not registered & clean
    assert {case.truth for case in cases if case.group == "edited"} == {
        reference.label for reference in cases.references
    }


@given(st.lists(st.binary(min_size=32, max_size=32), min_size=1, max_size=4))
def test_distances_are_counted_bit_by_bit(hashes: list[bytes]) -> None:
    expected = [
        [(int.from_bytes(a, "big") ^ int.from_bytes(b, "big")).bit_count() for b in hashes]
        for a in hashes
    ]
    assert pdq_distances(hashes, hashes).tolist() == expected


def scored(score: float, truth: str | None, box: tuple[float, ...] | None = None) -> Scored:
    group = "edited" if truth else "clean"
    case = Case("id", group, "jpeg", truth, None, Path("x"), Surroundings())  # type: ignore[arg-type]
    seen = Seen(score, box)  # type: ignore[arg-type]
    return Scored(case, (0.0, 0.0, 0.5, 1.0), {"way": {truth or "somebody": seen}}, 0.0)


def test_of_1100_clean_pictures_one_may_raise_an_alarm_at_one_in_a_thousand() -> None:
    clean = [scored(number / 1100, None) for number in range(1100)]
    limit = threshold_at(clean, "way", 1e-3)
    assert limit.alarms == Share(1, 1100)
    assert limit.above == 1098 / 1100


@given(st.lists(st.integers(0, 5), min_size=1, max_size=60), st.sampled_from([1e-3, 0.01, 0.1]))
def test_never_more_clean_pictures_exceed_a_threshold_than_allowed(
    scores: list[int], rate: float
) -> None:
    limit = threshold_at([scored(score, None) for score in scores], "way", rate)
    assert limit.alarms.found <= rate * len(scores)


def test_a_score_at_the_threshold_finds_nothing() -> None:
    assert recall([scored(0.5, "hero"), scored(0.6, "hero")], "way", 0.5) == Share(1, 2)


def test_the_interval_of_none_in_ten_is_wilsons() -> None:
    low, high = Share(0, 10).interval
    assert low == 0
    assert high == pytest.approx(0.2775, abs=1e-4)


def test_a_box_counts_from_half_overlap_on() -> None:
    right, wrong = (0.0, 0.0, 0.5, 0.9), (0.5, 0.0, 1.0, 1.0)
    found = [scored(1, "hero", right), scored(1, "hero", wrong), scored(1, "hero")]
    assert boxes(found, "way", 0.5) == Share(1, 2)


class CountingDetector:
    name: str = "counting"
    ways: tuple[str, ...] = ("way",)

    def __init__(self, fingerprint: str = "1") -> None:
        self.fingerprint = fingerprint
        self.looks = 0

    def register(self, references: object) -> None:
        """Nothing to learn."""

    def score(self, pixels: Pixels) -> Scores:
        self.looks += 1
        return {"way": {f"label {n}": Seen(n / 10, (0, 0, 1, 1)) for n in range(10)}}


def few_cases(tmp_path: Path) -> Cases:
    path = tmp_path / "motif.png"
    Image.fromarray(green_motif()).save(path)
    cases = [
        Case(kind, "edited", kind, "label 0", "logo", path, AROUND, kind)
        for kind in ("jpeg", "flip", "grey")
    ]
    return Cases((Reference("label 0", "logo", path),), tuple(cases))


def test_scores_are_computed_once(tmp_path: Path) -> None:
    cases, first, second = few_cases(tmp_path), CountingDetector(), CountingDetector()
    one = score_cases([first], cases, tmp_path / "cache")
    other = score_cases([second], cases, tmp_path / "cache")
    assert (first.looks, second.looks) == (3, 0)
    assert one == other


def test_a_run_that_was_stopped_goes_on(tmp_path: Path) -> None:
    cases, detector = few_cases(tmp_path), CountingDetector()
    score_cases([detector], cases, tmp_path / "cache")
    (file,) = (tmp_path / "cache").iterdir()
    file.write_text(file.read_text()[:-20])
    score_cases([detector], cases, tmp_path / "cache")
    score_cases([detector], cases, tmp_path / "cache")
    assert detector.looks == 4


def test_another_state_of_a_detector_looks_again(tmp_path: Path) -> None:
    cases, newer = few_cases(tmp_path), CountingDetector("2")
    score_cases([CountingDetector()], cases, tmp_path / "cache")
    score_cases([newer], cases, tmp_path / "cache")
    assert newer.looks == 3


def test_the_true_label_is_kept_however_low_it_scores(tmp_path: Path) -> None:
    (seen,) = score_cases([CountingDetector()], few_cases(tmp_path), tmp_path / "cache").values()
    assert {s.of_truth("way").score for s in seen} == {0.0}
    assert {s.best("way") for s in seen} == {("label 9", 0.9)}
