"""The forms of a registered picture that its copies may have.

A copy may be small, so that only what is coarse in the reference is left in it: the reference is
looked at in several sizes. And a motif without a ground of its own may stand on any: points at its
outline are described on white and on black, points within it once. Mirrored forms need no look;
the index makes them from these.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import cv2
import numpy as np

from models.motifs.fingerprints import Pixels
from models.motifs.local.descriptors import LEVEL_STEP
from models.motifs.local.keypoints import Keypoints, extract
from models.motifs.local.sketches import Mask, ReferenceSketch, draw_reference

REFERENCES_VERSION = "3"

_SIZES = ((480, 550), (176, 300))
"""Longer side in pixels, and points kept of each form."""
_MOST_ENLARGED = 4.0
_LIGHT, _DARK = 255, 20
_REACH = 14
"""Pixels of its level within which a point sees what lies around it."""
_RIM = 1 / 100


@dataclass(frozen=True, slots=True, eq=False)
class LocalReference:
    """What is looked for of a registered picture.

    Attributes:
        forms: its points, in all the forms that its copies may have; all of them may be empty.
        sketch: the picture itself, small.
    """

    forms: tuple[Keypoints, ...]
    sketch: ReferenceSketch


def extract_reference(pixels: Pixels, mask: Mask | None = None) -> LocalReference:
    """What is looked for of a registered picture.

    Args:
        pixels: uint8, height x width x 3, RGB; the larger the better, up to some 500 pixels.
        mask: what of it is the motif; height x width. All of it, where left out.
    """
    return LocalReference(tuple(_forms_of(pixels, mask)), draw_reference(pixels, mask))


def _forms_of(pixels: Pixels, mask: Mask | None) -> Iterator[Keypoints]:
    longer = max(pixels.shape[:2])
    sizes = [(min(side, round(longer * _MOST_ENLARGED)), most) for side, most in _SIZES]
    if mask is None or mask.all() or not mask.any():
        for side, most in sizes:
            yield extract(pixels, side=side, most=most, sketched=False)
        return
    wide = _widened(mask)
    light, dark = pixels.copy(), pixels.copy()
    light[~mask], dark[~mask] = _LIGHT, _DARK
    for side, most in sizes:
        yield extract(light, wide, side=side, most=most, sketched=False)
        on_dark = extract(dark, wide, side=side, most=most, sketched=False)
        yield _seeing_outside(on_dark, mask)


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
