"""From what each way saw of a case to one risk, without another look at the picture."""

from __future__ import annotations

import sys
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

from benchmarks.motif_detectors import Detector, Seen
from benchmarks.motif_scores import Scored
from models.motifs.evidence import DETECTORS, Evidence
from models.motifs.risk import Calibration

RISK = "risk"


def put_together(scored: Scored, ways: Sequence[str] = DETECTORS) -> dict[str, Evidence]:
    """What was seen of each label in some of the ways, as one piece of evidence."""
    found: dict[str, Evidence] = {}
    for way in ways:
        for label, seen in scored.scores.get(way, {}).items():
            value = -round(seen.score) if way == "pdq" else seen.score
            found[label] = replace(found.get(label, Evidence()), **{way: value})
    return found


def judge(detector: Detector, looks: Sequence[Scored]) -> list[Scored]:
    """The cases as they were scored, with a risk where the detector has a calibration."""
    calibration: Calibration | None = getattr(detector, "calibration", None)
    return [with_risk(each, calibration) for each in looks] if calibration else list(looks)


def with_risk(scored: Scored, calibration: Calibration) -> Scored:
    """The same case with the risk of each label; its box is that of the points, or of the part."""
    risks = {
        label: Seen(calibration.risk_of(evidence), _box_of(scored, label))
        for label, evidence in put_together(scored).items()
    }
    return replace(scored, scores={**scored.scores, RISK: risks})


def _box_of(scored: Scored, label: str) -> tuple[float, float, float, float] | None:
    for way in ("points", "part"):
        seen = scored.scores.get(way, {}).get(label)
        if seen is not None and seen.box is not None:
            return seen.box
    return None
