"""How sure a place is, from what was measured of it."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from models.motifs.local.descriptors import Floats

SCORING_VERSION = "1"

_FARTHEST = 4.0


@dataclass(frozen=True, slots=True)
class Weight:
    """What one of the ``TRAITS`` says.

    Attributes:
        trait: its name.
        centre, spread: its mean and deviation over the places that the weights were learnt from.
        odds: what one deviation above the mean adds to the logarithm of the odds.
    """

    trait: str
    centre: float
    spread: float
    odds: float


# Logistic regression on the tune half of benchmarks/motif_cases.py, with the wrong places that look
# most like right ones weighed most. The start is such that few clean pictures reach one half.
WEIGHTS = (
    Weight("points", 2.433, 1.290, 0.003),
    Weight("places", 1.866, 1.234, 0.974),
    Weight("bits", 4.074, 1.269, 1.090),
    Weight("bits a place", 8.875, 1.001, 1.322),
    Weight("likeness", 0.766, 0.098, -0.700),
    Weight("share of tested", 0.154, 0.089, -0.567),
    Weight("share of visible", 0.033, 0.045, 0.191),
    Weight("share of visible places", 0.173, 0.213, 0.341),
    Weight("tested", 4.483, 1.031, -0.509),
    Weight("distance", -5.640, 0.712, 0.130),
    Weight("distance in the reference", -5.182, 0.813, -0.157),
    Weight("width of the spread", -3.684, 1.365, 0.286),
    Weight("length of the spread", -2.495, 1.093, 0.194),
    Weight("colours", 0.394, 0.481, 0.251),
    Weight("stretch", 0.113, 0.197, -0.061),
    Weight("growth", -0.458, 0.559, 0.383),
)
_START = -2.541


def score_evidence(traits: Floats) -> float:
    """How sure a place is, 0 to 1.

    Args:
        traits: what was measured, in the order of ``TRAITS``.
    """
    odds = _START
    for weight, trait in zip(WEIGHTS, traits.tolist(), strict=True):
        deviation = (trait - weight.centre) / weight.spread
        odds += weight.odds * min(max(deviation, -_FARTHEST), _FARTHEST)
    return round(float(1 / (1 + np.exp(-odds))), 6)
