"""Small pictures, of the dataset's and of the references, by which both are compared."""

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
Chroma = npt.NDArray[np.uint8]
"""Cr and Cb, height x width x 2: 128 each where there is no colour."""
Colours = npt.NDArray[np.uint8]
"""Light, Cr and Cb, height x width x 3."""

SKETCHES_VERSION = "2"

SKETCH_SIDE = 320
"""Longer side, in pixels, of what is kept of a picture of the dataset."""

GRID = 48
"""Cells on the longer side of a reference."""

_QUALITY = 60
_FEWEST_CELLS = 8
_SHOWN_FROM = 0.9
_SMALLEST_LEVEL = 24


def draw_sketch(pixels: Pixels, grey: Greys) -> bytes:
    """What is kept of a picture: at ``SKETCH_SIDE`` pixels at most, as JPEG.

    Args:
        pixels: uint8, height x width x 3, RGB.
        grey: the same in grey.
    """
    height, width = grey.shape
    scale = SKETCH_SIDE / max(height, width)
    if scale < 1:
        size = (max(1, round(width * scale)), max(1, round(height * scale)))
        grey = np.asarray(cv2.resize(grey, size, interpolation=cv2.INTER_AREA), np.uint8)
        # Light is what places are fitted by. Colours are kept at half the size anyway, so that the
        # mean of four neighbours, a third as dear as that of all pixels, is enough for them.
        pixels = np.asarray(cv2.resize(pixels, size, interpolation=cv2.INTER_LINEAR), np.uint8)
    split = cv2.cvtColor(pixels, cv2.COLOR_RGB2YCrCb)
    split[..., 0] = grey
    drawn = cv2.cvtColor(split, cv2.COLOR_YCrCb2BGR)
    _, data = cv2.imencode(".jpg", drawn, [cv2.IMWRITE_JPEG_QUALITY, _QUALITY])
    return data.tobytes()


@dataclass(frozen=True, slots=True, eq=False)
class Sketch:
    """A picture in several sizes, each half as large as that before it.

    Attributes:
        levels: light, Cr and Cb, height x width x 3.
    """

    levels: tuple[Colours, ...]

    @classmethod
    def read(cls, data: bytes) -> Self | None:
        """What ``draw_sketch`` gave; None where it is damaged."""
        try:
            drawn = cv2.imdecode(np.frombuffer(data, np.uint8), cv2.IMREAD_COLOR)
        except cv2.error:
            return None
        if drawn is None or max(drawn.shape[:2]) > SKETCH_SIDE:
            return None
        levels = [np.asarray(cv2.cvtColor(drawn, cv2.COLOR_BGR2YCrCb), np.uint8)]
        while max(levels[-1].shape[:2]) > _SMALLEST_LEVEL:
            levels.append(np.asarray(cv2.pyrDown(levels[-1]), np.uint8))
        return cls(tuple(levels))


@dataclass(frozen=True, slots=True, eq=False)
class ReferenceSketch:
    """A reference in cells, ``GRID`` on its longer side.

    Attributes:
        light: uint8, height x width.
        chroma: uint8, height x width x 2: Cr and Cb.
        shown: which cells are of the motif; height x width.
    """

    light: Greys
    chroma: Chroma
    shown: Mask

    def mirrored(self) -> ReferenceSketch:
        """The mirrored reference."""
        return ReferenceSketch(
            np.ascontiguousarray(self.light[:, ::-1]),
            np.ascontiguousarray(self.chroma[:, ::-1]),
            np.ascontiguousarray(self.shown[:, ::-1]),
        )


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
    split = np.asarray(cv2.cvtColor(pixels, cv2.COLOR_RGB2YCrCb), np.float32)
    covered = np.ones((height, width), np.float32) if mask is None else mask.astype(np.float32)
    cells = cv2.resize(split * covered[..., None], size, interpolation=way)
    share = cv2.resize(covered, size, interpolation=way)
    mean = np.clip(np.rint(cells / np.maximum(share, 1e-3)[..., None]), 0, 255).astype(np.uint8)
    light, chroma = np.ascontiguousarray(mean[..., 0]), np.ascontiguousarray(mean[..., 1:])
    return ReferenceSketch(light, chroma, np.asarray(share > _SHOWN_FROM))


def pack_sketches(sketches: Sequence[ReferenceSketch]) -> dict[str, npt.NDArray[Any]]:
    """Arrays to be kept: ``lights``, ``chromas``, ``shown``, padded to squares, and ``grids``."""
    lights = np.zeros((len(sketches), GRID, GRID), np.uint8)
    chromas = np.zeros((len(sketches), GRID, GRID, 2), np.uint8)
    shown = np.zeros((len(sketches), GRID, GRID), np.bool_)
    grids = np.zeros((len(sketches), 2), np.int16)
    for number, sketch in enumerate(sketches):
        height, width = sketch.light.shape
        lights[number, :height, :width] = sketch.light
        chromas[number, :height, :width] = sketch.chroma
        shown[number, :height, :width] = sketch.shown
        grids[number] = height, width
    return {"lights": lights, "chromas": chromas, "shown": shown, "grids": grids}


def unpack_sketch(arrays: dict[str, npt.NDArray[Any]], number: int) -> ReferenceSketch:
    """One of those that ``pack_sketches`` packed."""
    height, width = (int(side) for side in arrays["grids"][number])
    light, chroma, shown = (
        np.ascontiguousarray(arrays[name][number][:height, :width])
        for name in ("lights", "chromas", "shown")
    )
    return ReferenceSketch(light, chroma, shown)
