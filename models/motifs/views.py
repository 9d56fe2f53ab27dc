"""The ways in which a reference is shown to the encoder, so that a query needs to be shown once."""

from __future__ import annotations

import numpy as np

from models.motifs.fingerprints import Pixels

INNER_SHARE = 0.85
VIEWS = ("", "mirrored", "without its outer part")
VIEWS_VERSION = f"views/1 {INNER_SHARE}"
_SMALLEST_INNER = 16


def views_of(pixels: Pixels) -> tuple[Pixels, ...]:
    """A reference as it is, mirrored, and its inner 85 %, in the order of ``VIEWS``."""
    height, width = pixels.shape[:2]
    top, left = int(height * (1 - INNER_SHARE) / 2), int(width * (1 - INNER_SHARE) / 2)
    inner = pixels[top : height - top, left : width - left]
    if min(inner.shape[:2]) < _SMALLEST_INNER:
        inner = pixels
    return pixels, np.ascontiguousarray(pixels[:, ::-1]), np.ascontiguousarray(inner)
