"""What the pipeline costs over the work that cannot be avoided, and where its time goes.

    python benchmarks/pipeline.py
    python benchmarks/pipeline.py --count 2000 --register names.csv --motifs 200 --repeat 3

The unavoidable work is the bare loop: read, decode, hash and embed every picture with the same
functions, the same sizes and the same number of threads, and keep nothing. The pipeline is
`kiyome cleanse` as a person calls it. Bare loop, first run, unchanged run and unchanged run with
`--again` take turns, each in a process of its own, and each is timed from its start to its exit.
docs/benchmarks.md says how to read what is printed.
"""

from __future__ import annotations

import argparse
import hashlib
import json
import os
import resource
import shutil
import statistics
import subprocess
import sys
import tempfile
import threading
import time
from collections import defaultdict
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from pictures import SUFFIXES, draw_pictures, fill_registers, write_captions

SHARED = Path(__file__).resolve().parents[2] / "shared" / "data"
POLICY = """\
name = "benchmark"
version = "1"

[[consent.contract]]
id = "benchmark"
holder = "the makers of the pictures"
purposes = ["generative_training"]
folder = "."
entered_by = "one person"
approved_by = "another person"
issued = 2020-01-01
expires = 2099-01-01
"""
WALLS = (
    "look for changes",
    "imports",
    "server",
    "detectors",
    "scan",
    "shards",
    "review",
    "release",
    "ledger",
    "summary",
    "report",
)
WORK = ("consent", "nouns", "features", "motifs", "verdict", "undecided")


@dataclass(frozen=True, slots=True)
class Timed:
    """What one process took.

    Attributes:
        wall, cpu: seconds from start to exit, processes that it started and awaited included.
        peak: megabytes of the process itself at its largest.
        notes: what the process said about itself.
    """

    wall: float
    cpu: float
    peak: float
    notes: dict[str, Any]


class Stopwatch:
    """Sums up seconds by name: of the wall's clock, and of the calling thread's CPU."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self.walls: dict[str, float] = defaultdict(float)
        self.cpus: dict[str, float] = defaultdict(float)

    @contextmanager
    def timing(self, name: str) -> Iterator[None]:
        """Add what happens inside to a name."""
        wall, cpu = time.perf_counter(), time.thread_time()
        try:
            yield
        finally:
            with self._lock:
                self.walls[name] += time.perf_counter() - wall
                self.cpus[name] += time.thread_time() - cpu

    def wrap(self, owner: Any, attribute: str, name: str | Callable[..., str]) -> None:
        """Let a function report what it takes; it is otherwise as it was."""
        inner = getattr(owner, attribute)

        def outer(*args: Any, **kwargs: Any) -> Any:
            with self.timing(name if isinstance(name, str) else name(*args)):
                return inner(*args, **kwargs)

        setattr(owner, attribute, outer)


def time_process(step: str, *arguments: str | Path) -> Timed:
    """Run one step in a process of its own."""
    with tempfile.NamedTemporaryFile("r", suffix=".json") as notes:
        command = [sys.executable, __file__, "--step", step, notes.name, *map(str, arguments)]
        started = time.perf_counter()
        process = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT)
        output = process.stdout.read() if process.stdout else b""
        _, status, usage = os.wait4(process.pid, 0)
        wall = time.perf_counter() - started
        process.returncode = os.waitstatus_to_exitcode(status)
        if process.returncode:
            raise SystemExit(f"The step {step!r} failed:\n{output.decode(errors='replace')}")
        said = json.load(notes)
    return Timed(wall, usage.ru_utime + usage.ru_stime, said.pop("peak"), said)


def loop_bare(folder: Path) -> dict[str, Any]:
    """Decode, hash and embed every picture of a folder, and keep nothing."""
    from models.assets.decoding import decode_image
    from models.assets.faults import FaultError
    from models.motifs.encoders import load_encoder
    from models.motifs.fingerprints import DECODED_SIDE, Pixels, hash_pixels
    from models.settings import load_settings

    settings = load_settings()
    encoder = load_encoder(settings.encoder)
    fit = max(DECODED_SIDE, encoder.view_size)
    batch, workers = encoder.batch_size, settings.workers

    def look(path: Path) -> Pixels | None:
        try:
            pixels = decode_image(path.read_bytes(), max_pixels=settings.max_pixels, fit=fit).pixels
        except FaultError:
            return None
        hash_pixels(pixels)
        if batch > 1:
            return pixels
        encoder.encode([pixels])
        return None

    paths = sorted(path for path in folder.iterdir() if path.suffix in SUFFIXES)
    size = len(paths) if batch == 1 else batch * max(1, -(-4 * workers // batch))
    started = time.perf_counter()
    with ThreadPoolExecutor(workers) as pool:
        for start in range(0, len(paths), size):
            waiting = [p for p in pool.map(look, paths[start : start + size]) if p is not None]
            for at in range(0, len(waiting), batch):
                encoder.encode(waiting[at : at + batch])
    return {"loop": time.perf_counter() - started, "pictures": len(paths)}


def cleanse_timed(arguments: Sequence[str]) -> dict[str, Any]:
    """Run `kiyome cleanse`, and note what each part of it takes."""
    watch = Stopwatch()
    began = time.perf_counter()
    from flows import prefect_environment, running

    inner = prefect_environment.prepare_prefect

    def prepare(*args: Any, **kwargs: Any) -> None:
        inner(*args, **kwargs)
        with watch.timing("imports"):
            import flows.cleanse
            import tasks.order
            import tasks.walking
        imported = time.perf_counter()

        def first_step(*args: Any, **kwargs: Any) -> str:
            watch.walls["server"] = time.perf_counter() - imported
            return started_run(*args, **kwargs)

        started_run = flows.cleanse.start_run
        flows.cleanse.start_run = first_step
        for attribute, name in (
            ("plan_dataset", "scan"),
            ("walk_shards", "shards"),
            ("enqueue_review", "review"),
            ("publish_release", "release"),
            ("enter_usage", "ledger"),
            ("sum_up", "summary"),
            ("write_report", "report"),
        ):
            watch.wrap(flows.cleanse, attribute, name)
        watch.wrap(tasks.order, "load_detectors", "detectors")
        watch.wrap(tasks.order, "run_stage", lambda stage, *_: str(stage.name))
        watch.wrap(tasks.walking, "judge", "verdict")
        watch.wrap(tasks.walking, "select_undecided", "undecided")

    running.prepare_prefect = prepare
    watch.wrap(running, "_find_fresh", "look for changes")
    from flows.cli import kiyome

    kiyome.main(["cleanse", *arguments], standalone_mode=False)
    return {
        "walls": watch.walls,
        "cpus": watch.cpus,
        "whole": time.perf_counter() - began,
        "torch": "torch" in sys.modules,
    }


def read_state(workspace: Path) -> tuple[dict[str, Any], str, int]:
    """The newest run's summary, the digest of the newest manifest, and how many releases exist."""
    newest = max((workspace / "runs").glob("*.summary.json"), key=lambda p: p.stat().st_mtime_ns)
    summary = json.loads(newest.read_bytes())
    manifest = Path(summary["release_folder"], "manifest.parquet").read_bytes()
    releases = len(list((workspace / "releases").glob("*/*")))
    return summary, hashlib.sha256(manifest).hexdigest(), releases


