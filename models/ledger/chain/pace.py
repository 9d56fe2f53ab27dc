"""How long sending a transaction waits for what: one place, so that tests wait for nothing."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Pace:
    """Times in seconds.

    Attributes:
        poll: between two looks at the chain.
        outbid_after: how long a version of a transaction may wait before another one offers more.
        mined_within: how long to wait for a block; then the transaction stays under way.
        final_within: how long to wait for that block to be final.
        lock_within: how long to wait for another process that sends.
        now: a clock that never goes back.
        sleep: how to wait.
    """

    poll: float = 3.0
    outbid_after: float = 90.0
    mined_within: float = 600.0
    final_within: float = 1800.0
    lock_within: float = 1800.0
    now: Callable[[], float] = time.monotonic
    sleep: Callable[[float], None] = time.sleep


RUN_PACE = Pace(mined_within=120.0, final_within=0.0, lock_within=10.0)
"""For a cleansing run, which goes on without the receipt: the next one publishes it."""
