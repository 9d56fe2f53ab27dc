"""Where each point of a reference lies in an asset: plain arithmetic on an alignment's transform.

Light on purpose: the review page loads it without a decoder.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from itertools import islice
from typing import Final

from models.motifs.alignment import MAX_POINTS, Box

Matrix = tuple[float, float, float, float, float, float]
"""Row-major 2 x 3: x' = m[0] x + m[1] y + m[2], y' = m[3] x + m[4] y + m[5]."""

Point = tuple[float, float, float, float]
"""x and y in the asset, x and y in the reference, as fractions."""

_NUMBERS: Final = 6
_CORNERS: Final = 4
_BEYOND: Final = 1e-3
_LOOKED_AT: Final = 1000
_FARTHEST: Final = 100.0
_LEAST_AREA: Final = 1e-5
_FLATTEST: Final = 1e-3


@dataclass(frozen=True, slots=True)
class Placement:
    """How a reference, as it was registered, lies in an asset.

    Attributes:
        matrix: from fractions of the registered reference to fractions of the asset; where the
            reference lies mirrored, that is part of it.
    """

    matrix: Matrix

    def place(self, x: float, y: float) -> tuple[float, float]:
        """Where a point of the reference lies in the asset."""
        a, b, c, d, e, f = self.matrix
        return a * x + b * y + c, d * x + e * y + f

    def place_corners(self) -> tuple[tuple[float, float], ...]:
        """The reference's corners in the asset: from the upper left, clockwise as registered."""
        return tuple(self.place(x, y) for x, y in ((0, 0), (1, 0), (1, 1), (0, 1)))

    def invert(self) -> Matrix:
        """The way back, from fractions of the asset to fractions of the reference."""
        a, b, c, d, e, f = self.matrix
        area = a * e - b * d
        return (
            e / area,
            -b / area,
            (b * f - c * e) / area,
            -d / area,
            a / area,
            (c * d - a * f) / area,
        )

    def scale(self, asset: tuple[int, int]) -> Matrix:
        """The same for a reference that is first stretched to the asset's size, in pixels.

        Args:
            asset: width and height of the asset.
        """
        a, b, c, d, e, f = self.matrix
        width, height = asset
        return a, b * width / height, c * width, d * height / width, e, f * height

    def turn(self, asset: tuple[int, int], mirrored: bool) -> int:
        """By how many degrees the reference is turned clockwise, -179 to 180, after mirroring.

        Args:
            asset: width and height of the asset; those of the reference change nothing.
            mirrored: whether the reference lies mirrored.
        """
        sign = -1 if mirrored else 1
        across, down = sign * self.matrix[0] * asset[0], sign * self.matrix[3] * asset[1]
        degrees = round(math.degrees(math.atan2(down, across)))
        return 180 if degrees == -180 else degrees


def find_placement(transform: object, mirrored: bool) -> Placement | None:
    """The placement that an alignment's transform says; None where nothing can be drawn by it.

    That is so where a number is missing, not finite or far outside, and where the reference would
    be squashed to a line or a point.

    Args:
        transform, mirrored: as in ``models.motifs.alignment.Alignment``, of any origin.
    """
    if not isinstance(transform, list | tuple):
        return None
    numbers = [read_number(value, -_FARTHEST, _FARTHEST) for value in transform[: _NUMBERS + 1]]
    if len(numbers) != _NUMBERS or None in numbers:
        return None
    a, b, c, d, e, f = (float(number or 0) for number in numbers)
    area = abs(a * e - b * d)
    longest = max(math.hypot(a, d), math.hypot(b, e))
    if area < _LEAST_AREA or area < _FLATTEST * longest * longest:
        return None
    return Placement((-a, b, a + c, -d, e, d + f) if mirrored else (a, b, c, d, e, f))


def find_box(value: object) -> Box | None:
    """A box of any origin; None where it is none, is empty, or reaches outside the picture."""
    if not isinstance(value, list | tuple) or len(value) != _CORNERS:
        return None
    sides = [read_number(side, -_BEYOND, 1 + _BEYOND) for side in value]
    if None in sides:
        return None
    left, top, right, bottom = (min(1.0, max(0.0, side or 0.0)) for side in sides)
    return (left, top, right, bottom) if left < right and top < bottom else None


def find_points(value: object) -> tuple[Point, ...]:
    """At most ``MAX_POINTS`` matched points of any origin: those that lie in both pictures."""
    if not isinstance(value, list | tuple):
        return ()
    sound: list[Point] = []
    for point in islice(value, _LOOKED_AT):
        if not isinstance(point, list | tuple) or len(point) != _CORNERS:
            continue
        numbers = [read_number(number, 0, 1) for number in point]
        if None not in numbers:
            x, y, u, v = (number or 0.0 for number in numbers)
            sound.append((x, y, u, v))
    return tuple(sound[:MAX_POINTS])


def read_number(value: object, low: float, high: float) -> float | None:
    """A number between two bounds, or None for anything else, NaN included."""
    if isinstance(value, bool) or not isinstance(value, int | float):
        return None
    return float(value) if low <= value <= high else None
