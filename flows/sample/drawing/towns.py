"""Streets, trains, villages and rooms without people."""

from __future__ import annotations

import math
import random

from flows.sample.drawing.canvas import (
    Canvas,
    blend,
    ellipse,
    hex_colour,
    shade,
    smooth,
)
from flows.sample.drawing.scenery import (
    WHITE,
    draw_cloud,
    draw_ridge,
    draw_water,
)


def draw_night_city(canvas: Canvas, chance: random.Random) -> None:
    """Towers with lit windows, mirrored in a wet street."""
    canvas.glow(canvas.aspect * 0.75, 0.2, 0.3, hex_colour("cfd8ff"), 0.5)
    canvas.shape(ellipse(canvas.aspect * 0.75, 0.2, 0.055, 0.055), hex_colour("f4f1dc"))
    for layer, tone in enumerate(("3a3f7a", "2a2c5e", "191b40")):
        x = -0.05
        while x < canvas.aspect:
            width = 0.08 + 0.10 * chance.random()
            top = 0.18 + 0.14 * layer + 0.22 * chance.random()
            canvas.shape(
                [(x, top), (x + width, top), (x + width, 0.80), (x, 0.80)],
                (hex_colour(tone), shade(hex_colour(tone), light=0.7)),
            )
            for row in range(int((0.78 - top) / 0.035)):
                for column in range(int(width / 0.026)):
                    if chance.random() < 0.42 and layer:
                        wx, wy = x + 0.010 + column * 0.026, top + 0.015 + row * 0.035
                        glow = chance.choice(["ffd98a", "ffe9c2", "8fe3ff", "ff9fc8"])
                        canvas.shape(
                            [
                                (wx, wy),
                                (wx + 0.014, wy),
                                (wx + 0.014, wy + 0.018),
                                (wx, wy + 0.018),
                            ],
                            hex_colour(glow),
                        )
            x += width + 0.01
    canvas.shape(
        [(-0.1, 0.80), (canvas.aspect + 0.1, 0.80), (canvas.aspect + 0.1, 1.1), (-0.1, 1.1)],
        (hex_colour("22244f"), hex_colour("0f1030")),
    )
    for _ in range(36):
        x, y = chance.random() * canvas.aspect, 0.82 + 0.17 * chance.random()
        neon = hex_colour(chance.choice(["ff6fae", "6fe3ff", "ffd26f", "b58cff"]))
        canvas.shape(ellipse(x, y, 0.008, 0.035), neon, opacity=0.5, blur=0.005)


def draw_seaside_railway(canvas: Canvas, chance: random.Random) -> None:
    """A small train on an embankment beside the summer sea."""
    draw_cloud(canvas, canvas.aspect * 0.25, 0.36, 0.15)
    draw_cloud(canvas, canvas.aspect * 0.85, 0.30, 0.10)
    draw_water(canvas, chance, 0.46, hex_colour("5fb4de"), hex_colour("2f74b5"), WHITE)
    canvas.shape(
        [
            *smooth([(-0.1, 0.74), (canvas.aspect * 0.5, 0.71), (canvas.aspect + 0.1, 0.74)]),
            (canvas.aspect + 0.1, 1.1),
            (-0.1, 1.1),
        ],
        (hex_colour("b9d67a"), hex_colour("6f9f4a")),
    )
    canvas.shape(
        [(-0.1, 0.775), (canvas.aspect + 0.1, 0.775), (canvas.aspect + 0.1, 0.80), (-0.1, 0.80)],
        hex_colour("8a7767"),
    )
    for i in range(2):
        x = canvas.aspect * 0.12 + i * 0.40
        body = [
            *smooth([(x, 0.58), (x + 0.02, 0.555), (x + 0.36, 0.555), (x + 0.38, 0.58)]),
            (x + 0.38, 0.755),
            (x, 0.755),
        ]
        canvas.outlined(
            body, (hex_colour("f7f1e1"), hex_colour("e4d9c0")), hex_colour("4a4038"), 0.005
        )
        canvas.shape(
            [(x, 0.685), (x + 0.38, 0.685), (x + 0.38, 0.72), (x, 0.72)], hex_colour("2f8f6b")
        )
        for k in range(4):
            wx = x + 0.03 + k * 0.086
            canvas.shape(
                [(wx, 0.59), (wx + 0.062, 0.59), (wx + 0.062, 0.66), (wx, 0.66)],
                (hex_colour("9ed6ee"), hex_colour("5e9fc4")),
            )
        for axle in (0.07, 0.31):
            canvas.shape(ellipse(x + axle, 0.765, 0.022, 0.022), hex_colour("3a3532"))
    for _ in range(26):
        x, y = chance.random() * canvas.aspect, 0.84 + 0.14 * chance.random()
        canvas.shape(
            ellipse(x, y, 0.012, 0.012), hex_colour(chance.choice(["fff3a8", "ffffff", "ffb3c6"]))
        )


