"""How many of how many, with an interval that says how far to trust it."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Any, Final

_Z: Final = 1.959964
"""Of a 95 % interval."""


@dataclass(frozen=True, slots=True)
class Share:
    """How many of how many."""

    found: int
    of: int

    @property
    def value(self) -> float:
        """As a number from 0 to 1; 0 of none."""
        return self.found / self.of if self.of else 0.0

    @property
    def interval(self) -> tuple[float, float]:
        """The 95 % interval of Wilson (Journal of the American Statistical Association 22, 1927).

        It holds for few and for shares near 0 and 1 too. Of none it is everything.
        """
        if not self.of:
            return 0.0, 1.0
        count, value = self.of, self.value
        middle = (value + _Z * _Z / (2 * count)) / (1 + _Z * _Z / count)
        spread = math.sqrt(value * (1 - value) / count + _Z * _Z / (4 * count * count))
        reach = _Z / (1 + _Z * _Z / count) * spread
        # At the ends the formula gives 0 and 1, but for rounding.
        low = 0.0 if self.found == 0 else max(0.0, middle - reach)
        high = 1.0 if self.found == count else min(1.0, middle + reach)
        return low, high

    def as_dict(self) -> dict[str, Any]:
        """A JSON-ready dictionary."""
        low, high = self.interval
        return {
            "found": self.found,
            "of": self.of,
            "share": round(self.value, 5),
            "interval": [round(low, 5), round(high, 5)],
        }