def require_unchanged(workspace: Path, before: tuple[dict[str, Any], str, int]) -> None:
    """Make sure that a run with ``--again`` examined nothing and published nothing.

    Raises:
        SystemExit: it did.
    """
    summary, digest, releases = read_state(workspace)
    examined = {s["stage"]: s["examined"] for s in summary["stages"] if s["examined"]}
    if summary["run"] == before[0]["run"]:
        raise SystemExit("The run with --again did not take place.")
    if examined or (digest, releases) != before[1:]:
        raise SystemExit(f"The run with --again was to change nothing, but examined {examined}.")


def measure(options: argparse.Namespace, base: Path) -> None:
    """Prepare, measure, print."""
    dataset = base / "dataset" / "pictures"
    policy = base / "policy.toml"
    policy.write_text(POLICY, encoding="utf-8")
    distinct = draw_pictures(options.images, dataset, options.count)
    write_captions(options.captions, dataset)
    megabytes = sum(path.stat().st_size for path in dataset.iterdir()) / 1e6
    print(f"pictures   {options.count:,}, of them {options.count - distinct:,} variants; ", end="")
    print(f"{megabytes:.0f} MB")
    template = base / "template"
    fill_registers(template, options.register, options.images, options.motifs)
    time.sleep(2.5)  # files touched this recently are not remembered by the scan
    found: dict[str, list[Timed]] = defaultdict(list)
    manifests = set()
    for turn in range(options.repeat):
        workspace = base / f"workspace-{turn}"
        shutil.copytree(template, workspace)
        command = [dataset.parent, "--workspace", workspace, "--policy", policy, "--quiet"]
        found["bare"].append(time_process("bare", dataset))
        found["first"].append(time_process("cleanse", *command))
        state = read_state(workspace)
        manifests.add(state[1])
        found["fresh"].append(time_process("cleanse", *command))
        if read_state(workspace) != state:
            raise SystemExit("A run over unchanged data did not see that nothing has changed.")
        found["again"].append(time_process("cleanse", *command, "--again"))
        require_unchanged(workspace, state)
        shutil.rmtree(workspace)
    if len(manifests) > 1:
        raise SystemExit(f"{options.repeat} runs over the same data gave different manifests.")
    report(found, state[0], manifests.pop(), state[0]["assets"])


