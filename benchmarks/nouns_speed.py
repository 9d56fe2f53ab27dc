"""How many captions a second one core searches for names: Kiyome, and tools that could do instead.

    python benchmarks/nouns_speed.py ../shared/data/captions
    python benchmarks/nouns_speed.py ../shared/data/captions --peers path/to/python

Kiyome is measured with everything but optional models, from the text to the sightings that stand,
on captions of each form: **first** are the tuning half of them (see ``nouns_quality.py``), from a
cold start; then, of the test half, **plain** are those without a name and **named** those with one,
new to it but for the words that they share with the first; **again** is the test half once more. A
labelled caption holds a name that hardly another holds, so that it is read from the register for
the first time; a dataset repeats its names. Then each recogniser by itself, on the test half.

The peers get the same names and the test half, in a process of their own (``nouns_peers.py``),
because they need packages that Kiyome does without. What each of them finds stands beside its
speed: how many captions with a registered name have that name found, and how many without a name
have anything found. All times are processor time of one thread, so that other programs disturb
little.
"""

from __future__ import annotations

import argparse
import csv
import json
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, TypeVar

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

from benchmarks.nouns_peers import measure_mb
from benchmarks.nouns_quality import Rows, gather, learn
from models.nouns.knowledge import NounKnowledge
from models.nouns.pipeline import NamesPipeline, build_pipeline
from models.nouns.recognisers.assembling import assemble
from models.nouns.recognition import Sighting, prepare

Text = TypeVar("Text")
Answer = TypeVar("Answer")

_GOALS = {"booru": 5_000, "English": 20_000, "Japanese": 7_000}
_FORMS = {
    "booru": ("booru known", "booru unseen", "booru clean"),
    "English": ("en known", "en unseen", "en clean"),
    "Japanese": ("ja known", "ja unseen", "ja clean"),
}
_COLUMNS = ("captions", "first", "plain", "named", "again")
_TOGETHER = 200
_PEERS = Path(__file__).parent / "nouns_peers.py"


@dataclass(frozen=True)
class Captions:
    """Captions of one form in mixed order.

    Attributes:
        texts: the captions.
        names: for each, the span of the name that it holds, or None.
        known: for each, whether that name is registered.
    """

    texts: list[str]
    names: list[tuple[int, int] | None]
    known: list[bool]


@dataclass(frozen=True)
class Speeds:
    """Captions a second: new ones without a name, all new ones, and the same once more."""

    plain: float
    new: float
    again: float


@dataclass(frozen=True)
class Found:
    """What was found in the first ``reached`` captions."""

    reached: int
    known: int
    of_known: int
    flagged: int
    of_clean: int

    def __str__(self) -> str:
        return (
            f"{self.known} of {self.of_known} known names found, "
            f"{self.flagged} of {self.of_clean} clean captions flagged"
        )


def mix(rows: Mapping[str, Rows]) -> dict[str, Captions]:
    """The captions by form; those of a kind stand evenly among the others."""
    mixed = {}
    for form, kinds in _FORMS.items():
        placed = sorted(
            ((index + 0.5) / len(rows[kind].texts), kind, text, span)
            for kind in kinds
            if kind in rows
            for index, (text, span) in enumerate(
                zip(rows[kind].texts, rows[kind].spans, strict=True)
            )
        )
        mixed[form] = Captions(
            [text for _, _, text, _ in placed],
            [span for _, _, _, span in placed],
            [kind.endswith("known") for _, kind, _, _ in placed],
        )
    return mixed


def count_found(captions: Captions, spans: Sequence[Sequence[tuple[int, int]]]) -> Found:
    """What the spans found in the first captions amount to."""
    known = of_known = flagged = of_clean = 0
    for name, is_known, found in zip(captions.names, captions.known, spans, strict=False):
        if name is None:
            of_clean += 1
            flagged += bool(found)
        elif is_known:
            of_known += 1
            known += any(start < name[1] and end > name[0] for start, end in found)
    return Found(len(spans), known, of_known, flagged, of_clean)


def main() -> int:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("data", type=Path, help="folder with labelled captions, names and tags")
    parser.add_argument(
        "--peers", default=sys.executable, help="an interpreter that has the peers' packages"
    )
    parser.add_argument("--no-peers", action="store_true")
    parser.add_argument(
        "--seconds", type=float, default=60, help="the longest that a peer searches one form"
    )
    given = parser.parse_args()
    earlier, captions = (mix(gather(given.data, half)) for half in ("tuning", "test"))
    prose = (given.data / "clean_en.txt").read_text(encoding="utf-8").split("\n")
    with tempfile.TemporaryDirectory() as scratch:
        folder = Path(scratch)
        knowledge = learn(given.data, folder, [])
        speeds, spans = measure_kiyome(knowledge, earlier, captions, prose, folder)
        if not given.no_peers:
            compare(
                knowledge, captions, speeds, spans, given.data, folder, given.peers, given.seconds
            )
    missed = [form for form, goal in _GOALS.items() if speeds[form].plain < goal]
    goals = ", ".join(f"{form} {goal:,}/s" for form, goal in _GOALS.items())
    outcome = f"missed for {', '.join(missed)}" if missed else "met"
    print(f"\ngoals on new plain captions ({goals}): {outcome}")
    return 1 if missed else 0


