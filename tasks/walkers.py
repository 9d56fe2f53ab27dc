"""The processes that walk the shards of a known dataset, and do what can be done beside it."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import Future, ProcessPoolExecutor, as_completed
from concurrent.futures.process import BrokenProcessPool
from contextlib import suppress
from pathlib import Path
from types import TracebackType
from typing import ParamSpec, Self, TypeVar

from models.errors import WorkspaceError
from models.planning import Plan
from models.releases.parts import drop_other_parts
from tasks.order import open_desk
from tasks.preloading import begin_preloading, begin_process
from tasks.progress import report
from tasks.recleansing import Walked, decider_of, walk_known

PROCESSES = 2
"""Processes that walk shards; each holds the detectors and one shard."""

_MOST_DEATHS = 4
"""Pools that may lose a process, one after another without a shard finished between them."""

_Given = ParamSpec("_Given")
_Made = TypeVar("_Made")


class Walkers:
    """Processes that stay for one run. A few shards are walked without any.

    Args:
        plan: the shards that are to be walked.
    """

    def __init__(self, plan: Plan) -> None:
        self._plan = plan
        self._pool: ProcessPoolExecutor | None = None

    def __enter__(self) -> Self:
        if len(self._plan.shards) > PROCESSES:  # what they need is loaded while the run begins
            pool = self._start()
            for _ in range(PROCESSES):
                pool.submit(_wake)
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._end()

    @property
    def at_hand(self) -> bool:
        """Whether there are processes besides this one."""
        return self._pool is not None

    def walk(self, order: str, parts: Path) -> list[Walked]:
        """Walk every shard; the results are in the plan's order.

        Args:
            order: path of the order file.
            parts: folder for what each shard adds to the release; what it holds of others is
                deleted.

        Raises:
            WorkspaceError: processes are ended from outside again and again.
        """
        digests = [digest for digest, _ in self._plan.shards]
        report("shards", 0, len(digests))
        found: dict[str, Walked] = {}
        desk = open_desk(order)
        for digest, walked in self._walk(order, digests, str(parts)):
            found[digest] = walked
            desk.stamps.take_up(walked.stamps)
            report("shards", 1)
        desk.stamps.save(desk.stamps_file)
        drop_other_parts(parts, found.keys())
        return [found[digest] for digest in digests]

    def do_beside(
        self, work: Callable[_Given, _Made], *given: _Given.args, **named: _Given.kwargs
    ) -> Future[_Made]:
        """Do something in one of the processes while this one goes on; here where there is none."""
        offered = self.offer(work, *given, **named)
        if offered is not None:
            return offered
        done: Future[_Made] = Future()
        done.set_result(work(*given, **named))
        return done

    def offer(
        self, work: Callable[_Given, _Made], *given: _Given.args, **named: _Given.kwargs
    ) -> Future[_Made] | None:
        """Have something done in one of the processes; None, and nothing, where there is none."""
        if self._pool is not None:
            with suppress(BrokenProcessPool):
                return self._pool.submit(work, *given, **named)
        return None

    def look_again(self, order: str) -> None:
        """Read rulings and refusals anew for what is decided next, here and in the processes."""
        self._end()
        open_desk(order).look_again()
        decider_of.cache_clear()

    def _walk(self, order: str, digests: Sequence[str], parts: str) -> Iterator[tuple[str, Walked]]:
        if len(digests) <= PROCESSES:
            for digest in digests:
                yield digest, walk_known(order, digest, parts)
            return
        left = dict.fromkeys(digests)
        deaths = 0
        while left:
            try:
                for digest, walked in self._walk_in_pool(order, tuple(left), parts):
                    deaths = 0
                    del left[digest]
                    yield digest, walked
            except BrokenProcessPool as error:
                # What it died of is noted, and is examined apart by the next one.
                self._end()
                deaths += 1
                if deaths == _MOST_DEATHS:
                    raise WorkspaceError(
                        f"{deaths} processes that walk shards were ended from outside in a row, "
                        "as for want of memory.",
                        "Run again with more memory free: the shards that were finished are kept.",
                    ) from error

    def _walk_in_pool(
        self, order: str, digests: Sequence[str], parts: str
    ) -> Iterator[tuple[str, Walked]]:
        pool = self._start()
        waiting: dict[Future[Walked], str] = {
            pool.submit(walk_known, order, digest, parts): digest for digest in digests
        }
        for done in as_completed(waiting):
            yield waiting.pop(done), done.result()

    def _start(self) -> ProcessPoolExecutor:
        if self._pool is None:
            environment = (dict(os.environ),)
            self._pool = ProcessPoolExecutor(
                PROCESSES, begin_preloading(), begin_process, environment
            )
        return self._pool

    def _end(self) -> None:
        pool, self._pool = self._pool, None
        if pool is not None:
            pool.shutdown(cancel_futures=True)


def _wake() -> None:
    """Nothing: that a process is asked for this module is what loads it."""
