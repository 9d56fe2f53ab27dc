"""A histogram of risks that is drawn on the server, with two limits across it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

WIDTH, HEIGHT = 640, 260
_LEFT, _RIGHT, _TOP, _BOTTOM = 44, 14, 34, 40
KINDS = ("violating", "open", "harmless")
"""From the bottom up; what nobody has looked at is drawn below the line, on a scale of its own."""


@dataclass(frozen=True, slots=True)
class Bar:
    """A part of a column as it is drawn; ``kind`` names it for the style."""

    kind: str
    x: float
    y: float
    width: float
    height: float


@dataclass(frozen=True, slots=True)
class Bin:
    """The assets of one bin of risks."""

    low: float
    high: float
    counts: Mapping[str, int]
    bars: tuple[Bar, ...]


@dataclass(frozen=True, slots=True)
class Limit:
    """A limit across the plot; ``anchor`` says on which side of the line its word stands."""

    kind: str
    value: float
    x: float
    anchor: str


@dataclass(frozen=True, slots=True)
class Histogram:
    """The plot: bins, the lines behind them, ticks below, and limits."""

    bins: tuple[Bin, ...]
    lines: tuple[tuple[float, str], ...]
    ticks: tuple[tuple[float, str], ...]
    limits: tuple[Limit, ...]
    between: tuple[float, float] | None
    width: int = WIDTH
    height: int = HEIGHT
    left: int = _LEFT
    right: int = WIDTH - _RIGHT
    top: int = _TOP
    base: int = HEIGHT - _BOTTOM


def draw_histogram(bins: Sequence[Mapping[str, Any]], old: float, new: float) -> Histogram:
    """Draw what was ruled, by risk.

    Args:
        bins: ``tasks.calibration`` counts: ``from`` and a number of each kind.
        old, new: the limit in force, and the proposed one.
    """
    starts = [float(each["from"]) for each in bins] or [0.0]
    first, step = starts[0], (1 - starts[0]) / max(len(starts), 1)
    most = max((sum(int(each[kind]) for kind in KINDS) for each in bins), default=0)
    top = _round_up(most)
    room, tall = WIDTH - _LEFT - _RIGHT, HEIGHT - _TOP - _BOTTOM

    def across(value: float) -> float:
        return round(_LEFT + room * (value - first) / (1 - first), 2)

    drawn = []
    for each in bins:
        low = float(each["from"])
        y, bars = float(HEIGHT - _BOTTOM), []
        for kind in KINDS:
            height = tall * int(each[kind]) / top
            y -= height
            if height:
                x = across(low) + 1.5
                width = across(low + step) - across(low) - 3
                bars.append(Bar(kind, *(round(v, 2) for v in (x, y, width, height))))
        counts = {kind: int(each[kind]) for kind in (*KINDS, "unseen")}
        drawn.append(Bin(low, round(low + step, 4), counts, tuple(bars)))
    marks = (0, top // 2, top) if top % 2 == 0 else (0, top)
    lines = tuple((round(HEIGHT - _BOTTOM - tall * m / top, 2), f"{m:,}") for m in marks)
    ticks = tuple((across(t / 10), f"{t / 10:g}") for t in range(round(first * 10), 11))
    limits = tuple(
        Limit(kind, value, across(value), "start" if (value >= other) else "end")
        for kind, value, other in (("old", old, new), ("new", new, old))
    )
    if old == new:
        limits = limits[:1]
    ends = (across(min(old, new)), across(max(old, new)))
    return Histogram(tuple(drawn), lines, ticks, limits, ends if old != new else None)


def _round_up(value: int) -> int:
    """The next of 1, 2, 4, 6, 8, 10 times a power of ten."""
    power = 10 ** (len(str(max(value, 1))) - 1)
    return next(step * power for step in (1, 2, 4, 6, 8, 10) if step * power >= max(value, 1))
