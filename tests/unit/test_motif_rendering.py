"""A motif finding as one picture: where it draws, and what of odd numbers."""

from __future__ import annotations

import math
from dataclasses import replace
from typing import Any

import numpy as np
import pytest
from PIL import Image

from models.findings import Finding
from models.motifs.alignment import Alignment
from models.motifs.rendering import PANEL, Pixels, render_side_by_side

ASSET: Pixels = np.full((200, 240, 3), (40, 90, 160), np.uint8)
REFERENCE: Pixels = np.full((240, 200, 3), (230, 230, 230), np.uint8)
MARK = (179, 38, 30)
ALIGNMENT = Alignment(
    inliers=2,
    matched=5,
    transform=(0.5, 0.0, 0.4, 0.0, 0.5, 0.1),
    mirrored=False,
    box=(0.4, 0.1, 0.9, 0.6),
    reference_box=(0.1, 0.1, 0.8, 0.8),
    points=((0.5, 0.2, 0.2, 0.2), (0.7, 0.4, 0.6, 0.6)),
)
FINDING = Finding(
    kind="motif_contained",
    detector="motifs/3",
    score=0.93,
    explanation="It is there.",
    box=ALIGNMENT.box,
    alignment=ALIGNMENT,
)


def odd(**changes: Any) -> Finding:
    return replace(FINDING, alignment=replace(ALIGNMENT, **changes))


def has_mark(image: Image.Image, region: tuple[int, int, int, int]) -> bool:
    pixels = np.asarray(image.crop(region)).reshape(-1, 3).astype(int)
    return bool((np.abs(pixels - MARK).sum(axis=1) < 40).any())


def test_both_pictures_lie_beside_each_other_with_a_box_on_each() -> None:
    image = render_side_by_side(ASSET, REFERENCE, FINDING)
    middle = image.width // 2
    assert image.width > 2 * PANEL[0]
    assert has_mark(image, (0, 0, middle, image.height))
    assert has_mark(image, (middle, 0, image.width, image.height))


def test_the_box_is_drawn_where_the_finding_says() -> None:
    box = (0.5, 0.5, 1.0, 1.0)
    image = render_side_by_side(ASSET, REFERENCE, Finding("motif_copy", "d", 0.9, "x", box=box))
    left, top = 16, 16
    assert has_mark(image, (left + PANEL[0] // 2 - 8, top, left + PANEL[0], top + PANEL[1]))
    assert not has_mark(image, (left, top, left + PANEL[0] // 2 - 8, top + PANEL[1] // 2 - 8))


def test_the_overlay_shows_the_reference_where_it_lies() -> None:
    image = np.asarray(render_side_by_side(ASSET, REFERENCE, FINDING, overlay=True)).astype(int)
    left = 16 + 2 * (PANEL[0] + 16)
    width, height = PANEL
    inside = image[16 + round(0.3 * height), left + round(0.65 * width)]
    outside = image[16 + round(0.8 * height), left + round(0.2 * width)]
    assert np.abs(outside - ASSET[0, 0]).max() <= 2
    assert inside == pytest.approx(0.6 * REFERENCE[0, 0] + 0.4 * ASSET[0, 0], abs=3)


def test_a_mirrored_reference_is_laid_mirrored() -> None:
    halves = REFERENCE.copy()
    halves[:, :100] = 0
    finding = odd(transform=(1.0, 0.0, 0.0, 0.0, 1.0, 0.0), mirrored=True)
    image = np.asarray(render_side_by_side(ASSET, halves, finding, overlay=True)).astype(int)
    left, middle = 16 + 2 * (PANEL[0] + 16), 16 + PANEL[1] // 2
    assert image[middle, left + PANEL[0] // 4].sum() > image[middle, left + 3 * PANEL[0] // 4].sum()


def test_the_same_input_gives_the_same_picture() -> None:
    first, second = (render_side_by_side(ASSET, REFERENCE, FINDING, overlay=True) for _ in "ab")
    assert first.tobytes() == second.tobytes()


@pytest.mark.parametrize(
    "finding",
    [
        odd(transform=(0.0,) * 6),
        odd(transform=(math.nan,) * 6),
        odd(transform=(1e9, 0, 0, 0, 1e9, 0)),
        odd(transform=()),
        odd(points=((math.inf, 0, 0, 0), (1, 2), "x")),
        odd(points=((0.5, 0.5, 0.5, 0.5),) * 10_000),
        odd(reference_box=("a", "b")),
        odd(inliers=math.nan, matched="many"),
        replace(FINDING, box=(0.5, 0.5, 0.5, 0.5)),
        replace(FINDING, box=(0.99999, 0.99999, 1.0, 1.0)),
        replace(FINDING, score=math.nan, distance=math.inf, alignment=None),
        replace(FINDING, kind="ねこ"),  # type: ignore[arg-type]
    ],
)
def test_what_cannot_be_drawn_is_left_out(finding: Finding) -> None:
    image = render_side_by_side(ASSET, REFERENCE, finding, overlay=True)
    assert image.size == render_side_by_side(ASSET, REFERENCE, FINDING, overlay=True).size


@pytest.mark.parametrize("shape", [(1, 1), (1, 5000), (5000, 1), (3000, 2000)])
def test_a_picture_of_any_size_is_fitted(shape: tuple[int, int]) -> None:
    pixels = np.zeros((*shape, 3), np.uint8)
    image = render_side_by_side(pixels, pixels, FINDING, overlay=True)
    assert image.size == render_side_by_side(ASSET, REFERENCE, FINDING, overlay=True).size


@pytest.mark.parametrize(
    "pixels",
    [
        np.zeros((4, 4), np.uint8),
        np.zeros((4, 4, 4), np.uint8),
        np.zeros((4, 4, 3), np.float32),
        np.zeros((0, 4, 3), np.uint8),
    ],
)
def test_pixels_of_another_kind_are_refused(pixels: Any) -> None:
    with pytest.raises(ValueError, match="height x width x 3"):
        render_side_by_side(pixels, REFERENCE, FINDING)
