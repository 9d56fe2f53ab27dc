"""How long a review takes, from how long reviews have taken."""

from __future__ import annotations

from itertools import pairwise
from statistics import median

from sqlalchemy import select
from sqlalchemy.orm import Session

from models.review.items import LEASE_MS
from models.store.tables import RulingRow

USUAL_SECONDS = 20.0
"""Taken for one ruling until there are enough to measure."""

_LEAST = 20
_LOOKED_AT = 2000


def measure_pace(session: Session) -> tuple[float, bool]:
    """Seconds that a reviewer takes for a ruling, and whether that was measured.

    It is the median time between two rulings of the same reviewer, breaks left out. Rulings that
    came with another took no time of their own.
    """
    row = RulingRow
    query = (
        select(row.reviewer, row.ruled_ms)
        .where(row.came_with == "")
        .order_by(row.ruled_ms.desc())
        .limit(_LOOKED_AT)
    )
    rulings = sorted((reviewer, ruled_ms) for reviewer, ruled_ms in session.execute(query))
    gaps = [
        (after[1] - before[1]) / 1000
        for before, after in pairwise(rulings)
        if before[0] == after[0] and 0 < after[1] - before[1] <= LEASE_MS
    ]
    return (median(gaps), True) if len(gaps) >= _LEAST else (USUAL_SECONDS, False)
