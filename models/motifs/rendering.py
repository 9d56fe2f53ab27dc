"""A motif finding as one picture, for reports and documentation: what was found where, and why.

The review page draws the same from the same numbers, in the browser.
"""

from __future__ import annotations

from typing import Final

import numpy as np
import numpy.typing as npt
from PIL import Image, ImageDraw, ImageFont

from models.findings import Finding
from models.motifs.alignment import Box
from models.motifs.placement import (
    Placement,
    Point,
    find_box,
    find_placement,
    find_points,
    read_number,
)

Pixels = npt.NDArray[np.uint8]

PANEL: Final = (480, 400)
"""Width and height, in pixels, into which each picture is fitted."""

_GAP: Final = 16
_FOOT: Final = 34
_FINER: Final = 2
"""Everything is drawn this many times larger and scaled down: lines get smooth edges."""

_GROUND: Final = "#f5f3ee"
_INK: Final = "#1d2226"
_MARK: Final = "#b3261e"
COLOURS: Final = ("#56b4e9", "#e69f00", "#f0e442", "#d55e00", "#cc79a7", "#009e73")
"""Of Okabe and Ito's palette (2008), which colour-blind people tell apart."""

_STRENGTH: Final = 0.6
_COUNT: Final = 10**6

_Frame = tuple[float, float, float, float]
"""Left, top, width and height of a picture on the canvas, in pixels."""


def render_side_by_side(
    asset_pixels: Pixels, reference_pixels: Pixels, finding: Finding, *, overlay: bool = False
) -> Image.Image:
    """The asset and the reference beside each other, with what a finding says about them.

    Drawn are the finding's box in the asset, the part of the reference that matched, and lines
    between matched points; below stand the kind, the risk and how many points agree. What of the
    alignment cannot be drawn is left out. The same input gives the same picture.

    Args:
        asset_pixels, reference_pixels: upright, uint8, height x width x 3.
        overlay: add a third panel in which the reference lies on the asset as the alignment says;
            the bare asset where it says nothing that can be drawn.

    Returns:
        An RGB picture, ``PANEL`` and its margins large for each panel.

    Raises:
        ValueError: the pixels are not of this shape and kind, or there are none.
    """
    asset, reference = _open(asset_pixels), _open(reference_pixels)
    placement: Placement | None = None
    part: Box | None = None
    points: tuple[Point, ...] = ()
    alignment = finding.alignment
    if alignment is not None:
        placement = find_placement(alignment.transform, alignment.mirrored is True)
        part, points = find_box(alignment.reference_box), find_points(alignment.points)
    shown = [asset, reference]
    if overlay:
        shown.append(_lay_over(asset, reference, placement))
    width, height = PANEL
    canvas = Image.new(
        "RGB",
        (
            _FINER * ((width + _GAP) * len(shown) + _GAP),
            _FINER * (height + 2 * _GAP + _FOOT),
        ),
        _GROUND,
    )
    frames = [_paste(canvas, image, place) for place, image in enumerate(shown)]
    pen = ImageDraw.Draw(canvas)
    _draw_box(pen, frames[0], find_box(finding.box))
    _draw_box(pen, frames[1], part)
    if overlay and placement is not None:
        _draw_outline(canvas, frames[2], placement)
    ordered = sorted(points, key=lambda point: (point[1], point))
    for number, (x, y, u, v) in enumerate(ordered):
        _draw_match(pen, _at(frames[0], x, y), _at(frames[1], u, v), COLOURS[number % len(COLOURS)])
    font = ImageFont.load_default(15 * _FINER)
    at = (_FINER * _GAP, _FINER * (height + _GAP + 12))
    pen.text(at, _say(finding), fill=_INK, font=font)
    return canvas.reduce(_FINER)


def _open(pixels: Pixels) -> Image.Image:
    if pixels.ndim != 3 or pixels.shape[2] != 3 or pixels.dtype != np.uint8 or pixels.size == 0:
        raise ValueError(
            f"pixels must be uint8 of height x width x 3, not {pixels.dtype} of {pixels.shape}"
        )
    return Image.fromarray(np.ascontiguousarray(pixels))