def draw_snow_village(canvas: Canvas, chance: random.Random) -> None:
    """Steep thatched roofs under snow, with lamps in the windows."""
    draw_ridge(canvas, chance, 0.56, 0.28, hex_colour("6f80b0"), haze=hex_colour("a9b8d8"))
    canvas.shape(
        [
            *smooth([(-0.1, 0.6), (canvas.aspect * 0.4, 0.55), (canvas.aspect + 0.1, 0.62)]),
            (canvas.aspect + 0.1, 1.1),
            (-0.1, 1.1),
        ],
        (hex_colour("dce6f4"), hex_colour("aebfdc")),
    )
    for x, y, size in ((0.22, 0.60, 0.14), (0.80, 0.62, 0.17), (0.48, 0.72, 0.25)):
        cx = x * canvas.aspect
        canvas.shape(
            [
                (cx - size * 0.7, y - size * 0.1),
                (cx + size * 0.7, y - size * 0.1),
                (cx + size * 0.7, y + size * 0.5),
                (cx - size * 0.7, y + size * 0.5),
            ],
            (hex_colour("7a5a48"), hex_colour("5a4034")),
        )
        for k in (-0.4, 0.05, 0.4):
            wx = cx + k * size
            canvas.glow(wx, y + size * 0.22, size * 0.5, hex_colour("ffcf70"), 0.5)
            canvas.shape(
                [
                    (wx - size * 0.11, y + size * 0.08),
                    (wx + size * 0.11, y + size * 0.08),
                    (wx + size * 0.11, y + size * 0.34),
                    (wx - size * 0.11, y + size * 0.34),
                ],
                hex_colour("ffdf8f"),
            )
        canvas.shape(
            [
                (cx - size, y),
                (cx, y - size * 1.15),
                (cx + size, y),
                (cx + size * 0.9, y + size * 0.08),
                (cx - size * 0.9, y + size * 0.08),
            ],
            hex_colour("8d7a68"),
        )
        canvas.shape(
            [
                *smooth(
                    [
                        (cx - size * 1.04, y - 0.005),
                        (cx - size * 0.5, y - size * 0.66),
                        (cx, y - size * 1.22),
                        (cx + size * 0.5, y - size * 0.66),
                        (cx + size * 1.04, y - 0.005),
                    ]
                ),
                (cx, y - size * 0.5),
            ],
            (WHITE, hex_colour("dfe8f5")),
        )
    for _ in range(90):
        canvas.shape(
            ellipse(chance.random() * canvas.aspect, chance.random(), 0.005, 0.005),
            WHITE,
            opacity=0.9,
        )


