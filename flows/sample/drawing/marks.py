"""The marks of brands that do not exist."""

from __future__ import annotations

import math

from flows.sample.drawing.canvas import (
    Canvas,
    Colour,
    Place,
    blend,
    ellipse,
    hex_colour,
    shade,
    smooth,
)

WHITE = (255, 255, 255)


def draw_soda_mark(canvas: Canvas, place: Place, *, tone: Colour | None = None) -> None:
    """The mark of the invented "Awayuki Soda": a snow crystal rising in a drop."""
    blue = tone or hex_colour("1f7fc4")
    with canvas.placed(place):
        drop = smooth(
            [
                (0, -0.86),
                (0.18, -0.52),
                (0.50, -0.10),
                (0.60, 0.26),
                (0.40, 0.62),
                (0, 0.76),
                (-0.40, 0.62),
                (-0.60, 0.26),
                (-0.50, -0.10),
                (-0.18, -0.52),
            ],
            closed=True,
        )
        canvas.shape(drop, (shade(blue, light=1.35), shade(blue, light=0.75)))
        canvas.line([*drop, drop[0]], 0.045, shade(blue, light=0.45), taper=0)
        for k in range(6):
            a = k * math.tau / 6 + 0.52
            tip = (0.44 * math.cos(a), 0.18 + 0.44 * math.sin(a))
            canvas.line(
                [(0, 0.18), (tip[0] / 2, 0.18 + (tip[1] - 0.18) / 2), tip], 0.075, WHITE, taper=0.1
            )
            for turn in (-0.6, 0.6):
                base = (0.26 * math.cos(a), 0.18 + 0.26 * math.sin(a))
                canvas.line(
                    [
                        base,
                        (base[0] + 0.14 * math.cos(a + turn), base[1] + 0.14 * math.sin(a + turn)),
                    ],
                    0.05,
                    WHITE,
                    taper=0,
                )
        canvas.shape(ellipse(0, 0.18, 0.09, 0.09), WHITE)
        for x, y, r in ((0.62, -0.52, 0.12), (0.78, -0.18, 0.07), (-0.60, -0.44, 0.09)):
            canvas.line([*ellipse(x, y, r, r), (x + r, y)], 0.04, blue, taper=0)


def draw_press_mark(canvas: Canvas, place: Place) -> None:
    """The mark of the invented "Tsukimori Press": a crescent over three firs, in a ring."""
    green, gold = hex_colour("1f4a3f"), hex_colour("e0b04a")
    with canvas.placed(place):
        ring = ellipse(0, 0, 0.84, 0.84)
        canvas.shape(ring, green)
        canvas.line([*ring, ring[0]], 0.07, gold, taper=0)
        canvas.shape(ellipse(0.04, -0.20, 0.40, 0.40), gold)
        canvas.shape(ellipse(0.20, -0.28, 0.34, 0.34), green)
        with canvas.clipped(ellipse(0, 0, 0.80, 0.80)):
            for x, size in ((-0.36, 0.8), (0.36, 0.86), (0.0, 1.05)):
                for tier in range(3):
                    y = 0.16 + tier * 0.19 * size
                    half = (0.16 + 0.085 * tier) * size
                    canvas.shape(
                        [
                            (x, y - 0.30 * size),
                            (x + half, y + 0.12 * size),
                            (x - half, y + 0.12 * size),
                        ],
                        blend(gold, WHITE, 0.55),
                    )
                canvas.shape(
                    [
                        (x - 0.04, 0.6 * size),
                        (x + 0.04, 0.6 * size),
                        (x + 0.04, 0.9),
                        (x - 0.04, 0.9),
                    ],
                    gold,
                )
