"""Portraits: a head with large eyes, one of many hair styles, and clothes down to the chest.

The face's own coordinates: its centre is the origin, and its cheeks lie at x = -0.5 and 0.5.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

from flows.sample.drawing.canvas import (
    Canvas,
    Colour,
    Place,
    Point,
    blend,
    ellipse,
    hex_colour,
    shade,
    smooth,
    star,
)
from flows.sample.drawing.clothes import draw_clothes
from flows.sample.drawing.hair import BACK_HAIR, FRINGES, draw_locks

SKIN = hex_colour("fde3d3")
SKIN_SHADOW = hex_colour("f0b9a6")
BLUSH = hex_colour("f58d8d")
WHITE = (255, 255, 255)


@dataclass(frozen=True, slots=True)
class Look:
    """Everything that tells one character from another.

    Attributes:
        hair, eyes, cloth, accent: colours.
        back: hair behind the head: long, bob, twin_tails, ponytail, short, braid, bun, wavy.
        fringe: hair over the forehead: parted, straight, swept, spiky, hime.
        outfit: sailor, blazer, kimono, hoodie, coat, apron, dress, armour.
        mood: smile, laugh, calm, shy, surprised, sleepy, wink.
        extras: ribbon, glasses, star_clip, flower, headphones, beret, cap, cat_ears, scarf.
        skin: colour of the skin.
    """

    hair: Colour
    eyes: Colour
    cloth: Colour
    accent: Colour
    back: str = "long"
    fringe: str = "parted"
    outfit: str = "sailor"
    mood: str = "smile"
    extras: tuple[str, ...] = ()
    skin: Colour = SKIN


def draw_portrait(canvas: Canvas, look: Look, place: Place) -> None:
    """Draw one character, head and shoulders."""
    ink = blend(shade(look.hair, light=0.32), (58, 36, 48), 0.45)
    with canvas.placed(place):
        if "headphones" in look.extras:
            canvas.line(_arc(0, -0.1, 0.72, 0.72, 195, 345), 0.1, (52, 54, 66), taper=0.1)
        BACK_HAIR[look.back](canvas, look.hair, ink)
        _draw_neck(canvas, look, ink)
        draw_clothes(canvas, look.outfit, look.cloth, look.accent, ink)
        if "scarf" in look.extras:
            _draw_scarf(canvas, look, ink)
        _draw_face(canvas, look, ink)
        draw_locks(canvas, look.back, look.hair, ink)
        if "cat_ears" in look.extras:
            _draw_cat_ears(canvas, look, ink)
        FRINGES[look.fringe](canvas, look.hair, ink)
        _draw_brows(canvas, look, ink)
        _draw_extras(canvas, look, ink)


def _arc(x: float, y: float, rx: float, ry: float, start: float, end: float) -> list[Point]:
    steps = 24
    return [
        (x + rx * math.cos(a), y + ry * math.sin(a))
        for i in range(steps + 1)
        for a in [math.radians(start + (end - start) * i / steps)]
    ]


def _draw_neck(canvas: Canvas, look: Look, ink: Colour) -> None:
    neck = [(-0.17, 0.40), (-0.17, 0.80), (-0.42, 0.98), (0, 1.45), (0.42, 0.98), (0.17, 0.80)]
    canvas.outlined([*neck, (0.17, 0.40)], look.skin, ink)
    shadow = blend(look.skin, SKIN_SHADOW, 0.75)
    canvas.shape(
        smooth([(-0.165, 0.5), (-0.16, 0.72), (0, 0.83), (0.165, 0.68), (0.165, 0.5)]), shadow
    )


def _draw_face(canvas: Canvas, look: Look, ink: Colour) -> None:
    half = [(-0.50, -0.30), (-0.515, 0.02), (-0.47, 0.26), (-0.33, 0.47), (-0.15, 0.60), (0, 0.645)]
    other = [(-x, y) for x, y in half[-2::-1]]
    outline = smooth([*half, *other, (0.35, -0.6), (-0.35, -0.6)], closed=True)
    for side in (-1, 1):
        ear = ellipse(side * 0.515, 0.12, 0.075, 0.13, turn=-side * 0.2)
        canvas.outlined(ear, blend(look.skin, SKIN_SHADOW, 0.25), ink)
    canvas.outlined(outline, look.skin, ink, 0.014)
    with canvas.clipped(outline):
        canvas.shape(
            smooth(
                [
                    (-0.6, -0.7),
                    (0.6, -0.7),
                    (0.56, -0.1),
                    (0.3, -0.2),
                    (0, -0.13),
                    (-0.3, -0.2),
                    (-0.56, -0.1),
                ],
                closed=True,
            ),
            blend(look.skin, SKIN_SHADOW, 0.55),
            blur=0.03,
        )
        for side in (-1, 1):
            flush = 0.55 if look.mood in ("shy", "laugh") else 0.34
            canvas.shape(ellipse(side * 0.32, 0.345, 0.12, 0.06), BLUSH, opacity=flush, blur=0.035)
            if look.mood == "shy":
                for i in range(3):
                    x = side * 0.32 + (i - 1) * 0.055
                    canvas.line(
                        [(x + 0.02, 0.31), (x - 0.02, 0.375)], 0.012, shade(BLUSH, light=0.8)
                    )
    for side in (-1, 1):
        if look.mood == "laugh" or (look.mood == "wink" and side > 0):
            _draw_closed_eye(canvas, side, ink, happy=True)
        elif look.mood == "sleepy":
            _draw_closed_eye(canvas, side, ink, happy=False)
        else:
            _draw_eye(canvas, look, side, ink)
    canvas.line([(0.005, 0.30), (0.022, 0.335), (0.0, 0.345)], 0.013, shade(look.skin, light=0.62))
    _draw_mouth(canvas, look, ink)


def _draw_eye(canvas: Canvas, look: Look, side: int, ink: Colour) -> None:
    wide = look.mood == "surprised"
    top, x = (-0.075 if wide else -0.05), side * 0.255
    white = smooth(
        [
            (x - side * 0.115, 0.16),
            (x - side * 0.09, top + 0.05),
            (x, top),
            (x + side * 0.115, top + 0.035),
            (x + side * 0.145, 0.10),
            (x + side * 0.10, 0.235),
            (x, 0.262),
            (x - side * 0.085, 0.235),
        ],
        closed=True,
    )
    canvas.shape(white, ((226, 226, 238), WHITE))
    dark = shade(look.eyes, light=0.38)
    with canvas.clipped(white):
        rx, ry, cy = (0.088, 0.12, 0.10) if wide else (0.107, 0.15, 0.105)
        canvas.shape(ellipse(x, cy, rx, ry), dark)
        canvas.shape(
            ellipse(x, cy + 0.008, rx * 0.88, ry * 0.9),
            (shade(look.eyes, light=0.55), shade(look.eyes, light=1.35)),
        )
        canvas.shape(ellipse(x, cy - 0.005, rx * 0.42, ry * 0.48), dark)
        canvas.shape(
            ellipse(x, cy + ry * 0.62, rx * 0.55, ry * 0.24),
            blend(look.eyes, WHITE, 0.62),
            opacity=0.75,
            blur=0.008,
        )
        canvas.shape(
            [
                (x - 0.2, top - 0.03),
                (x + 0.2, top - 0.03),
                (x + 0.2, top + 0.055),
                (x - 0.2, top + 0.055),
            ],
            dark,
            opacity=0.45,
            blur=0.015,
        )
        canvas.shape(ellipse(x - 0.038, cy - ry * 0.42, 0.040, 0.048, turn=-0.3), WHITE)
        canvas.shape(ellipse(x + 0.042, cy + ry * 0.38, 0.019, 0.024), WHITE)
    lash = smooth(
        [
            (x - side * 0.135, 0.125),
            (x - side * 0.10, top + 0.03),
            (x, top - 0.015),
            (x + side * 0.12, top + 0.02),
            (x + side * 0.175, 0.095),
        ]
    )
    canvas.line(lash, 0.046, ink, taper=0.7)
    canvas.line(
        [(x + side * 0.13, top + 0.05), (x + side * 0.185, top + 0.035), (x + side * 0.21, top)],
        0.026,
        ink,
        taper=0.8,
    )
    canvas.line(
        smooth([(x - side * 0.05, 0.272), (x + side * 0.03, 0.276), (x + side * 0.10, 0.245)]),
        0.016,
        ink,
        taper=0.9,
    )
    canvas.line(
        smooth(
            [
                (x - side * 0.085, top - 0.035),
                (x + side * 0.02, top - 0.075),
                (x + side * 0.12, top - 0.05),
            ]
        ),
        0.009,
        shade(look.skin, light=0.55),
        taper=0.9,
    )


def _draw_closed_eye(canvas: Canvas, side: int, ink: Colour, *, happy: bool) -> None:
    x, bend = side * 0.255, (-0.085 if happy else 0.06)
    lid = smooth(
        [
            (x - side * 0.125, 0.155),
            (x - side * 0.06, 0.155 + bend * 0.8),
            (x + side * 0.03, 0.15 + bend),
            (x + side * 0.15, 0.145),
        ]
    )
    canvas.line(lid, 0.034, ink, taper=0.7)
    for i in range(2):
        base = lid[-4 - 5 * i]
        reach = 0.045 if not happy else 0.03
        canvas.line([base, (base[0] + side * 0.04, base[1] + reach)], 0.018, ink, taper=0.9)


def _draw_brows(canvas: Canvas, look: Look, ink: Colour) -> None:
    lift = {"surprised": -0.05, "shy": -0.01, "sleepy": 0.0}.get(look.mood, -0.02)
    slope = 0.035 if look.mood in ("shy", "sleepy") else -0.015
    colour = blend(shade(look.hair, light=0.55), ink, 0.4)
    for side in (-1, 1):
        canvas.line(
            smooth(
                [
                    (side * 0.14, -0.135 + lift - slope),
                    (side * 0.26, -0.185 + lift),
                    (side * 0.38, -0.145 + lift + slope),
                ]
            ),
            0.022,
            colour,
            taper=0.85,
            opacity=0.8,
        )


def _draw_mouth(canvas: Canvas, look: Look, ink: Colour) -> None:
    inside, tongue = hex_colour("b4474f"), hex_colour("f08a86")
    if look.mood in ("laugh", "wink"):
        mouth = smooth([(-0.11, 0.425), (0, 0.44), (0.11, 0.425)]) + smooth(
            [(0.11, 0.425), (0.06, 0.52), (0, 0.54), (-0.06, 0.52), (-0.11, 0.425)]
        )
        canvas.shape(mouth, inside)
        with canvas.clipped(mouth):
            canvas.shape(ellipse(0, 0.545, 0.065, 0.045), tongue)
        canvas.line([*mouth, mouth[0]], 0.012, ink, taper=0)
    elif look.mood == "surprised":
        canvas.outlined(ellipse(0, 0.475, 0.032, 0.042), inside, ink)
    elif look.mood == "calm":
        canvas.line([(-0.055, 0.462), (0, 0.466), (0.055, 0.462)], 0.015, ink, taper=0.8)
    else:
        dip = 0.03 if look.mood == "smile" else 0.018
        canvas.line(
            smooth([(-0.085, 0.448), (0, 0.448 + dip), (0.085, 0.448)]), 0.017, ink, taper=0.8
        )


def _draw_scarf(canvas: Canvas, look: Look, ink: Colour) -> None:
    wrap = smooth(
        [
            (-0.42, 0.62),
            (0, 0.74),
            (0.42, 0.62),
            (0.50, 0.82),
            (0.30, 0.98),
            (0, 1.03),
            (-0.30, 0.98),
            (-0.50, 0.82),
        ],
        closed=True,
    )
    tail = smooth([(0.16, 0.92), (0.42, 0.92), (0.46, 1.5), (0.20, 1.55)], closed=True)
    for part in (tail, wrap):
        canvas.outlined(part, (look.accent, shade(look.accent, light=0.82)), ink)
    for y in (0.80, 0.90):
        canvas.line(
            smooth([(-0.42, y - 0.06), (0, y + 0.03), (0.42, y - 0.06)]),
            0.012,
            shade(look.accent, light=0.7),
        )


def _draw_cat_ears(canvas: Canvas, look: Look, ink: Colour) -> None:
    for side in (-1, 1):
        ear = smooth([(side * 0.56, -0.42), (side * 0.60, -0.80), (side * 0.58, -1.04)]) + smooth(
            [(side * 0.58, -1.04), (side * 0.36, -0.90), (side * 0.14, -0.66)]
        )
        canvas.outlined(ear, look.hair, ink)
        inner = [(side * 0.51, -0.56), (side * 0.545, -0.90), (side * 0.28, -0.70)]
        canvas.shape(inner, hex_colour("f7c2c0"))


def _draw_extras(canvas: Canvas, look: Look, ink: Colour) -> None:
    accent, dark = look.accent, shade(look.accent, light=0.72)
    for extra in look.extras:
        if extra == "glasses":
            for side in (-1, 1):
                ring = ellipse(side * 0.255, 0.12, 0.185, 0.165)
                canvas.shape(ring, WHITE, opacity=0.16)
                canvas.line([*ring, ring[0]], 0.02, dark, taper=0)
            canvas.line([(-0.07, 0.10), (0, 0.085), (0.07, 0.10)], 0.018, dark, taper=0)
        elif extra == "star_clip":
            canvas.outlined(star(0.42, -0.36, 0.15), (shade(accent, light=1.15), accent), ink)
        elif extra == "flower":
            for i in range(5):
                a = i / 5 * math.tau - 0.4
                canvas.outlined(
                    ellipse(
                        0.46 + 0.085 * math.cos(a), -0.38 + 0.085 * math.sin(a), 0.075, 0.06, turn=a
                    ),
                    accent,
                    ink,
                    0.008,
                )
            canvas.shape(ellipse(0.46, -0.38, 0.045, 0.045), hex_colour("ffe08a"))
        elif extra == "ribbon":
            for side in (-1, 1):
                loop = smooth(
                    [
                        (0, -0.80),
                        (side * 0.20, -0.98),
                        (side * 0.38, -0.94),
                        (side * 0.36, -0.72),
                        (side * 0.16, -0.72),
                    ],
                    closed=True,
                )
                canvas.outlined(loop, (accent, dark), ink)
            canvas.outlined(ellipse(0, -0.80, 0.075, 0.085), dark, ink)
        elif extra == "beret":
            hat = smooth(
                [
                    (-0.62, -0.46),
                    (-0.66, -0.78),
                    (-0.25, -1.02),
                    (0.30, -0.98),
                    (0.66, -0.68),
                    (0.58, -0.44),
                    (0, -0.60),
                ],
                closed=True,
            )
            canvas.outlined(hat, (accent, dark), ink)
            canvas.line([(0.0, -1.0), (0.03, -1.09)], 0.035, dark, taper=0.2)
        elif extra == "cap":
            crown = smooth(
                [
                    (-0.62, -0.36),
                    (-0.58, -0.78),
                    (-0.26, -0.99),
                    (0.26, -0.99),
                    (0.58, -0.78),
                    (0.62, -0.36),
                ]
            ) + smooth([(0.62, -0.36), (0, -0.50), (-0.62, -0.36)])
            canvas.outlined(crown, (accent, dark), ink)
            brim = smooth([(-0.60, -0.40), (-0.30, -0.50), (0.30, -0.50), (0.60, -0.40)]) + smooth(
                [(0.60, -0.40), (0.40, -0.26), (0, -0.22), (-0.40, -0.26), (-0.60, -0.40)]
            )
            canvas.outlined(brim, shade(accent, light=0.5), ink)
            canvas.outlined(star(0, -0.70, 0.12), hex_colour("ffd866"), ink, 0.008)
        elif extra == "headphones":
            for side in (-1, 1):
                canvas.outlined(ellipse(side * 0.60, 0.06, 0.12, 0.20), (accent, dark), ink)
                canvas.shape(ellipse(side * 0.615, 0.06, 0.055, 0.11), shade(accent, light=1.25))
