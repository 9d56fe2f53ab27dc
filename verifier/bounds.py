"""How many entries to draw, and what the drawn ones say about all: plain binomial statistics.

Both are on the safe side: drawing without putting back finds violations a little sooner than the
binomial distribution says.
"""

from __future__ import annotations

import math
from decimal import ROUND_CEILING, Context, Decimal

_CONTEXT = Context(prec=40)
_TIE = Decimal("1e-12")
_STEPS = 60


def count_sample(entries: int, uses: int, rate: Decimal, confidence: Decimal) -> int:
    """How many entries have to be drawn to see a violation, if there are too many, in all
    likelihood.

    The least k with (1 - rate x uses / entries)^k <= 1 - confidence, at most all entries: 299 for
    1 % and 95 % where every entry is a use. Which entries are uses is not known beforehand.

    Args:
        entries: entries of the batch.
        uses: how many of them are uses, at least 1.
        rate: the part of the uses that may violate, above 0 and below 1.
        confidence: above 0 and below 1.
    """
    bad = _CONTEXT.divide(_CONTEXT.multiply(rate, Decimal(uses)), Decimal(entries))
    missed = _CONTEXT.divide(
        _CONTEXT.ln(_CONTEXT.subtract(Decimal(1), confidence)),
        _CONTEXT.ln(_CONTEXT.subtract(Decimal(1), bad)),
    )
    # A power that meets the limit exactly must not become one more by rounding.
    least = _CONTEXT.subtract(missed, _TIE).to_integral_value(ROUND_CEILING)
    return max(1, min(entries, int(least)))


def bound_share(drawn: int, violations: int, confidence: float) -> float:
    """The share of violations among all entries that is not exceeded, with that confidence.

    The upper end of the one-sided interval of Clopper and Pearson: the share at which so few
    violations among so many drawn would be seen with a probability of 1 - confidence.
    """
    if violations >= drawn:
        return 1.0
    low, high = violations / drawn, 1.0
    for _ in range(_STEPS):
        middle = (low + high) / 2
        if _at_most(drawn, violations, middle) > 1 - confidence:
            low = middle
        else:
            high = middle
    return high


def _at_most(drawn: int, violations: int, share: float) -> float:
    """The probability of so many violations or fewer."""
    if share <= 0:
        return 1.0
    if share >= 1:
        return 0.0
    bad, good = math.log(share), math.log1p(-share)
    ways = math.lgamma(drawn + 1)
    return math.fsum(
        math.exp(
            ways - math.lgamma(n + 1) - math.lgamma(drawn - n + 1) + n * bad + (drawn - n) * good
        )
        for n in range(violations + 1)
    )
