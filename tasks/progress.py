"""Who wants to know how far a run has come, while it runs in this process."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager

Listener = Callable[[str, int, int], None]
_listeners: list[Listener] = []


@contextmanager
def listening(listener: Listener) -> Iterator[None]:
    """Call ``listener(stage, finished, total)`` as assets are finished; total is 0 if unknown."""
    _listeners.append(listener)
    try:
        yield
    finally:
        _listeners.remove(listener)


def report(stage: str, finished: int, total: int = 0) -> None:
    """Tell the listeners that so many more assets have been finished by a stage."""
    for listener in tuple(_listeners):
        listener(stage, finished, total)


def count_up(stage: str) -> Callable[[int, int], None]:
    """A callback that takes how many are done and how many there are, and reports what is new."""
    seen = 0
    announced = 0

    def progress(done: int, total: int) -> None:
        nonlocal seen, announced
        report(stage, done - seen, total - announced)
        seen, announced = done, total

    return progress
