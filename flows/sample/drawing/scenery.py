"""What landscapes are made of: hills, clouds, trees, water, a shrine gate."""

from __future__ import annotations

import math
import random

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


def draw_ridge(
    canvas: Canvas,
    chance: random.Random,
    level: float,
    height: float,
    colour: Colour,
    *,
    haze: Colour,
) -> None:
    """Draw a range of hills whose feet are lost in haze."""
    points = [(-0.1, level)]
    steps = chance.randint(5, 8)
    for i in range(steps + 1):
        rise = height * (0.35 + 0.65 * chance.random())
        points.append((canvas.aspect * i / steps, level - rise))
    points.append((canvas.aspect + 0.1, level))
    outline = [*smooth(points), (canvas.aspect + 0.1, 1.1), (-0.1, 1.1)]
    canvas.shape(outline, (colour, haze))


def draw_cloud(canvas: Canvas, x: float, y: float, size: float, colour: Colour = WHITE) -> None:
    """Draw a heap of cloud with a flat foot."""
    puffs = [
        (-0.9, 0, 0.35),
        (-0.45, -0.22, 0.5),
        (0.1, -0.36, 0.62),
        (0.6, -0.15, 0.45),
        (1.0, 0.02, 0.3),
    ]
    below = blend(colour, hex_colour("9fb9dd"), 0.35)
    foot = [
        (x - 1.25 * size, y + 0.2 * size),
        (x + 1.3 * size, y + 0.2 * size),
        (x + 1.3 * size, y - 3 * size),
        (x - 1.25 * size, y - 3 * size),
    ]
    with canvas.clipped(foot):
        for dx, dy, r in puffs:
            canvas.shape(
                ellipse(x + dx * size, y + dy * size + 0.04 * size, r * size, r * size), below
            )
        for dx, dy, r in puffs:
            canvas.shape(
                ellipse(
                    x + dx * size - 0.03 * size,
                    y + dy * size - 0.05 * size,
                    r * 0.9 * size,
                    r * 0.86 * size,
                ),
                colour,
            )


def draw_petals(canvas: Canvas, chance: random.Random, count: int, colour: Colour) -> None:
    """Draw petals in the wind."""
    for _ in range(count):
        x, y = chance.random() * canvas.aspect, chance.random()
        size = 0.006 + 0.010 * chance.random()
        canvas.shape(
            ellipse(x, y, size, size * 0.55, turn=chance.random() * 3), colour, opacity=0.9
        )


def draw_torii(canvas: Canvas, place: Place, colour: Colour) -> None:
    """Draw a shrine gate of two pillars and two beams; its own height is about 1."""
    dark = shade(colour, light=0.62)
    with canvas.placed(place):
        for side in (-1, 1):
            pillar = [
                (side * 0.42, -0.72),
                (side * 0.33, -0.72),
                (side * 0.37, 0.30),
                (side * 0.47, 0.30),
            ]
            canvas.shape(pillar, (colour, dark))
            canvas.shape(
                [
                    (side * 0.345, 0.22),
                    (side * 0.495, 0.22),
                    (side * 0.495, 0.31),
                    (side * 0.345, 0.31),
                ],
                hex_colour("33303a"),
            )
        canvas.shape([(-0.56, -0.50), (0.56, -0.50), (0.56, -0.42), (-0.56, -0.42)], (colour, dark))
        canvas.shape(
            [(-0.045, -0.70), (0.045, -0.70), (0.045, -0.48), (-0.045, -0.48)], (colour, dark)
        )
        top = smooth([(-0.74, -0.92), (-0.4, -0.84), (0, -0.82), (0.4, -0.84), (0.74, -0.92)])
        canvas.shape(
            [*top, (0.68, -0.74), *smooth([(0.68, -0.74), (0, -0.68), (-0.68, -0.74)])],
            (colour, dark),
        )
        roof = smooth([(-0.78, -0.98), (-0.4, -0.90), (0, -0.88), (0.4, -0.90), (0.78, -0.98)])
        canvas.shape([*roof, *top[::-1]], hex_colour("2e2b38"))


def draw_tree(
    canvas: Canvas, chance: random.Random, x: float, y: float, size: float, leaf: Colour
) -> None:
    """Draw a tree with a round crown of blossom or leaves."""
    bark = hex_colour("5b3f3a")
    for reach in (-0.28, -0.05, 0.22):
        canvas.line(
            smooth(
                [
                    (x, y),
                    (x + reach * size * 0.3, y - size * 0.45),
                    (x + reach * size, y - size * 0.9),
                ]
            ),
            size * 0.09,
            bark,
            taper=0.5,
        )
    for depth, tone in ((0.0, 0.82), (0.05, 1.0), (0.10, 1.10)):
        for _ in range(16):
            a, r = chance.random() * math.tau, chance.random() ** 0.6
            px = x + size * 0.55 * r * math.cos(a) - depth * size * 0.4
            py = y - size * 0.95 + size * 0.36 * r * math.sin(a) - depth * size
            puff = size * (0.10 + 0.08 * chance.random())
            canvas.shape(ellipse(px, py, puff, puff * 0.85), shade(leaf, light=tone))


def draw_water(
    canvas: Canvas, chance: random.Random, level: float, top: Colour, bottom: Colour, light: Colour
) -> None:
    """Draw water from ``level`` down, with glints of light."""
    edge = canvas.aspect + 0.1
    canvas.shape([(-0.1, level), (edge, level), (edge, 1.1), (-0.1, 1.1)], (top, bottom))
    for _ in range(40):
        depth = chance.random() ** 1.6
        y = level + 0.01 + depth * (1 - level)
        length, x = 0.03 + 0.12 * depth * chance.random(), chance.random() * edge
        canvas.line(
            [(x - length, y), (x, y), (x + length, y)],
            0.003 + 0.006 * depth,
            light,
            opacity=0.5,
            taper=1,
        )
