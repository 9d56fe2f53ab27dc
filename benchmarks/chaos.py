"""Rounds of chaos: the whole system at work while any part of it is killed or loses its disk.

    python -m benchmarks.chaos 100 --seed 1 --minutes 60

Prints a line for each round and a table at the end; exits with 1 if a promise was broken. The seed
draws what happens and when; how far a run has come by then depends on the machine.
"""

from __future__ import annotations

import argparse
import secrets
import sys
import time

from tests.chaos.rounds import play
from tests.chaos.strikes import KINDS


def main() -> None:
    """Play as many rounds as are asked for."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("rounds", type=int, nargs="?", default=100)
    parser.add_argument("--seed", type=int, default=None)
    parser.add_argument("--minutes", type=float, default=float("inf"))
    parser.add_argument("--kinds", default=",".join(KINDS))
    given = parser.parse_args()
    seed = secrets.randbelow(10**6) if given.seed is None else given.seed
    print(f"seed {seed}", flush=True)
    played = play(
        given.rounds,
        seed,
        kinds=tuple(given.kinds.split(",")),
        until=time.monotonic() + 60 * given.minutes,
        say=lambda line: print(line, flush=True),
    )
    print(played.table())
    for each in played.violations:
        print(f"VIOLATION {each}")
    sys.exit(1 if played.violations else 0)


if __name__ == "__main__":
    main()
