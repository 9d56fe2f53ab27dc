"""Walking all shards of a plan with the runner of the settings, and telling how far it has come."""

from __future__ import annotations

import time
from queue import SimpleQueue
from typing import Any

from prefect.artifacts import create_progress_artifact, update_progress_artifact
from prefect.futures import PrefectFuture
from prefect.task_runners import TaskRunner

from flows.artifacts import name_artifact
from flows.runners import lost_errors, make_runner, reachable_server, telling_losses
from models.planning import Plan
from models.watching.progress import ProgressNote
from tasks.elsewhere import Handover, hand_over_shards
from tasks.order import Desk, open_desk
from tasks.progress import report
from tasks.shard import cleanse_shard

_AHEAD = 1024
"""Shards that are handed out at a time: enough for a large cluster, and no queue of a million."""

_PAUSE_S = 1.0

Future = PrefectFuture[Any]


def walk_shards(order: str, plan: Plan, attempt: int) -> list[dict[str, Any]]:
    """Every shard's result, in dataset order; progress shows in the Prefect UI while it goes on.

    A shard that fails stops no other: all are walked, and then the first failure is raised.

    Args:
        attempt: how often the shards are judged in this run, from 1.

    Raises:
        RunnerError: processes of a cluster were lost too often.
        SettingsError: a process of the cluster does not work with the same things as this one.
    """
    desk = open_desk(order)
    elsewhere = desk.settings.runner != "threads"
    handover = hand_over_shards(desk, attempt) if elsewhere else None
    with (
        telling_losses(desk.settings),
        reachable_server(desk.settings),
        make_runner(desk.settings) as runner,
    ):
        return _Walk(desk, plan, runner, handover).walk(order)


class _Walk:
    """One walk: what was handed out, what came back, and who is told."""

    def __init__(
        self, desk: Desk, plan: Plan, runner: TaskRunner[Any], handover: Handover | None
    ) -> None:
        self._runner = runner
        self._plan = plan
        self._handover = handover
        self._lost = lost_errors(desk.settings.runner)
        self._note = ProgressNote(desk.workspace, desk.order.run_id, len(plan.shards))
        self._shown = create_progress_artifact(
            progress=0.0, key=name_artifact("progress", plan.dataset), description="Shards finished"
        )
        self._told_at = 0.0
        self._done: SimpleQueue[tuple[int, Future]] = SimpleQueue()

    def walk(self, order: str) -> list[dict[str, Any]]:
        """Hand out every shard, and collect the results."""
        total = len(self._plan.shards)
        results: dict[int, dict[str, Any]] = {}
        failures: dict[int, BaseException] = {}
        self._note.note(0)
        if self._handover is not None:
            report("shards", 0, total)
        handed_out = 0
        for finished in range(1, total + 1):
            while handed_out < min(total, finished - 1 + _AHEAD):
                self._hand_out(order, handed_out)
                handed_out += 1
            place, future = self._done.get()
            outcome = self._outcome(future)
            if isinstance(outcome, BaseException):
                failures[place] = outcome
            else:
                results[place] = outcome
            self._tell(finished, total)
        if failures:
            raise failures[min(failures)]
        return [results[place] for place in range(total)]

    def _hand_out(self, order: str, place: int) -> None:
        digest, _ = self._plan.shards[place]
        parameters = {"order": order, "shard": digest, "handover": self._handover}
        future = self._runner.submit(cleanse_shard, parameters)
        future.add_done_callback(lambda done: self._done.put((place, done)))

    def _outcome(self, future: Future) -> dict[str, Any] | BaseException:
        try:
            outcome: dict[str, Any] | BaseException = future.result(raise_on_failure=False)
        except self._lost as error:
            return error
        return outcome

    def _tell(self, finished: int, total: int) -> None:
        self._note.note(finished)
        if self._handover is not None:  # what a stage reports in another process is heard there
            report("shards", 1)
        now = time.monotonic()
        if finished < total and now - self._told_at < _PAUSE_S:
            return
        self._told_at = now
        update_progress_artifact(self._shown, progress=100 * finished / total)
