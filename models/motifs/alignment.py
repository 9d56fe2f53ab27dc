"""How a reference lies in a picture, when points of the two have been matched."""

from __future__ import annotations

from dataclasses import dataclass, fields, replace
from typing import Any

Box = tuple[float, float, float, float]
"""x0, y0, x1, y1 as fractions of an upright picture's width and height."""

WHOLE: Box = (0.0, 0.0, 1.0, 1.0)

MAX_POINTS = 60
"""Matched points kept of an alignment: enough for a person to see that they are right."""


def place_in(part: Box, box: Box) -> Box:
    """Where a part of what ``box`` cuts out of a picture lies in that picture."""
    left, top, right, bottom = box
    x0, y0, x1, y1 = part
    width, height = right - left, bottom - top
    return left + x0 * width, top + y0 * height, left + x1 * width, top + y1 * height


@dataclass(frozen=True, slots=True)
class Alignment:
    """A reference found in a picture by local features that agree on one place.

    All coordinates are fractions of the upright picture's width and height, so that they hold at
    whatever size a picture is shown.

    Attributes:
        inliers: matched points that agree on one transform.
        matched: matched points before the geometry was asked.
        transform: row-major 2 x 3, from the reference's fractions to the asset's.
        mirrored: whether the reference was mirrored left to right before ``transform``.
        box: where the whole reference lies in the asset, cut at the asset's edges.
        reference_box: what of the reference the matched points cover.
        points: at most ``MAX_POINTS`` of (x in asset, y in asset, x in reference, y in reference);
            in the reference as it was registered, mirrored or not.
    """

    inliers: int
    matched: int
    transform: tuple[float, float, float, float, float, float]
    mirrored: bool
    box: Box
    reference_box: Box
    points: tuple[tuple[float, float, float, float], ...]

    def as_dict(self) -> dict[str, Any]:
        """A JSON-ready dictionary; ``from_dict`` reads it back."""
        return {field.name: getattr(self, field.name) for field in fields(self)}

    def within(self, box: Box) -> Alignment:
        """The same, where the reference is a part of a larger picture.

        Args:
            box: what of the larger picture the reference is. Reference coordinates of the result
                are fractions of the larger picture.
        """
        left, top, right, bottom = box
        width, height = right - left, bottom - top
        a, b, c, d, e, f = self.transform
        # A mirrored reference is mirrored about its own middle, which is not the larger picture's.
        start = 1 - right if self.mirrored else left
        across = c - a * start / width - b * top / height
        down = f - d * start / width - e * top / height
        return replace(
            self,
            transform=(a / width, b / height, across, d / width, e / height, down),
            reference_box=place_in(self.reference_box, box),
            points=tuple((x, y, left + u * width, top + v * height) for x, y, u, v in self.points),
        )

    @classmethod
    def from_dict(cls, value: dict[str, Any]) -> Alignment:
        """Read what ``as_dict`` wrote.

        Raises:
            TypeError: a key is missing or unknown.
        """
        tuples = {name: tuple(value[name]) for name in ("transform", "box", "reference_box")}
        points = tuple(tuple(point) for point in value["points"])
        return cls(**{**value, **tuples, "points": points})
