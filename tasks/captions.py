"""The task that finds protected names in captions that people have edited."""

from __future__ import annotations

from typing import Any

from tasks.order import ShardWork
from tasks.stage_task import STAGE_OPTIONS, as_result, task


@task(name="edited", **STAGE_OPTIONS)
def examine_edited(work: ShardWork, key: str) -> dict[str, Any]:  # noqa: ARG001  (Prefect's cache key)
    """Carry out the stage for edited captions of one shard; the result is its completion record."""
    return as_result(work.carry_out())
