"""Processes that end with the one that started them, however that ends."""

from __future__ import annotations

import multiprocessing
import os
import threading
from multiprocessing.connection import wait


def end_with_parent() -> None:
    """End this process as soon as its parent is gone, even by ``kill -9``.

    Called in a process that ``multiprocessing`` started, as the initializer of a pool. Such a
    process waits for work on a queue whose other end it holds itself, and would wait for ever.
    """
    parent = multiprocessing.parent_process()
    if parent is None:
        return
    watching = threading.Thread(
        target=_end_after, args=(parent.sentinel,), name="parent", daemon=True
    )
    watching.start()


def _end_after(sentinel: int) -> None:
    wait([sentinel])
    os._exit(1)  # no work is lost: whatever counts is written whole or not at all