def measure_kiyome(
    knowledge: NounKnowledge,
    earlier: Mapping[str, Captions],
    captions: Mapping[str, Captions],
    prose: list[str],
    folder: Path,
) -> tuple[dict[str, Speeds], dict[str, list[list[tuple[int, int]]]]]:
    """Print Kiyome's speeds.

    Returns:
        By form, captions a second, and the spans found.
    """
    memory = measure_mb()
    started = time.process_time()
    recognisers = assemble(knowledge, folder / "indexes")
    compiled = time.process_time() - started
    pipeline = NamesPipeline(build_pipeline(knowledge, folder / "indexes", spans=False))
    entries = len(knowledge.register.entries)
    print(
        f"Kiyome: {entries:,} names compiled in {compiled:.1f} s, {measure_mb() - memory:,.0f} MB"
    )

    def find(texts: Sequence[str]) -> list[tuple[Sighting, ...]]:
        return [
            seen
            for begin in range(0, len(texts), _TOGETHER)
            for seen in pipeline.find([prepare(text) for text in texts[begin : begin + _TOGETHER]])
        ]

    speeds: dict[str, Speeds] = {}
    spans: dict[str, list[list[tuple[int, int]]]] = {}
    print(f"{'captions a second':26}" + "".join(f"{title:>10}" for title in _COLUMNS))
    half = len(prose) // 2
    groups = {form: (earlier[form].texts, each) for form, each in captions.items()}
    groups["English prose"] = (prose[:half], Captions(prose[half:], [None] * (half + 1), []))
    for form, (before, each) in groups.items():
        later = list(zip(each.texts, each.names, strict=False))
        _, first = _time(find, before)
        _, plain = _time(find, [text for text, name in later if name is None])
        _, named = _time(find, [text for text, name in later if name is not None])
        seen, again = _time(find, each.texts)
        names = sum(name is not None for _, name in later)
        spent = (len(later) - names) / plain + (names / named if names else 0)
        speeds[form] = Speeds(plain, len(later) / spent, again)
        spans[form] = [[(one.start, one.end) for one in found] for found in seen]
        row = (len(each.texts), first, plain, named, again)
        print(f"{form:26}" + "".join(f"{number:10,.0f}" for number in row))
        if form in captions:
            print(f"{'':26}{count_found(captions[form], spans[form])}")
        prepared = [prepare(text) for text in each.texts]
        for recogniser in recognisers:
            alone = _time(recogniser.recognise, prepared)[1]
            print(f"  {recogniser.name:24}{len(prepared):10,}{'':30}{alone:10,.0f}")
    return speeds, spans


def compare(
    knowledge: NounKnowledge,
    captions: Mapping[str, Captions],
    speeds: Mapping[str, Speeds],
    spans: Mapping[str, list[list[tuple[int, int]]]],
    data: Path,
    folder: Path,
    python: str,
    seconds: float,
) -> None:
    """Run every peer and print it beside Kiyome, on the captions that it reached."""
    given = folder / "given.json"
    with (data / "register.csv").open(encoding="utf-8", newline="") as file:
        order = {row["name"]: place for place, row in enumerate(csv.DictReader(file))}
    entries = sorted(
        knowledge.register.entries, key=lambda entry: order.get(entry.name, len(order))
    )
    names = [surface.text for entry in entries for surface in entry.surfaces]
    given.write_text(
        json.dumps(
            {
                "names": list(dict.fromkeys(names)),
                "captions": {form: each.texts for form, each in captions.items()},
                "seconds": seconds,
            }
        ),
        encoding="utf-8",
    )
    for peer in ("phrase-matcher", "presidio", "ginza"):
        run = subprocess.run(
            [python, str(_PEERS), peer, str(given)], capture_output=True, text=True, check=False
        )
        if run.returncode:
            reason = run.stderr.strip().rpartition("\n")[2]
            print(f"\n{peer}: missing or failed: {reason}")
            continue
        answer: dict[str, Any] = json.loads(run.stdout.strip().rpartition("\n")[2])
        print(
            f"\n{answer['name']}: {answer['names']:,} spellings, ready in {answer['ready']:.1f} s,"
            f" {answer['mb']:,.0f} MB"
        )
        for form, said in answer["forms"].items():
            theirs = [[(start, end) for start, end in found] for found in said["spans"]]
            reached = len(theirs)
            own, speed = speeds[form], said["speed"]
            print(
                f"  {form:10}{speed:8,.0f} captions/s on {reached:,} captions; Kiyome/it:"
                f" {own.new / speed:,.1f} on new ones, {own.again / speed:,.1f} on known ones"
            )
            print(f"{'':12}it:     {count_found(captions[form], theirs)}")
            print(f"{'':12}Kiyome: {count_found(captions[form], spans[form][:reached])}")


def _time(
    work: Callable[[Sequence[Text]], list[Answer]], texts: Sequence[Text]
) -> tuple[list[Answer], float]:
    """What was found, and texts a second of processor time."""
    started = time.process_time()
    found = work(texts)
    return found, len(texts) / max(time.process_time() - started, 1e-9)


if __name__ == "__main__":
    sys.exit(main())
