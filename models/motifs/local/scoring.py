"""How sure a place is, from what was measured of it.

Two opinions are averaged. A sum of weights judges by the points alone, and no kind of picture that
it has not met leads it far astray. Boosted trees (J. Friedman, "Greedy function approximation",
Annals of Statistics 29, 2001) judge by points and looks; better agreement never lowers what they
say. All branches of one depth ask the same question (L. Prokhorenkova et al., "CatBoost", NeurIPS
2018), so that all trees are read at once. ``benchmarks/motif_local_learn.py scores`` learns them on
the tune half of the cases.
"""

from __future__ import annotations

import functools
from dataclasses import dataclass
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt

from models.canonical import digest_bytes
from models.motifs.local.descriptors import Floats
from models.motifs.local.looks import SKETCH_TRAITS
from models.motifs.local.verification import TRAITS

Doubles = npt.NDArray[np.float64]

MEASURED = (*TRAITS, *SKETCH_TRAITS)
"""What a score is made from."""

SHARE_OF_WEIGHTS = 0.4
"""How much the sum of weights counts; the rest is left to the trees."""

_FARTHEST = 4.0


class Weight(NamedTuple):
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
# most like right ones weighed most.
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


@dataclass(frozen=True, slots=True, eq=False)
class Trees:
    """Trees that add up to the logarithm of the odds.

    Attributes:
        traits: which of ``MEASURED`` each question is about; trees x depth.
        limits: whether it is above this; trees x depth.
        leaves: what a tree adds, by its answers as a binary number, first the lowest digit;
            trees x 2 to the power of depth.
        start: the logarithm of the odds without any tree.
    """

    traits: npt.NDArray[np.intp]
    limits: Floats
    leaves: Floats
    start: float

    def read(self, measured: npt.NDArray[np.floating[Any]]) -> Doubles:
        """The logarithm of the odds of each row."""
        answers = measured[:, self.traits] > self.limits
        leaf = (answers << np.arange(self.traits.shape[1])).sum(axis=2)
        added = self.leaves[np.arange(len(self.leaves)), leaf].astype(np.float64)
        return np.asarray(self.start + added.sum(axis=1), np.float64)


def scoring_digest() -> str:
    """SHA-256 of what scores depend on, for fingerprints."""
    return _learnt()[1]


def score_place(measured: Floats) -> float:
    """How sure a place is, 0 to 1.

    Args:
        measured: in the order of ``MEASURED``.
    """
    by_trees = float(_learnt()[0].read(measured[None])[0])
    odds = float(average(weigh(measured[None]), np.array([by_trees]))[0])
    return round(float(1 / (1 + np.exp(-odds))), 6)


def weigh(measured: npt.NDArray[np.floating[Any]]) -> Doubles:
    """The logarithm of the odds of each row by its points alone."""
    centres, spreads, odds = np.array([each[1:] for each in WEIGHTS], np.float64).T
    deviations = (measured[:, : len(WEIGHTS)].astype(np.float64) - centres) / spreads
    return np.asarray(_START + np.clip(deviations, -_FARTHEST, _FARTHEST) @ odds, np.float64)


def average(by_weights: Doubles, by_trees: Doubles) -> Doubles:
    """Both opinions as one, each the logarithm of odds."""
    return SHARE_OF_WEIGHTS * by_weights + (1 - SHARE_OF_WEIGHTS) * by_trees


@functools.cache
def _learnt() -> tuple[Trees, str]:
    path = Path(__file__).with_name("scoring.npz")
    with np.load(path, allow_pickle=False) as arrays:
        trees = Trees(
            arrays["traits"].astype(np.intp),
            arrays["limits"],
            arrays["leaves"],
            float(arrays["start"]),
        )
    opinions = f"{WEIGHTS}/{_START}/{SHARE_OF_WEIGHTS}".encode()
    return trees, digest_bytes(path.read_bytes() + opinions)
