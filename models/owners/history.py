"""In which releases a work was, and what was decided about it each time."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq
from sqlalchemy import select
from sqlalchemy.orm import Session

from models.store.tables import ReleaseRow
from models.verdicts import Verdict

MOST = 50
"""Releases that are looked into, the newest first."""


@dataclass(frozen=True, slots=True)
class Appearance:
    """A work in one release of its dataset.

    Attributes:
        number, created_ms: of the release.
        verdict, reasons: what had been decided; "" where the dataset did not hold the work, or
            where the release's file is gone.
        is_latest: no later release has been made.
    """

    number: int
    created_ms: int
    verdict: str
    reasons: tuple[str, ...]
    is_latest: bool

    @property
    def is_in(self) -> bool:
        """Whether the release holds the work."""
        return self.verdict == Verdict.CLEAR.value


def trace_work(
    session: Session, workspace: Path, dataset: str, asset_id: str
) -> tuple[Appearance, ...]:
    """Every release of a dataset as it stands to one work, the newest first."""
    query = (
        select(ReleaseRow.number, ReleaseRow.created_ms, ReleaseRow.folder)
        .where(ReleaseRow.dataset == dataset)
        .order_by(ReleaseRow.number.desc())
        .limit(MOST)
    )
    found = []
    for place, row in enumerate(session.execute(query)):
        verdict, reasons = _find_outcome(workspace / row.folder / "outcomes.parquet", asset_id)
        found.append(Appearance(row.number, row.created_ms, verdict, reasons, place == 0))
    return tuple(found)


def _find_outcome(path: Path, asset_id: str) -> tuple[str, tuple[str, ...]]:
    """Verdict and reasons of one asset, from a table that is sorted by asset."""
    try:
        with pq.ParquetFile(path, memory_map=True) as file:
            for group in _groups_holding(file, asset_id):
                table = file.read_row_group(group, columns=["asset_id", "verdict", "reasons"])
                row = table.filter(pc.equal(table["asset_id"], asset_id)).to_pylist()
                if row:
                    return row[0]["verdict"], tuple(row[0]["reasons"])
    except (OSError, ValueError, LookupError, pa.ArrowException):
        return "", ()  # a release whose file is gone says nothing about anybody's work
    return "", ()


def _groups_holding(file: pq.ParquetFile, asset_id: str) -> Sequence[int]:
    def may_hold(group: int) -> bool:
        statistics = file.metadata.row_group(group).column(0).statistics
        known = statistics is not None and statistics.has_min_max
        return not known or bool(statistics.min <= asset_id <= statistics.max)

    return [group for group in range(file.num_row_groups) if may_hold(group)]
