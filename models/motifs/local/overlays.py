"""Laying a picture over a reference, cell by cell, and moving it to where it fits best."""

from __future__ import annotations

import cv2
import numpy as np

from models.motifs.local.descriptors import Greys
from models.motifs.local.geometry import Affine
from models.motifs.local.sketches import Colours, Mask, ReferenceSketch, Sketch

_PIXELS_PER_CELL = 1.6
_ECC_ROUNDS, _ECC_CHANGE, _ECC_SMOOTHED = 15, 1e-3, 3


def lay_over(
    sketch: Sketch,
    reference: ReferenceSketch,
    affine: Affine,
    shape: tuple[float, float],
    reference_shape: tuple[float, float],
) -> tuple[Colours, Affine]:
    """The picture in the size that suits, and the transform from cells to its pixels.

    Args:
        affine: where the reference would lie.
        shape, reference_shape: width and height of both, in units of the longer side.
    """
    height, width = reference.light.shape
    cell = np.array([reference_shape[0] / width, reference_shape[1] / height])
    step = np.sqrt(abs(np.linalg.det(affine[:, :2])) * cell.prod())
    longer = max(sketch.levels[0].shape[:2])
    number = 0
    while number + 1 < len(sketch.levels) and step * longer / 2**number > _PIXELS_PER_CELL:
        number += 1
    level = sketch.levels[number]
    pixels = np.array([level.shape[1] / shape[0], level.shape[0] / shape[1]])
    linear = affine[:, :2] * cell
    middle = affine[:, :2] @ (cell / 2) + affine[:, 2]
    return level, np.column_stack([linear * pixels[:, None], middle * pixels - 0.5])


def cut_out(level: Colours, transform: Affine, reference: ReferenceSketch) -> tuple[Colours, Mask]:
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
        np.full(level.shape[:2], 255, np.uint8),
        transform,
        size,
        flags=cv2.INTER_NEAREST | cv2.WARP_INVERSE_MAP,
    )
    return np.asarray(there, np.uint8), (np.asarray(inside) > 0) & reference.shown


def light_of(colours: Colours) -> Greys:
    """Their light alone."""
    return np.ascontiguousarray(colours[..., 0])


def fit_over(light: Greys, reference: ReferenceSketch) -> Affine | None:
    """Where cells of the reference lie in ``light``, at the best correlation.

    G. Evangelidis and E. Psarakis, "Parametric image alignment using enhanced correlation
    coefficient maximization", PAMI 2008. None where it does not converge.
    """
    criteria = (cv2.TERM_CRITERIA_EPS | cv2.TERM_CRITERIA_COUNT, _ECC_ROUNDS, _ECC_CHANGE)
    try:
        # The reference is moved, and not the picture, because only what is moved can be masked.
        _, back = cv2.findTransformECC(
            light,
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


def compose(outer: Affine, inner: Affine) -> Affine:
    """First the inner transform, then the outer one."""
    linear = outer[:, :2] @ inner[:, :2]
    return np.column_stack([linear, outer[:, :2] @ inner[:, 2] + outer[:, 2]])
