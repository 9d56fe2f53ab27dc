"""From scores to figures: a threshold that few clean pictures reach, and what is found above it."""

from __future__ import annotations

import sys
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

from benchmarks.motif_cases import Reference
from benchmarks.motif_choice import name_of
from benchmarks.motif_edits import EDITS, MORE_EDITS
from benchmarks.motif_scores import Scored
from models.motifs.calibration.judging import OVERLAP, overlap
from models.motifs.calibration.shares import Share

_LIKENESSES = tuple(
    f"{likeness}, {where}"
    for likeness in ("expression or pose", "redrawn")
    for where in ("plain", "on a scene")
)


def leave_out_namesakes(scored: Sequence[Scored], references: Sequence[Reference]) -> list[Scored]:
    """The cases without clean pictures that are called like a reference of their own package.

    Such a picture is another frame of the registered motif under a name of its own ("mouseleft",
    "mouseright"), and not clean. The rule looks at names only, and at no score.
    """
    names = {name_of(reference.path) for reference in references}
    return [s for s in scored if s.case.group != "clean" or name_of(s.case.path) not in names]


@dataclass(frozen=True, slots=True)
class Threshold:
    """What a score must exceed.

    Attributes:
        above: of clean pictures exactly ``alarms`` score more than this.
        alarms: how many clean pictures do, of all.
    """

    above: float
    alarms: Share


def threshold_at(scored: Sequence[Scored], way: str, rate: float) -> Threshold:
    """The lowest threshold that at most ``rate`` of the clean pictures exceed.

    A clean picture scores what the likeliest of all references scores. Of N clean pictures
    floor(rate x N) may exceed the threshold, so it is the score of the next one, and a find must
    score more than that. Where fewer than 1 / rate are clean, none may.
    """
    highest = sorted((s.best(way)[1] for s in scored if s.case.group == "clean"), reverse=True)
    if not highest:
        raise SystemExit(
            "There are no clean pictures, so there is no threshold: take a larger --sample."
        )
    above = highest[min(int(rate * len(highest)), len(highest) - 1)]
    return Threshold(above, Share(sum(score > above for score in highest), len(highest)))


def recall(scored: Sequence[Scored], way: str, above: float) -> Share:
    """In how many the true label scores more than the threshold."""
    return Share(sum(s.of_truth(way).score > above for s in scored), len(scored))


def boxes(scored: Sequence[Scored], way: str, above: float) -> Share:
    """Of those found with a box: in how many the box overlaps the true one by ``OVERLAP``."""
    seen = [(s.of_truth(way), s.box) for s in scored]
    right = [overlap(t.box, box) >= OVERLAP for t, box in seen if t.box and t.score > above]
    return Share(sum(right), len(right))


def sections(scored: Sequence[Scored]) -> Iterator[tuple[str, list[Scored]]]:
    """The lines of the report, each with its cases; those without cases are left out."""
    edited = [s for s in scored if s.case.group == "edited"]
    lines: list[tuple[str, list[Scored]]] = [("all edited copies", edited)]
    for motif in ("character", "mascot", "logo"):
        name = "  flat logos" if motif == "logo" else f"  {motif}s"
        lines.append((name, [s for s in edited if s.case.motif == motif]))
    for kind in EDITS:
        lines.append((kind, [s for s in edited if s.case.kind == kind]))
        if kind.startswith("pasted"):
            logos = [s for s in lines[-1][1] if s.case.motif == "logo"]
            lines.append((f"  {kind}, flat logos", logos))
    others = (*MORE_EDITS, *_LIKENESSES)
    lines += [(kind, [s for s in scored if s.case.kind == kind]) for kind in others]
    yield from ((name, members) for name, members in lines if members)
