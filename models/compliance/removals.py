"""What each release of a dataset holds no longer, and what owners have asked for since."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping
from typing import Any, Final

import pyarrow as pa

from models.compliance.decisions import hide_unread
from models.compliance.facts import Facts, Removals, write_time
from models.releases.notices import classify
from models.releases.release import Release

FILE: Final = "removals.parquet"
LOG: Final = "removal-log.json"
FORMAT: Final = "kiyome/removal-log/1"
REMOVALS: Final = pa.schema(
    [
        pa.field("release", pa.int32(), nullable=False),
        pa.field("release_id", pa.string(), nullable=False),
        pa.field("asset_sha256", pa.string()),
        pa.field("reason", pa.string(), nullable=False),
        pa.field("verdict", pa.string(), nullable=False),
        pa.field("reasons", pa.list_(pa.string()), nullable=False),
        pa.field("removed_at", pa.timestamp("s", tz="UTC"), nullable=False),
    ]
)
"""One row for each asset that a release holds no longer; ``reason`` as in removal notices."""


def gather_removals(
    removed: Iterable[tuple[Release, Mapping[str, Any], pa.Table | None]],
    taken_down_ms: Iterable[int],
    withdrawn_ms: Iterable[int],
    newest: int,
) -> Removals:
    """What releases removed, as a table and in numbers.

    Args:
        removed: releases in order, each with its ``release.json`` and its ``removed.parquet``; None
            where that cannot be read.
    """
    tables, listed = [REMOVALS.empty_table()], []
    for release, described, table in removed:
        rows = [] if table is None else _rows(release, table)
        counts = Counter(row["reason"] for row in rows)
        tables.append(pa.Table.from_pylist(rows, schema=REMOVALS))
        listed.append(
            {
                "release": release.number,
                "id": release.id,
                "manifest_sha256": release.manifest_sha256,
                "released_at": write_time(release.created_ms),
                "removed": release.removed,
                "by_reason": dict(sorted(counts.items())),
                "is_listed": table is not None and bool(described.get("removed_is_known", True)),
            }
        )
    return Removals(
        pa.concat_tables(tables),
        tuple(listed),
        tuple(sorted(taken_down_ms)),
        tuple(sorted(withdrawn_ms)),
        newest,
    )


def build_log(facts: Facts) -> dict[str, Any]:
    """``removal-log.json``."""
    removals, release = facts.removals, facts.release
    return {
        "format": FORMAT,
        "dataset": release.dataset,
        "release": {"id": release.id, "number": release.number},
        "releases": [dict(each) for each in removals.releases],
        "since": {
            "newest_release": removals.newest,
            "taken_down": _count(removals.taken_down_ms),
            "withdrawn": _count(removals.withdrawn_ms),
        },
    }


def _count(times: tuple[int, ...]) -> dict[str, Any]:
    return {"assets": len(times), "acknowledged_at": sorted({write_time(each) for each in times})}


def _rows(release: Release, table: pa.Table) -> list[dict[str, Any]]:
    return [
        {
            "release": release.number,
            "release_id": release.id,
            "asset_sha256": asset_id,
            "reason": classify(row["reasons"], row["verdict"]).value,
            "verdict": row["verdict"],
            "reasons": row["reasons"],
            "removed_at": release.created_ms // 1000,
        }
        for asset_id, row in zip(hide_unread(table).to_pylist(), table.to_pylist(), strict=True)
    ]
