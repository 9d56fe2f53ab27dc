"""A line of lettering, as character recognition read it."""

from __future__ import annotations

from dataclasses import dataclass

Box = tuple[float, float, float, float]
"""x0, y0, x1, y1 as fractions of the upright picture's width and height."""


@dataclass(frozen=True, slots=True)
class Line:
    """One line of lettering in a picture.

    Attributes:
        text: what was read; never blank.
        box: where it stands.
        confidence: 0..1, how sure the recognition is of its characters, on the average.
    """

    text: str
    box: Box
    confidence: float
