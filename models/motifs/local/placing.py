"""A place that was found, in fractions of both pictures."""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt

from models.motifs.alignment import MAX_POINTS, Alignment, Box
from models.motifs.local.geometry import Affine, apply_affine
from models.motifs.local.verification import Appearance, Support


def align(
    ours: Appearance, theirs: Appearance, support: Support, matched: int, mirrored: bool
) -> Alignment:
    """The place in fractions of both pictures."""
    query_side = np.array([ours.width, ours.height])
    reference_side = np.array([theirs.width, theirs.height])
    affine = support.affine.copy()
    affine[:, :2] *= reference_side
    affine /= query_side[:, None]
    q = ours.points.places[support.query] / query_side
    r = theirs.points.places[support.reference] / reference_side
    if mirrored:
        r[:, 0] = 1 - r[:, 0]
    pairs = np.column_stack([q, r]).astype(np.float64)
    return Alignment(
        inliers=len(pairs),
        matched=max(matched, len(pairs)),
        transform=_six(affine),
        mirrored=mirrored,
        box=_box_of(affine),
        reference_box=_bounds(r),
        points=tuple(_four(pair) for pair in pairs[:MAX_POINTS]),
    )


def _box_of(affine: Affine) -> Box:
    corners = np.array([[0, 0], [1, 0], [0, 1], [1, 1]], np.float64)
    return _bounds(apply_affine(affine, corners.astype(np.float32)))


def _bounds(places: npt.NDArray[Any]) -> Box:
    low, high = np.clip(places.min(axis=0), 0, 1), np.clip(places.max(axis=0), 0, 1)
    return (_short(low[0]), _short(low[1]), _short(high[0]), _short(high[1]))


def _six(affine: Affine) -> tuple[float, float, float, float, float, float]:
    a, b, c, d, e, f = (_short(value) for value in affine.ravel())
    return (a, b, c, d, e, f)


def _four(pair: npt.NDArray[np.float64]) -> tuple[float, float, float, float]:
    a, b, c, d = (_short(min(max(value, 0.0), 1.0)) for value in pair)
    return (a, b, c, d)


def _short(value: float) -> float:
    """Rounded, so that what is kept and shown is short."""
    return round(float(value), 5)