def report(
    found: dict[str, list[Timed]], summary: dict[str, Any], manifest: str, count: int
) -> None:
    """Print the figures; medians where there are several."""
    bare, first = found["bare"], found["first"]
    print(f"verdicts   {', '.join(f'{v} {n:,}' for v, n in summary['counts'].items())}")
    print(f"manifest   {manifest[:16]}…, the same in every run\n")
    print(f"{'':<22}{'wall s':>9}{'CPU s':>9}{'assets/s':>10}{'peak MB':>9}")
    for name, label in (
        ("bare", "bare loop"),
        ("first", "first run"),
        ("fresh", "unchanged run"),
        ("again", "unchanged, --again"),
    ):
        wall = _median(found[name], lambda t: t.wall)
        cpu, peak = (_median(found[name], key) for key in (lambda t: t.cpu, lambda t: t.peak))
        print(f"{label:<22}{wall:>9.1f}{cpu:>9.1f}{count / wall:>10.0f}{peak:>9.0f}")
    loop = statistics.median(t.notes["loop"] for t in bare)
    print(f"\nThe loop itself, without Python's start and imports, took {loop:.1f} s wall.")
    _print_ratio("first run / bare loop", first, bare)
    without = [
        Timed(t.wall - t.notes["walls"].get("server", 0.0), t.cpu, t.peak, t.notes) for t in first
    ]
    _print_ratio("  less the server's start", without, bare, with_cpu=False)
    _print_ratio("unchanged / first run", found["fresh"], first)
    _print_ratio("--again / first run", found["again"], first)
    for name, label in (("first", "the first run"), ("again", "the run with --again")):
        print(f"\nWhere {label} spends its time; threads overlap inside of shards:")
        walls = [t.notes["walls"] for t in found[name]]
        rest = [t.wall - sum(t.notes["walls"].get(w, 0.0) for w in WALLS) for t in found[name]]
        for part in WALLS:
            _print_part(part, statistics.median(w.get(part, 0.0) for w in walls), found[name])
            if part == "shards":
                for work in WORK:
                    spent = statistics.median(w.get(work, 0.0) for w in walls)
                    print(f"    {work:<22}{spent:>7.2f} s, all threads together")
        _print_part("everything else", statistics.median(rest), found[name])


def _median(timed: Sequence[Timed], key: Callable[[Timed], float]) -> float:
    return statistics.median(map(key, timed))


def _print_ratio(
    label: str, over: Sequence[Timed], under: Sequence[Timed], *, with_cpu: bool = True
) -> None:
    walls = [a.wall / b.wall for a, b in zip(over, under, strict=True)]
    spread = f" ({min(walls):.3f} to {max(walls):.3f})" if len(walls) > 1 else ""
    cpus = statistics.median(a.cpu / b.cpu for a, b in zip(over, under, strict=True))
    cpu = f", CPU {cpus:.3f}" if with_cpu else ""
    print(f"{label:<24} wall {statistics.median(walls):.3f}{spread}{cpu}")


def _print_part(label: str, seconds: float, runs: Sequence[Timed]) -> None:
    share = seconds / _median(runs, lambda t: t.wall)
    print(f"  {label:<24}{seconds:>7.2f} s {share:>6.1%}")


def take_step(step: str, notes: Path, arguments: Sequence[str]) -> None:
    """Do one timed thing in this process, and write down what it has to say."""
    said = loop_bare(Path(arguments[0])) if step == "bare" else cleanse_timed(arguments)
    said["peak"] = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    notes.write_text(json.dumps(said), encoding="utf-8")


def main(arguments: Sequence[str]) -> None:
    """Measure, or take one step of a measurement."""
    if arguments[:1] == ["--step"]:
        take_step(arguments[1], Path(arguments[2]), arguments[3:])
        return
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--images", type=Path, default=SHARED / "images", help="folder of pictures")
    parser.add_argument("--count", type=int, default=5000, help="how many (5000)")
    parser.add_argument("--captions", type=Path, help="captions: lines, or JSONL with `text`")
    parser.add_argument("--register", type=Path, help="CSV of names for the register")
    parser.add_argument("--motifs", type=int, default=0, help="labelled pictures to register (0)")
    parser.add_argument("--repeat", type=int, default=1, help="how many times to measure (1)")
    options = parser.parse_args(arguments)
    if not options.images.is_dir():
        print(f"Skipped: there is no folder {options.images}. Name one with --images.")
        return
    with tempfile.TemporaryDirectory(prefix="kiyome-benchmark-") as base:
        measure(options, Path(base))


if __name__ == "__main__":
    main(sys.argv[1:])
