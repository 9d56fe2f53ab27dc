"""Clothes, from the shoulders to the lower edge of a portrait."""

from __future__ import annotations

import math

from flows.sample.drawing.canvas import (
    Canvas,
    Colour,
    Paint,
    Point,
    ellipse,
    hex_colour,
    shade,
    smooth,
)

_WHITE = hex_colour("f7f8fb")
_GOLD = hex_colour("f2c14e")


def draw_clothes(canvas: Canvas, outfit: str, cloth: Colour, accent: Colour, ink: Colour) -> None:
    """Draw one outfit; the shoulders begin at y = 0.85 in the face's coordinates."""
    _OUTFITS[outfit](canvas, cloth, accent, ink)


def _soft(colour: Colour) -> Paint:
    return shade(colour, light=1.06), shade(colour, light=0.80)


def _torso(canvas: Canvas, paint: Paint, ink: Colour, neckline: list[Point]) -> list[Point]:
    left = smooth([(-0.34, 0.90), (-0.72, 1.02), (-0.94, 1.26), (-1.06, 2.0), (-1.1, 2.6)])
    right = [(-x, y) for x, y in left[::-1]]
    outline = left + right + neckline
    canvas.outlined(outline, paint, ink, 0.014)
    dark = shade(paint[1] if isinstance(paint[0], tuple) else paint, light=0.75)
    for side in (-1, 1):
        canvas.line(
            smooth([(side * 0.66, 1.55), (side * 0.70, 1.9), (side * 0.74, 2.6)]), 0.02, dark
        )
    return outline


_V_NECK: list[Point] = [(0.34, 0.90), (0, 1.38), (-0.34, 0.90)]
_ROUND: list[Point] = smooth([(0.34, 0.90), (0.2, 1.02), (0, 1.06), (-0.2, 1.02), (-0.34, 0.90)])
_HIGH: list[Point] = smooth([(0.26, 0.80), (0, 0.90), (-0.26, 0.80)])


def _bow(canvas: Canvas, y: float, size: float, colour: Colour, ink: Colour) -> None:
    for side in (-1, 1):
        tail = smooth(
            [
                (0, y),
                (side * size * 0.35, y + size * 0.5),
                (side * size * 0.6, y + size * 1.15),
                (side * size * 0.18, y + size * 0.95),
            ],
            closed=True,
        )
        canvas.outlined(tail, _soft(colour), ink)
    for side in (-1, 1):
        loop = smooth(
            [
                (0, y),
                (side * size * 0.5, y - size * 0.4),
                (side * size, y - size * 0.28),
                (side * size * 0.92, y + size * 0.3),
                (side * size * 0.45, y + size * 0.25),
            ],
            closed=True,
        )
        canvas.outlined(loop, _soft(colour), ink)
    canvas.outlined(ellipse(0, y, size * 0.2, size * 0.24), shade(colour, light=0.8), ink)


def _draw_sailor(canvas: Canvas, cloth: Colour, accent: Colour, ink: Colour) -> None:
    _torso(canvas, _soft(_WHITE), ink, _V_NECK)
    for side in (-1, 1):
        collar = [
            *smooth([(side * 0.30, 0.84), (side * 0.66, 0.98), (side * 0.90, 1.24)]),
            *smooth([(side * 0.90, 1.24), (side * 0.52, 1.40), (side * 0.06, 1.62)]),
            (0.0, 1.46),
        ]
        canvas.outlined(collar, _soft(cloth), ink)
        for inset in (0.07, 0.13):
            canvas.line(
                smooth(
                    [
                        (side * (0.84 - inset), 1.22 - inset * 0.3),
                        (side * 0.48, 1.38 - inset),
                        (side * 0.06, 1.58 - inset),
                    ]
                ),
                0.018,
                _WHITE,
                taper=0,
            )
    _bow(canvas, 1.58, 0.34, accent, ink)


