"""builtin:layout, a fixed image descriptor without learned weights. It is not CLIP.

It describes how light, edges and colours are laid out in the picture's frame, in four parts:

- the lowest 9 x 9 cosine frequencies of lightness, without the mean;
- the lowest 5 x 5 cosine frequencies of the two colour axes;
- edge directions, 8 of them, in a 6 x 6 grid, each cell relative to its own mean;
- how much there is of each hue, in three levels of lightness, and of each grey.

A plain border (a sprite's empty surroundings) is cut away first, and the rest is squashed to a
square, so that padding and aspect ratio matter little. Colours are taken in Oklab (Ottosson, 2020),
in which equal distances look about equal. Centred parts keep unrelated pictures near zero.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import numpy.typing as npt
from PIL import Image

from models.canonical import digest_lines
from models.motifs.encoder import BUILTIN, Embeddings, Seen
from models.motifs.fingerprints import Pixels

_CODE_VERSION = "1"
_SIDE = 96
_LIGHT_FREQUENCIES = 9
_COLOUR_FREQUENCIES = 5
_GRID = 6
_DIRECTIONS = 8
_HUES = 12
_HUE_LEVELS = 3
_GREYS = 6
_WEIGHTS = {"light": 1.0, "colour": 0.5, "edges": 1.0, "palette": 0.5}

_PLAIN = 0.5
"""Norm of the lightness frequencies below which a picture counts as plain (about 1 % contrast)."""

_FAINT_COLOUR = 2.0
_FAINT_CELL = 0.5
"""Norms below which colours, or a cell's edges, count less than in full."""

_STRONGEST_EDGE = 0.25
_FULL_CHROMA = 0.1

_BORDER_AGREEMENT = 12
_BORDER_DIFFERENCE = 24
_BORDER_SHARE = 0.004
_SMALLEST_REST = 16

_Floats = npt.NDArray[np.float32]


def _cosines(frequencies: int) -> _Floats:
    places = np.arange(_SIDE) + 0.5
    rows = [np.cos(np.pi * places * frequency / _SIDE) for frequency in range(frequencies)]
    return np.asarray(np.stack(rows) * np.sqrt(2 / _SIDE), dtype=np.float32)


def _damping(frequencies: int) -> _Floats:
    order = np.add.outer(np.arange(frequencies), np.arange(frequencies))
    return np.asarray(1 / np.sqrt(1 + order), dtype=np.float32)


def _linear_light() -> _Floats:
    """sRGB's transfer curve (IEC 61966-2-1) for the 256 values of a byte."""
    value = np.arange(256) / 255
    curve = np.where(value <= 0.04045, value / 12.92, ((value + 0.055) / 1.055) ** 2.4)
    return np.asarray(curve, dtype=np.float32)


