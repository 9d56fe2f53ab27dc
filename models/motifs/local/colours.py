"""Whether a picture has the colours of a reference, cell by cell, where it is laid over it.

A slight tint shifts all colours alike and is forgiven, as is a light that is a little dimmer. Where
either has no colour at all, as a grey copy, nothing is said.
"""

from __future__ import annotations

import numpy as np

from models.motifs.local.descriptors import Floats
from models.motifs.local.geometry import Indices
from models.motifs.local.sketches import Chroma, Mask

COLOUR_TRAITS = ("colours agree in their arrangement", "share of cells of another colour")
"""What is measured of the colours at a place."""

_FEWEST_COMPARED = 16
_NEUTRAL = 128
_NOISE = 4.0
"""Steps of Cr and Cb, of 256, below which colour is taken for noise."""
_TINT = 8.0
"""Steps by which all colours may be shifted alike."""
_ANOTHER = 20.0
"""Steps from which a cell has another colour."""


def compare_colours(ours: Chroma, theirs: Chroma, compared: Mask) -> tuple[float, float]:
    """Compare the colours of a picture and of a reference.

    Args:
        ours, theirs: of the picture and of the reference, cell by cell.
        compared: which cells can be compared; height x width.

    Returns:
        In the order of ``COLOUR_TRAITS``: a correlation, -1 to 1, near 0 where either is of one
        colour; and a share, 0 where either has no colour.
    """
    cells = np.flatnonzero(compared)
    count = len(cells)
    if count < _FEWEST_COMPARED:
        return 0.0, 0.0
    a, b = _steps(ours, cells), _steps(theirs, cells)
    mine, other = a.mean(axis=0), b.mean(axis=0)
    agree = _correlate(a - mine, b - other, count)
    if min(_vividness(a, count), _vividness(b, count)) < _NOISE:
        return agree, 0.0
    shift = mine - other
    tint = shift * (_TINT / max(float(np.hypot(*shift)), _TINT))
    apart = ((a - b - tint) ** 2).sum(axis=1)
    return agree, float(np.count_nonzero(apart > _ANOTHER**2)) / count


def _steps(chroma: Chroma, cells: Indices) -> Floats:
    """Of some cells by how much they differ from grey."""
    chosen = chroma.reshape(-1, 2)[cells]
    return np.asarray(chosen.astype(np.float32) - _NEUTRAL, np.float32)


def _correlate(a: Floats, b: Floats, count: int) -> float:
    noise = count * _NOISE**2
    strong = (float((a * a).sum()) + noise) * (float((b * b).sum()) + noise)
    return float((a * b).sum()) / float(np.sqrt(strong))


def _vividness(steps: Floats, count: int) -> float:
    """Root of the mean squared distance from grey."""
    return float(np.sqrt((steps * steps).sum() / count))
