"""Rounds of chaos: each lets something happen at a drawn moment, and then looks at everything."""

from __future__ import annotations

import contextlib
import random
import tempfile
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path

from tests.chaos.checks import check_all, check_twin
from tests.chaos.strikes import KINDS, Scene, can_happen, strike
from tests.chaos.worlds import Postgres, Prefect, World
from tests.conftest import _find_binaries as find_binaries
from tests.forking import Forker

STUCK_S = 420.0
"""Seconds after which a run or a person who waits counts as stuck, on a busy machine too."""


@dataclass(slots=True)
class Tally:
    """What became of all rounds of one kind."""

    rounds: int = 0
    violations: list[str] = field(default_factory=list)
    seen: dict[str, int] = field(default_factory=dict)

    def see(self, what: str) -> None:
        """Count something that was seen."""
        self.seen[what] = self.seen.get(what, 0) + 1


@dataclass(frozen=True, slots=True)
class Played:
    """All rounds: the tally by kind, and what people were told is done."""

    tallies: dict[str, Tally]
    acknowledged: int
    lost_answers: int

    @property
    def violations(self) -> list[str]:
        """Everything that should not be so."""
        return [each for tally in self.tallies.values() for each in tally.violations]

    def table(self) -> str:
        """A line for each kind."""
        lines = [f"{'kind':12} {'rounds':>6} {'violations':>10}  seen"]
        for kind, tally in self.tallies.items():
            seen = ", ".join(f"{what} {n}" for what, n in sorted(tally.seen.items()))
            lines.append(f"{kind:12} {tally.rounds:6} {len(tally.violations):10}  {seen}")
        lines.append(
            f"acknowledged and there: {self.acknowledged}; answers lost: {self.lost_answers}"
        )
        return "\n".join(lines)


def play(
    rounds: int,
    seed: int,
    *,
    kinds: tuple[str, ...] = tuple(KINDS),
    twin_every: int = 5,
    until: float = float("inf"),
    say: Callable[[str], None] = lambda _line: None,
) -> Played:
    """Play rounds.

    Args:
        twin_every: after how many rounds of a world its twin is made; once more after the last.
        until: no round begins after this time (``time.monotonic``).
        say: is told a line about each round.
    """
    folder = Path(tempfile.mkdtemp(prefix="kiyome-chaos-"))
    chance = random.Random(seed)
    prefect = Prefect(folder / "prefect")
    binaries = find_binaries()
    pg = Postgres(binaries) if binaries and "postgresql" in kinds else None
    forker = Forker(folder / "said", prefect.environment)
    worlds: list[World] = []
    tallies = {kind: Tally() for kind in kinds}
    try:
        prefect.start()
        worlds.append(World("sqlite", folder / "sqlite", forker, chance, None))
        if pg is not None:
            worlds.append(World("postgresql", folder / "postgresql", forker, chance, pg))
        for world in worlds:
            say(f"{world.name}: the first cleansing, undisturbed")
            world.protect_a_name()
            first = world.start("cleanse")
            if first.wait(STUCK_S) != 0:
                raise RuntimeError(first.said())
            world.start_review()
        order = _draw(worlds, kinds, rounds, chance)
        played = dict.fromkeys([world.name for world in worlds], 0)
        last: dict[str, tuple[World, str]] = {}
        for number, (world, kind) in enumerate(order, 1):
            if time.monotonic() > until:
                break
            played[world.name] += 1
            with_twin = played[world.name] % twin_every == 0
            _Round(world, prefect, kind, tallies[kind], say).play(number, with_twin=with_twin)
            last[world.name] = (world, kind)
        for world, kind in last.values():
            if played[world.name] % twin_every:
                tallies[kind].violations += check_twin(world)
                tallies[kind].see("twin")
        known = [world.known for world in worlds]
        return Played(tallies, sum(k.count for k in known), sum(k.lost for k in known))
    finally:
        with contextlib.ExitStack() as closing:
            closing.callback(say, f"what was said is in {folder / 'said'}")
            if pg is not None:
                closing.callback(pg.close)
            for world in worlds:
                closing.callback(world.close)
            closing.callback(prefect.kill)
            closing.callback(forker.close)


