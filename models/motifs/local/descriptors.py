"""What the surroundings of a point look like, as 64 small numbers.

A patch around the point, turned and scaled with it, gives histograms of gradient directions in
4 x 4 cells (D. Lowe, "Distinctive image features from scale-invariant keypoints", IJCV 2004). Of
them the square roots are compared (R. Arandjelovic and A. Zisserman, "Three things everyone should
know to improve object retrieval", CVPR 2012). A learnt projection keeps the 64 directions that
differ most between points and least between pictures of one point (linear discriminant analysis).
Each of them is even or odd under mirroring, so that the descriptor of a mirrored point is the
descriptor with some signs changed.
"""

from __future__ import annotations

import functools
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import cv2
import numpy as np
import numpy.typing as npt

from models.canonical import digest_bytes

DIMENSION = 64
PACKED_BYTES = DIMENSION // 2
LEVEL_STEP = 1.2
"""Ratio of the sizes of two neighbouring levels of a picture's pyramid."""

Floats = npt.NDArray[np.float32]
Codes = npt.NDArray[np.int8]
Greys = npt.NDArray[np.uint8]

_SAMPLES = 16
_SPACING = 2.0
"""Pixels of a point's level between two samples: a patch is 32 pixels wide."""
_CELLS = 4
_DIRECTIONS = 8
_BLUR = 1.0
_LARGEST_SHARE = 0.25
_STEP = 1 / 24
"""What one step of a code is worth, for descriptors of length 1."""
_MOST = 7


@dataclass(frozen=True, slots=True, eq=False)
class _Projection:
    mean: Floats
    axes: Floats
    signs: Floats
    digest: str


@functools.cache
def _projection() -> _Projection:
    path = Path(__file__).with_name("projection.npz")
    with np.load(path, allow_pickle=False) as arrays:
        mean, axes, even = arrays["mean"], arrays["axes"], int(arrays["even"])
    signs = np.where(np.arange(DIMENSION) < even, 1, -1).astype(np.float32)
    return _Projection(mean, axes, signs, digest_bytes(path.read_bytes()))


def projection_digest() -> str:
    """SHA-256 of the learnt projection, for fingerprints."""
    return _projection().digest


def multiply(left: Floats, right: Floats) -> Floats:
    """The matrix product, by the calling thread alone: NumPy's would start threads of its own."""
    if not left.size:
        return np.zeros((left.shape[0], right.shape[1]), np.float32)
    return np.asarray(cv2.gemm(left, right, 1.0, None, 0.0), np.float32)  # type: ignore[call-overload]


def sample_patches(
    grey: Greys,
    places: Floats,
    levels: npt.NDArray[np.uint8],
    angles: Floats,
) -> Floats:
    """Patches around points, upright in the point's own frame.

    Args:
        grey: the picture, uint8, height x width.
        places: x and y in pixels of ``grey``, one row a point.
        levels: by how many steps of ``LEVEL_STEP`` the picture is reduced first.
        angles: the point's direction, in radians.

    Returns:
        float32, points x 18 x 18.
    """
    side = _SAMPLES + 2
    patches = np.empty((len(places), side, side), np.float32)
    offsets = ((np.arange(side) - (side - 1) / 2) * _SPACING).astype(np.float32)
    across, down = (grid.ravel() for grid in np.meshgrid(offsets, offsets))
    cosines, sines = np.cos(angles)[:, None], np.sin(angles)[:, None]
    height, width = grey.shape
    for level, reduced in enumerate(_pyramid(grey, int(levels.max(initial=0)) + 1)):
        these = np.flatnonzero(levels == level)
        if not len(these):
            continue
        scale = np.array([reduced.shape[1] / width, reduced.shape[0] / height], np.float32)
        centres = (places[these] + 0.5) * scale - 0.5
        cosine, sine = cosines[these], sines[these]
        x = centres[:, :1] + cosine * across - sine * down
        y = centres[:, 1:] + sine * across + cosine * down
        sampled = cv2.remap(reduced, x, y, cv2.INTER_LINEAR, borderMode=cv2.BORDER_REPLICATE)
        patches[these] = sampled.reshape(-1, side, side)
    return patches


