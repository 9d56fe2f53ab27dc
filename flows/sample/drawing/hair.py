# ruff: noqa: E501  (outlines: points stand together that belong together)
"""Hair: what falls behind the head, what falls over the forehead, and the light on it."""

from __future__ import annotations

from collections.abc import Callable

from flows.sample.drawing.canvas import Canvas, Colour, Point, shade, smooth

HairPainter = Callable[[Canvas, Colour, Colour], None]

_CROWN: list[Point] = [
    (-0.585, 0.02), (-0.63, -0.30), (-0.50, -0.66), (-0.22, -0.86), (0.0, -0.90),
    (0.22, -0.86), (0.50, -0.66), (0.63, -0.30), (0.585, 0.02),
]  # fmt: skip


def _tones(hair: Colour) -> tuple[Colour, Colour, Colour]:
    return shade(hair, light=1.12), hair, shade(hair, light=0.74, strong=1.05)


def _mirror(points: list[Point]) -> list[Point]:
    return [(-x, y) for x, y in points[::-1]]


def _behind(canvas: Canvas, outline: list[Point], hair: Colour, ink: Colour) -> None:
    _, middle, dark = _tones(hair)
    canvas.outlined(outline, (middle, dark), ink)


def _strand(canvas: Canvas, points: list[Point], hair: Colour) -> None:
    canvas.line(smooth(points), 0.016, shade(hair, light=0.6), taper=0.95, opacity=0.8)


def _symmetric(left: list[Point]) -> list[Point]:
    """A closed outline from the crown's left half and what hangs from it."""
    return smooth([*_CROWN, *_mirror(left), *left], closed=True)


def _draw_long(canvas: Canvas, hair: Colour, ink: Colour) -> None:
    left = [(-0.12, 1.62), (-0.50, 1.62), (-0.80, 1.52), (-0.74, 1.0), (-0.66, 0.5)]
    _behind(canvas, _symmetric(left), hair, ink)
    for side in (-1, 1):
        _strand(canvas, [(side * 0.60, 0.3), (side * 0.66, 0.9), (side * 0.66, 1.5)], hair)
        _strand(canvas, [(side * 0.52, 0.5), (side * 0.54, 1.0), (side * 0.50, 1.5)], hair)


def _draw_bob(canvas: Canvas, hair: Colour, ink: Colour) -> None:
    left = [(-0.2, 0.62), (-0.42, 0.76), (-0.66, 0.66), (-0.70, 0.36)]
    _behind(canvas, _symmetric(left), hair, ink)


def _draw_short(canvas: Canvas, hair: Colour, ink: Colour) -> None:
    left = [(-0.2, 0.46), (-0.40, 0.52), (-0.50, 0.36), (-0.60, 0.34), (-0.58, 0.18)]
    _behind(canvas, _symmetric(left), hair, ink)


def _draw_twin_tails(canvas: Canvas, hair: Colour, ink: Colour) -> None:
    for side in (-1, 1):
        tail = smooth([
            (side * 0.54, -0.52), (side * 0.84, -0.66), (side * 1.06, -0.36), (side * 1.08, 0.20),
            (side * 1.00, 0.76), (side * 1.08, 1.22), (side * 0.82, 0.98), (side * 0.74, 0.40),
            (side * 0.70, -0.05),
        ], closed=True)  # fmt: skip
        _behind(canvas, tail, hair, ink)
        _strand(canvas, [(side * 0.78, -0.45), (side * 0.92, 0.1), (side * 0.93, 0.9)], hair)
        _strand(canvas, [(side * 0.86, -0.45), (side * 1.0, 0.0), (side * 0.99, 0.7)], hair)
    _draw_short(canvas, hair, ink)


def _draw_ponytail(canvas: Canvas, hair: Colour, ink: Colour) -> None:
    tail = smooth([
        (0.10, -0.92), (0.52, -1.06), (0.92, -0.72), (1.00, -0.10), (0.88, 0.55), (0.98, 1.02),
        (0.66, 0.78), (0.56, 0.20), (0.46, -0.4),
    ], closed=True)  # fmt: skip
    _behind(canvas, tail, hair, ink)
    _strand(canvas, [(0.45, -0.88), (0.78, -0.4), (0.80, 0.5)], hair)
    _draw_short(canvas, hair, ink)


def _draw_braid(canvas: Canvas, hair: Colour, ink: Colour) -> None:
    _draw_bob(canvas, hair, ink)


