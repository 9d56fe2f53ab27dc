"""Loading what walkers need once, in a process that all of them are forked from.

Each of them would take three seconds of a core for it otherwise. That process does nothing else
and has no threads of Python, so that forking it is safe whatever its parent does meanwhile.
"""

from __future__ import annotations

import multiprocessing
import os
from collections.abc import Mapping
from multiprocessing import forkserver
from multiprocessing.context import BaseContext

from models.garbage import collect_seldom, keep_loaded
from models.orphans import end_with_parent

_LOADED = ["tasks.recleansing", "tasks.entering", "tasks.publishing"]


def begin_preloading() -> BaseContext:
    """Start the process, unless it runs; this one goes on while it loads.

    Returns:
        What starts further processes: forked from it, or each by itself where a system cannot.
    """
    if "forkserver" not in multiprocessing.get_all_start_methods():
        return multiprocessing.get_context("spawn")
    context = multiprocessing.get_context("forkserver")
    context.set_forkserver_preload(_LOADED)
    forkserver.ensure_running()
    return context


def begin_process(environment: Mapping[str, str]) -> None:
    """The initializer of a process started so.

    Args:
        environment: of the process that asks for it; the one that it is forked from may be older.
    """
    os.environ.clear()
    os.environ.update(environment)
    keep_loaded()
    collect_seldom()
    end_with_parent()
