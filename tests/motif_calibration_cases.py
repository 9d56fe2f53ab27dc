"""Made-up evidence for the calibration tests: matches score higher than others, with overlap."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path

import numpy as np

from models.assets.asset import Fault
from models.motifs.calibration.judging import Looked
from models.motifs.calibration.labelled import LabelledPicture
from models.motifs.calibration.pairs import LabelledPair
from models.motifs.calibration.proposing import Examined, Proposed
from models.motifs.evidence import Evidence
from models.motifs.risk import Calibration, Curve
from models.reasons import Reason

PER_PICTURE = 6


def imagine(dice: np.random.Generator, *, matches: bool) -> Evidence:
    """What detectors might see of one reference; two of the four often see nothing."""
    alike = dice.normal(1.6 if matches else 0.0)
    points = dice.gamma(10.0 if matches else 2.0)
    has_points = dice.random() < (0.8 if matches else 0.3)
    has_pdq = dice.random() < (0.4 if matches else 0.02)
    return Evidence(
        pdq=int(np.clip(dice.normal(25 if matches else 75, 12), 0, 90)) if has_pdq else None,
        whole=round(float(np.clip(0.4 + 0.12 * alike + dice.normal(0, 0.05), -1, 1)), 4),
        part=round(float(np.clip(0.45 + 0.1 * alike + dice.normal(0, 0.08), -1, 1)), 4),
        points=round(float(points), 4) if has_points else None,
    )


def imagine_pairs(seed: int, count: int) -> list[LabelledPair]:
    """So many matches and as many others."""
    dice = np.random.default_rng(seed)
    return [
        LabelledPair(imagine(dice, matches=matches), matches)
        for matches in (True, False)
        for _ in range(count)
    ]


def imagine_clean(seed: int, count: int) -> list[list[Evidence]]:
    """What is seen of the references in so many clean pictures."""
    dice = np.random.default_rng(seed)
    return [[imagine(dice, matches=False) for _ in range(PER_PICTURE)] for _ in range(count)]


def simple_calibration() -> Calibration:
    """A risk of 0.5 at a cosine of 0.6, or at a score of 6 by points."""
    return Calibration(
        "simple",
        "",
        {"whole": Curve((0.2, 1.0), (0.0, 10.0)), "points": Curve((0.0, 12.0), (0.0, 10.0))},
        -5.0,
    )


def propose(label: str, evidence: Evidence, reference: str = "") -> Proposed:
    return Proposed(label, reference or f"id of {label}", evidence)


def looked(
    label: str | None,
    *proposed: Proposed,
    kind: str = "crop",
    name: str = "a.png",
    box: tuple[float, float, float, float] | None = None,
) -> Looked:
    picture = LabelledPicture(2, name, Path(name), label, kind, box)
    return Looked(picture, frozenset({label} if label else ()), proposed)


class FakeExaminer:
    """Says what it was told about each file; a file of which it knows nothing is damaged."""

    def __init__(self, known: Mapping[str, tuple[Proposed, ...]]) -> None:
        self.known = known
        self.asked: list[Path] = []

    def examine_pictures(self, paths: Sequence[Path]) -> Iterator[Examined]:
        for path in paths:
            self.asked.append(path)
            damaged = Fault(Reason.IMAGE_DAMAGED, f"{path.name}: it ends too early")
            yield path, self.known.get(path.name, damaged)