def _draw_blazer(canvas: Canvas, cloth: Colour, accent: Colour, ink: Colour) -> None:
    _torso(canvas, _soft(_WHITE), ink, _V_NECK)
    tie = [
        (-0.08, 1.26),
        (0.08, 1.26),
        (0.05, 1.38),
        (0.13, 2.2),
        (0, 2.4),
        (-0.13, 2.2),
        (-0.05, 1.38),
    ]
    canvas.outlined(tie, _soft(accent), ink)
    for y in (1.55, 1.78, 2.0):
        canvas.line([(-0.10, y), (0.10, y - 0.12)], 0.03, shade(accent, light=1.35), taper=0)
    for side in (-1, 1):
        collar = [
            (side * 0.26, 0.86),
            (side * 0.36, 0.96),
            (side * 0.24, 1.34),
            (0, 1.30),
            (side * 0.2, 1.06),
        ]
        front = [
            *smooth(
                [
                    (side * 0.34, 0.92),
                    (side * 0.72, 1.02),
                    (side * 0.94, 1.26),
                    (side * 1.06, 2.0),
                    (side * 1.1, 2.6),
                ]
            ),
            (side * 0.16, 2.6),
            (side * 0.3, 1.7),
        ]
        canvas.outlined(front, _soft(cloth), ink)
        lapel = [
            (side * 0.34, 0.93),
            (side * 0.60, 1.16),
            (side * 0.46, 1.26),
            (side * 0.54, 1.34),
            (side * 0.30, 1.80),
        ]
        canvas.outlined(lapel, shade(cloth, light=1.12), ink)
        canvas.outlined(collar, _WHITE, ink)
    canvas.outlined(ellipse(0.62, 1.56, 0.08, 0.09), _GOLD, ink, 0.008)


def _draw_kimono(canvas: Canvas, cloth: Colour, accent: Colour, ink: Colour) -> None:
    outline = _torso(canvas, _soft(cloth), ink, _V_NECK)
    with canvas.clipped(outline):
        for i, (x, y) in enumerate(
            [(-0.72, 1.3), (0.6, 1.42), (-0.42, 1.72), (0.84, 1.9), (-0.86, 1.95), (0.36, 1.85)]
        ):
            size = 0.10 if i % 2 else 0.075
            for k in range(5):
                turn = k * 1.2566
                canvas.shape(
                    ellipse(
                        x + size * 0.7 * math.cos(turn),
                        y + size * 0.7 * math.sin(turn),
                        size * 0.55,
                        size * 0.42,
                        turn=turn,
                    ),
                    shade(cloth, light=1.45),
                    opacity=0.9,
                )
            canvas.shape(ellipse(x, y, size * 0.3, size * 0.3), _GOLD)
    for side, reach in ((-1, 0.30), (1, -0.22)):
        band = [
            (side * 0.24, 0.82),
            (side * 0.42, 0.92),
            (-side * reach * 0.2, 1.62),
            (-side * 0.30, 1.62),
        ]
        canvas.outlined(band, _soft(_WHITE), ink)
        edge = [
            (side * 0.34, 0.88),
            (side * 0.50, 0.95),
            (-side * reach * 0.1 + side * 0.06, 1.66),
            (-side * 0.10, 1.66),
        ]
        canvas.outlined(edge, _soft(accent), ink)
    sash = [(-1.0, 1.66), (1.0, 1.66), (1.1, 2.6), (-1.1, 2.6)]
    with canvas.clipped(outline):
        canvas.outlined(sash, _soft(accent), ink)
        canvas.line([(-1.1, 1.86), (1.1, 1.86)], 0.05, _GOLD, taper=0)


def _draw_hoodie(canvas: Canvas, cloth: Colour, accent: Colour, ink: Colour) -> None:
    hood = smooth(
        [(-0.66, 0.98), (-0.56, 0.70), (0, 0.84), (0.56, 0.70), (0.66, 0.98), (0, 1.24)],
        closed=True,
    )
    canvas.outlined(hood, _soft(shade(cloth, light=0.78)), ink)
    _torso(canvas, _soft(cloth), ink, _ROUND)
    rim = smooth(
        [
            (-0.60, 0.84),
            (-0.40, 1.10),
            (0, 1.22),
            (0.40, 1.10),
            (0.60, 0.84),
            (0.72, 1.04),
            (0.40, 1.30),
            (0, 1.40),
            (-0.40, 1.30),
            (-0.72, 1.04),
        ],
        closed=True,
    )
    canvas.outlined(rim, _soft(shade(cloth, light=1.1)), ink)
    for side in (-1, 1):
        canvas.line(
            smooth([(side * 0.18, 1.30), (side * 0.22, 1.55), (side * 0.18, 1.82)]),
            0.035,
            accent,
            taper=0.1,
        )
        canvas.shape(ellipse(side * 0.18, 1.84, 0.03, 0.05), shade(accent, light=0.8))


