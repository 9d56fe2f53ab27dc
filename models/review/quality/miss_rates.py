"""Tests of "the miss rate is above alpha", valid for any number of rulings.

The miss rate is the share of violations that lie below a threshold and would be cleared unseen.
Where every asset was ruled on with the same probability, the violations are a plain sample:

- the exact binomial test;
- where losses lie between 0 and 1 (a graver miss counts more), the p-value of Hoeffding and
  Bentkus: S. Bates, A. Angelopoulos, L. Lei, J. Malik and M. Jordan, "Distribution-free,
  risk-controlling prediction sets", Journal of the ACM 68, 2021, section 3.1.

Where assets were ruled on with different known probabilities, each counts with the inverse of its
own (D. G. Horvitz and D. J. Thompson, "A generalization of sampling without replacement from a
finite universe", Journal of the American Statistical Association 47, 1952). The test then is a bet:
with z = (loss - alpha) / probability for a violation, a miss rate above alpha makes the mean of z
positive, so that the wealth of whoever bets on small z, the product of (1 - b z), grows on average
by no factor above 1, and reaches 1 / p with a probability of at most p (I. Waudby-Smith and
A. Ramdas, "Estimating means of bounded random variables by betting", Journal of the Royal
Statistical Society B 86, 2024, section 4). Several stakes b are tried with shares of the money; an
average of such wealths is one as well. Assets that were not ruled on, and harmless ones, leave the
wealth as it is.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

import numpy as np
import numpy.typing as npt
from scipy import special

_HALVINGS: Final = 24
"""After so many a bound is known to a millionth. The upper end of what is left is the bound."""

Floats = npt.NDArray[np.float64]

_STAKES: Final = np.concatenate([[1.0], np.geomspace(0.8, 0.005, 10)])
"""Of the highest stake that cannot ruin."""

_MONEY: Final = np.concatenate([[0.5], np.full(10, 0.05)])
"""Half on the highest stake: it wins most where nothing is missed."""


@dataclass(frozen=True, slots=True)
class Violations:
    """Rulings that found a violation, or may: those that are outstanding.

    Attributes:
        scores: of each, the detector's score.
        losses: what missing it counts, from 0 to 1.
        probabilities: with which it was chosen to be ruled on.
        least: no asset was chosen with a smaller probability.
        outstanding: of each, that it was chosen and has no ruling yet.
        even: every asset, violating or not, was chosen with the same probability.
    """

    scores: Floats
    losses: Floats
    probabilities: Floats
    least: float
    outstanding: npt.NDArray[np.bool_]
    even: bool

    @property
    def whole(self) -> bool:
        """Each miss counts 1."""
        return bool(np.all(self.losses == 1))

    def lost(self, threshold: float) -> Floats:
        """Of each, its loss where it lies below the threshold, else 0."""
        return np.where(self.scores < threshold, self.losses, 0.0)


@dataclass(frozen=True, slots=True)
class _Tally:
    """What counts at a threshold, with equal ones counted together.

    Attributes:
        lost: what is lost by each.
        probabilities: with which each was chosen.
        counts: how many there are of it.
    """

    lost: Floats
    probabilities: Floats
    counts: npt.NDArray[np.int64]

    @property
    def total(self) -> float:
        return float(self.lost @ self.counts)

    @property
    def of(self) -> int:
        return int(self.counts.sum())


def _tally(violations: Violations, threshold: float) -> _Tally:
    # What is outstanding counts as a violation where it would be missed, and not at all where it
    # would be found: either way to our disadvantage.
    kept = ~(violations.outstanding & (violations.scores >= threshold))
    # A complex number is a pair here: numpy counts equal ones an order of magnitude faster.
    pairs = violations.lost(threshold)[kept] + 1j * violations.probabilities[kept]
    unique, counts = np.unique(pairs, return_counts=True)
    return _Tally(unique.real, unique.imag, counts)


def p_value(violations: Violations, threshold: float, alpha: float) -> float:
    """How probable evidence as good as this is where the miss rate is above ``alpha``.

    1 where there is no violation.
    """
    return _p_value(violations, _tally(violations, threshold), alpha)


def _p_value(violations: Violations, tally: _Tally, alpha: float) -> float:
    if not tally.of:
        return 1.0
    if not violations.even:
        return _betting(tally, violations.least, alpha)
    if violations.whole:
        return binomial_p_value(round(tally.total), tally.of, alpha)
    return hoeffding_bentkus_p_value(tally.total, tally.of, alpha)


def binomial_p_value(missed: int, of: int, alpha: float) -> float:
    """The probability of ``missed`` or fewer where each of ``of`` is missed with ``alpha``."""
    return 1.0 if missed >= of else float(special.bdtr(missed, of, alpha))


def hoeffding_bentkus_p_value(total: float, of: int, alpha: float) -> float:
    """The p-value of "the mean loss is above alpha", from losses between 0 and 1.

    Args:
        total: sum of the losses.
        of: how many there are.
        alpha: the mean loss that is tested.
    """
    mean = min(total / of, alpha)
    divergence = special.rel_entr(mean, alpha) + special.rel_entr(1 - mean, 1 - alpha)
    hoeffding = np.exp(-of * divergence)
    # A sum of 3 whole losses may be 3.0000000000000004.
    bentkus = np.e * binomial_p_value(int(np.ceil(total - 1e-9)), of, alpha)
    return float(min(1.0, hoeffding, bentkus))


def _betting(tally: _Tally, least: float, alpha: float) -> float:
    # The largest z there can be is (1 - alpha) / least; a stake of its inverse cannot ruin.
    gains = (alpha - tally.lost) * least / (tally.probabilities * (1 - alpha))
    with np.errstate(divide="ignore"):
        logs = np.log1p(np.outer(_STAKES, np.maximum(gains, -1.0))) @ tally.counts
    return float(min(1.0, np.exp(-special.logsumexp(logs + np.log(_MONEY)))))


def bound_miss_rate(violations: Violations, threshold: float, confidence: float) -> float:
    """The upper bound on the miss rate at one threshold, at the stated confidence.

    All rates are ruled out that the test rejects. Its p-value falls as the rate rises, so that they
    are those above one number, which is found by halving. 1 where nothing is ruled out.
    """
    tally = _tally(violations, threshold)
    low, high = 0.0, 1.0
    for _ in range(_HALVINGS):
        middle = (low + high) / 2
        if _p_value(violations, tally, middle) <= 1 - confidence:
            high = middle
        else:
            low = middle
    return high


def estimate_miss_rate(violations: Violations, threshold: float) -> float | None:
    """The weighted share of violations that are missed; None of none.

    Ruled ones only: what is outstanding is no estimate of anything.
    """
    ruled = ~violations.outstanding
    weights = 1 / violations.probabilities[ruled]
    if not len(weights):
        return None
    return float((weights * violations.lost(threshold)[ruled]).sum() / weights.sum())
