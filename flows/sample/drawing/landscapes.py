"""Landscapes without people."""

from __future__ import annotations

import math
import random

from flows.sample.drawing.canvas import (
    Canvas,
    Place,
    Point,
    blend,
    ellipse,
    hex_colour,
    shade,
    smooth,
)
from flows.sample.drawing.scenery import (
    WHITE,
    draw_cloud,
    draw_petals,
    draw_ridge,
    draw_torii,
    draw_tree,
    draw_water,
)


def draw_torii_lake(canvas: Canvas, chance: random.Random) -> None:
    """A red gate standing in a lake at sunset."""
    middle = canvas.aspect / 2
    canvas.glow(middle, 0.56, 0.5, hex_colour("fff1b8"), 0.9)
    canvas.shape(ellipse(middle, 0.52, 0.09, 0.09), hex_colour("fff6d8"))
    draw_ridge(canvas, chance, 0.60, 0.22, hex_colour("a8728f"), haze=hex_colour("f6b79a"))
    draw_ridge(canvas, chance, 0.62, 0.12, hex_colour("7d5480"), haze=hex_colour("c98a92"))
    draw_water(
        canvas, chance, 0.62, hex_colour("f3a98e"), hex_colour("5a4a80"), hex_colour("ffe3bd")
    )
    for i in range(9):
        y = 0.65 + i * 0.035
        canvas.line(
            [(middle - 0.07, y), (middle, y), (middle + 0.07, y)],
            0.008,
            hex_colour("fff1cf"),
            taper=1,
            opacity=0.8,
        )
    draw_torii(canvas, Place(middle, 0.66, 0.42), hex_colour("d2452f"))
    with canvas.clipped([(0, 0.79), (canvas.aspect, 0.79), (canvas.aspect, 1), (0, 1)]):
        canvas.shape(
            [
                (middle - 0.21, 0.79),
                (middle - 0.15, 0.79),
                (middle - 0.16, 0.96),
                (middle - 0.2, 0.96),
            ],
            hex_colour("9c3b4a"),
            opacity=0.6,
            blur=0.01,
        )
        canvas.shape(
            [
                (middle + 0.21, 0.79),
                (middle + 0.15, 0.79),
                (middle + 0.16, 0.96),
                (middle + 0.2, 0.96),
            ],
            hex_colour("9c3b4a"),
            opacity=0.6,
            blur=0.01,
        )


def draw_sakura_path(canvas: Canvas, chance: random.Random) -> None:
    """A stone path between cherry trees in bloom."""
    draw_cloud(canvas, canvas.aspect * 0.5, 0.2, 0.09)
    draw_ridge(canvas, chance, 0.52, 0.12, hex_colour("8fb3c9"), haze=hex_colour("cfe3e0"))
    canvas.shape(
        [(-0.1, 0.52), (canvas.aspect + 0.1, 0.52), (canvas.aspect + 0.1, 1.1), (-0.1, 1.1)],
        (hex_colour("a9cf8b"), hex_colour("6da35f")),
    )
    middle = canvas.aspect / 2
    canvas.shape(
        [
            (middle - 0.03, 0.52),
            (middle + 0.03, 0.52),
            (middle + 0.38, 1.02),
            (middle - 0.38, 1.02),
        ],
        (hex_colour("ece4da"), hex_colour("c9beb2")),
    )
    for i in range(7):
        y = 0.55 + 0.45 * (i / 7) ** 1.5
        half = 0.03 + 0.35 * (y - 0.52) / 0.5
        canvas.line(
            [(middle - half, y), (middle, y + 0.004), (middle + half, y)],
            0.005,
            hex_colour("a89c92"),
            taper=0.2,
        )
    for depth in range(4):
        size, y = 0.16 + 0.13 * depth, 0.55 + 0.085 * depth
        offset = 0.10 + 0.145 * depth
        for side in (-1, 1):
            draw_tree(canvas, chance, middle + side * offset, y, size, hex_colour("f7bcd2"))
    draw_petals(canvas, chance, 70, hex_colour("ffe3ee"))


