"""Columns for a plot that is drawn on the server: where each rectangle and each word stands."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

WIDTH, HEIGHT = 400, 190
MOST = 12
"""Columns that fit with their labels."""

_LEFT, _RIGHT, _TOP, _BOTTOM = 42, 6, 10, 26
_GAP = 0.35


@dataclass(frozen=True, slots=True)
class Column:
    """One column: its label below, its parts from the bottom up, and the whole in words."""

    label: str
    parts: tuple[tuple[str, float], ...]
    words: str


@dataclass(frozen=True, slots=True)
class Rectangle:
    """A part of a column as it is drawn; ``kind`` names it for the style."""

    kind: str
    x: float
    y: float
    width: float
    height: float


@dataclass(frozen=True, slots=True)
class DrawnColumn:
    """A column as it is drawn."""

    words: str
    label: str
    middle: float
    rectangles: tuple[Rectangle, ...]


@dataclass(frozen=True, slots=True)
class Plot:
    """Columns in a frame of ``WIDTH`` by ``HEIGHT``, and the lines behind them."""

    columns: tuple[DrawnColumn, ...]
    lines: tuple[tuple[float, str], ...]
    width: int = WIDTH
    height: int = HEIGHT
    left: int = _LEFT
    right: int = WIDTH - _RIGHT
    base: int = HEIGHT - _BOTTOM


def draw_plot(columns: Sequence[Column], *, whole: bool = True) -> Plot:
    """Draw the last ``MOST`` columns.

    Args:
        columns: from the oldest.
        whole: heights are counted in whole things: no line stands at a fraction.
    """
    shown = columns[-MOST:]
    top = _round_up(max((sum(v for _, v in c.parts) for c in shown), default=0.0), whole=whole)
    room, tall = WIDTH - _LEFT - _RIGHT, HEIGHT - _TOP - _BOTTOM
    step = room / max(len(shown), 4)
    drawn = []
    for number, column in enumerate(shown):
        x, y = _LEFT + step * (number + _GAP / 2), float(HEIGHT - _BOTTOM)
        width = step * (1 - _GAP)
        rectangles = []
        for kind, value in column.parts:
            height = tall * value / top
            y -= height
            if value:
                rectangles.append(
                    Rectangle(kind, *(round(each, 2) for each in (x, y, width, height)))
                )
        middle = round(x + width / 2, 2)
        drawn.append(DrawnColumn(column.words, column.label, middle, tuple(rectangles)))
    marks = (0.0, top / 2, top) if not whole or top % 2 == 0 else (0.0, top)
    lines = tuple((round(HEIGHT - _BOTTOM - tall * mark / top, 2), _write(mark)) for mark in marks)
    return Plot(tuple(drawn), lines)


def _round_up(value: float, *, whole: bool) -> float:
    """The next of 1, 2, 4, 6, 8, 10 times a power of ten."""
    if value <= 0:
        return 1.0
    power = 10.0 ** (len(str(int(value))) - 1) if value >= 1 else 1.0
    if not whole and value < 1:
        while power > value:
            power /= 10
    return next(step * power for step in (1, 2, 4, 6, 8, 10) if step * power >= value)


def _write(value: float) -> str:
    for unit, size in (("M", 1e6), ("k", 1e3)):
        if value >= 10 * size or (value >= size and value % size == 0):
            return f"{value / size:g}{unit}"
    return f"{value:g}"
