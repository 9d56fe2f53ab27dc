"""The coefficients of agreement, for one set of items or many resamples of it at once."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

Floats = npt.NDArray[np.float64]
Counts = npt.NDArray[np.int64]


@dataclass(frozen=True, slots=True)
class Pattern:
    """What the items hold, with equal items counted together.

    Attributes:
        rows: one row of numbers for each kind of item, in sorted order.
        counts: how many items are of that kind.
    """

    rows: Floats
    counts: Counts


@dataclass(frozen=True, slots=True)
class Parts:
    """Observed and chance agreement, for one or more resamples; NaN where undefined."""

    observed: Floats
    chance: Floats

    @property
    def corrected(self) -> Floats:
        """What is left of the agreement beyond chance, of what chance leaves."""
        with np.errstate(divide="ignore", invalid="ignore"):
            left = (self.observed - self.chance) / (1 - self.chance)
        defined: Floats = np.where(self.chance < 1 - 1e-12, left, np.nan)
        return defined


def make_pattern(kinds: Mapping[tuple[int, ...], int], width: int) -> Pattern:
    """Items of each kind, in sorted order."""
    # Sorted, so that the same rulings give the same interval whatever order they came in.
    ordered = sorted(kinds)
    rows = np.array(ordered, dtype=np.float64).reshape(len(ordered), width)
    return Pattern(rows, np.array([kinds[row] for row in ordered], dtype=np.int64))


def count_apart(rows: Floats, counts: Counts) -> int:
    """How many items hold a ruling other than the commonest."""
    commonest = int(np.argmax(counts @ rows))
    others = rows.sum(axis=1) > rows[:, commonest]
    return int(counts[others].sum())


def resample(counts: Counts, seed: int, draws: int) -> Counts:
    """How often each kind of item occurs in each resample, of as many items."""
    total = int(counts.sum())
    dice = np.random.default_rng(seed)
    return dice.multinomial(total, counts / total, size=draws)


def _agreeing(rows: Floats) -> Floats:
    """Of each item, the share of pairs of rulings that are equal; 0 where there is no pair."""
    sums = rows.sum(axis=1)
    pairs = sums * (sums - 1)
    equal = (rows * (rows - 1)).sum(axis=1)
    shares: Floats = np.divide(equal, pairs, out=np.zeros_like(equal), where=pairs > 0)
    return shares


def _ratio(above: Floats, below: Floats) -> Floats:
    with_gaps: Floats = np.divide(above, below, out=np.full_like(above, np.nan), where=below > 0)
    return with_gaps


def raw_parts(rows: Floats, weights: Counts) -> Parts:
    """Of items with two or more rulings, the share of pairs that are equal; nothing by chance."""
    observed = _ratio(weights @ _agreeing(rows), weights @ (rows.sum(axis=1) >= 2).astype(float))
    return Parts(observed, np.zeros_like(observed))


def alpha_parts(rows: Floats, weights: Counts) -> Parts:
    """Krippendorff 2011, section C: coincidences within items, against those among all values."""
    values = weights @ rows
    total = values.sum(axis=1)
    observed = _ratio(weights @ (_agreeing(rows) * rows.sum(axis=1)), total)
    chance = _ratio((values * (values - 1)).sum(axis=1), total * (total - 1))
    return Parts(observed, chance)


def ac1_parts(rows: Floats, weights: Counts) -> Parts:
    """Gwet 2008, equation 5, and for gaps his Handbook of inter-rater reliability, 2014, ch. 5."""
    shares = weights @ (rows / rows.sum(axis=1, keepdims=True))
    shares = shares / shares.sum(axis=1, keepdims=True)
    chance = (shares * (1 - shares)).sum(axis=1) / (rows.shape[1] - 1)
    return Parts(raw_parts(rows, weights).observed, chance)


def kappa_parts(rows: Floats, weights: Counts) -> Parts:
    """Cohen 1960, equations 1 to 3.

    Args:
        rows: of each kind of item, the number of the category each of the two chose.
        weights: how often each kind occurs.
    """
    total = weights.sum(axis=1)
    observed = _ratio(weights @ (rows[:, 0] == rows[:, 1]).astype(np.float64), total)
    seen = np.eye(int(rows.max()) + 1)[rows.astype(np.int64)]
    first, second = ((weights @ seen[:, side]) / total[:, None] for side in (0, 1))
    return Parts(observed, (first * second).sum(axis=1))
