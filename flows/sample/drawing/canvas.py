"""A small vector canvas: smooth shapes, gradients, soft light and tapered ink lines.

Everything is drawn four times as large as it is wanted and scaled down at the end, so that edges
come out smooth. Coordinates are fractions of the canvas height, x to the right and y downwards.
"""

from __future__ import annotations

import colorsys
import math
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass

import numpy as np
from PIL import Image, ImageChops, ImageDraw, ImageFilter

Point = tuple[float, float]
Colour = tuple[int, int, int]
Paint = Colour | tuple[Colour, Colour]
"""One colour, or the colours at the top and at the bottom of the shape."""

OVERSAMPLING = 4


def hex_colour(text: str) -> Colour:
    """The colour written as ``"f4c2a1"``."""
    value = int(text, 16)
    return value >> 16 & 255, value >> 8 & 255, value & 255


def blend(one: Colour, other: Colour, share: float) -> Colour:
    """A colour ``share`` of the way from one to the other."""
    return tuple(round(a + (b - a) * share) for a, b in zip(one, other, strict=True))  # type: ignore[return-value]


def shade(colour: Colour, *, light: float = 1.0, hue: float = 0.0, strong: float = 1.0) -> Colour:
    """A colour with its lightness and saturation multiplied and its hue turned."""
    h, lightness, s = colorsys.rgb_to_hls(*(c / 255 for c in colour))
    r, g, b = colorsys.hls_to_rgb((h + hue) % 1, min(1, lightness * light), min(1, s * strong))
    return round(r * 255), round(g * 255), round(b * 255)


def smooth(points: Sequence[Point], *, closed: bool = False, steps: int = 10) -> list[Point]:
    """A Catmull-Rom curve through the points."""
    count = len(points)
    if count < 3:
        return list(points)

    def at(i: int) -> Point:
        return points[i % count] if closed else points[min(max(i, 0), count - 1)]

    curve: list[Point] = []
    for i in range(count if closed else count - 1):
        p0, p1, p2, p3 = at(i - 1), at(i), at(i + 1), at(i + 2)
        for step in range(steps):
            t = step / steps
            curve.append(
                tuple(  # type: ignore[arg-type]
                    0.5
                    * (
                        2 * b
                        + (c - a) * t
                        + (2 * a - 5 * b + 4 * c - d) * t**2
                        + (3 * b - a - 3 * c + d) * t**3
                    )
                    for a, b, c, d in zip(p0, p1, p2, p3, strict=True)
                )
            )
    if not closed:
        curve.append(points[-1])
    return curve


def ellipse(x: float, y: float, rx: float, ry: float, *, turn: float = 0.0) -> list[Point]:
    """The outline of an ellipse, turned by ``turn`` radians."""
    c, s = math.cos(turn), math.sin(turn)
    outline = []
    for i in range(48):
        a = i / 48 * math.tau
        u, v = rx * math.cos(a), ry * math.sin(a)
        outline.append((x + u * c - v * s, y + u * s + v * c))
    return outline


def star(x: float, y: float, radius: float, *, inner: float = 0.45, tips: int = 5) -> list[Point]:
    """The outline of a star that stands on two tips."""
    return [
        (
            x + r * math.sin(i * math.pi / tips),
            y - r * math.cos(i * math.pi / tips),
        )
        for i in range(2 * tips)
        for r in [radius if i % 2 == 0 else radius * inner]
    ]


@dataclass(frozen=True, slots=True)
class Place:
    """Where a drawing's own coordinates lie on the canvas."""

    x: float = 0.0
    y: float = 0.0
    scale: float = 1.0
    tilt: float = 0.0
    mirrored: bool = False

    def apply(self, point: Point) -> Point:
        """A point of the drawing, on the canvas."""
        u, v = (-point[0] if self.mirrored else point[0]), point[1]
        c, s = math.cos(self.tilt), math.sin(self.tilt)
        return self.x + self.scale * (u * c - v * s), self.y + self.scale * (u * s + v * c)


