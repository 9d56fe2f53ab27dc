"""Reading back what a run has judged, shard by shard, so that no table is held or passed whole."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

import pyarrow as pa

from models.assets.asset import Asset
from models.judging import VerdictRecord, read_verdicts
from tasks.order import Desk


def read_decided(
    desk: Desk, verdicts: Sequence[dict[str, Any]], columns: Sequence[str]
) -> Iterator[pa.Table]:
    """For each shard some columns of its verdict rows, in dataset order.

    Args:
        verdicts: the verdict records of the shards, as tasks return them.
        columns: those to read.
    """
    for value in verdicts:
        yield read_verdicts(desk.workspace, VerdictRecord(**value), columns)


def read_judged(
    desk: Desk, verdicts: Sequence[dict[str, Any]]
) -> Iterator[tuple[Sequence[Asset], pa.Table]]:
    """For each shard its assets and all of its verdict rows, in dataset order."""
    for value in verdicts:
        record = VerdictRecord(**value)
        yield desk.shard(record.shard).assets, read_verdicts(desk.workspace, record)
