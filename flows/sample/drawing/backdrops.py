"""Quiet patterns behind a portrait."""

from __future__ import annotations

import math
import random

from flows.sample.drawing.canvas import (
    Canvas,
    Colour,
    blend,
    ellipse,
    star,
)

WHITE = (255, 255, 255)


def draw_pattern(canvas: Canvas, chance: random.Random, kind: str, colour: Colour) -> None:
    """Fill the canvas with a quiet backdrop.

    ``kind`` is stars, petals, waves, rays, dots, checks, bubbles or leaves.
    """
    soft = blend(colour, WHITE, 0.35)
    if kind == "stars":
        for _ in range(40):
            canvas.shape(
                star(
                    chance.random() * canvas.aspect,
                    chance.random(),
                    0.008 + 0.02 * chance.random(),
                    inner=0.4,
                ),
                soft,
                opacity=0.9,
            )
    elif kind == "petals":
        for _ in range(45):
            size = 0.012 + 0.016 * chance.random()
            canvas.shape(
                ellipse(
                    chance.random() * canvas.aspect,
                    chance.random(),
                    size,
                    size * 0.55,
                    turn=chance.random() * 3,
                ),
                soft,
            )
    elif kind == "waves":
        for row in range(14):
            for i in range(int(canvas.aspect * 8) + 2):
                x, y = (i - 0.5 * (row % 2)) / 7.5, row / 12
                for r in (0.068, 0.048, 0.028):
                    ring = ellipse(x, y, r, r)
                    canvas.outlined(ring, colour, soft, 0.006)
    elif kind == "rays":
        for i in range(14):
            a = i / 14 * math.tau
            canvas.shape(
                [
                    (canvas.aspect / 2, 0.5),
                    (canvas.aspect / 2 + 1.5 * math.cos(a), 0.5 + 1.5 * math.sin(a)),
                    (canvas.aspect / 2 + 1.5 * math.cos(a + 0.22), 0.5 + 1.5 * math.sin(a + 0.22)),
                ],
                soft,
                opacity=0.8,
            )
    elif kind == "dots":
        for row in range(13):
            for i in range(int(canvas.aspect * 12) + 2):
                canvas.shape(ellipse((i + 0.5 * (row % 2)) / 12, row / 12, 0.016, 0.016), soft)
    elif kind == "checks":
        for row in range(8):
            for i in range(int(canvas.aspect * 8) + 1):
                if (row + i) % 2:
                    x, y = i / 8, row / 8
                    canvas.shape(
                        [(x, y), (x + 0.125, y), (x + 0.125, y + 0.125), (x, y + 0.125)],
                        soft,
                        opacity=0.7,
                    )
    elif kind == "bubbles":
        for _ in range(26):
            canvas.glow(
                chance.random() * canvas.aspect,
                chance.random(),
                0.06 + 0.16 * chance.random(),
                soft,
                0.7,
            )
    elif kind == "leaves":
        for _ in range(40):
            canvas.shape(
                ellipse(
                    chance.random() * canvas.aspect,
                    chance.random(),
                    0.05,
                    0.018,
                    turn=chance.random() * 3,
                ),
                blend(colour, soft, chance.random()),
            )
    else:
        raise ValueError(f"there is no pattern called {kind!r}")
