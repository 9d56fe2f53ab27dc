"""A test seam: named points at which a test lets the process die, as a power cut would.

Code calls ``reach("batch.staged")`` between two side effects whose order matters. Nothing happens
unless the environment variable ``KIYOME_FAILPOINT`` holds exactly that name: then the process
kills itself with SIGKILL, so that no ``finally`` or ``atexit`` runs and nothing is flushed.
``KIYOME_FAILPOINT=name:3`` dies when the point is reached for the third time.
"""

from __future__ import annotations

import os
import signal
from collections import Counter

_reached: Counter[str] = Counter()


def reach(name: str) -> None:
    """Die here if a test asked for it; otherwise do nothing."""
    wanted = os.environ.get("KIYOME_FAILPOINT")
    if wanted is None:
        return
    point, _, turn = wanted.partition(":")
    if point != name:
        return
    _reached[name] += 1
    if _reached[name] >= int(turn or 1):
        os.kill(os.getpid(), signal.SIGKILL)