def describe_patches(patches: Floats) -> Codes:
    """Descriptors of patches.

    Args:
        patches: float32, points x 18 x 18, of ``sample_patches``.

    Returns:
        int8 from -7 to 7, points x 64; nearly of one length, ``decode_codes`` makes it exactly one.
    """
    if not len(patches):
        return np.zeros((0, DIMENSION), np.int8)
    projection = _projection()
    values = multiply(_histograms(patches) - projection.mean, projection.axes)
    values /= np.maximum(np.linalg.norm(values, axis=1, keepdims=True), 1e-9)
    codes: Codes = np.clip(np.rint(values / _STEP), -_MOST, _MOST).astype(np.int8)
    return codes


def mirror_codes(codes: Codes) -> Codes:
    """The descriptors of the same points in the mirrored picture."""
    return (codes * _projection().signs.astype(np.int8)).astype(np.int8)


def decode_codes(codes: Codes) -> Floats:
    """Descriptors of length 1, float32; a descriptor of zeros stays one."""
    values = codes.astype(np.float32)
    values /= np.maximum(np.linalg.norm(values, axis=1, keepdims=True), 1e-9)
    return values


def pack_codes(codes: Codes) -> npt.NDArray[np.uint8]:
    """Two numbers a byte: uint8, points x 32."""
    nibbles = (codes + 8).astype(np.uint8)
    return np.asarray(nibbles[:, 0::2] << 4 | nibbles[:, 1::2], np.uint8)


def unpack_codes(packed: npt.NDArray[np.uint8]) -> Codes:
    """What ``pack_codes`` packed; any bytes give codes from -8 to 7."""
    codes = np.empty((len(packed), DIMENSION), np.int8)
    codes[:, 0::2] = (packed >> 4).astype(np.int8) - 8
    codes[:, 1::2] = (packed & 15).astype(np.int8) - 8
    return codes


def _pyramid(grey: Greys, levels: int) -> Iterator[Greys]:
    """The picture at each level, every one made from that before it."""
    height, width = grey.shape
    for level in range(levels):
        if level:
            factor = LEVEL_STEP**level
            size = (max(1, round(width / factor)), max(1, round(height / factor)))
            grey = np.asarray(cv2.resize(grey, size, interpolation=cv2.INTER_LINEAR), np.uint8)
        yield grey


def _histograms(patches: Floats) -> Floats:
    """Square roots of gradient histograms, points x 128: direction, then row, then column."""
    count = len(patches)
    right = np.ascontiguousarray(patches[:, 1:-1, 2:] - patches[:, 1:-1, :-2]).reshape(count, -1)
    down = np.ascontiguousarray(patches[:, 2:, 1:-1] - patches[:, :-2, 1:-1]).reshape(count, -1)
    strength = cv2.magnitude(right, down)
    turn = cv2.phase(right, down) * np.float32(_DIRECTIONS / (2 * np.pi))
    cells = _CELLS * _CELLS
    histograms = np.empty((count, _DIRECTIONS, cells), np.float32)
    weights = _cell_weights()
    for direction in range(_DIRECTIONS):
        away = np.abs(turn - direction)
        away = np.minimum(away, _DIRECTIONS - away)
        histograms[:, direction] = multiply(strength * np.maximum(0, 1 - away), weights)
    flat = histograms.reshape(count, -1)
    flat /= np.linalg.norm(flat, axis=1, keepdims=True) + 1e-6
    flat = np.minimum(flat, _LARGEST_SHARE)
    shares: Floats = np.sqrt(flat / (flat.sum(axis=1, keepdims=True) + 1e-6))
    return shares


@functools.cache
def _cell_weights() -> Floats:
    """How much each of 16 x 16 samples adds to each of 4 x 4 cells: 256 x 16."""
    places = (np.arange(_SAMPLES) + 0.5) / _SAMPLES
    near = np.maximum(0, 1 - np.abs((places * _CELLS - 0.5)[:, None] - np.arange(_CELLS)))
    near *= np.exp(-((2 * places - 1) ** 2) / (2 * 0.7**2))[:, None]
    both = np.einsum("ia,jb->ijab", near, near)
    return np.asarray(both.reshape(_SAMPLES * _SAMPLES, _CELLS * _CELLS), np.float32)
