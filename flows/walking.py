"""Handing out shards to the runner of the settings: reading their consent, and walking them."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack, contextmanager
from queue import Empty, SimpleQueue
from typing import Any

from prefect import Task
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
from models.recleansing.carrying import has_output
from models.settings import Settings
from models.watching.progress import ProgressNote
from tasks.elsewhere import Handover, hand_over_shards
from tasks.order import Desk, open_desk
from tasks.progress import report
from tasks.shard import cleanse_shard, read_consent

_AHEAD = 1024
"""Tasks that are handed out at a time: enough for a large cluster, and no queue of a million."""

_TOGETHER = 32
"""Shards whose consent one task reads at most: handing out one may take longer than reading it."""

_SHARES = 8
"""Tasks of reading for each worker at least, while there are shards, so that all end together."""

_PAUSE_S = 1.0

_MOST_GIVEN_UP = 64
"""Tasks that this process carries out itself, where a cluster's processes died of them. With more,
it is the cluster that is at fault."""

_LOOK_S = 30.0
_MOST_LOOKS = 20
"""Looks in a row at a cluster without any process, before it is given up: ten minutes."""

Future = PrefectFuture[Any]


@contextmanager
def started_runner(settings: Settings) -> Iterator[TaskRunner[Any]]:
    """The runner of the settings, while it is used.

    Raises:
        RunnerError: no cluster answers.
        SettingsError: it cannot be used as the settings say.
    """
    stack = ExitStack()
    try:
        with telling_losses(settings):
            stack.enter_context(reachable_server(settings))
            runner = stack.enter_context(make_runner(settings))
        yield runner
    finally:
        with telling_losses(settings):
            stack.close()


def read_consents(order: str, plan: Plan, runner: TaskRunner[Any]) -> list[dict[str, Any]]:
    """Read what the files of a plan say about consent, where no run has read them.

    It comes before anything is asked outside the dataset, which one process does: it knows when a
    server may be asked again. What a cluster gives up is left to it, too.

    Returns:
        The records of what was read; they count what was examined only.

    Raises:
        RunnerError, SettingsError: as of ``walk_shards``.
    """
    desk = open_desk(order)
    fingerprint = desk.detectors.consent.fingerprint
    unread = [
        (digest, size)
        for digest, size in plan.shards
        if not has_output(desk.workspace, "consent", digest, fingerprint)
    ]
    if not unread:
        return []
    together = max(1, min(_TOGETHER, len(unread) // (_SHARES * desk.settings.workers)))
    parts = [unread[at : at + together] for at in range(0, len(unread), together)]
    handover = _hand_over(desk, 0)
    if handover is not None:
        report("consent", 0, sum(size for _, size in unread))

    def tell(place: int, _: int) -> None:
        if handover is not None:
            report("consent", sum(size for _, size in parts[place]))

    asked = [
        {"order": order, "shards": [digest for digest, _ in part], "handover": handover}
        for part in parts
    ]
    with telling_losses(desk.settings):
        results, _ = _HandingOut(desk, runner).carry_out(read_consent, asked, tell)
    return [record for place in sorted(results) for record in results[place]]


def walk_shards(
    order: str, plan: Plan, attempt: int, runner: TaskRunner[Any]
) -> list[dict[str, Any]]:
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
    handover = _hand_over(desk, attempt)
    asked = [{"order": order, "shard": digest, "handover": handover} for digest, _ in plan.shards]
    progress = _Progress(desk, plan, elsewhere=handover is not None)
    with telling_losses(desk.settings):
        handing_out = _HandingOut(desk, runner)
        results, given_up = handing_out.carry_out(cleanse_shard, asked, progress.tell)
        for place in given_up:
            results[place] = cleanse_shard(order, plan.shards[place][0])
    return [results[place] for place in range(len(asked))]


def _hand_over(desk: Desk, attempt: int) -> Handover | None:
    return hand_over_shards(desk, attempt) if desk.settings.runner != "threads" else None


class _HandingOut:
    """Tasks that are handed out, and what comes back."""

    def __init__(self, desk: Desk, runner: TaskRunner[Any]) -> None:
        self._runner = runner
        self._died = died_errors(desk.settings.runner)
        self._lost = lost_errors(desk.settings.runner)
        self._done: SimpleQueue[tuple[int, Future]] = SimpleQueue()

    def carry_out(
        self,
        task: Task[..., Any],
        asked: Sequence[dict[str, Any]],
        tell: Callable[[int, int], None],
    ) -> tuple[dict[int, Any], list[int]]:
        """Carry out a task with each of these parameters.

        Args:
            tell: called with the place of each as it ends, and how many have ended.

        Returns:
            The results by place, and the places that the cluster gave up, in order.

        Raises:
            RunnerError: the cluster has had no process for too long.
        """
        total = len(asked)
        results: dict[int, Any] = {}
        failures: dict[int, BaseException] = {}
        given_up: dict[int, BaseException] = {}
        handed_out = 0
        for finished in range(1, total + 1):
            while handed_out < min(total, finished - 1 + _AHEAD):
                self._hand_out(task, handed_out, asked[handed_out])
                handed_out += 1
            place, future = self._next()
            outcome = self._outcome(future)
            if isinstance(outcome, self._died):
                given_up[place] = outcome
            elif isinstance(outcome, BaseException):
                failures[place] = outcome
            else:
                results[place] = outcome
            tell(place, finished)
        if given_up and (not results or len(given_up) > _MOST_GIVEN_UP):
            raise given_up[min(given_up)]
        if failures:
            raise failures[min(failures)]
        return results, sorted(given_up)

    def _next(self) -> tuple[int, Future]:
        """The next task that has ended.

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

    def _hand_out(self, task: Task[..., Any], place: int, parameters: dict[str, Any]) -> None:
        future = self._runner.submit(task, parameters)
        future.add_done_callback(lambda done: self._done.put((place, done)))

    def _outcome(self, future: Future) -> Any:
        try:
            return future.result(raise_on_failure=False)
        except self._lost as error:
            return error


class _Progress:
    """How far a walk has come, for whoever watches the run."""

    def __init__(self, desk: Desk, plan: Plan, *, elsewhere: bool) -> None:
        self._total = len(plan.shards)
        self._elsewhere = elsewhere
        self._note = ProgressNote(desk.workspace, desk.order.run_id, self._total)
        self._shown: Any = create_progress_artifact(
            progress=0.0, key=name_artifact("progress", plan.dataset), description="Shards finished"
        )
        self._told_at = 0.0
        self._note.note(0)
        if elsewhere:
            report("shards", 0, self._total)

    def tell(self, _: int, finished: int) -> None:
        """Say how many shards are finished."""
        self._note.note(finished)
        if self._elsewhere:  # what a stage reports in another process is heard there
            report("shards", 1)
        now = time.monotonic()
        if finished < self._total and now - self._told_at < _PAUSE_S:
            return
        self._told_at = now
        update_progress_artifact(self._shown, progress=100 * finished / self._total)
