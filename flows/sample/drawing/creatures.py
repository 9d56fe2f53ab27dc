"""A mascot and a cat."""

from __future__ import annotations

import math

from flows.sample.drawing.canvas import (
    Canvas,
    Colour,
    Place,
    ellipse,
    hex_colour,
    shade,
    smooth,
)

WHITE = (255, 255, 255)


def draw_mascot(canvas: Canvas, place: Place, *, fur: Colour | None = None) -> None:
    """The invented mascot "Kaburun": a round creature with a sprout and a striped scarf."""
    coat = fur or hex_colour("fdf3e3")
    dark = hex_colour("5b4038")
    with canvas.placed(place):
        canvas.shape(ellipse(0, 0.74, 0.62, 0.09), dark, opacity=0.3, blur=0.04)
        for side in (-1, 1):
            canvas.outlined(
                ellipse(side * 0.26, 0.70, 0.17, 0.10), shade(coat, light=0.9), dark, 0.02
            )
            canvas.outlined(
                ellipse(side * 0.68, 0.30, 0.12, 0.20, turn=side * 0.6), coat, dark, 0.02
            )
        body = smooth(
            [
                (0, -0.56),
                (0.46, -0.42),
                (0.72, 0.06),
                (0.66, 0.50),
                (0.30, 0.72),
                (-0.30, 0.72),
                (-0.66, 0.50),
                (-0.72, 0.06),
                (-0.46, -0.42),
            ],
            closed=True,
        )
        canvas.outlined(body, (coat, shade(coat, light=0.88)), dark, 0.022)
        canvas.line(
            smooth([(0, -0.54), (0.02, -0.70), (0.0, -0.80)]), 0.05, hex_colour("5f9a3f"), taper=0.2
        )
        for side in (-1, 1):
            leaf = smooth(
                [(0, -0.78), (side * 0.16, -0.94), (side * 0.40, -0.92), (side * 0.26, -0.74)],
                closed=True,
            )
            canvas.outlined(leaf, (hex_colour("9fd65f"), hex_colour("5fa83f")), dark, 0.018)
            canvas.shape(ellipse(side * 0.27, -0.06, 0.075, 0.10), dark)
            canvas.shape(ellipse(side * 0.27 - 0.025, -0.10, 0.026, 0.032), WHITE)
            canvas.shape(
                ellipse(side * 0.45, 0.09, 0.10, 0.055),
                hex_colour("f5a3a0"),
                opacity=0.8,
                blur=0.015,
            )
        canvas.line(
            smooth([(-0.10, 0.04), (-0.05, 0.10), (0, 0.05), (0.05, 0.10), (0.10, 0.04)]),
            0.026,
            dark,
            taper=0.3,
        )
        with canvas.clipped(body):
            for i in range(12):
                x = -0.78 + i * 0.14
                canvas.shape(
                    [
                        (x, 0.22 + 0.1 * math.sin(i * 0.3)),
                        (x + 0.14, 0.22 + 0.1 * math.sin(i * 0.3 + 0.3)),
                        (x + 0.14, 0.42 + 0.08 * math.sin(i * 0.3 + 0.3)),
                        (x, 0.42 + 0.08 * math.sin(i * 0.3)),
                    ],
                    hex_colour("d9503f" if i % 2 else "fbe9c0"),
                )
        tail = smooth([(0.18, 0.40), (0.44, 0.38), (0.42, 0.72), (0.20, 0.74)], closed=True)
        canvas.outlined(tail, hex_colour("d9503f"), dark, 0.02)


def draw_cat(canvas: Canvas, place: Place, fur: Colour) -> None:
    """A sleeping cat, curled up on a cushion."""
    dark = shade(fur, light=0.4)
    with canvas.placed(place):
        canvas.outlined(
            smooth(
                [(-1.0, 0.34), (0, 0.20), (1.0, 0.34), (1.04, 0.56), (0, 0.70), (-1.04, 0.56)],
                closed=True,
            ),
            (hex_colour("e58fa5"), hex_colour("b75a78")),
            dark,
        )
        canvas.outlined(
            smooth(
                [
                    (-0.80, 0.30),
                    (-0.66, -0.20),
                    (-0.10, -0.44),
                    (0.50, -0.30),
                    (0.82, 0.12),
                    (0.70, 0.46),
                    (0, 0.52),
                    (-0.62, 0.48),
                ],
                closed=True,
            ),
            (shade(fur, light=1.08), shade(fur, light=0.86)),
            dark,
        )
        for x in (0.1, 0.32, 0.54):
            canvas.line(
                smooth(
                    [(x, -0.36 + x * 0.2), (x + 0.10, -0.20 + x * 0.2), (x + 0.08, -0.06 + x * 0.2)]
                ),
                0.06,
                shade(fur, light=0.7),
                taper=0.9,
            )
        for side in (-1, 1):
            ear = [
                (-0.46 + side * 0.28, -0.12),
                (-0.46 + side * 0.30, -0.42),
                (-0.46 + side * 0.06, -0.24),
            ]
            canvas.outlined(ear, fur, dark)
        canvas.outlined(ellipse(-0.46, 0.06, 0.36, 0.30), (shade(fur, light=1.1), fur), dark)
        for side in (-1, 1):
            canvas.line(
                smooth(
                    [
                        (-0.46 + side * 0.08, 0.06),
                        (-0.46 + side * 0.15, 0.10),
                        (-0.46 + side * 0.23, 0.05),
                    ]
                ),
                0.022,
                dark,
                taper=0.5,
            )
            for dy in (0.12, 0.17):
                canvas.line(
                    [
                        (-0.46 + side * 0.14, 0.14),
                        (-0.46 + side * 0.28, dy),
                        (-0.46 + side * 0.42, dy - 0.02),
                    ],
                    0.008,
                    dark,
                )
        canvas.shape([(-0.49, 0.12), (-0.43, 0.12), (-0.46, 0.155)], hex_colour("e5788a"))
        canvas.line(
            smooth([(-0.52, 0.19), (-0.49, 0.21), (-0.46, 0.17), (-0.43, 0.21), (-0.40, 0.19)]),
            0.014,
            dark,
            taper=0.4,
        )
        canvas.outlined(
            smooth(
                [
                    (0.78, 0.20),
                    (0.90, 0.40),
                    (0.50, 0.58),
                    (-0.10, 0.56),
                    (-0.14, 0.42),
                    (0.40, 0.44),
                    (0.66, 0.30),
                ],
                closed=True,
            ),
            (fur, shade(fur, light=0.8)),
            dark,
        )