def _draw_coat(canvas: Canvas, cloth: Colour, accent: Colour, ink: Colour) -> None:
    _torso(canvas, _soft(cloth), ink, _HIGH)
    canvas.line([(0, 1.2), (0.02, 2.6)], 0.018, ink, taper=0)
    for side in (-1, 1):
        collar = smooth(
            [
                (side * 0.20, 0.74),
                (side * 0.52, 0.86),
                (side * 0.66, 1.14),
                (side * 0.36, 1.30),
                (0, 1.26),
                (side * 0.14, 0.98),
            ],
            closed=True,
        )
        canvas.outlined(collar, _soft(accent), ink)
        for y in (1.48, 1.78, 2.08):
            canvas.outlined(ellipse(side * 0.22, y, 0.05, 0.05), _GOLD, ink, 0.009)
    strap = [(-0.95, 1.28), (-0.78, 1.14), (0.98, 2.3), (0.98, 2.5)]
    canvas.outlined(strap, _soft(hex_colour("8a5a3c")), ink)


def _draw_apron(canvas: Canvas, cloth: Colour, accent: Colour, ink: Colour) -> None:
    _torso(canvas, _soft(cloth), ink, _ROUND)
    bib = smooth(
        [
            (-0.46, 1.36),
            (0, 1.42),
            (0.46, 1.36),
            (0.56, 2.0),
            (0.62, 2.7),
            (-0.62, 2.7),
            (-0.56, 2.0),
        ],
        closed=True,
    )
    for side in (-1, 1):
        strap = [(side * 0.36, 1.42), (side * 0.52, 1.40), (side * 0.52, 0.96), (side * 0.38, 0.92)]
        canvas.outlined(strap, _WHITE, ink)
        for i in range(4):
            canvas.outlined(ellipse(side * 0.60, 1.02 + i * 0.13, 0.10, 0.075), _WHITE, ink, 0.009)
    canvas.outlined(bib, _soft(_WHITE), ink)
    _bow(canvas, 1.12, 0.22, accent, ink)


def _draw_dress(canvas: Canvas, cloth: Colour, accent: Colour, ink: Colour) -> None:
    outline = _torso(canvas, _soft(cloth), ink, _ROUND)
    with canvas.clipped(outline):
        for y in (1.55, 1.95, 2.35):
            canvas.line(
                smooth(
                    [(-1.1, y - 0.06), (-0.5, y + 0.05), (0, y), (0.5, y + 0.05), (1.1, y - 0.06)]
                ),
                0.03,
                accent,
                taper=0.2,
            )
    for i in range(9):
        x = -0.44 + i * 0.11
        canvas.outlined(ellipse(x, 1.10 - abs(x) * 0.28, 0.075, 0.09), _WHITE, ink, 0.009)
    canvas.outlined(ellipse(0, 1.22, 0.07, 0.08), accent, ink, 0.009)


def _draw_armour(canvas: Canvas, cloth: Colour, accent: Colour, ink: Colour) -> None:
    _torso(canvas, _soft(cloth), ink, _HIGH)
    plate = smooth(
        [
            (-0.52, 1.18),
            (0, 1.04),
            (0.52, 1.18),
            (0.60, 1.9),
            (0.40, 2.7),
            (-0.40, 2.7),
            (-0.60, 1.9),
        ],
        closed=True,
    )
    canvas.outlined(plate, (hex_colour("eef3f8"), hex_colour("9fb0c4")), ink)
    canvas.line([(0, 1.1), (0, 2.6)], 0.02, hex_colour("73849a"), taper=0.1)
    for side in (-1, 1):
        for i in range(3):
            guard = smooth(
                [
                    (side * 0.52, 1.0 + i * 0.17),
                    (side * 0.82, 0.98 + i * 0.18),
                    (side * 1.10, 1.26 + i * 0.16),
                    (side * 1.04, 1.48 + i * 0.16),
                    (side * 0.72, 1.28 + i * 0.18),
                ],
                closed=True,
            )
            canvas.outlined(guard, (hex_colour("f4f8fc"), hex_colour("a7b8cb")), ink)
    canvas.outlined(
        [(0, 1.28), (0.12, 1.44), (0, 1.64), (-0.12, 1.44)], (shade(accent, light=1.3), accent), ink
    )


_OUTFITS = {
    "sailor": _draw_sailor,
    "blazer": _draw_blazer,
    "kimono": _draw_kimono,
    "hoodie": _draw_hoodie,
    "coat": _draw_coat,
    "apron": _draw_apron,
    "dress": _draw_dress,
    "armour": _draw_armour,
}