def draw_fireworks(canvas: Canvas, chance: random.Random) -> None:
    """Fireworks over a river and a row of paper lanterns."""
    for x, y, size, tone in (
        (0.3, 0.28, 0.20, "ffb347"),
        (0.68, 0.22, 0.16, "ff6fa3"),
        (0.52, 0.46, 0.12, "7fd8ff"),
    ):
        cx = x * canvas.aspect
        canvas.glow(cx, y, size * 1.4, hex_colour(tone), 0.35)
        for k in range(26):
            a = k / 26 * math.tau
            for r in (0.45, 0.7, 0.92):
                dot = 0.007 * (1.15 - r * 0.5)
                canvas.shape(
                    ellipse(
                        cx + size * r * math.cos(a),
                        y + size * r * math.sin(a) + 0.03 * r * r,
                        dot,
                        dot,
                    ),
                    blend(hex_colour(tone), WHITE, 0.75 - 0.6 * r),
                )
    draw_ridge(canvas, chance, 0.70, 0.06, hex_colour("1b1c3d"), haze=hex_colour("14152f"))
    draw_water(
        canvas, chance, 0.70, hex_colour("2b2c5e"), hex_colour("10112b"), hex_colour("ffb86b")
    )
    canvas.line(
        smooth([(-0.05, 0.80), (canvas.aspect * 0.5, 0.86), (canvas.aspect + 0.05, 0.80)]),
        0.006,
        hex_colour("0c0c1c"),
        taper=0,
    )
    for i in range(7):
        x = canvas.aspect * (i + 0.5) / 7
        y = 0.845 + 0.03 * math.sin(math.pi * (i + 0.5) / 7)
        canvas.glow(x, y + 0.03, 0.12, hex_colour("ff8a4a"), 0.6)
        canvas.shape(
            ellipse(x, y + 0.035, 0.034, 0.042), (hex_colour("ffd08a"), hex_colour("e8502f"))
        )


def draw_classroom(canvas: Canvas, chance: random.Random) -> None:
    """An empty classroom in the afternoon, light through tall windows."""
    canvas.shape(
        [(0, 0.62), (canvas.aspect, 0.52), (canvas.aspect, 1.1), (0, 1.1)],
        (hex_colour("d9a86b"), hex_colour("a5713f")),
    )
    for i in range(3):
        x = 0.06 + i * 0.29
        frame = [(x, 0.10 + 0.02 * i), (x + 0.24, 0.12 + 0.02 * i), (x + 0.24, 0.48), (x, 0.52)]
        canvas.shape(frame, (hex_colour("bfe3f7"), hex_colour("fdf1cf")))
        with canvas.clipped(frame):
            draw_cloud(canvas, x + 0.1, 0.34, 0.05)
        canvas.line([*frame, frame[0]], 0.014, hex_colour("f7efe0"), taper=0)
        canvas.line(
            [(x + 0.12, 0.11 + 0.02 * i), (x + 0.12, 0.50)], 0.01, hex_colour("f7efe0"), taper=0
        )
        canvas.shape(
            [(x + 0.1, 0.60), (x + 0.34, 0.60), (x + 0.54, 0.98), (x + 0.2, 1.0)],
            hex_colour("fff0bd"),
            opacity=0.35,
            blur=0.01,
        )
    for row in range(2):
        for i in range(3):
            x, y, s = 0.16 + i * 0.33 + row * 0.08, 0.64 + row * 0.17, 0.8 + 0.35 * row
            canvas.shape(
                [
                    (x, y),
                    (x + 0.20 * s, y),
                    (x + 0.24 * s, y + 0.07 * s),
                    (x - 0.02 * s, y + 0.07 * s),
                ],
                (hex_colour("f0cf98"), hex_colour("dcb277")),
            )
            canvas.shape(
                [
                    (x - 0.02 * s, y + 0.07 * s),
                    (x + 0.24 * s, y + 0.07 * s),
                    (x + 0.24 * s, y + 0.09 * s),
                    (x - 0.02 * s, y + 0.09 * s),
                ],
                hex_colour("a87842"),
            )
            for leg in (0.0, 0.21):
                canvas.line(
                    [(x + leg * s, y + 0.09 * s), (x + leg * s, y + 0.25 * s)],
                    0.012,
                    hex_colour("6b7078"),
                    taper=0,
                )
    for _ in range(24):
        canvas.glow(
            chance.random() * canvas.aspect, chance.random(), 0.02, hex_colour("fff7d6"), 0.7
        )
