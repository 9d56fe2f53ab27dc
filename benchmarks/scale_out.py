"""What runners cost and gain: threads, Dask and Ray on shards of work that waits.

python benchmarks/scale_out.py                 throughput with 1, 2 and 4 workers, cost of a shard
python benchmarks/scale_out.py --shards 8 --runners threads,dask

A shard here sleeps for ``--seconds``, as a stage does that waits for a disk or a network, and
does nothing else, so that what is left is the runner's own. An empty shard gives its overhead. The
runners are those of ``flows.runners``, on one Prefect server that is started before any clock, and
each is warm: every worker has carried out one shard before the clock starts.
"""

from __future__ import annotations

import argparse
import os
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))
os.environ.setdefault("PREFECT_HOME", tempfile.mkdtemp(prefix="scale-out-"))
os.environ.setdefault("PREFECT_LOGGING_LEVEL", "CRITICAL")
os.environ.setdefault("PREFECT_SERVER_ANALYTICS_ENABLED", "false")
os.environ.setdefault("PREFECT_SERVER_EPHEMERAL_STARTUP_TIMEOUT_SECONDS", "180")

from prefect import flow, task

from flows.runners import make_runner, reachable_server
from models.settings import load_settings


@task(name="waiting-shard", persist_result=False)
def wait(place: int, seconds: float) -> int:
    """A shard of work that waits."""
    time.sleep(seconds)
    return place


@flow(name="scale-out", persist_result=False)
def measure(runner: str, workers: int, shards: int, seconds: float) -> dict[str, float]:
    """Wall seconds of a start, of waiting shards and of empty ones."""
    settings = load_settings(runner=runner, workers=workers)

    def walk(task_runner: Any, seconds: float, count: int) -> float:
        started = time.monotonic()
        futures = [
            task_runner.submit(wait, {"place": place, "seconds": seconds}) for place in range(count)
        ]
        if [future.result() for future in futures] != list(range(count)):
            raise RuntimeError("a shard was lost")
        return time.monotonic() - started

    begun = time.monotonic()
    with reachable_server(settings), make_runner(settings) as task_runner:
        walk(task_runner, 0.5, 2 * workers)
        start = time.monotonic() - begun
        waiting = walk(task_runner, seconds, shards)
        empty = walk(task_runner, 0, shards)
    return {"start": start, "waiting": waiting, "empty": empty}


def main() -> None:
    """Measure and print a table."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--runners", default="threads,dask,ray")
    parser.add_argument("--workers", default="1,2,4")
    parser.add_argument("--shards", type=int, default=16)
    parser.add_argument("--seconds", type=float, default=2.0)
    given = parser.parse_args()
    counts = [int(each) for each in given.workers.split(",")]
    print(f"{given.shards} shards of {given.seconds} s, {os.cpu_count()} cores, ", end="")
    print(f"load {os.getloadavg()[0]:.1f}")
    print(
        "| runner | workers | start s | shards/s | gain | efficiency | empty shard ms | / threads |"
    )
    print("|---|---:|---:|---:|---:|---:|---:|---:|")
    threads: dict[int, float] = {}
    for runner in given.runners.split(","):
        single = 0.0
        for workers in counts:
            got = measure(runner, workers, given.shards, given.seconds)
            rate = given.shards / got["waiting"]
            single = single or rate
            ideal = min(workers, given.shards) / given.seconds
            empty = 1000 * got["empty"] / given.shards
            threads.setdefault(workers, empty)
            print(
                f"| {runner} | {workers} | {got['start']:.1f} | {rate:.2f} | {rate / single:.2f} | "
                f"{rate / ideal:.2f} | {empty:.0f} | {empty / threads[workers]:.1f} |",
                flush=True,
            )


if __name__ == "__main__":
    main()
