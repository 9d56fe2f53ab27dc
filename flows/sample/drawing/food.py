"""Food and drink on a table."""

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
    star,
)

WHITE = (255, 255, 255)
INK = hex_colour("4a3230")


def draw_table(canvas: Canvas, wood: Colour) -> None:
    """Draw a table top of planks over the lower part of the canvas."""
    edge = canvas.aspect + 0.1
    canvas.shape(
        [(-0.1, 0.58), (edge, 0.58), (edge, 1.1), (-0.1, 1.1)], (shade(wood, light=1.12), wood)
    )
    for y in (0.66, 0.78, 0.93):
        canvas.line([(-0.1, y), (edge / 2, y), (edge, y)], 0.004, shade(wood, light=0.75), taper=0)


def draw_ramen(canvas: Canvas, place: Place) -> None:
    """A bowl of noodles with egg, seaweed and spring onions."""
    with canvas.placed(place):
        canvas.shape(ellipse(0, 0.52, 0.62, 0.10), INK, opacity=0.3, blur=0.04)
        bowl = smooth(
            [
                (-0.72, -0.02),
                (-0.62, 0.30),
                (-0.30, 0.50),
                (0.30, 0.50),
                (0.62, 0.30),
                (0.72, -0.02),
            ]
        )
        canvas.outlined(bowl, (hex_colour("e0483a"), hex_colour("8f2320")), INK)
        with canvas.clipped(bowl):
            for i in range(9):
                x = -0.66 + i * 0.165
                canvas.line(
                    [
                        (x - 0.05, 0.14),
                        (x - 0.05, 0.24),
                        (x + 0.05, 0.24),
                        (x + 0.05, 0.18),
                        (x, 0.18),
                    ],
                    0.02,
                    hex_colour("ffe3b0"),
                    taper=0,
                )
        canvas.outlined(ellipse(0, -0.02, 0.72, 0.24), hex_colour("f7efe0"), INK)
        soup = ellipse(0, -0.01, 0.65, 0.20)
        canvas.shape(soup, (hex_colour("e0a552"), hex_colour("c98236")))
        with canvas.clipped(soup):
            for i in range(11):
                y = -0.13 + i * 0.025
                canvas.line(
                    smooth([(-0.5, y), (-0.2, y + 0.04), (0.1, y - 0.02), (0.4, y + 0.03)]),
                    0.02,
                    hex_colour("f8dfa0" if i % 2 else "efc97c"),
                    taper=0.5,
                )
        canvas.outlined(
            [(0.16, -0.46), (0.46, -0.40), (0.42, -0.02), (0.14, -0.04)],
            (hex_colour("2f4a3a"), hex_colour("1f3328")),
            INK,
        )
        for x, y in ((-0.32, -0.06), (-0.10, 0.06)):
            canvas.outlined(ellipse(x, y, 0.14, 0.10), hex_colour("fffaf0"), INK)
            canvas.shape(ellipse(x, y, 0.075, 0.055), (hex_colour("ffb02e"), hex_colour("f08a1c")))
        for k in range(14):
            canvas.shape(
                ellipse(
                    0.28 * math.cos(k * 2.4) + 0.18, 0.06 + 0.05 * math.sin(k * 1.7), 0.022, 0.016
                ),
                hex_colour("8fc75a"),
            )
        canvas.outlined(ellipse(0.36, 0.02, 0.11, 0.075), WHITE, INK)
        canvas.line(
            smooth([(0.30, 0.02), (0.36, -0.03), (0.41, 0.02), (0.36, 0.05), (0.34, 0.02)]),
            0.016,
            hex_colour("f27aa0"),
            taper=0.2,
        )
        for dx in (0.0, 0.07):
            canvas.line(
                [(-0.86, -0.34 + dx), (0.0, -0.24 + dx), (0.90, -0.12 + dx)],
                0.030,
                hex_colour("8a5a3c"),
                taper=0.1,
            )
        for x in (-0.25, 0.0, 0.22):
            canvas.line(
                smooth([(x, -0.30), (x + 0.06, -0.44), (x - 0.04, -0.58), (x + 0.03, -0.74)]),
                0.035,
                WHITE,
                taper=0.95,
                opacity=0.55,
            )


