"""Small grey pictures, of the dataset's and of the references, by which both are compared."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Self

import cv2
import numpy as np
import numpy.typing as npt

from models.motifs.fingerprints import Pixels
from models.motifs.local.descriptors import Greys

Mask = npt.NDArray[np.bool_]

SKETCHES_VERSION = "1"

SKETCH_SIDE = 320
"""Longer side, in pixels, of what is kept of a picture of the dataset."""

GRID = 48
"""Cells on the longer side of a reference."""

_QUALITY = 60
_FEWEST_CELLS = 8
_SHOWN_FROM = 0.9
_SMALLEST_LEVEL = 24


def draw_sketch(grey: Greys) -> bytes:
    """What is kept of a picture: its grey values at ``SKETCH_SIDE`` pixels at most, as JPEG."""
    height, width = grey.shape
    scale = SKETCH_SIDE / max(height, width)
    if scale < 1:
        size = (max(1, round(width * scale)), max(1, round(height * scale)))
        grey = np.asarray(cv2.resize(grey, size, interpolation=cv2.INTER_AREA), np.uint8)
    _, data = cv2.imencode(".jpg", grey, [cv2.IMWRITE_JPEG_QUALITY, _QUALITY])
    return data.tobytes()


@dataclass(frozen=True, slots=True, eq=False)
class Sketch:
    """A picture in several sizes, each half as large as that before it.

    Attributes:
        levels: uint8, height x width.
    """

    levels: tuple[Greys, ...]

    @classmethod
    def read(cls, data: bytes) -> Self | None:
        """What ``draw_sketch`` gave; None where it is damaged."""
        try:
            grey = cv2.imdecode(np.frombuffer(data, np.uint8), cv2.IMREAD_GRAYSCALE)
        except cv2.error:
            return None
        if grey is None or max(grey.shape) > SKETCH_SIDE:
            return None
        levels = [np.asarray(grey, np.uint8)]
        while max(levels[-1].shape) > _SMALLEST_LEVEL:
            levels.append(np.asarray(cv2.pyrDown(levels[-1]), np.uint8))
        return cls(tuple(levels))


@dataclass(frozen=True, slots=True, eq=False)
class ReferenceSketch:
    """A reference in cells, ``GRID`` on its longer side.

    Attributes:
        light: uint8, height x width.
        shown: which cells are of the motif; height x width.
    """

    light: Greys
    shown: Mask

    def mirrored(self) -> ReferenceSketch:
        """The mirrored reference."""
        light, shown = self.light[:, ::-1], self.shown[:, ::-1]
        return ReferenceSketch(np.ascontiguousarray(light), np.ascontiguousarray(shown))


def draw_reference(pixels: Pixels, mask: Mask | None) -> ReferenceSketch:
    """A reference in cells.

    Args:
        pixels: uint8, height x width x 3, RGB.
        mask: what of it is the motif; all of it, where left out.
    """
    height, width = pixels.shape[:2]
    scale = GRID / max(height, width)
    size = (max(_FEWEST_CELLS, round(width * scale)), max(_FEWEST_CELLS, round(height * scale)))
    way = cv2.INTER_AREA if scale < 1 else cv2.INTER_LINEAR
    grey = np.asarray(cv2.cvtColor(pixels, cv2.COLOR_RGB2GRAY), np.float32)
    covered = np.ones((height, width), np.float32) if mask is None else mask.astype(np.float32)
    light = cv2.resize(grey * covered, size, interpolation=way)
    share = cv2.resize(covered, size, interpolation=way)
    light = np.clip(np.rint(light / np.maximum(share, 1e-3)), 0, 255)
    return ReferenceSketch(light.astype(np.uint8), np.asarray(share > _SHOWN_FROM))


def pack_sketches(sketches: Sequence[ReferenceSketch]) -> dict[str, npt.NDArray[Any]]:
    """Arrays to be kept: ``lights`` and ``shown``, each padded to a square, and ``grids``."""
    lights = np.zeros((len(sketches), GRID, GRID), np.uint8)
    shown = np.zeros((len(sketches), GRID, GRID), np.bool_)
    grids = np.zeros((len(sketches), 2), np.int16)
    for number, sketch in enumerate(sketches):
        height, width = sketch.light.shape
        lights[number, :height, :width] = sketch.light
        shown[number, :height, :width] = sketch.shown
        grids[number] = height, width
    return {"lights": lights, "shown": shown, "grids": grids}


def unpack_sketch(arrays: dict[str, npt.NDArray[Any]], number: int) -> ReferenceSketch:
    """One of those that ``pack_sketches`` packed."""
    height, width = (int(side) for side in arrays["grids"][number])
    light, shown = arrays["lights"][number], arrays["shown"][number]
    return ReferenceSketch(
        np.ascontiguousarray(light[:height, :width]), np.ascontiguousarray(shown[:height, :width])
    )
