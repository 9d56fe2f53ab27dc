"""The forms of a registered picture that its copies may have.

A copy may be small, so that only what is coarse in the reference is left in it: the reference is
looked at in several sizes. And a motif without a ground of its own may stand on any: points at its
outline are described on white and on black, points within it once. Mirrored forms need no look;
the index makes them from these.
"""

from __future__ import annotations

import cv2
import numpy as np

from models.motifs.fingerprints import Pixels
from models.motifs.local.descriptors import LEVEL_STEP
from models.motifs.local.keypoints import Keypoints, Mask, extract

REFERENCES_VERSION = "1"

_SIZES = ((480, 550), (176, 300))
"""Longer side in pixels, and points kept of each form."""
_MOST_ENLARGED = 4.0
_LIGHT, _DARK = 255, 20
_REACH = 14
"""Pixels of its level within which a point sees what lies around it."""
_RIM = 1 / 100


def extract_reference(pixels: Pixels, mask: Mask | None = None) -> tuple[Keypoints, ...]:
    """Points of a registered picture, in all the forms that its copies may have.

    Args:
        pixels: uint8, height x width x 3, RGB; the larger the better, up to some 500 pixels.
        mask: what of it is the motif; height x width. All of it, where left out.

    Returns:
        One or more sets of points; all of them may be empty.
    """
    longer = max(pixels.shape[:2])
    sizes = [(min(side, round(longer * _MOST_ENLARGED)), most) for side, most in _SIZES]
    if mask is None or mask.all() or not mask.any():
        return tuple(extract(pixels, side=side, most=most) for side, most in sizes)
    wide = _widened(mask)
    light, dark = pixels.copy(), pixels.copy()
    light[~mask], dark[~mask] = _LIGHT, _DARK
    forms = []
    for side, most in sizes:
        forms.append(extract(light, wide, side=side, most=most))
        forms.append(_seeing_outside(extract(dark, wide, side=side, most=most), mask))
    return tuple(forms)


def _widened(mask: Mask) -> Mask:
    """The mask with a rim: corners of an outline are found on both sides of it."""
    rim = max(1, round(max(mask.shape) * _RIM))
    kernel = np.ones((2 * rim + 1, 2 * rim + 1), np.uint8)
    return cv2.dilate(mask.astype(np.uint8), kernel).astype(np.bool_)


def _seeing_outside(points: Keypoints, mask: Mask) -> Keypoints:
    """Those points that see the ground; the others look the same on every ground."""
    size = (points.width, points.height)
    shown = cv2.resize(mask.astype(np.uint8), size, interpolation=cv2.INTER_NEAREST)
    # Whatever lies beyond the picture is not the ground.
    depth = cv2.distanceTransform(shown, cv2.DIST_L2, 3)
    x, y = np.rint(points.places).astype(np.intp).T
    reach = _REACH * LEVEL_STEP ** points.levels.astype(np.float64)
    return points.chosen(depth[y, x] < reach)
