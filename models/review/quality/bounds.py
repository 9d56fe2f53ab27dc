"""Exact upper bounds on how many of all are affected, from how many of a sample are.

Every bound here is one-sided and holds at its stated confidence or more, whatever the truth is:

- drawn with replacement, or from very many: C. J. Clopper and E. S. Pearson, "The use of confidence
  or fiducial limits illustrated in the case of the binomial", Biometrika 26, 1934;
- drawn without replacement from N: the hypergeometric law inverted in the same way, T. Wright,
  "Exact confidence bounds when sampling from small finite universes", Springer 1991, chapter 2.
"""

from __future__ import annotations

import math

import numpy as np
from scipy import special

from models.errors import ReviewError

# Logarithms of factorials of some millions carry errors of about 1e-8. A probability this little
# below the limit is not taken to be below it, so that a bound never comes out too low for them.
_SLACK = 1e-6


def check_share(name: str, value: float) -> None:
    """Refuse what is not strictly between 0 and 1.

    Raises:
        ReviewError: it is not.
    """
    if not 0 < value < 1:
        raise ReviewError(f"{name} is {value}.", "Give a number between 0 and 1, such as 0.95.")


def hypergeometric_below(most: int, drawn: int, affected: int, population: int) -> float:
    """The probability that a sample without replacement holds at most ``most`` affected ones.

    Args:
        most: how many at most.
        drawn: size of the sample.
        affected: how many of the population are affected.
        population: of how many the sample is drawn.
    """
    least = max(0, drawn - (population - affected))
    if most < least:
        return 0.0
    if most >= min(drawn, affected):
        return 1.0
    found = np.arange(least, most + 1, dtype=np.float64)
    logs = (
        _log_choose(affected, found)
        + _log_choose(population - affected, drawn - found)
        - _log_choose(population, np.float64(drawn))
    )
    return float(min(1.0, np.exp(special.logsumexp(logs))))


def bound_share(found: int, of: int, confidence: float) -> float:
    """Clopper and Pearson's upper bound on the share, from ``found`` of ``of``; 1 of none.

    Raises:
        ReviewError: the numbers contradict each other.
    """
    check_share("The confidence", confidence)
    _check_counts(found, of)
    if found == of:
        return 1.0
    return float(special.betaincinv(found + 1, of - found, confidence))


def bound_count(found: int, drawn: int, population: int, confidence: float) -> int:
    """The most affected ones in the population that the sample leaves possible.

    The largest number for which finding ``found`` or fewer among ``drawn`` is more probable than
    1 - ``confidence``. Of a sample that is the whole population it is what was found.

    Raises:
        ReviewError: the numbers contradict each other.
    """
    check_share("The confidence", confidence)
    _check_counts(found, drawn)
    _check_counts(drawn, population)
    limit = (1 - confidence) * (1 - _SLACK)
    # What was looked at and found unaffected is not affected.
    low, high = found, population - (drawn - found)
    while low < high:
        middle = (low + high + 1) // 2
        if hypergeometric_below(found, drawn, middle, population) > limit:
            low = middle
        else:
            high = middle - 1
    return low


def size_for_count(population: int, at_most: int, allowed: int, confidence: float) -> int:
    """The smallest sample that, with ``allowed`` found in it, bounds the count by ``at_most``.

    The whole population where no smaller sample does.

    Raises:
        ReviewError: a number is below 0, or the confidence is not between 0 and 1.
    """
    check_share("The confidence", confidence)
    if min(population, at_most, allowed) < 0:
        raise ReviewError("A number of assets is below 0.", "Give numbers of 0 or more.")
    if at_most >= population:
        return 0
    low, high = 0, population
    while low < high:
        middle = (low + high) // 2
        found = min(allowed, middle)
        if bound_count(found, middle, population, confidence) <= at_most:
            high = middle
        else:
            low = middle + 1
    return low


def whole_count(share: float, population: int) -> int:
    """The largest whole number that is at most ``share`` of the population."""
    # 0.29 of 100 is 29, not 28: a float's last bit must not cost an asset.
    return math.floor(share * population + 1e-9)


def _log_choose(of: float, some: np.ndarray | np.float64) -> np.ndarray:
    logs: np.ndarray = (
        special.gammaln(of + 1) - special.gammaln(some + 1) - special.gammaln(of - some + 1)
    )
    return logs


def _check_counts(part: int, whole: int) -> None:
    if not 0 <= part <= whole:
        raise ReviewError(
            f"{part} of {whole} cannot be.", "Count again: the part is from 0 to the whole."
        )