_LIGHT_COSINES = _cosines(_LIGHT_FREQUENCIES)
_COLOUR_COSINES = _LIGHT_COSINES[:_COLOUR_FREQUENCIES]
_LIGHT_DAMPING = _damping(_LIGHT_FREQUENCIES)
_COLOUR_DAMPING = _damping(_COLOUR_FREQUENCIES)
_LINEAR = _linear_light()
_TO_CONES = np.array(
    [
        [0.4122214708, 0.5363325363, 0.0514459929],
        [0.2119034982, 0.6806995451, 0.1073969566],
        [0.0883024619, 0.2817188376, 0.6299787005],
    ],
    dtype=np.float32,
)
_TO_OKLAB = np.array(
    [
        [0.2104542553, 0.7936177850, -0.0040720468],
        [1.9779984951, -2.4285922050, 0.4505937099],
        [0.0259040371, 0.7827717662, -0.8086757660],
    ],
    dtype=np.float32,
)
_CELL_OF_PIXEL = (
    (np.arange(_SIDE) * _GRID // _SIDE)[:, None] * _GRID + (np.arange(_SIDE) * _GRID // _SIDE)
).ravel()


class LayoutEncoder:
    """``builtin:layout``: needs no weights, no network and a few milliseconds a picture."""

    name = BUILTIN
    dimension = (
        _LIGHT_FREQUENCIES**2
        + 2 * _COLOUR_FREQUENCIES**2
        + _GRID**2 * _DIRECTIONS
        + _HUE_LEVELS * _HUES
        + _GREYS
    )
    suggested_score = 0.76
    floor_score = 0.62
    view_size = 2 * _SIDE
    batch_size = 1
    limits = (
        "builtin:layout is a fixed descriptor of light, edges and colour; it is not CLIP and has "
        "learned nothing. It finds pictures that are laid out alike: scaled, re-encoded, "
        "recoloured, mirrored, padded or slightly cropped copies, and other expressions of a "
        "character in the same pose. It does not find a character drawn in another pose or by "
        "another hand, nor a motif that fills a small part of a picture."
    )

    @property
    def cohort(self) -> Embeddings:
        """None: its cosines are taken as they are."""
        return np.zeros((0, self.dimension), np.float32)

    @property
    def fingerprint(self) -> str:
        """Digest of the descriptor's version and of every number it is made of."""
        numbers = [_SIDE, _LIGHT_FREQUENCIES, _COLOUR_FREQUENCIES, _GRID, _DIRECTIONS, _HUES]
        numbers += [_HUE_LEVELS, _GREYS, _BORDER_AGREEMENT, _BORDER_DIFFERENCE, _SMALLEST_REST]
        shares = [_BORDER_SHARE, _PLAIN, _FAINT_COLOUR, _FAINT_CELL, _STRONGEST_EDGE, _FULL_CHROMA]
        settings = [*map(str, numbers), *map(str, shares), str(_WEIGHTS)]
        return digest_lines([self.name, _CODE_VERSION, *settings])

    @property
    def identity(self) -> str:
        """Its cosines mean what the descriptor is, and nothing else runs it."""
        return self.fingerprint

    def encode(self, images: Sequence[Pixels]) -> Embeddings:
        """See ``Encoder.encode``."""
        if not images:
            return np.zeros((0, self.dimension), dtype=np.float32)
        return np.stack([_describe(image) for image in images])

    def look(self, images: Sequence[Pixels]) -> list[Seen]:
        """See ``Encoder.look``. It describes the frame of a picture, so it looks at no parts."""
        none = np.zeros((0, self.dimension), np.float32), np.zeros((0, 4), np.float32)
        return [Seen(whole, *none) for whole in self.encode(images)]


def _describe(pixels: Pixels) -> _Floats:
    lab = _to_oklab(_squashed(_without_border(pixels)))
    light = _frequencies(lab[..., 0], _LIGHT_COSINES, _LIGHT_DAMPING)
    light[0] = 0.0
    contrast = float(np.linalg.norm(light))
    if contrast < _PLAIN:
        return np.zeros(LayoutEncoder.dimension, dtype=np.float32)
    parts = {
        "light": light / contrast,
        "colour": _unit(
            np.concatenate(
                [_frequencies(lab[..., c], _COLOUR_COSINES, _COLOUR_DAMPING) for c in (1, 2)]
            ),
            at_least=_FAINT_COLOUR,
        ),
        "edges": _unit(_edges(lab[..., 0])),
        "palette": _unit(_palette(lab)),
    }
    whole = np.concatenate([np.sqrt(weight) * parts[part] for part, weight in _WEIGHTS.items()])
    return _unit(whole)


def _without_border(pixels: Pixels) -> Pixels:
    """The picture without the surroundings that have the colour of its four corners."""
    height, width = pixels.shape[:2]
    corners = pixels[[0, 0, -1, -1], [0, -1, 0, -1]].astype(np.int16)
    if np.abs(corners - corners[0]).max() > _BORDER_AGREEMENT:
        return pixels
    differs = np.abs(pixels.astype(np.int16) - corners[0]).max(axis=2) > _BORDER_DIFFERENCE
    rows = np.flatnonzero(differs.mean(axis=1) > _BORDER_SHARE)
    columns = np.flatnonzero(differs.mean(axis=0) > _BORDER_SHARE)
    if len(rows) * _SMALLEST_REST < height or len(columns) * _SMALLEST_REST < width:
        return pixels
    return pixels[rows[0] : rows[-1] + 1, columns[0] : columns[-1] + 1]


def _squashed(pixels: Pixels) -> Pixels:
    image = Image.fromarray(np.ascontiguousarray(pixels))
    # BOX averages every pixel once when shrinking; enlarging with it would give blocks.
    shrinks = min(image.size) >= _SIDE
    method = Image.Resampling.BOX if shrinks else Image.Resampling.BILINEAR
    return np.asarray(image.resize((_SIDE, _SIDE), method))


def _to_oklab(pixels: Pixels) -> _Floats:
    lab: _Floats = np.cbrt(_LINEAR[pixels] @ _TO_CONES.T) @ _TO_OKLAB.T
    return lab


def _frequencies(channel: _Floats, cosines: _Floats, damping: _Floats) -> _Floats:
    spectrum = cosines @ channel @ cosines.T * damping
    return np.asarray(spectrum.ravel(), dtype=np.float32)


def _edges(light: _Floats) -> _Floats:
    down = np.zeros_like(light)
    right = np.zeros_like(light)
    down[1:-1] = light[2:] - light[:-2]
    right[:, 1:-1] = light[:, 2:] - light[:, :-2]
    strength = np.minimum(np.hypot(right, down), _STRONGEST_EDGE).ravel()
    direction = _turns(down, right, np.pi).ravel() * _DIRECTIONS
    histogram = _soft_histogram(_CELL_OF_PIXEL, direction, strength, _GRID**2, _DIRECTIONS)
    cells = np.sqrt(histogram)
    cells = cells / (np.linalg.norm(cells, axis=1, keepdims=True) + _FAINT_CELL)
    return np.asarray((cells - cells.mean(axis=1, keepdims=True)).ravel())


def _palette(lab: _Floats) -> _Floats:
    light, green_red, blue_yellow = (lab[..., c].ravel() for c in range(3))
    saturation = np.minimum(np.hypot(green_red, blue_yellow) / _FULL_CHROMA, np.float32(1))
    hue = _turns(blue_yellow, green_red, 2 * np.pi) * _HUES
    level = np.clip((light * _HUE_LEVELS).astype(np.intp), 0, _HUE_LEVELS - 1)
    hues = _soft_histogram(level, hue, saturation, _HUE_LEVELS, _HUES)
    grey = np.clip((light * _GREYS).astype(np.intp), 0, _GREYS - 1)
    greys = np.bincount(grey, weights=1.0 - saturation, minlength=_GREYS)
    amounts = np.sqrt(np.concatenate([hues.ravel(), greys])).astype(np.float32)
    return np.asarray(amounts - amounts.mean())


def _turns(y: _Floats, x: _Floats, whole: float) -> _Floats:
    """The direction of (x, y) as a share of ``whole`` radians, 0 to 1, starting over after it."""
    return np.asarray(np.mod(np.arctan2(y, x), whole) / whole, dtype=np.float32)


def _soft_histogram(
    row: npt.NDArray[np.intp], position: _Floats, amount: _Floats, rows: int, bins: int
) -> _Floats:
    """Amounts by row and by bin of a circular position, shared between the two nearest bins."""
    below = np.floor(position)
    share = position - below
    first = below.astype(np.intp) % bins
    nearer = np.bincount(row * bins + first, amount * (1 - share), rows * bins)
    farther = np.bincount(row * bins + (first + 1) % bins, amount * share, rows * bins)
    return np.asarray((nearer + farther).reshape(rows, bins), dtype=np.float32)


def _unit(vector: _Floats, at_least: float = 1e-6) -> _Floats:
    """The vector at length 1; one shorter than ``at_least`` stays shorter than that."""
    scaled: _Floats = vector / max(float(np.linalg.norm(vector)), at_least)
    return scaled.astype(np.float32)
