"""How much a picture looks like a reference, at the place where its points say that it lies.

What of the picture lies there is laid over the reference, cell by cell, moved to where it fits
best, and compared: a right place looks like the reference in nearly every part, a wrong one in few,
however well some points agree.
"""

from __future__ import annotations

from typing import Any

import cv2
import numpy as np
import numpy.typing as npt

from models.motifs.local.colours import COLOUR_TRAITS, compare_colours
from models.motifs.local.descriptors import Floats, Greys
from models.motifs.local.geometry import Affine
from models.motifs.local.overlays import compose, cut_out, fit_over, lay_over, light_of
from models.motifs.local.sketches import GRID, Mask, ReferenceSketch, Sketch

_BLOCK = 8
_BLOCKS = GRID // _BLOCK
_FEWEST_COMPARED, _FEWEST_MOVED = 16, 30
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
    *COLOUR_TRAITS,
)
"""What is measured of the picture at a place."""

_OF_LIGHT = SKETCH_TRAITS.index("moved")


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
    level, transform = lay_over(sketch, reference, affine, shape, reference_shape)
    there, compared = cut_out(level, transform, reference)
    light = light_of(there)
    traits = _measure(light, reference, compared)
    moved = 0.0
    if np.count_nonzero(compared) >= _FEWEST_MOVED:
        shift = fit_over(light, reference)
        if shift is not None:
            fitting = cut_out(level, compose(transform, shift), reference)
            fitted = _measure(light_of(fitting[0]), reference, fitting[1])
            if fitted[1] > traits[1]:
                traits, (there, compared) = fitted, fitting
                moved = min(float(np.abs(shift - _STILL).max()), _MOST_MOVED)
    colours = compare_colours(there[..., 1:], reference.chroma, compared)
    return np.concatenate([traits, [moved], colours]).astype(np.float32)


def _measure(light: Greys, reference: ReferenceSketch, compared: Mask) -> Floats:
    """All traits but those of the move and of colours."""
    count = float(np.count_nonzero(compared))
    if count < _FEWEST_COMPARED:
        return np.zeros(_OF_LIGHT, np.float32)
    share = _squared(compared.astype(np.float32))
    ours, theirs = _squared(light) * share, _squared(reference.light) * share
    agree, contrast = _compare_light(ours, theirs, share, count)
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
        agree,
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
