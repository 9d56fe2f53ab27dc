"""What detectors saw in every case, computed once and kept, so that reports are cheap to redo."""

from __future__ import annotations

import hashlib
import json
import sys
import time
from collections.abc import Sequence
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path
from typing import Any

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

from benchmarks.motif_cases import Case, Cases
from benchmarks.motif_detectors import Detector, Scores, Seen, digest_sources
from benchmarks.motif_edits import Box, Edited

BEST_KEPT = 10
"""Labels kept of each way, besides the true one."""

CASES_MADE_BY = tuple(
    f"benchmarks/motif_{name}.py"
    for name in ("canvas", "cases", "choice", "edits", "frames", "pictures")
)


@dataclass(frozen=True, slots=True)
class Scored:
    """A case as a detector saw it.

    Attributes:
        case: what was judged.
        box: where the motif truly lies; of a clean picture, where what was pasted lies.
        scores: by way and label; the best few, and the true one where it was seen at all.
        seconds: of CPU that the detector took.
    """

    case: Case
    box: Box
    scores: Scores
    seconds: float

    def best(self, way: str) -> tuple[str, float]:
        """The label that was seen most surely, and how surely; ("", -inf) where none was."""
        seen = self.scores.get(way, {})
        if not seen:
            return "", float("-inf")
        label = min(seen, key=lambda name: (-seen[name].score, name))
        return label, seen[label].score

    def of_truth(self, way: str) -> Seen:
        """What was seen of the true label."""
        nothing = Seen(float("-inf"))
        return self.scores.get(way, {}).get(self.case.truth or "", nothing)


def score_cases(
    detectors: Sequence[Detector], cases: Cases, cache: Path, *, fresh: bool = False
) -> dict[str, list[Scored]]:
    """By detector's name every case with what it saw, from the cache where it is there.

    A run that was stopped goes on where it stopped. The cache holds for one state of the cases'
    code, of the references and of the detector's fingerprint; another state has another file.

    Args:
        detectors: each is registered here if anything has to be computed. They look side by side,
            for to make a picture costs as much as a look at it.
        cases: of one half and seed.
        cache: folder, made if it is missing.
        fresh: look at everything again.
    """
    _use_one_core()
    cache.mkdir(parents=True, exist_ok=True)
    paths = {detector.name: cache / _cache_name(detector, cases) for detector in detectors}
    if fresh:
        for path in paths.values():
            path.unlink(missing_ok=True)
    kept = {name: _read(path) for name, path in paths.items()}
    unfinished = [d for d in detectors if any(case.seed not in kept[d.name] for case in cases)]
    for detector in unfinished:
        detector.register(cases.references)
    with ExitStack() as stack:
        files = {
            detector.name: stack.enter_context(paths[detector.name].open("a", encoding="utf-8"))
            for detector in unfinished
        }
        for number, case in enumerate(cases if unfinished else (), start=1):
            waiting = [d for d in unfinished if case.seed not in kept[d.name]]
            made = case.make() if waiting else None
            for detector in waiting:
                if made is not None:
                    kept[detector.name][case.seed] = look = _look(detector, case, made)
                    files[detector.name].write(json.dumps(look) + "\n")
            if number % 250 == 0 or number == len(cases):
                print(f"{number} of {len(cases)} cases", file=sys.stderr)
    return {
        name: [_scored(case, looks[case.seed]) for case in cases] for name, looks in kept.items()
    }


def _use_one_core() -> None:
    """Of what the detectors have loaded; a look is then as dear as its CPU time says."""
    calls = {"cv2": "setNumThreads", "faiss": "omp_set_num_threads", "torch": "set_num_threads"}
    for module, call in calls.items():
        if module in sys.modules:
            getattr(sys.modules[module], call)(1)


def _cache_name(detector: Detector, cases: Cases) -> str:
    state = [digest_sources(*CASES_MADE_BY), detector.fingerprint]
    state += [f"{reference.label} {reference.path.name}" for reference in cases.references]
    digest = hashlib.sha256("\n".join(state).encode()).hexdigest()[:16]
    readable = "".join(c if c.isalnum() else "-" for c in detector.name)[-60:]
    return f"{readable}-{digest}.jsonl"


def _look(detector: Detector, case: Case, made: Edited) -> dict[str, Any]:
    start = time.process_time()
    scores = detector.score(made.pixels)
    seconds = time.process_time() - start
    kept: dict[str, dict[str, Any]] = {}
    for way, seen in scores.items():
        order = sorted(seen, key=lambda label: (-seen[label].score, label))[:BEST_KEPT]
        if case.truth in seen and case.truth not in order:
            order.append(case.truth)
        kept[way] = {label: [float(seen[label].score), seen[label].box] for label in order}
    return {"seed": case.seed, "box": made.box, "scores": kept, "seconds": round(seconds, 5)}


def _read(path: Path) -> dict[str, dict[str, Any]]:
    """The looks that were kept, by the case's seed; a line cut short by a stop is taken off."""
    if not path.is_file():
        return {}
    whole, newline, rest = path.read_text(encoding="utf-8").rpartition("\n")
    if rest:
        path.write_text(whole + newline, encoding="utf-8")
    return {look["seed"]: look for look in map(json.loads, whole.splitlines())}


def _scored(case: Case, value: dict[str, Any]) -> Scored:
    scores = {
        way: {label: Seen(score, box and tuple(box)) for label, (score, box) in seen.items()}
        for way, seen in value["scores"].items()
    }
    return Scored(case, tuple(value["box"]), scores, value["seconds"])
