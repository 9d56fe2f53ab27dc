"""A sentence for people, in the two languages of the product."""

from __future__ import annotations

import math
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Words:
    """The same sentence in English and Japanese."""

    en: str
    ja: str


def percent(share: float) -> str:
    """A share in per cent with two places, rounded up: a bound must not look better than it is."""
    # What is a hundredth but for the last bit of a float stays a hundredth.
    return f"{min(100.0, math.ceil(share * 10_000 - 1e-6) / 100):.2f} %"


def percent_down(share: float) -> str:
    """A share in per cent with two places, rounded down: for what is promised at least."""
    return f"{max(0.0, math.floor(share * 10_000 + 1e-6) / 100):.2f} %"


def plain_percent(share: float) -> str:
    """A chosen share, as it was chosen: 0.95 is 95 %, 0.005 is 0.5 %."""
    return f"{share * 100:.4g} %"
