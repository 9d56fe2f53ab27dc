"""The task that makes what lists and declarations recognise pictures by."""

from __future__ import annotations

from typing import Any

from tasks.order import ShardWork
from tasks.stage_task import STAGE_OPTIONS, as_result, task


@task(name="likeness", **STAGE_OPTIONS)
def examine_likeness(work: ShardWork, key: str) -> dict[str, Any]:  # noqa: ARG001  (Prefect's cache key)
    """Carry out the likeness stage for one shard; the result is its completion record."""
    return as_result(work.carry_out())