def _draw(
    worlds: list[World], kinds: tuple[str, ...], rounds: int, chance: random.Random
) -> list[tuple[World, str]]:
    """Each kind as often as the others, in a drawn order."""
    able = {world.name: can_happen(world) for world in worlds}
    every = [kind for kind in kinds if any(kind in known for known in able.values())]
    drawn = []
    for number in range(rounds):
        kind = every[number % len(every)]
        drawn.append((chance.choice([w for w in worlds if kind in able[w.name]]), kind))
    chance.shuffle(drawn)
    return drawn


class _Round:
    """One round."""

    def __init__(
        self, world: World, prefect: Prefect, kind: str, tally: Tally, say: Callable[[str], None]
    ) -> None:
        self._world, self._prefect, self._kind = world, prefect, kind
        self._tally, self._say = tally, say

    def play(self, number: int, *, with_twin: bool) -> None:
        """Begin a run while people act, let it happen, start everything again, and look."""
        world, chance = self._world, self._world.chance
        began = time.monotonic()
        piece = chance.choice(KINDS[self._kind])
        if piece == "cleanse" and chance.random() < 0.5:
            world.add_picture()
        world.protect_a_name()
        expected = _EXPECTED.get((world.name, piece), 6.0)
        wait, away = chance.uniform(0, 1.0) * expected, chance.uniform(0.3, 1.5)
        people = world.meet()
        run = world.start(piece)
        scene = Scene(world, self._prefect, run, away)
        run.wait(wait)
        strike(self._kind, scene)
        code = run.wait(STUCK_S)
        if code is None:
            scene.wrong.append(f"the run is stuck: {run.said()[-500:]}")
            run.kill()
        world.start_review()
        if not people.stop(STUCK_S):
            scene.wrong.append("people still wait for an answer")
        if people.failure is not None:
            scene.wrong.append(f"people were answered badly: {people.failure!r}")
        self._see_end(scene, code)
        resumed = time.monotonic()
        again = world.start(piece)
        if again.wait(STUCK_S) != 0:
            scene.wrong.append(f"the next run failed ({again.poll()}): {again.said()[-1500:]}")
            again.kill()
        _EXPECTED[world.name, piece] = min(60.0, time.monotonic() - resumed)
        scene.wrong += check_all(world)
        if with_twin:
            scene.wrong += check_twin(world)
            scene.seen.append("twin")
        self._tell(number, piece, wait, scene, time.monotonic() - began)

    def _see_end(self, scene: Scene, code: int | None) -> None:
        """How the run that it came upon has ended, and whether it said so in a sentence."""
        ended = {0: "run finished", -9: "run killed", None: "run stuck"}.get(code, "run stopped")
        scene.seen.append(ended)
        if ended == "run stopped" and "Traceback" in scene.run.said():
            scene.seen.append("traceback")

    def _tell(self, number: int, piece: str, wait: float, scene: Scene, took: float) -> None:
        self._tally.rounds += 1
        for what in scene.seen:
            self._tally.see(what)
        where = f"{number:3} {self._kind:10} {self._world.name:10} {piece:9}"
        self._tally.violations += [f"{where.strip()}: {each}" for each in scene.wrong]
        line = f"{where} at {wait:5.2f} s: {', '.join(scene.seen)} ({took:.0f} s)"
        if "run stopped" in scene.seen:
            said = scene.run.said().strip().splitlines()
            line += f"\n      {scene.run.out.name}: {said[-1][:300] if said else ''}"
        for each in scene.wrong:
            line += f"\n    WRONG {each}"
        self._say(line)


_EXPECTED: dict[tuple[str, str], float] = {}
"""Seconds that an undisturbed run took last, by world and command."""