def _paste(canvas: Image.Image, image: Image.Image, place: int) -> _Frame:
    """Fit a picture into its panel, in the middle of it; where it came to lie."""
    width, height = (side * _FINER for side in PANEL)
    scale = min(width / image.width, height / image.height)
    size = max(1, round(image.width * scale)), max(1, round(image.height * scale))
    left = _FINER * _GAP + place * (width + _FINER * _GAP) + (width - size[0]) // 2
    top = _FINER * _GAP + (height - size[1]) // 2
    how = Image.Resampling.BICUBIC if scale > 1 else Image.Resampling.LANCZOS
    canvas.paste(image.resize(size, how), (left, top))
    return float(left), float(top), float(size[0]), float(size[1])


def _lay_over(
    asset: Image.Image, reference: Image.Image, placement: Placement | None
) -> Image.Image:
    if placement is None:
        return asset
    # Laid at the size at which it is shown: an asset of many pixels costs no more than a small one.
    scale = min(
        1.0, *(2 * _FINER * side / given for side, given in zip(PANEL, asset.size, strict=True))
    )
    size = max(1, round(asset.width * scale)), max(1, round(asset.height * scale))
    a, b, c, d, e, f = placement.invert()
    width, height = reference.size
    back = (
        a * width / size[0],
        b * width / size[1],
        c * width,
        d * height / size[0],
        e * height / size[1],
        f * height,
    )
    laid = reference.transform(size, Image.Transform.AFFINE, back, Image.Resampling.BILINEAR)
    full = Image.new("L", reference.size, round(255 * _STRENGTH))
    mask = full.transform(size, Image.Transform.AFFINE, back)
    return Image.composite(laid, asset.resize(size), mask)


def _at(frame: _Frame, x: float, y: float) -> tuple[float, float]:
    left, top, width, height = frame
    return left + x * width, top + y * height


def _draw_box(pen: ImageDraw.ImageDraw, frame: _Frame, box: Box | None) -> None:
    if box is None:
        return
    corners = [*_at(frame, box[0], box[1]), *_at(frame, box[2], box[3])]
    pen.rectangle(corners, outline="white", width=5 * _FINER)
    inner = [corners[0] + _FINER, corners[1] + _FINER, corners[2] - _FINER, corners[3] - _FINER]
    if inner[0] < inner[2] and inner[1] < inner[3]:
        pen.rectangle(inner, outline=_MARK, width=3 * _FINER)


def _draw_outline(canvas: Image.Image, frame: _Frame, placement: Placement) -> None:
    """The reference's edges, cut at the asset's."""
    left, top, width, height = (round(number) for number in frame)
    panel = canvas.crop((left, top, left + width, top + height))
    corners = [(x * width, y * height) for x, y in placement.place_corners()]
    pen = ImageDraw.Draw(panel)
    for colour, stroke in (("white", 4 * _FINER), ("black", 2 * _FINER)):
        pen.line([*corners, corners[0]], fill=colour, width=stroke)
    canvas.paste(panel, (left, top))


def _draw_match(
    pen: ImageDraw.ImageDraw, here: tuple[float, float], there: tuple[float, float], colour: str
) -> None:
    pen.line([here, there], fill=colour, width=_FINER + 1)
    for x, y in (here, there):
        around = 4 * _FINER
        pen.ellipse(
            (x - around, y - around, x + around, y + around),
            fill=colour,
            outline="black",
            width=_FINER,
        )


def _say(finding: Finding) -> str:
    """One line in plain letters: the font that comes with Pillow has no others."""
    parts = [str(finding.kind).replace("_", " ")]
    risk = read_number(finding.score, 0, 1)
    if risk is not None:
        parts.append(f"risk {risk:.3f}")
    if finding.alignment is not None:
        inliers = read_number(finding.alignment.inliers, 0, _COUNT)
        matched = read_number(finding.alignment.matched, 0, _COUNT)
        if inliers is not None and matched is not None:
            parts.append(f"{inliers:.0f} of {matched:.0f} matched points agree")
        if finding.alignment.mirrored is True:
            parts.append("mirrored")
    bits = read_number(finding.distance, 0, 256)
    if bits is not None:
        parts.append(f"{bits:.0f} of 256 bits differ")
    return "   ".join(parts).encode("ascii", "replace").decode()
