"""The task that finds protected names in captions and file names."""

from __future__ import annotations

from typing import Any

from tasks.order import ShardWork
from tasks.stage_task import STAGE_OPTIONS, as_result, task


@task(name="nouns", **STAGE_OPTIONS)
def examine_nouns(work: ShardWork, key: str) -> dict[str, Any]:  # noqa: ARG001  (Prefect's cache key)
    """Carry out the nouns stage for one shard; the result is its completion record."""
    return as_result(work.carry_out())