def draw_dango(canvas: Canvas, place: Place) -> None:
    """Three skewers of dumplings on a plate."""
    with canvas.placed(place):
        canvas.shape(ellipse(0, 0.42, 0.8, 0.14), INK, opacity=0.3, blur=0.04)
        canvas.outlined(
            ellipse(0, 0.30, 0.84, 0.24), (hex_colour("f2f6f4"), hex_colour("b9cfc9")), INK
        )
        canvas.shape(ellipse(0, 0.27, 0.62, 0.16), hex_colour("d5e4df"))
        for k, x in enumerate((-0.34, 0.0, 0.34)):
            canvas.line(
                [(x, -0.66), (x - 0.02, 0.0), (x - 0.03, 0.48)],
                0.045,
                hex_colour("c99a5b"),
                taper=0,
            )
            for i, tone in enumerate(("f5a8bf", "fbf7ee", "a9cf7f")):
                cy = -0.42 + i * 0.27 + 0.02 * k
                canvas.outlined(
                    ellipse(x - 0.01 * i, cy, 0.165, 0.15),
                    (shade(hex_colour(tone), light=1.06), shade(hex_colour(tone), light=0.86)),
                    INK,
                )
                canvas.shape(
                    ellipse(x - 0.06, cy - 0.06, 0.045, 0.028, turn=-0.5), WHITE, opacity=0.85
                )


def draw_parfait(canvas: Canvas, place: Place) -> None:
    """A tall glass of cream, fruit and a wafer."""
    with canvas.placed(place):
        canvas.shape(ellipse(0, 0.76, 0.4, 0.06), INK, opacity=0.3, blur=0.03)
        canvas.outlined(
            smooth([(-0.30, 0.76), (0, 0.70), (0.30, 0.76), (0, 0.80)], closed=True),
            hex_colour("d9ecf5"),
            INK,
        )
        glass = [
            (-0.42, -0.22),
            (0.42, -0.22),
            (0.16, 0.60),
            (0.07, 0.72),
            (-0.07, 0.72),
            (-0.16, 0.60),
        ]
        canvas.shape(glass, hex_colour("e8f4fa"))
        with canvas.clipped(glass):
            for top, bottom, tone in (
                (-0.3, 0.0, "fff6ea"),
                (0.0, 0.14, "e8566b"),
                (0.14, 0.30, "fff6ea"),
                (0.30, 0.46, "d9a35a"),
                (0.46, 0.8, "f7a9b8"),
            ):
                canvas.shape(
                    [
                        *smooth(
                            [(-0.5, top), (-0.2, top + 0.03), (0.1, top - 0.02), (0.5, top + 0.02)]
                        ),
                        (0.5, bottom + 0.05),
                        (-0.5, bottom + 0.05),
                    ],
                    hex_colour(tone),
                )
        canvas.line([*glass, glass[0]], 0.014, INK, taper=0)
        canvas.line([(-0.33, -0.12), (-0.24, 0.2), (-0.14, 0.5)], 0.04, WHITE, opacity=0.7)
        canvas.outlined(
            [(0.20, -0.72), (0.34, -0.76), (0.36, -0.2), (0.20, -0.2)],
            (hex_colour("e9b872"), hex_colour("c98a45")),
            INK,
        )
        for x, y, r in (
            (-0.22, -0.28, 0.20),
            (0.20, -0.28, 0.20),
            (0.0, -0.40, 0.22),
            (0.0, -0.56, 0.13),
        ):
            canvas.outlined(ellipse(x, y, r, r * 0.8), (WHITE, hex_colour("f4e6dc")), INK)
        for x, y in ((-0.26, -0.44), (0.14, -0.50)):
            berry = smooth(
                [
                    (x - 0.10, y - 0.07),
                    (x, y - 0.10),
                    (x + 0.10, y - 0.07),
                    (x + 0.05, y + 0.06),
                    (x, y + 0.12),
                    (x - 0.05, y + 0.06),
                ],
                closed=True,
            )
            canvas.outlined(berry, (hex_colour("f0505a"), hex_colour("c02a3a")), INK)
            canvas.shape(star(x, y - 0.09, 0.07), hex_colour("5fa84a"))
        canvas.outlined(
            ellipse(0.0, -0.72, 0.07, 0.07), (hex_colour("e8344a"), hex_colour("a81c30")), INK
        )
        canvas.line(smooth([(0.0, -0.78), (0.03, -0.88), (0.10, -0.94)]), 0.016, INK, taper=0.3)


