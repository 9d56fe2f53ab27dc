"""How Prefect runs a stage: one shard a task, cached by what decides its result."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import asdict
from typing import Any, TypedDict

from prefect import Task, task
from prefect.client.schemas.objects import State
from prefect.context import TaskRunContext

from models.errors import KiyomeError
from models.stages import StageRecord

StageTask = Task[..., dict[str, Any]]


class TaskOptions(TypedDict):
    """The options that all stage tasks share."""

    cache_key_fn: Callable[[TaskRunContext, dict[str, Any]], str | None]
    persist_result: bool
    result_serializer: str
    retries: int
    retry_delay_seconds: list[float]
    retry_condition_fn: Callable[[Any, Any, State[Any]], bool]
    log_prints: bool


def _key(_: TaskRunContext, parameters: dict[str, Any]) -> str | None:
    key = parameters["key"]
    return key if isinstance(key, str) else None


def _worth_retrying(_task: Any, _run: Any, state: State[Any]) -> bool:
    """Whether trying again may help: an error that a person has to mend is not worth it."""
    failure = state.result(raise_on_failure=False)
    return not isinstance(failure, KiyomeError)


STAGE_OPTIONS: TaskOptions = {
    "cache_key_fn": _key,
    "persist_result": True,
    "result_serializer": "json",
    "retries": 2,
    "retry_delay_seconds": [1.0, 10.0],
    "retry_condition_fn": _worth_retrying,
    "log_prints": False,
}
__all__ = ["STAGE_OPTIONS", "StageTask", "as_result", "as_stage_record", "task"]


def as_result(record: StageRecord) -> dict[str, Any]:
    """A record as the small JSON that Prefect keeps."""
    return asdict(record)


def as_stage_record(result: dict[str, Any]) -> StageRecord:
    """The record that a task, or Prefect's cache, returned."""
    return StageRecord(**result)
