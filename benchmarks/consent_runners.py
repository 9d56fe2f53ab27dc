"""What reading the consent of shards costs and gains with each runner.

    python benchmarks/consent_runners.py            1 thread, the default, Dask with 2 processes
    python benchmarks/consent_runners.py --pictures 400 --runners threads:1,dask:2

Each runner reads the same dataset, in a process and a workspace of its own: pictures of which
every other carries a signed manifest, as ``flows.walking.read_consents`` reads them in a run.
Planning and the start of a cluster come before the clock. Printed are seconds, the processor
seconds of all processes, and both over those of one thread. As many have to be read by each.
"""

from __future__ import annotations

import argparse
import json
import os
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))
os.environ.setdefault("PREFECT_HOME", f"{tempfile.gettempdir()}/consent-runners-prefect")
os.environ.setdefault("PREFECT_LOGGING_LEVEL", "CRITICAL")
os.environ.setdefault("PREFECT_SERVER_ANALYTICS_ENABLED", "false")
os.environ.setdefault("PREFECT_SERVER_EPHEMERAL_STARTUP_TIMEOUT_SECONDS", "180")

import psutil
from prefect import flow

from flows.walking import read_consents, started_runner
from models.beginning import settle_workspace
from models.runs import start_run
from models.settings import load_settings
from models.store.schema import open_database
from tasks.order import write_order
from tasks.plan import plan_dataset
from tests.consent_files import owner, sign_image
from tests.pipeline import draw_picture, make_settings


def main() -> None:
    """Measure each runner and print a table."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--pictures", type=int, default=1024)
    parser.add_argument("--shard-size", type=int, default=16)
    parser.add_argument("--runners", default=f"threads:1,threads:{os.cpu_count()},dask:2")
    parser.add_argument("--one", nargs=3, metavar=("FOLDER", "RUNNER", "WORKERS"))
    given = parser.parse_args()
    if given.one:
        folder, runner, workers = given.one
        print(json.dumps(measure(Path(folder), runner, int(workers), given.shard_size)))
        return
    with tempfile.TemporaryDirectory(prefix="consent-runners-") as folder:
        draw(Path(folder) / "set", given.pictures)
        print(f"{given.pictures} pictures, {os.cpu_count()} cores, load {os.getloadavg()[0]:.1f}")
        print("| runner | workers | shards | s | CPU s | s / 1 thread | CPU s / 1 thread |")
        print("|---|---:|---:|---:|---:|---:|---:|")
        first: dict[str, Any] = {}
        for each in given.runners.split(","):
            runner, _, workers = each.partition(":")
            got = _measure_apart(folder, runner, workers, given.shard_size)
            first = first or got
            if got["read"] != first["read"]:
                raise RuntimeError(f"{each} read something else: {got['read']}")
            print(
                f"| {runner} | {workers} | {got['shards']} | {got['wall']:.1f} | {got['cpu']:.1f} "
                f"| {got['wall'] / first['wall']:.2f} | {got['cpu'] / first['cpu']:.2f} |",
                flush=True,
            )


def draw(folder: Path, count: int) -> None:
    """Small pictures that all differ; every other one is signed, and refuses training."""
    folder.mkdir()
    chain = owner()
    refusal = {"ai_generative_training": "notAllowed"}
    for n in range(count):
        path = folder / f"{n:05d}.png"
        draw_picture(path, n)
        if n % 2:
            data = path.read_bytes()
            path.write_bytes(sign_image(data, "image/png", refusal, chain.chain_pem, chain.key_pem))


def _measure_apart(folder: str, runner: str, workers: str, shard_size: int) -> dict[str, Any]:
    words = ["--one", folder, runner, workers, "--shard-size", str(shard_size)]
    done = subprocess.run(
        [sys.executable, __file__, *words], check=True, stdout=subprocess.PIPE, text=True
    )
    got: dict[str, Any] = json.loads(done.stdout.splitlines()[-1])
    return got


def measure(folder: Path, runner: str, workers: int, shard_size: int) -> dict[str, Any]:
    """Read the consent of the dataset in a folder with one runner."""
    home = folder / f"{runner}-{workers}"
    home.mkdir()
    given = make_settings(home, runner=runner, workers=workers, shard_size=shard_size)
    return read(str(folder / "set"), settle_workspace(given).without_secrets)


@flow(name="consent-runners", persist_result=False)
def read(root: str, given: dict[str, Any]) -> dict[str, Any]:
    """Plan, start the runner, and measure the reading."""
    settings = load_settings(**given)
    database = open_database(settings.resolved_database_url)
    order = str(write_order(start_run(database, "set"), "set", root, "auto", settings, database))
    plan = plan_dataset(order)
    with started_runner(settings) as runner:
        began, used = time.monotonic(), _processor_seconds()
        records = read_consents(order, plan, runner)
        wall, cpu = time.monotonic() - began, _processor_seconds() - used
    database.dispose()
    counted = sum(record["examined"] for record in records)
    return {"shards": len(plan.shards), "read": counted, "wall": wall, "cpu": cpu}


def _processor_seconds() -> float:
    """Of this process and all that it has started, but for a Prefect server."""
    own = psutil.Process()
    spent = 0.0
    for process in (own, *own.children(recursive=True)):
        try:
            if not any("uvicorn" in word for word in process.cmdline()):
                times = process.cpu_times()
                spent += times.user + times.system
        except psutil.Error:
            continue
    return spent


if __name__ == "__main__":
    main()