def draw_onigiri(canvas: Canvas, place: Place) -> None:
    """Two rice balls with seaweed on a bamboo leaf."""
    with canvas.placed(place):
        canvas.shape(
            smooth(
                [(-0.95, 0.40), (-0.4, 0.26), (0.4, 0.30), (0.95, 0.46), (0.4, 0.56), (-0.4, 0.54)],
                closed=True,
            ),
            (hex_colour("6fae5a"), hex_colour("3f7f42")),
        )
        for x, y, size in ((0.34, -0.02, 0.9), (-0.28, 0.06, 1.0)):
            rice = smooth(
                [
                    (x, y - 0.52 * size),
                    (x + 0.20 * size, y - 0.30 * size),
                    (x + 0.46 * size, y + 0.22 * size),
                    (x + 0.34 * size, y + 0.40 * size),
                    (x - 0.34 * size, y + 0.40 * size),
                    (x - 0.46 * size, y + 0.22 * size),
                    (x - 0.20 * size, y - 0.30 * size),
                ],
                closed=True,
            )
            canvas.outlined(rice, (WHITE, hex_colour("e9e6de")), INK)
            with canvas.clipped(rice):
                canvas.outlined(
                    [
                        (x - 0.16 * size, y + 0.02),
                        (x + 0.16 * size, y + 0.02),
                        (x + 0.18 * size, y + 0.5),
                        (x - 0.18 * size, y + 0.5),
                    ],
                    (hex_colour("33513f"), hex_colour("1c3327")),
                    INK,
                )
            canvas.shape(
                ellipse(x, y - 0.16 * size, 0.06 * size, 0.055 * size), hex_colour("d9434f")
            )


def draw_can(canvas: Canvas, place: Place) -> None:
    """A drink can that bears the soda mark."""
    with canvas.placed(place):
        canvas.shape(ellipse(0.04, 0.92, 0.50, 0.09), INK, opacity=0.35, blur=0.04)
        body = smooth([(-0.46, -0.78), (0, -0.72), (0.46, -0.78)]) + smooth(
            [(0.46, 0.80), (0, 0.92), (-0.46, 0.80)]
        )
        canvas.outlined(body, (hex_colour("f4fafd"), hex_colour("d3e6f0")), INK)
        canvas.shape(
            [(0.30, -0.76), (0.46, -0.78), (0.46, 0.80), (0.30, 0.88)],
            hex_colour("9fc0d4"),
            opacity=0.5,
        )
        canvas.shape(
            [(-0.40, -0.75), (-0.30, -0.74), (-0.30, 0.87), (-0.40, 0.84)], WHITE, opacity=0.8
        )
        canvas.outlined(
            ellipse(0, -0.80, 0.46, 0.10), (hex_colour("e8eef2"), hex_colour("a9b8c4")), INK
        )
        canvas.outlined(ellipse(0.02, -0.80, 0.13, 0.03), hex_colour("7f8f9c"), INK, 0.008)
