"""Learns the trees by which a place is scored (``models.motifs.local.scoring``).

No tree contradicts what is known beforehand: more points in agreement, or a better likeness, never
lowers what is said of a place (after C. Dugas et al., "Incorporating second-order functional
knowledge", NeurIPS 2000).
"""

from __future__ import annotations

import sys
from pathlib import Path

import numpy as np
import numpy.typing as npt

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

from models.motifs.local.scoring import MEASURED, Trees

Doubles = npt.NDArray[np.float64]
Rows = npt.NDArray[np.intp]

TREES, DEPTH, RATE = 100, 3, 0.1
"""How many trees are learnt, how deep, and how much of each tree's advice is taken."""

RISING = frozenset(
    {
        "points",
        "places",
        "bits",
        "bits a place",
        "share of visible",
        "share of visible places",
        "light agrees",
        "edges agree",
        "edges agree a block",
        "edges agree in the better half of the blocks",
        "information",
        "information of corners",
        "blocks alike",
        "blocks very alike",
        "share of blocks alike",
        "colours agree in their arrangement",
    }
)
"""More of these never lowers the odds."""
FALLING = frozenset({"share of blocks unlike", "share of cells of another colour"})
"""More of these never raises the odds."""
DIRECTIONS = np.array([(name in RISING) - (name in FALLING) for name in MEASURED])

_LIMITS = 24
"""Limits tried of each trait: between so many equal parts of what was measured."""
_FEWEST, _RIDGE = 15, 2.0
"""A leaf speaks of so many places at least, and is drawn to 0 by so much."""


def learn_trees(measured: Doubles, right: npt.NDArray[np.bool_]) -> Trees:
    """Boosted trees, by second-order steps on the logarithmic loss.

    The same places give the same trees.

    Args:
        measured: places x traits, in the order of ``MEASURED``.
        right: whether the reference is there.
    """
    parts = np.arange(1, _LIMITS) / _LIMITS
    limits = [np.unique(np.quantile(column, parts)) for column in measured.T]
    # A place is above the limits of its trait whose number is smaller than its bin's.
    bins = np.stack(
        [np.searchsorted(cuts, column) for cuts, column in zip(limits, measured.T, strict=True)], 1
    )
    share = float(right.mean())
    start = float(np.log(share / (1 - share)))
    odds = np.full(len(right), start)
    traits, cuts, leaves = [], [], []
    for _ in range(TREES):
        likely = 1 / (1 + np.exp(-odds))
        pull, weight = right - likely, likely * (1 - likely)
        chosen, leaf_of = _ask(bins, [len(each) for each in limits], pull, weight)
        added = _leaves(leaf_of, pull, weight, [int(DIRECTIONS[trait]) for trait, _ in chosen])
        odds += added[leaf_of]
        traits.append([trait for trait, _ in chosen])
        cuts.append([limits[trait][cut] for trait, cut in chosen])
        leaves.append(added)
    return Trees(
        np.array(traits, np.intp), np.array(cuts, np.float32), np.array(leaves, np.float32), start
    )


def _ask(
    bins: Rows, counts: list[int], pull: Doubles, weight: Doubles
) -> tuple[list[tuple[int, int]], Rows]:
    """The questions of one tree, as trait and limit, and the leaf of each place."""
    traits = bins.shape[1]
    asked = np.arange(_LIMITS) < np.array(counts)[:, None]
    leaf_of = np.zeros(len(pull), np.intp)
    chosen: list[tuple[int, int]] = []
    for depth in range(DEPTH):
        rows = leaf_of[:, None] * traits + np.arange(traits)
        cells = (rows * _LIMITS + bins).ravel()
        shape = (1 << depth, traits, _LIMITS)
        pulls, weights = (
            np.bincount(cells, np.repeat(each, traits), int(np.prod(shape))).reshape(shape)
            for each in (pull, weight)
        )
        below = pulls.cumsum(axis=2), weights.cumsum(axis=2)
        above = tuple(side[:, :, -1:] - side for side in below)
        gain = sum(side[0] ** 2 / (side[1] + _RIDGE) for side in (below, above)).sum(axis=0)
        lower, upper = (
            side[0].sum(axis=0) / (side[1].sum(axis=0) + _RIDGE) for side in (below, above)
        )
        gain[~asked | (DIRECTIONS[:, None] * (upper - lower) < 0)] = -np.inf
        trait, cut = divmod(int(gain.argmax()), _LIMITS)
        chosen.append((trait, cut))
        leaf_of = leaf_of | ((bins[:, trait] > cut).astype(np.intp) << depth)
    return chosen, leaf_of


def _leaves(leaf_of: Rows, pull: Doubles, weight: Doubles, directions: list[int]) -> Doubles:
    """What each leaf adds; one that speaks of few places adds nothing."""
    count = 1 << DEPTH
    pulls, weights = (np.bincount(leaf_of, each, count) for each in (pull, weight))
    added = RATE * pulls / (weights + _RIDGE)
    added[np.bincount(leaf_of, minlength=count) < _FEWEST] = 0
    return straighten(added, weights + _RIDGE, directions)


def straighten(added: Doubles, weights: Doubles, directions: list[int]) -> Doubles:
    """Leaves that go with the direction of every question: pairs that do not become their mean.

    Args:
        added: of each leaf, by its answers as a binary number, first the lowest digit.
        weights: how much a leaf counts.
        directions: of each question 1, -1, or 0 where either is right.
    """
    added = added.copy()
    leaves = np.arange(len(added))
    # Each round brings contradicting pairs nearer; what is left after all of them is rounding.
    for _ in range(_ROUNDS):
        for digit, direction in enumerate(directions):
            low = leaves[(leaves >> digit) & 1 == 0]
            high = low | (1 << digit)
            wrong = direction * (added[high] - added[low]) < 0
            one, other = low[wrong], high[wrong]
            both = weights[one] * added[one] + weights[other] * added[other]
            added[one] = added[other] = both / (weights[one] + weights[other])
    return added


_ROUNDS = 50
