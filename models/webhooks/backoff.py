"""How long to wait after a failed attempt: longer each time, and never all at once."""

from __future__ import annotations

FIRST_MS = 5_000
LONGEST_MS = 6 * 60 * 60 * 1000
_FACTOR = 3
_MOST_STEPS = 16


def delay_after(attempts: int, chance: float, asked_ms: int = 0) -> int:
    """Milliseconds until the next attempt: half to all of 5 s, 15 s, 45 s ... up to 6 h.

    Args:
        attempts: how many have failed, at least 1.
        chance: from 0 to 1, drawn anew each time: many that failed together do not return together.
        asked_ms: how long the receiver asks to be left alone; heeded up to ``LONGEST_MS``.
    """
    steps = min(max(attempts, 1) - 1, _MOST_STEPS)
    whole = min(FIRST_MS * _FACTOR**steps, LONGEST_MS)
    drawn = int(whole * (0.5 + 0.5 * min(max(chance, 0.0), 1.0)))
    return max(drawn, min(max(asked_ms, 0), LONGEST_MS))