def _draw_bun(canvas: Canvas, hair: Colour, ink: Colour) -> None:
    for side in (-1, 1):
        bun = smooth([
            (side * 0.34, -0.80), (side * 0.40, -1.04), (side * 0.62, -1.06),
            (side * 0.74, -0.86), (side * 0.64, -0.64), (side * 0.44, -0.62),
        ], closed=True)  # fmt: skip
        _behind(canvas, bun, hair, ink)
        _strand(canvas, [(side * 0.42, -0.78), (side * 0.55, -0.94), (side * 0.66, -0.82)], hair)
    _draw_short(canvas, hair, ink)


def _draw_wavy(canvas: Canvas, hair: Colour, ink: Colour) -> None:
    left = [
        (-0.10, 1.40), (-0.40, 1.52), (-0.62, 1.36), (-0.86, 1.40), (-0.84, 1.06), (-0.98, 0.86),
        (-0.82, 0.60), (-0.88, 0.34), (-0.68, 0.16),
    ]  # fmt: skip
    _behind(canvas, _symmetric(left), hair, ink)
    for side in (-1, 1):
        points = [(0.62, 0.2), (0.72, 0.5), (0.66, 0.8), (0.76, 1.1), (0.66, 1.35)]
        _strand(canvas, [(side * x, y) for x, y in points], hair)


BACK_HAIR: dict[str, HairPainter] = {
    "long": _draw_long,
    "bob": _draw_bob,
    "short": _draw_short,
    "twin_tails": _draw_twin_tails,
    "ponytail": _draw_ponytail,
    "braid": _draw_braid,
    "bun": _draw_bun,
    "wavy": _draw_wavy,
}


def draw_locks(canvas: Canvas, back: str, hair: Colour, ink: Colour) -> None:
    """Draw what hangs in front of the ears and shoulders."""
    light, middle, dark = _tones(hair)
    reach = {"long": 0.95, "wavy": 0.85, "bob": 0.62, "braid": 0.62, "short": 0.30}.get(back, 0.52)
    for side in (-1, 1):
        lock = smooth([
            (side * 0.52, -0.36), (side * 0.635, -0.12), (side * 0.625, reach * 0.55),
            (side * 0.50, reach),
        ]) + smooth([
            (side * 0.50, reach), (side * 0.455, reach * 0.5), (side * 0.475, 0.04), (side * 0.42, -0.3),
        ])  # fmt: skip
        canvas.outlined(lock, (light, middle), ink)
        canvas.line(
            smooth([(side * 0.56, -0.05), (side * 0.57, reach * 0.4), (side * 0.52, reach * 0.85)]),
            0.014, dark, taper=0.9, opacity=0.8,
        )  # fmt: skip
    if back == "braid":
        for i in range(5):
            y, width = 0.66 + i * 0.17, 0.13 - i * 0.009
            knot = smooth([
                (-0.60 - width, y - 0.06), (-0.60, y - 0.12), (-0.60 + width, y - 0.06),
                (-0.60 + width * 0.8, y + 0.08), (-0.60, y + 0.13), (-0.60 - width * 0.8, y + 0.08),
            ], closed=True)  # fmt: skip
            canvas.outlined(knot, (light, middle), ink, 0.010)
            canvas.line([(-0.60 - width * 0.6, y - 0.03), (-0.60, y + 0.06)], 0.012, dark)
        tip = smooth(
            [(-0.67, 1.50), (-0.53, 1.50), (-0.55, 1.68), (-0.61, 1.78), (-0.66, 1.66)], closed=True
        )
        canvas.outlined(tip, middle, ink, 0.010)


def _fringe(canvas: Canvas, tips: list[tuple[Point, Point]], hair: Colour, ink: Colour) -> None:
    """Draw the front of the hair: ``tips`` are pairs of a lock's point and the notch after it."""
    light, middle, dark = _tones(hair)
    outline = smooth(_CROWN[1:-1])
    previous = outline[-1]
    edges: list[list[Point]] = []
    for tip, notch in tips:
        bulge = ((previous[0] * 0.45 + tip[0] * 0.55) + 0.03, previous[1] * 0.5 + tip[1] * 0.5)
        edges.append(smooth([previous, bulge, tip]))
        edges.append(
            smooth([tip, ((tip[0] + notch[0]) / 2 + 0.01, (tip[1] + notch[1]) / 2 - 0.02), notch])
        )
        previous = notch
    for edge in edges:
        outline = outline + edge
    canvas.outlined(outline, (light, middle), ink)
    with canvas.clipped(outline):
        shine = smooth([(-0.60, -0.40), (-0.3, -0.60), (0, -0.65), (0.3, -0.60), (0.60, -0.40)]) + smooth(
            [(0.60, -0.33), (0.42, -0.44), (0.34, -0.47), (0.24, -0.50), (0.1, -0.57), (0, -0.54), (-0.1, -0.57), (-0.24, -0.50), (-0.36, -0.47), (-0.45, -0.41), (-0.60, -0.33)]
        )  # fmt: skip
        canvas.shape(shine, shade(hair, light=1.45), opacity=0.6, blur=0.012)
        for _, notch in tips[:-1]:
            root = (notch[0] * 0.35 + 0.02, -0.80)
            middle_point = ((notch[0] + root[0]) / 2 + notch[0] * 0.12, (notch[1] + root[1]) / 2)
            canvas.line(smooth([notch, middle_point, root]), 0.015, dark, taper=0.95, opacity=0.75)
        canvas.shape(
            smooth([(-0.70, -0.9), (-0.50, -0.62), (-0.55, -0.30), (-0.52, 0.1), (-0.75, 0.1)], closed=True),
            dark, opacity=0.35, blur=0.03,
        )  # fmt: skip


