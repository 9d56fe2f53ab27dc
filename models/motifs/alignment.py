"""How a reference lies in a picture, when points of the two have been matched."""

from __future__ import annotations

from dataclasses import dataclass, fields
from typing import Any

Box = tuple[float, float, float, float]
"""x0, y0, x1, y1 as fractions of an upright picture's width and height."""

MAX_POINTS = 60
"""Matched points kept of an alignment: enough for a person to see that they are right."""


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

    @classmethod
    def from_dict(cls, value: dict[str, Any]) -> Alignment:
        """Read what ``as_dict`` wrote.

        Raises:
            TypeError: a key is missing or unknown.
        """
        tuples = {name: tuple(value[name]) for name in ("transform", "box", "reference_box")}
        points = tuple(tuple(point) for point in value["points"])
        return cls(**{**value, **tuples, "points": points})