def draw_snow_peak(canvas: Canvas, chance: random.Random) -> None:
    """A lone white peak above a sea of clouds at dawn."""
    middle = canvas.aspect * 0.52
    canvas.glow(canvas.aspect * 0.2, 0.5, 0.5, hex_colour("ffe2b0"), 0.7)
    left = smooth([(middle - 0.75, 0.86), (middle - 0.34, 0.56), (middle - 0.10, 0.24)])
    right = smooth([(middle + 0.08, 0.24), (middle + 0.32, 0.56), (middle + 0.75, 0.86)])
    peak = [*left, (middle - 0.03, 0.26), (middle + 0.02, 0.235), *right]
    canvas.shape(peak, (hex_colour("6e7fb3"), hex_colour("b6a3c4")))
    with canvas.clipped(peak):
        edge = [(middle - 0.5, 0.1), (middle + 0.5, 0.1)]
        teeth = [
            (middle + 0.34 - i * 0.075, 0.43 + (0.10 if i % 2 else 0.0) + 0.03 * chance.random())
            for i in range(10)
        ]
        canvas.shape([*edge, *teeth], (WHITE, hex_colour("f6e6ee")))
        canvas.shape(
            [(middle, 0.2), (middle + 0.8, 0.2), (middle + 0.8, 0.9), (middle + 0.13, 0.9)],
            hex_colour("5b6aa5"),
            opacity=0.28,
        )
    for row in range(3):
        for i in range(6):
            tone = blend(hex_colour("f3cfd6"), WHITE, row / 3)
            draw_cloud(
                canvas,
                canvas.aspect * i / 5 + 0.08 * chance.random(),
                0.76 + 0.11 * row,
                0.09 + 0.02 * row,
                tone,
            )


def draw_bamboo(canvas: Canvas, chance: random.Random) -> None:
    """Light falling through a bamboo grove."""
    canvas.glow(canvas.aspect * 0.55, 0.35, 0.6, hex_colour("f8ffd0"), 0.9)
    for layer in range(3):
        tone = blend(hex_colour("b9dc9a"), hex_colour("3f7d4a"), layer / 2)
        for _ in range(7 - layer):
            x, width = chance.random() * canvas.aspect, 0.018 + 0.014 * layer
            lean = (chance.random() - 0.5) * 0.06
            canvas.shape(
                [(x, -0.1), (x + width, -0.1), (x + width + lean, 1.1), (x + lean, 1.1)], tone
            )
            canvas.shape(
                [
                    (x, -0.1),
                    (x + width * 0.3, -0.1),
                    (x + width * 0.3 + lean, 1.1),
                    (x + lean, 1.1),
                ],
                shade(tone, light=1.15),
            )
            for k in range(8):
                y = k * 0.14 + 0.1 * chance.random()
                canvas.line(
                    [(x + lean * y, y), (x + width + lean * y, y)],
                    0.008,
                    shade(tone, light=0.7),
                    taper=0,
                )
        for _ in range(26):
            x, y, turn = (
                chance.random() * canvas.aspect,
                chance.random() * 0.55,
                chance.random() * 2 + 0.5,
            )
            canvas.shape(
                ellipse(x, y, 0.045, 0.009, turn=turn), shade(tone, light=0.95), opacity=0.85
            )
    for _ in range(60):
        x, reach = chance.random() * canvas.aspect, (chance.random() - 0.5) * 0.08
        canvas.line(
            [(x, 1.03), (x + reach / 2, 0.95), (x + reach, 0.88)],
            0.012,
            hex_colour("3f7d4a"),
            taper=0.95,
        )


def draw_sunflowers(canvas: Canvas, chance: random.Random) -> None:
    """Sunflowers under towering clouds."""
    draw_cloud(canvas, canvas.aspect * 0.62, 0.5, 0.24)
    draw_cloud(canvas, canvas.aspect * 0.12, 0.34, 0.09)
    draw_ridge(canvas, chance, 0.58, 0.06, hex_colour("6fa56b"), haze=hex_colour("5f9a4a"))
    for row in range(4):
        size = 0.035 + 0.028 * row
        for i in range(9 - 2 * row):
            x = canvas.aspect * (i + 0.2 + 0.6 * chance.random()) / (9 - 2 * row)
            y = 0.62 + 0.10 * row + 0.03 * chance.random()
            canvas.line(
                [(x, y), (x + 0.01, y + 0.2), (x, y + 0.5)],
                size * 0.18,
                hex_colour("3f7a35"),
                taper=0.1,
            )
            for side in (-1, 1):
                canvas.shape(
                    ellipse(
                        x + side * size * 0.8,
                        y + size * 1.9,
                        size * 0.7,
                        size * 0.3,
                        turn=-side * 0.5,
                    ),
                    hex_colour("4f9142"),
                )
            for k in range(14):
                a = k / 14 * math.tau
                canvas.shape(
                    ellipse(
                        x + size * 0.8 * math.cos(a),
                        y + size * 0.8 * math.sin(a),
                        size * 0.42,
                        size * 0.17,
                        turn=a,
                    ),
                    hex_colour("ffc928" if k % 2 else "f7b412"),
                )
            canvas.shape(ellipse(x, y, size * 0.55, size * 0.55), hex_colour("6b4022"))
            canvas.shape(
                ellipse(x - size * 0.08, y - size * 0.08, size * 0.36, size * 0.36),
                hex_colour("85532f"),
            )


