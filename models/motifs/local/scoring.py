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
    Weight("points", 2.227, 1.240, 0.515),
    Weight("places", 1.651, 1.201, 0.928),
    Weight("bits", 3.856, 1.209, 1.001),
    Weight("bits a place", 8.825, 1.043, 1.126),
    Weight("likeness", 0.789, 0.091, -0.535),
    Weight("share of tested", 0.150, 0.105, -0.966),
    Weight("share of visible", 0.026, 0.039, 0.557),
    Weight("share of visible places", 0.134, 0.178, 0.311),
    Weight("share of places between", 0.740, 0.282, -0.595),
    Weight("share of tested places between", 0.883, 0.159, 0.110),
    Weight("tested", 4.356, 1.071, -0.603),
    Weight("distance", -5.743, 0.826, 0.160),
    Weight("distance in the reference", -5.261, 0.921, -0.067),
    Weight("width of the spread", -3.931, 1.350, -0.028),
    Weight("length of the spread", -2.726, 1.140, -0.187),
    Weight("colours", 0.411, 0.490, 0.304),
    Weight("stretch", 0.116, 0.197, -0.097),
    Weight("growth", -0.482, 0.586, 0.331),
)
_START = -2.733


def score_support(traits: Floats) -> float:
    """How sure a place is, 0 to 1.

    Args:
        traits: what was measured, in the order of ``TRAITS``.
    """
    odds = _START
    for weight, trait in zip(WEIGHTS, traits.tolist(), strict=True):
        deviation = (trait - weight.centre) / weight.spread
        odds += weight.odds * min(max(deviation, -_FARTHEST), _FARTHEST)
    return round(float(1 / (1 + np.exp(-odds))), 6)
