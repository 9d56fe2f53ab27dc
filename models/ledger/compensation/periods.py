"""Periods of account: a year, a quarter or a month, in UTC."""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import UTC, datetime

from models.errors import LedgerError

_NAME = re.compile(r"([0-9]{4})(?:-Q([1-4])|-(0[1-9]|1[0-2]))?", re.ASCII)


@dataclass(frozen=True, slots=True)
class Period:
    """A period of account.

    Attributes:
        name: ``2026``, ``2026-Q3`` or ``2026-07``.
        start: its first second, UTC seconds since 1970.
        end: the first second after it.
    """

    name: str
    start: int
    end: int

    @classmethod
    def parse(cls, name: str) -> Period:
        """Read a period's name.

        Raises:
            LedgerError: it is none.
        """
        match = _NAME.fullmatch(name)
        if match is None or not 1970 <= int(match[1]) < 9999:
            raise LedgerError(
                f"{name!r} is not a period.", "Write 2026, 2026-Q3 or 2026-07 (all in UTC)."
            )
        year, first, months = int(match[1]), 1, 12
        if match[2]:
            first, months = 3 * int(match[2]) - 2, 3
        elif match[3]:
            first, months = int(match[3]), 1
        return cls(name, _month_start(year, first), _month_start(year, first + months))

    def holds(self, moment: int) -> bool:
        """Whether a moment, UTC seconds since 1970, falls into it."""
        return self.start <= moment < self.end


def _month_start(year: int, month: int) -> int:
    moment = datetime(year + (month - 1) // 12, (month - 1) % 12 + 1, 1, tzinfo=UTC)
    return int(moment.timestamp())