def draw_moon(canvas: Canvas, chance: random.Random) -> None:
    """Grass before a full moon, in shades of ink."""
    middle = canvas.aspect * 0.6
    canvas.glow(middle, 0.36, 0.8, hex_colour("f5f5f5"), 0.7)
    canvas.shape(ellipse(middle, 0.36, 0.2, 0.2), hex_colour("fafafa"))
    for level, tone in ((0.70, "8a8a8a"), (0.80, "5a5a5a")):
        draw_ridge(canvas, chance, level, 0.14, hex_colour(tone), haze=hex_colour("c8c8c8"))
    for _ in range(46):
        x, reach = chance.random() * canvas.aspect, (chance.random() - 0.4) * 0.28
        top = 0.55 + 0.3 * chance.random()
        canvas.line(
            smooth([(x, 1.05), (x + reach * 0.3, top + 0.1), (x + reach, top)]),
            0.007,
            hex_colour("1c1c1c"),
            taper=0.95,
        )


def draw_maples(canvas: Canvas, chance: random.Random) -> None:
    """Maples in autumn beside a red bridge."""
    draw_ridge(canvas, chance, 0.55, 0.2, hex_colour("b5654a"), haze=hex_colour("e7b98a"))
    draw_water(canvas, chance, 0.62, hex_colour("8fb0a8"), hex_colour("3f6f73"), WHITE)
    arch = smooth([(-0.05, 0.74), (canvas.aspect * 0.5, 0.60), (canvas.aspect + 0.05, 0.74)])
    canvas.line([(x, y + 0.03) for x, y in arch], 0.05, hex_colour("a5302a"), taper=0)
    for dy in (-0.05, -0.10):
        canvas.line([(x, y + dy) for x, y in arch], 0.014, hex_colour("d2452f"), taper=0)
    for i in range(0, len(arch), 2):
        x, y = arch[i]
        canvas.line([(x, y - 0.11), (x, y + 0.02)], 0.012, hex_colour("d2452f"), taper=0)
    for x, size, tone in ((0.08, 0.5, "e2572b"), (0.95, 0.56, "d9342b"), (0.7, 0.3, "f0932b")):
        draw_tree(canvas, chance, canvas.aspect * x, 0.66, size, hex_colour(tone))
    draw_petals(canvas, chance, 50, hex_colour("f06a2f"))


def draw_waterfall(canvas: Canvas, chance: random.Random) -> None:
    """A tall waterfall between mossy rocks."""
    middle = canvas.aspect / 2
    for side in (-1, 1):
        for layer in range(3):
            tone = blend(hex_colour("6f8f7f"), hex_colour("2f4a45"), layer / 2)
            edge: list[Point] = [
                (middle + side * (0.10 + 0.09 * layer + 0.04 * chance.random()), y / 6)
                for y in range(7)
            ]
            canvas.shape(
                [*smooth(edge), (middle + side * 1.2, 1.1), (middle + side * 1.2, -0.1)],
                (shade(tone, light=1.15), tone),
            )
    canvas.shape(
        [
            (middle - 0.11, -0.1),
            (middle + 0.11, -0.1),
            (middle + 0.15, 0.86),
            (middle - 0.15, 0.86),
        ],
        (hex_colour("dff3fb"), WHITE),
    )
    for _ in range(26):
        x = middle + (chance.random() - 0.5) * 0.2
        canvas.line(
            [(x, 0.7 * chance.random()), (x, 0.85)], 0.008, hex_colour("a9d3e6"), opacity=0.7
        )
    draw_water(canvas, chance, 0.84, hex_colour("8fd0dd"), hex_colour("3f8fa5"), WHITE)
    for _ in range(12):
        canvas.glow(middle + (chance.random() - 0.5) * 0.4, 0.85, 0.12, WHITE, 0.5)
    for side in (-1, 1):
        for x, y, size in ((0.30, 0.30, 0.24), (0.44, 0.62, 0.34), (0.36, 0.98, 0.26)):
            leaf = hex_colour(chance.choice(["6fae5a", "5c9d52", "8abf62"]))
            draw_tree(canvas, chance, middle + side * (x + 0.06), y, size, leaf)
