"""How many copies and likenesses of registered motifs are found, at a rate of false alarms.

The pictures of one half serve to make and tune the detectors; the figures are those of the other
half. Nothing here is a test: it prints what it measures. One core; scores are kept in --cache.

    python benchmarks/motifs_quality.py --half tune --sample 800
    python benchmarks/motifs_quality.py --half report --detector pdq --detector builtin:layout
    python benchmarks/motifs_quality.py --half tune --save-misses /tmp/misses
    python benchmarks/motifs_quality.py --half report --unseen path/to/folder
"""

from __future__ import annotations

import argparse
import json
import os
import sys
import tempfile
from collections.abc import Sequence
from pathlib import Path
from typing import Any

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))
# Before NumPy and its like are loaded: they ask only once.
os.environ.update(OMP_NUM_THREADS="1", OPENBLAS_NUM_THREADS="1", MKL_NUM_THREADS="1")

from benchmarks.motif_cases import load_cases
from benchmarks.motif_detectors import default_detectors, load_detector
from benchmarks.motif_pictures import IMAGES
from benchmarks.motif_report import boxes, leave_out_namesakes, recall, sections, threshold_at
from benchmarks.motif_risk import judge
from benchmarks.motif_scores import Scored, score_cases
from benchmarks.motif_sheets import save_sheets
from models.motifs.calibration.shares import Share

RATES = (1e-3, 1e-2)
POLICY_RISK = 0.5
"""The risk from which the default policy acts."""

Way = tuple[str, str]
"""A detector's name and one of its ways."""


def main() -> None:
    """Measure and print."""
    options = _read_options()
    cases = load_cases(
        options.half,
        images=options.images,
        seed=options.seed,
        sample=options.sample,
        unseen=options.unseen,
    )
    clean = sum(case.group == "clean" for case in cases)
    print(
        f"{options.half} half, seed {options.seed}: {len(cases.references)} references, "
        f"{len(cases) - clean} cases that show one, {clean} clean pictures"
    )
    scored: dict[Way, list[Scored]] = {}
    detectors = [load_detector(name) for name in options.detector or default_detectors()]
    looks = score_cases(detectors, cases, options.cache, fresh=options.fresh)
    for detector in detectors:
        seen = leave_out_namesakes(judge(detector, looks[detector.name]), cases.references)
        cpu = 1000 * sum(s.seconds for s in seen) / max(1, len(seen))
        print(f"{detector.name}: {cpu:.1f} ms of CPU a picture, decoding left out")
        scored |= {(detector.name, way): seen for way in detector.ways}
    figures = [report(scored, rate) for rate in RATES]
    for (name, kind), seen in scored.items():
        if kind == "risk":
            report_policy(name, seen)
    if options.save_misses:
        for way, seen in scored.items():
            above = threshold_at(seen, way[1], RATES[0]).above
            save_sheets(seen, cases.references, way, above, options.save_misses)
        print(f"Misses and false alarms are in {options.save_misses}.")
    if options.json:
        options.json.write_text(json.dumps(figures, indent=1), encoding="utf-8")


def report(scored: dict[Way, list[Scored]], rate: float) -> dict[str, Any]:
    """Print one table: a line a kind, a column a way; and give it as JSON-ready figures."""
    figures: dict[str, Any] = {"rate": rate, "ways": {}}
    thresholds = {way: threshold_at(seen, way[1], rate) for way, seen in scored.items()}
    print(f"\nRecall where at most {rate:g} of the clean pictures raise an alarm")
    for way, limit in thresholds.items():
        low, high = limit.alarms.interval
        print(
            f"  {_title(way)}: above {limit.above:.4f}, which {limit.alarms.found} of "
            f"{limit.alarms.of} clean pictures exceed (95 %: {low:.5f} to {high:.5f})"
        )
    columns = list(scored)
    lines = {way: dict(sections(seen)) for way, seen in scored.items()}
    width = max(len(name) for name in lines[columns[0]]) + 2
    print("".ljust(width) + "cases".rjust(6) + "".join(_title(w)[-20:].rjust(22) for w in columns))
    for name, members in lines[columns[0]].items():
        cells = []
        for way in columns:
            found = recall(lines[way][name], way[1], thresholds[way].above)
            placed = boxes(lines[way][name], way[1], thresholds[way].above)
            cells.append(_cell(found, placed).rjust(22))
            figures["ways"].setdefault(_title(way), {})[name.strip()] = {
                "found": found.found,
                "of": found.of,
                "recall": round(found.value, 4),
                "interval": [round(end, 4) for end in found.interval],
                "boxes": [placed.found, placed.of],
            }
        print(name.ljust(width) + str(len(members)).rjust(6) + "".join(cells))
    print(
        "  (each: recall, its 95 % interval by Wilson; b: share of right boxes among those given)"
    )
    return figures


def report_policy(name: str, scored: Sequence[Scored]) -> None:
    """What the default policy does, whose threshold was not taken from these clean pictures."""
    below = POLICY_RISK - 1e-9
    clean = [s for s in scored if s.case.group == "clean"]
    alarms = Share(sum(s.best("risk")[1] > below for s in clean), len(clean))
    low, high = alarms.interval
    print(f"\n{name} at risk {POLICY_RISK} and above, as the policy has it")
    print(
        f"  clean pictures: {alarms.found} of {alarms.of} raise an alarm "
        f"({alarms.value:.4f}; 95 %: {low:.4f} to {high:.4f})"
    )
    for line, members in sections(scored):
        print(f"  {line.ljust(36)}{_cell(recall(members, 'risk', below), Share(0, 0)).rjust(22)}")


def _title(way: Way) -> str:
    name, kind = way
    return name if kind == name else f"{name} {kind}"


def _cell(found: Share, placed: Share) -> str:
    low, high = found.interval
    text = f"{found.value:.3f} {low:.2f}-{high:.2f}"
    return f"{text} b{placed.value:.2f}" if placed.of else text


def _read_options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__.split("\n", 1)[0])
    parser.add_argument("--half", choices=("tune", "report"), default="tune")
    parser.add_argument("--images", type=Path, default=IMAGES, help="folder with manifest.csv")
    parser.add_argument("--unseen", type=Path, help="measure on this folder's pictures instead")
    parser.add_argument("--detector", action="append", help="repeatable; all by default")
    parser.add_argument("--sample", type=int, help="about so many cases, evenly over the kinds")
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument(
        "--cache", type=Path, default=Path(tempfile.gettempdir()) / "kiyome-motif-scores"
    )
    parser.add_argument("--fresh", action="store_true", help="forget cached scores")
    parser.add_argument("--save-misses", type=Path, help="folder for sheets to look at")
    parser.add_argument("--json", type=Path, help="also write the figures here")
    return parser.parse_args()


if __name__ == "__main__":
    main()
