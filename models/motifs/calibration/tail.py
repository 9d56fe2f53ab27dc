"""The score that one clean picture in a thousand reaches, from as many as there are.

With ``COUNTED_FROM`` of them above it, it is counted. With fewer pictures the tail is extended from
the top of the scores by the method of peaks over threshold: what exceeds a high threshold is taken
to follow an exponential law (Pickands, "Statistical inference using extreme order statistics",
Annals of Statistics 3, 1975, with shape 0), whose scale is the mean excess. The result is never so
low that more of the pictures reach it than chance allows, by a Poisson law.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Final, Literal

import numpy as np
import numpy.typing as npt

from models.motifs.calibration.pairs import CalibrationError

COUNTED_FROM: Final = 10
"""Clean pictures that must lie above a quantile for it to be counted rather than extended."""

LEAST_CLEAN: Final = 100
"""Clean pictures without which nothing can be said about their tail."""

_TOP_SHARE: Final = 0.05
_LEAST_TOP: Final = 20
_DRAWS: Final = 400
_CONFIDENCE: Final = 0.95
# Log-odds so far apart are told apart by risks of four places, so that what is below stays below.
_APART: Final = 1e-3

Scores = npt.NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class Quantile:
    """A score that a given share of clean pictures reaches.

    Attributes:
        score: the score.
        low, high: a bootstrap's 95 % interval of it.
        pictures: how many it was estimated from.
        method: ``counted``, or ``extended`` by an exponential tail.
        top: how many of the highest scores it rests on.
    """

    score: float
    low: float
    high: float
    pictures: int
    method: Literal["counted", "extended"]
    top: int


def find_quantile(
    scores: npt.ArrayLike, share: float, *, widest: float = math.inf, seed: int = 0
) -> Quantile:
    """The score that ``share`` of clean pictures reaches.

    Where it is counted, at most ``share`` of the given scores reach it.

    Args:
        scores: each clean picture's best score.
        share: above 0 and below 1.
        widest: the largest scale that an extended tail can have. Of log-odds it is 1: they are the
            logarithm of a likelihood ratio, whose mean over clean pictures is 1, so that by
            Markov's inequality no more than e**-t of these exceed t.
        seed: of the bootstrap.

    Raises:
        CalibrationError: there are fewer than ``LEAST_CLEAN`` scores.
    """
    # Sorted, so that the bootstrap draws the same whatever order the scores came in.
    ordered = np.sort(np.asarray(scores, dtype=np.float64))
    if len(ordered) < LEAST_CLEAN:
        raise CalibrationError(
            f"There are {len(ordered)} clean pictures, and at least {LEAST_CLEAN} are needed to "
            "say what they reach by accident.",
            "Add pictures that show none of the references; a thousand or more do it well.",
        )
    counted = len(ordered) * share >= COUNTED_FROM
    dice = np.random.default_rng(seed)

    def estimate(drawn: Scores) -> float:
        return _count(drawn, share) if counted else _extend(drawn, share, widest)

    drawn = [estimate(dice.choice(ordered, len(ordered))) for _ in range(_DRAWS)]
    low, high = np.quantile(drawn, [(1 - _CONFIDENCE) / 2, (1 + _CONFIDENCE) / 2])
    return Quantile(
        estimate(ordered),
        float(low),
        float(high),
        len(ordered),
        "counted" if counted else "extended",
        math.floor(len(ordered) * share) if counted else _top_of(len(ordered)),
    )


def _count(scores: Scores, share: float) -> float:
    """Half-way between the last score that may reach it and the next lower one, or above ties."""
    top, below = _part(scores, math.floor(len(scores) * share))
    above = top[top > below]
    return max(below + _APART, float((above.min() + below) / 2) if len(above) else below)


def _extend(scores: Scores, share: float, widest: float) -> float:
    top, threshold = _part(scores, _top_of(len(scores)))
    excess = min(widest, float((np.sort(top) - threshold).mean()))
    extended = threshold + excess * math.log(len(top) / len(scores) / share)
    _, too_low = _part(scores, _most_by_chance(len(scores) * share))
    return max(extended, too_low + _APART)


def _most_by_chance(expected: float) -> int:
    """What a Poisson law of this mean exceeds in one case of twenty at most."""
    count, chance = 0, math.exp(-expected)
    below = chance
    while below < _CONFIDENCE:
        count += 1
        chance *= expected / count
        below += chance
    return count


def _part(scores: Scores, count: int) -> tuple[Scores, float]:
    """The highest so many scores, in no order, and the next lower one."""
    parted = np.partition(scores, len(scores) - count - 1)
    return parted[len(scores) - count :], float(parted[len(scores) - count - 1])


def _top_of(count: int) -> int:
    return max(_LEAST_TOP, round(_TOP_SHARE * count))
