"""Walking all shards of a plan with the runner of the settings, and telling how far it has come."""

from __future__ import annotations

import time
from queue import Empty, SimpleQueue
from typing import Any

from prefect.artifacts import create_progress_artifact, update_progress_artifact
from prefect.futures import PrefectFuture
from prefect.task_runners import TaskRunner

from flows.artifacts import name_artifact
from flows.runners import (
    died_errors,
    has_processes,
    lost_errors,
    make_runner,
    reachable_server,
    telling_losses,
)
from models.errors import RunnerError
from models.planning import Plan
from models.watching.progress import ProgressNote
from tasks.elsewhere import Handover, hand_over_shards
from tasks.order import Desk, open_desk
from tasks.progress import report
from tasks.shard import cleanse_shard

_AHEAD = 1024
"""Shards that are handed out at a time: enough for a large cluster, and no queue of a million."""

_PAUSE_S = 1.0

_MOST_GIVEN_UP = 64
"""Shards that this process walks itself, where a cluster's processes died of them. With more, it is
the cluster that is at fault."""

_LOOK_S = 30.0
_MOST_LOOKS = 20
"""Looks in a row at a cluster without any process, before it is given up: ten minutes."""

Future = PrefectFuture[Any]


def walk_shards(order: str, plan: Plan, attempt: int) -> list[dict[str, Any]]:
    """Every shard's result, in dataset order; progress shows in the Prefect UI while it goes on.

    A shard that fails stops no other: all are walked, and then the first failure is raised. A shard
    that a cluster gives up, since processes die of it, is walked by this process, where what they
    died of is examined apart.

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
        self._died = died_errors(desk.settings.runner)
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
        given_up: dict[int, BaseException] = {}
        self._note.note(0)
        if self._handover is not None:
            report("shards", 0, total)
        handed_out = 0
        for finished in range(1, total + 1):
            while handed_out < min(total, finished - 1 + _AHEAD):
                self._hand_out(order, handed_out)
                handed_out += 1
            place, future = self._next()
            outcome = self._outcome(future)
            if isinstance(outcome, self._died):
                given_up[place] = outcome
            elif isinstance(outcome, BaseException):
                failures[place] = outcome
            else:
                results[place] = outcome
            self._tell(finished, total)
        if given_up and (not results or len(given_up) > _MOST_GIVEN_UP):
            raise given_up[min(given_up)]
        if failures:
            raise failures[min(failures)]
        for place in sorted(given_up):
            results[place] = cleanse_shard(order, self._plan.shards[place][0])
        return [results[place] for place in range(total)]

    def _next(self) -> tuple[int, Future]:
        """The next shard that is finished.

        Raises:
            RunnerError: the cluster has had no process for too long.
        """
        looks = 0
        while True:
            try:
                return self._done.get(timeout=_LOOK_S)
            except Empty:
                looks = 0 if has_processes(self._runner) else looks + 1
                if looks >= _MOST_LOOKS:
                    raise RunnerError(
                        "The cluster has had no worker for ten minutes.",
                        "Start its workers, and run again: what was examined is kept.",
                    ) from None

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
