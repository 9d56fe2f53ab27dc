"""Drawings of shapes: their lines are alike everywhere, and any likeness of two is an accident."""

from __future__ import annotations

import sys
from pathlib import Path

import cv2
import numpy as np

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

from models.motifs.fingerprints import Pixels


def draw_shapes(seed: int) -> Pixels:
    """Rectangles, ellipses, triangles and lines in flat colours, mostly with an outline."""
    chance = np.random.default_rng(seed)
    width, height = (int(side) for side in chance.integers(240, 800, 2))
    picture = np.full((height, width, 3), chance.integers(0, 256, 3).astype(np.uint8), np.uint8)
    line = int(chance.integers(1, 6))
    ink = [int(value) for value in chance.integers(0, 256, 3)]
    outlined = chance.random() < 0.7
    for _ in range(int(chance.integers(4, 24))):
        colour = [int(value) for value in chance.integers(0, 256, 3)]
        x, y = (int(at) for at in chance.integers(0, [width, height]))
        across, down = (int(e) for e in chance.uniform(0.04, 0.3, 2) * max(width, height))
        kind = int(chance.integers(4))
        for shade, thickness in ((colour, -1), (ink, line)) if outlined else ((colour, -1),):
            _draw_shape(picture, kind, (x, y, across, down), shade, thickness, line)
    return picture


def draw_crowd(seed: int) -> Pixels:
    """Large rectangles and ellipses over each other, all with the same dark outline."""
    chance = np.random.default_rng(seed)
    width, height = (int(side) for side in chance.integers(220, 420, 2))
    picture = np.full((height, width, 3), chance.integers(60, 256, 3).astype(np.uint8), np.uint8)
    line = int(chance.integers(2, 5))
    for _ in range(int(chance.integers(8, 20))):
        colour = [int(value) for value in chance.integers(0, 256, 3)]
        x, y = (int(at) for at in chance.uniform(-0.05, 0.85, 2) * (width, height))
        across, down = (int(e) for e in chance.uniform(0.08, 0.5, 2) * (width, height))
        kind = int(chance.integers(2))
        for shade, thickness in ((colour, -1), ([20, 20, 20], line)):
            _draw_shape(picture, kind, (x, y, across, down), shade, thickness, line)
    return picture


def _draw_shape(
    picture: Pixels,
    kind: int,
    box: tuple[int, int, int, int],
    shade: list[int],
    thickness: int,
    line: int,
) -> None:
    """One shape, filled where the thickness is negative."""
    x, y, across, down = box
    if kind == 0:
        cv2.rectangle(picture, (x, y), (x + across, y + down), shade, thickness)
    elif kind == 1:
        middle, axes = (x + across // 2, y + down // 2), (across // 2 + 2, down // 2 + 2)
        cv2.ellipse(picture, middle, axes, 0, 0, 360, shade, thickness, cv2.LINE_AA)
    elif kind == 2 and thickness < 0:
        cv2.fillPoly(picture, [_triangle(x, y, across, down)], shade, cv2.LINE_AA)
    elif kind == 2:
        cv2.polylines(picture, [_triangle(x, y, across, down)], True, shade, thickness, cv2.LINE_AA)
    else:
        cv2.line(picture, (x, y), (x + across, y + down), shade, line, cv2.LINE_AA)


def _triangle(x: int, y: int, across: int, down: int) -> np.ndarray:
    return np.array([[x, y], [x + across, y], [x + across // 2, y + down]], np.int32)
