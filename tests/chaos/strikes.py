"""What can happen to the system at any moment, and how each is put right again."""

from __future__ import annotations

import contextlib
import os
import shutil
import subprocess
import time
from dataclasses import dataclass, field
from pathlib import Path

from tests.chaos.disks import fill
from tests.chaos.worlds import Prefect, World
from tests.forking import Started

KINDS: dict[str, tuple[str, ...]] = {
    "run": ("cleanse", "recleanse", "recleanse"),
    "worker": ("recleanse",),
    "prefect": ("cleanse",),
    "postgresql": ("cleanse", "recleanse"),
    "review": ("recleanse",),
    "away": ("cleanse", "recleanse"),
    "read-only": ("cleanse", "recleanse"),
    "full": ("cleanse", "recleanse"),
}
"""Each kind, and the runs that it can come upon."""


_BEGUN = ("workspace.json", "kiyome.db", "manifest.parquet")
"""Files that a run only writes where it takes itself to be in its workspace."""


@dataclass(slots=True)
class Scene:
    """What is going on when it happens, and what was seen of it."""

    world: World
    prefect: Prefect
    run: Started
    for_seconds: float
    seen: list[str] = field(default_factory=list)
    wrong: list[str] = field(default_factory=list)


def strike(kind: str, scene: Scene) -> None:
    """Let it happen, and put right what a machine's restart would put right."""
    {
        "run": kill_run,
        "worker": kill_worker,
        "prefect": kill_prefect,
        "postgresql": kill_postgresql,
        "review": kill_review,
        "away": take_away,
        "read-only": make_read_only,
        "full": fill_up,
    }[kind](scene)


def kill_run(scene: Scene) -> None:
    """kill -9 of the run's process alone; what it started has to notice."""
    if scene.run.poll() is not None:
        scene.seen.append("run over")
        return
    orphans = scene.run.children()
    scene.run.kill()
    deadline = time.monotonic() + 60
    while any(child.is_running() for child in orphans) and time.monotonic() < deadline:
        time.sleep(0.1)
    left = [child for child in orphans if child.is_running()]
    if left:
        scene.wrong.append(f"{len(left)} processes outlive the run that was killed")
    for child in left:
        with contextlib.suppress(Exception):
            child.kill()


def kill_worker(scene: Scene) -> None:
    """kill -9 of one of the processes that a run has started."""
    deadline = time.monotonic() + 60
    while not (children := _workers(scene.run)) and time.monotonic() < deadline:
        if scene.run.poll() is not None:
            scene.seen.append("run over")
            return
        time.sleep(0.02)
    time.sleep(scene.for_seconds)
    children = _workers(scene.run)
    if children:
        with contextlib.suppress(Exception):
            scene.world.chance.choice(children).kill()
    else:
        scene.seen.append("workers over")


def _workers(run: Started) -> list[object]:
    def words(child: object) -> str:
        with contextlib.suppress(Exception):
            return " ".join(child.cmdline())  # type: ignore[attr-defined]
        return ""

    return [child for child in run.children() if "spawn_main" in words(child)]


def kill_prefect(scene: Scene) -> None:
    """kill -9 of the Prefect server; it is started again at once."""
    scene.prefect.kill()
    time.sleep(scene.for_seconds)
    scene.prefect.start()


def kill_postgresql(scene: Scene) -> None:
    """kill -9 of the postmaster; it is away for a moment."""
    assert scene.world.pg is not None
    scene.world.pg.kill()
    time.sleep(scene.for_seconds)
    scene.world.pg.start()


def kill_review(scene: Scene) -> None:
    """kill -9 of the review page; it is started again at once."""
    assert scene.world.review is not None
    scene.world.review.kill()
    scene.world.start_review()


def take_away(scene: Scene) -> None:
    """The workspace is gone for a moment, as a network file system that is unmounted."""
    place = scene.world.settings.workspace
    aside = place.with_name("aside")
    place.rename(aside)
    time.sleep(scene.for_seconds)
    if place.exists():
        made = sorted(path.relative_to(place).as_posix() for path in place.rglob("*"))
        scene.seen.append("wrote beside")
        if any(path.endswith(_BEGUN) for path in made):
            scene.wrong.append(
                f"a workspace was begun in the place of one that is away: {made[:9]}"
            )
        place.rename(place.with_name(f"beside-{time.monotonic_ns()}"))
    aside.rename(place)


def make_read_only(scene: Scene) -> None:
    """Nothing in the workspace can be changed for a moment, not even by root."""
    place = str(scene.world.settings.workspace)
    subprocess.run(["chattr", "-R", "-f", "+i", place], check=False, capture_output=True)
    time.sleep(scene.for_seconds)
    for _ in range(3):  # what is made meanwhile in a folder that was not reached yet
        subprocess.run(["chattr", "-R", "-f", "-i", place], check=False, capture_output=True)


def fill_up(scene: Scene) -> None:
    """The disk of the workspace is full for a moment."""
    filler = scene.world.disk / "filler"
    fill(filler)
    time.sleep(scene.for_seconds)
    filler.unlink()


def can_happen(world: World) -> list[str]:
    """The kinds that this machine and this world allow."""
    kinds = [kind for kind in KINDS if kind not in ("postgresql", "read-only", "full", "worker")]
    if world.pg is not None:
        kinds.append("postgresql")
    else:
        kinds.append("worker")
    if world.mounted:
        kinds.append("full")
    if _can_be_read_only(world.disk):
        kinds.append("read-only")
    return kinds


def _can_be_read_only(folder: Path) -> bool:
    if os.getuid() or shutil.which("chattr") is None:
        return False
    probe = folder / "probe"
    probe.mkdir()
    subprocess.run(["chattr", "+i", str(probe)], check=False, capture_output=True)
    try:
        (probe / "file").touch()
    except OSError:
        held = True
    else:
        held = False
    subprocess.run(["chattr", "-i", str(probe)], check=False, capture_output=True)
    shutil.rmtree(probe)
    return held
