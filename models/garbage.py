"""How often Python looks for garbage that refers to itself.

It does so whenever some hundred objects more have been made than freed, as while modules are
loaded and records are made, of which hardly any is garbage. That took a sixth of the time in which
a command loads, and a quarter of that in which a million records are made.
"""

from __future__ import annotations

import gc

_OBJECTS = 10_000


def collect_seldom() -> None:
    """Look only when ten thousand objects more have been made than freed."""
    gc.set_threshold(_OBJECTS, 10, 10)


def keep_loaded() -> None:
    """Never look again at what is there now: in a process that has loaded all that it needs, or is
    about to end.
    """
    gc.freeze()
