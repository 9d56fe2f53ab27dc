"""The task that matches pictures against the registered motifs."""

from __future__ import annotations

from typing import Any

from tasks.order import ShardWork
from tasks.stage_task import STAGE_OPTIONS, as_result, task


@task(name="motifs", **STAGE_OPTIONS)
def examine_motifs(work: ShardWork, key: str) -> dict[str, Any]:  # noqa: ARG001  (Prefect's cache key)
    """Carry out the motifs stage for one shard; the result is its completion record."""
    return as_result(work.carry_out())