class Canvas:
    """A picture under way.

    Args:
        width, height: size of the finished picture in pixels.
        background: colour or vertical gradient to start from.
    """

    def __init__(self, width: int, height: int, background: Paint) -> None:
        self.width, self.height = width, height
        self._unit = height * OVERSAMPLING
        self._size = (width * OVERSAMPLING, height * OVERSAMPLING)
        self._image = self._fill(background, (0, 0, *self._size))
        self._place = Place()
        self._clip: Image.Image | None = None

    @property
    def aspect(self) -> float:
        """The x coordinate of the right edge."""
        return self.width / self.height

    def finish(self) -> Image.Image:
        """The picture in its own size."""
        return self._image.resize((self.width, self.height), Image.Resampling.LANCZOS)

    @contextmanager
    def placed(self, place: Place) -> Iterator[None]:
        """Draw in coordinates of one's own."""
        outer, self._place = self._place, place
        try:
            yield
        finally:
            self._place = outer

    @contextmanager
    def clipped(self, outline: Sequence[Point]) -> Iterator[None]:
        """Draw only inside the outline."""
        outer, self._clip = self._clip, self._mask(outline)
        if outer is not None:
            self._clip = ImageChops.multiply(self._clip, outer)
        try:
            yield
        finally:
            self._clip = outer

    def shape(
        self, outline: Sequence[Point], paint: Paint, *, opacity: float = 1.0, blur: float = 0.0
    ) -> None:
        """Fill an outline; ``blur`` is the softness of its edge in the drawing's coordinates."""
        mask = self._mask(outline)
        box = mask.getbbox()
        if box is None:
            return
        if blur:
            radius = blur * self._place.scale * self._unit
            mask = mask.filter(ImageFilter.GaussianBlur(radius))
        if self._clip is not None:
            mask = ImageChops.multiply(mask, self._clip)
        if opacity < 1:
            mask = mask.point([round(i * opacity) for i in range(256)])
        area = mask.getbbox()
        if area is None:
            return
        top, bottom = paint if isinstance(paint[0], tuple) else (paint, paint)
        height = max(1, box[3] - box[1])
        fill = self._fill(
            (
                blend(top, bottom, min(1, max(0, (area[1] - box[1]) / height))),
                blend(top, bottom, min(1, max(0, (area[3] - box[1]) / height))),
            ),
            area,
        )
        self._image.paste(fill, area[:2], mask.crop(area))

    def line(
        self,
        points: Sequence[Point],
        width: float,
        colour: Colour,
        *,
        taper: float = 0.75,
        opacity: float = 1.0,
    ) -> None:
        """An ink stroke: full in the middle, thinner by ``taper`` at both ends."""
        if len(points) < 2:
            return
        left, right = [], []
        last = len(points) - 1
        for i, (x, y) in enumerate(points):
            (ax, ay), (bx, by) = points[max(0, i - 1)], points[min(last, i + 1)]
            length = math.hypot(bx - ax, by - ay) or 1e-9
            swell = 1 - taper * abs(2 * i / last - 1) ** 2
            nx, ny = -(by - ay) / length * width / 2 * swell, (bx - ax) / length * width / 2 * swell
            left.append((x + nx, y + ny))
            right.append((x - nx, y - ny))
        self.shape(left + right[::-1], colour, opacity=opacity)

    def outlined(
        self, outline: Sequence[Point], paint: Paint, ink: Colour, width: float = 0.012
    ) -> None:
        """Fill an outline and draw its edge in ink."""
        self.shape(outline, paint)
        self.line([*outline, outline[0]], width, ink, taper=0.0)

    def glow(self, x: float, y: float, radius: float, colour: Colour, opacity: float = 0.6) -> None:
        """A round patch of soft light."""
        spot = ellipse(x, y, radius * 0.5, radius * 0.5)
        self.shape(spot, colour, opacity=opacity, blur=radius * 0.3)

    def _mask(self, outline: Sequence[Point]) -> Image.Image:
        mask = Image.new("L", self._size, 0)
        points = [(x * self._unit, y * self._unit) for x, y in map(self._place.apply, outline)]
        ImageDraw.Draw(mask).polygon(points, fill=255)
        return mask

    def _fill(self, paint: Paint, box: tuple[int, int, int, int]) -> Image.Image:
        width, height = box[2] - box[0], box[3] - box[1]
        if not isinstance(paint[0], tuple):
            return Image.new("RGB", (width, height), paint)
        top, bottom = (np.array(colour, np.float32) for colour in paint)
        share = np.linspace(0, 1, height, dtype=np.float32)[:, None]
        column = np.rint(top + (bottom - top) * share).astype(np.uint8)
        return Image.fromarray(np.repeat(column[:, None, :], width, axis=1), "RGB")