def _draw_parted(canvas: Canvas, hair: Colour, ink: Colour) -> None:
    tips = [
        ((0.545, 0.10), (0.40, -0.20)), ((0.37, 0.02), (0.24, -0.26)), ((0.16, -0.02), (0.05, -0.36)),
        ((-0.12, -0.03), (-0.20, -0.28)), ((-0.36, 0.02), (-0.42, -0.18)), ((-0.545, 0.10), (-0.60, -0.30)),
    ]  # fmt: skip
    _fringe(canvas, tips, hair, ink)


def _draw_straight(canvas: Canvas, hair: Colour, ink: Colour) -> None:
    tips = [
        ((0.55, 0.08), (0.46, -0.12)), ((0.37, -0.03), (0.29, -0.13)), ((0.19, -0.05), (0.11, -0.14)),
        ((0.02, -0.05), (-0.07, -0.14)), ((-0.16, -0.05), (-0.25, -0.13)), ((-0.34, -0.04), (-0.44, -0.12)),
        ((-0.55, 0.08), (-0.60, -0.30)),
    ]  # fmt: skip
    _fringe(canvas, tips, hair, ink)


def _draw_swept(canvas: Canvas, hair: Colour, ink: Colour) -> None:
    tips = [
        ((0.56, 0.16), (0.40, -0.28)), ((0.28, -0.20), (0.28, -0.44)), ((-0.06, -0.04), (0.0, -0.26)),
        ((-0.30, 0.04), (-0.24, -0.16)), ((-0.50, 0.16), (-0.60, -0.20)),
    ]  # fmt: skip
    _fringe(canvas, tips, hair, ink)


def _draw_spiky(canvas: Canvas, hair: Colour, ink: Colour) -> None:
    for x, y, lean in (
        (-0.40, -0.98, -0.24),
        (0.40, -1.0, 0.26),
        (-0.14, -1.16, -0.12),
        (0.14, -1.18, 0.10),
    ):
        spike = smooth([(x - 0.26, -0.5), (x - 0.14 + lean / 2, y + 0.16), (x + lean, y)]) + smooth(
            [(x + lean, y), (x + 0.16 + lean / 2, y + 0.22), (x + 0.26, -0.5)]
        )
        canvas.outlined(spike, _tones(hair)[0], ink)
    tips = [
        ((0.60, 0.06), (0.42, -0.22)), ((0.36, 0.06), (0.22, -0.30)), ((0.10, 0.07), (0.0, -0.32)),
        ((-0.22, 0.08), (-0.26, -0.26)), ((-0.46, 0.08), (-0.46, -0.18)), ((-0.62, 0.0), (-0.60, -0.32)),
    ]  # fmt: skip
    _fringe(canvas, tips, hair, ink)


def _draw_hime(canvas: Canvas, hair: Colour, ink: Colour) -> None:
    tips = [
        ((0.56, 0.40), (0.43, 0.38)), ((0.42, -0.10), (0.30, -0.11)), ((0.20, -0.09), (0.10, -0.10)),
        ((0.0, -0.09), (-0.10, -0.10)), ((-0.20, -0.09), (-0.30, -0.11)), ((-0.42, -0.10), (-0.43, 0.38)),
        ((-0.56, 0.40), (-0.60, -0.30)),
    ]  # fmt: skip
    _fringe(canvas, tips, hair, ink)


FRINGES: dict[str, HairPainter] = {
    "parted": _draw_parted,
    "straight": _draw_straight,
    "swept": _draw_swept,
    "spiky": _draw_spiky,
    "hime": _draw_hime,
}
