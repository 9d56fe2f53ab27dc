"""Small grey pictures, by which a reference's supposed place is looked at once more.

Points say where a reference would lie. What of the picture lies there is laid over the reference,
cell by cell, moved to where it fits best, and compared: a right place looks like the reference
in nearly every part, a wrong one in few, however well some points agree.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Self

import cv2
import numpy as np
import numpy.typing as npt

from models.motifs.fingerprints import Pixels
from models.motifs.local.descriptors import Floats, Greys
from models.motifs.local.geometry import Affine

Mask = npt.NDArray[np.bool_]

SKETCHES_VERSION = "1"

SKETCH_SIDE = 320
"""Longer side, in pixels, of what is kept of a picture of the dataset."""

GRID = 48
"""Cells on the longer side of a reference."""

_QUALITY = 60
_FEWEST_CELLS = 8
_SHOWN_FROM = 0.9
_BLOCK = 8
_BLOCKS = GRID // _BLOCK
_SMALLEST_LEVEL = 24
_PIXELS_PER_CELL = 1.6
_FEWEST_COMPARED, _FEWEST_MOVED = 16, 30
_ECC_ROUNDS, _ECC_CHANGE, _ECC_SMOOTHED = 15, 1e-3, 3
_MOST_MOVED = 1.0
_NOISE = 0.5
"""Squared steps of light a cell, below which an edge is taken for noise."""
_ALIKE, _VERY_ALIKE, _UNLIKE = 0.6, 0.8, 0.3
_NEAR = np.ones((3, 3), np.uint8)
_STILL = np.eye(2, 3)

SKETCH_TRAITS = (
    "light agrees",
    "edges agree",
    "edges agree a block",
    "edges agree in the better half of the blocks",
    "information",
    "information of corners",
    "blocks alike",
    "blocks very alike",
    "share of blocks alike",
    "share of blocks unlike",
    "blocks",
    "corners",
    "cells with edges",
    "contrast",
    "change of contrast",
    "strength of edges",
    "moved",
)
"""What is measured of the picture at a place."""


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


def compare_sketches(
    sketch: Sketch | None,
    reference: ReferenceSketch,
    affine: Affine,
    shape: tuple[float, float],
    reference_shape: tuple[float, float],
) -> Floats:
    """Compare what of a picture lies where the reference would be.

    Args:
        sketch: of the picture; None where nothing is kept of it, so that nothing speaks for it.
        reference: mirrored, if it is the mirrored reference that would lie there.
        affine: where that is.
        shape, reference_shape: width and height of both, in units of the longer side.

    Returns:
        float32, in the order of ``SKETCH_TRAITS``.
    """
    if sketch is None:
        return np.zeros(len(SKETCH_TRAITS), np.float32)
    level, transform = _over_reference(sketch, reference, affine, shape, reference_shape)
    there, compared = _cut_out(level, transform, reference)
    traits = _measure(there, reference, compared)
    moved = 0.0
    if np.count_nonzero(compared) >= _FEWEST_MOVED:
        shift = _fit(there, reference)
        if shift is not None:
            there, compared = _cut_out(level, _compose(transform, shift), reference)
            fitted = _measure(there, reference, compared)
            if fitted[1] > traits[1]:
                traits = fitted
                moved = min(float(np.abs(shift - _STILL).max()), _MOST_MOVED)
    return np.append(traits, moved).astype(np.float32)


def _over_reference(
    sketch: Sketch,
    reference: ReferenceSketch,
    affine: Affine,
    shape: tuple[float, float],
    reference_shape: tuple[float, float],
) -> tuple[Greys, Affine]:
    """The picture in the size that suits, and the transform from cells to its pixels."""
    height, width = reference.light.shape
    cell = np.array([reference_shape[0] / width, reference_shape[1] / height])
    step = np.sqrt(abs(np.linalg.det(affine[:, :2])) * cell.prod())
    longer = max(sketch.levels[0].shape)
    number = 0
    while number + 1 < len(sketch.levels) and step * longer / 2**number > _PIXELS_PER_CELL:
        number += 1
    level = sketch.levels[number]
    pixels = np.array([level.shape[1] / shape[0], level.shape[0] / shape[1]])
    linear = affine[:, :2] * cell
    middle = affine[:, :2] @ (cell / 2) + affine[:, 2]
    return level, np.column_stack([linear * pixels[:, None], middle * pixels - 0.5])


def _cut_out(level: Greys, transform: Affine, reference: ReferenceSketch) -> tuple[Greys, Mask]:
    """What lies over the reference, and which cells of it can be compared."""
    size = (reference.light.shape[1], reference.light.shape[0])
    there = cv2.warpAffine(
        level,
        transform,
        size,
        flags=cv2.INTER_LINEAR | cv2.WARP_INVERSE_MAP,
        borderMode=cv2.BORDER_REPLICATE,
    )
    inside = cv2.warpAffine(
        np.full(level.shape, 255, np.uint8),
        transform,
        size,
        flags=cv2.INTER_NEAREST | cv2.WARP_INVERSE_MAP,
    )
    return np.asarray(there, np.uint8), (np.asarray(inside) > 0) & reference.shown


def _fit(there: Greys, reference: ReferenceSketch) -> Affine | None:
    """Where cells of the reference lie in ``there``, at the best correlation.

    G. Evangelidis and E. Psarakis, "Parametric image alignment using enhanced correlation
    coefficient maximization", PAMI 2008. None where it does not converge.
    """
    criteria = (cv2.TERM_CRITERIA_EPS | cv2.TERM_CRITERIA_COUNT, _ECC_ROUNDS, _ECC_CHANGE)
    try:
        # The reference is moved, and not the picture, because only what is moved can be masked.
        _, back = cv2.findTransformECC(
            there,
            reference.light,
            np.eye(2, 3, dtype=np.float32),
            cv2.MOTION_AFFINE,
            criteria,
            reference.shown.astype(np.uint8) * 255,
            _ECC_SMOOTHED,
        )
    except cv2.error:
        return None
    if not np.isfinite(back).all() or abs(np.linalg.det(back[:, :2])) < 1e-3:
        return None
    return np.asarray(cv2.invertAffineTransform(back.astype(np.float64)), np.float64)


def _compose(outer: Affine, inner: Affine) -> Affine:
    """First the inner transform, then the outer one."""
    linear = outer[:, :2] @ inner[:, :2]
    return np.column_stack([linear, outer[:, :2] @ inner[:, 2] + outer[:, 2]])


def _measure(there: Greys, reference: ReferenceSketch, compared: Mask) -> Floats:
    """All traits but the last."""
    count = float(np.count_nonzero(compared))
    if count < _FEWEST_COMPARED:
        return np.zeros(len(SKETCH_TRAITS) - 1, np.float32)
    share = _squared(compared.astype(np.float32))
    ours, theirs = _squared(there) * share, _squared(reference.light) * share
    light, contrast = _compare_light(ours, theirs, share, count)
    inner = np.asarray(
        cv2.erode(share, _NEAR, borderType=cv2.BORDER_CONSTANT, borderValue=0), np.float32
    )
    a, b = _edges(ours, inner), _edges(theirs, inner)
    strong, strong_theirs = a[0] ** 2 + a[1] ** 2, b[0] ** 2 + b[1] ** 2
    both = a[0] * b[0] + a[1] * b[1]
    cells = max(float(inner.sum()), 1.0)
    noise = cells * _NOISE
    edges = both.sum() / np.sqrt((strong.sum() + noise) * (strong_theirs.sum() + noise))
    traits = (
        light,
        np.arctanh(np.clip(edges, -0.99, 0.99)),
        *_compare_blocks(strong, strong_theirs, both, b, inner),
        np.log(
            max(_corners((b[0] ** 2).sum(), (b[1] ** 2).sum(), (b[0] * b[1]).sum()), 0) / cells
            + 0.25
        ),
        np.log(strong_theirs.sum() ** 2 / ((strong_theirs**2).sum() + 1e-3) + 1),
        contrast,
        abs(contrast),
        np.log((strong.sum() + cells) / (strong_theirs.sum() + cells)),
    )
    return np.array(traits, np.float32)


def _compare_light(
    ours: Floats, theirs: Floats, share: Floats, count: float
) -> tuple[float, float]:
    """The correlation of the grey values, and by how much more contrast the picture has."""
    a = (ours - ours.sum() / count) * share
    b = (theirs - theirs.sum() / count) * share
    mine, other = float((a * a).sum()) / count, float((b * b).sum()) / count
    agree = float((a * b).sum()) / count / np.sqrt((mine + 4) * (other + 4))
    return agree, float(np.log((np.sqrt(mine) + 2) / (np.sqrt(other) + 2)))


def _compare_blocks(
    strong: Floats, strong_theirs: Floats, both: Floats, edges: tuple[Floats, Floats], inner: Floats
) -> tuple[float, ...]:
    """How the edges agree block by block, of those in which the reference has edges."""
    cells, mine, theirs = _by_block(inner), _by_block(strong), _by_block(strong_theirs)
    noise = (cells + 1) * _NOISE
    agree = _by_block(both) / np.sqrt((mine + noise) * (theirs + noise))
    live = (theirs > cells) & (cells >= _BLOCK)
    if not live.any():
        return (0.0,) * 9
    across, down = _by_block(edges[0] ** 2), _by_block(edges[1] ** 2)
    corners = _corners(across, down, _by_block(edges[0] * edges[1]))
    rich = np.minimum(corners / np.maximum(cells, 1) / 4, 1)
    weights = np.sqrt(theirs) * live
    ordered = np.sort(agree[live])[::-1]
    # What a correlation tells of a block, were both of a normal law.
    told = -0.5 * np.log(1 - np.clip(agree, 0, 0.99) ** 2) * live
    alike = np.count_nonzero((agree > _ALIKE) & live)
    very_alike = np.count_nonzero((agree > _VERY_ALIKE) & live)
    unlike = np.count_nonzero((agree < _UNLIKE) & live)
    blocks = np.count_nonzero(live)
    return (
        float((agree * weights).sum() / weights.sum()),
        float(ordered[: max(1, len(ordered) // 2)].mean()),
        float(np.log1p(told.sum())),
        float(np.log1p((told * rich).sum() * 2)),
        float(np.log1p(alike)),
        float(np.log1p(very_alike)),
        alike / blocks,
        unlike / blocks,
        float(np.log1p(blocks)),
    )


def _squared(cells: npt.NDArray[Any]) -> Floats:
    """Padded to a square of the largest grid."""
    square = np.zeros((GRID, GRID), np.float32)
    square[: cells.shape[0], : cells.shape[1]] = cells
    return square


def _edges(light: Floats, inner: Floats) -> tuple[Floats, Floats]:
    right = cv2.Sobel(light, cv2.CV_32F, 1, 0, scale=1 / 8)
    down = cv2.Sobel(light, cv2.CV_32F, 0, 1, scale=1 / 8)
    return np.asarray(right * inner, np.float32), np.asarray(down * inner, np.float32)


def _by_block(cells: Floats) -> Floats:
    blocks = cells.reshape(_BLOCKS, _BLOCK, _BLOCKS, _BLOCK)
    return np.asarray(blocks.sum(axis=(1, 3)), np.float32)


def _corners(across: Any, down: Any, mixed: Any) -> Any:
    """The smaller eigenvalue of the structure tensor: 0 where all edges run one way."""
    return (across + down) / 2 - np.sqrt(((across - down) / 2) ** 2 + mixed**2)
