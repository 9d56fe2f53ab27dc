"""Labelled pictures as a calibration judges them: the surest reference of each label."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from types import MappingProxyType
from typing import Final

from models.assets.asset import Fault
from models.motifs.alignment import Box
from models.motifs.calibration.labelled import LabelledFolder, LabelledPicture, LeftOut
from models.motifs.calibration.measuring import Scored
from models.motifs.calibration.pairs import CleanPicture, LabelledPair
from models.motifs.calibration.proposing import Examiner, Proposed
from models.motifs.calibration.shares import Share
from models.motifs.evidence import DETECTORS, Detector, Evidence
from models.motifs.risk import Calibration

OVERLAP: Final = 0.5
"""Intersection over union from which a box counts as found."""

_WHOLE: Final[Box] = (0.0, 0.0, 1.0, 1.0)


@dataclass(frozen=True, slots=True)
class Looked:
    """A labelled picture with what was seen of every reference that was proposed for it.

    Attributes:
        picture: a row of the list.
        labels: everything that its file shows by the list; a file may have several rows.
        proposed: references.
    """

    picture: LabelledPicture
    labels: frozenset[str]
    proposed: tuple[Proposed, ...]


@dataclass(frozen=True, slots=True)
class Judged:
    """A labelled picture as a calibration judges it.

    Attributes:
        picture: a row of the list.
        risks: the highest risk of each label.
        surest: the reference that has it.
    """

    picture: LabelledPicture
    risks: Mapping[str, float]
    surest: Mapping[str, Proposed]

    @property
    def scored(self) -> Scored:
        """The same for ``summarise``."""
        return Scored(self.picture.kind, self.picture.label, self.risks)

    @property
    def own(self) -> Proposed | None:
        """The surest reference of what it shows; None where none was proposed."""
        return None if self.picture.label is None else self.surest.get(self.picture.label)

    @property
    def top(self) -> Proposed | None:
        """The surest reference of all."""
        if not self.risks:
            return None
        return self.surest[min(self.risks, key=lambda label: (-self.risks[label], label))]


@dataclass(frozen=True, slots=True)
class DetectorShares:
    """What one detector is worth, of all labelled pictures.

    Attributes:
        alone: found with what it saw, and nothing else.
        only: found, and not found without it.
    """

    alone: Share
    only: Share


def look_at(
    folder: LabelledFolder,
    examiner: Examiner,
    progress: Callable[[int, int], None] = lambda _done, _total: None,
) -> tuple[list[Looked], list[LeftOut]]:
    """Examine every picture of a list once; those that cannot be examined are left out, with why.

    Args:
        progress: called with the number of files examined and the number there are.
    """
    labels: dict[Path, set[str]] = {}
    for picture in folder.pictures:
        labels.setdefault(picture.path, set()).update({picture.label or ""} - {""})
    seen: dict[Path, tuple[Proposed, ...] | Fault] = {}
    for path, found in examiner.examine_pictures(list(labels)):
        seen[path] = found
        progress(len(seen), len(labels))
    looked, left_out = [], []
    for picture in folder.pictures:
        found = seen[picture.path]
        if isinstance(found, Fault):
            why = f"{found.detail} ({found.reason.value})"
            left_out.append(LeftOut(picture.line, picture.name, why))
        else:
            looked.append(Looked(picture, frozenset(labels[picture.path]), found))
    return looked, left_out


def judge(looked: Iterable[Looked], calibration: Calibration) -> list[Judged]:
    """What a calibration makes of each picture."""
    return [_judge(each, calibration.risk_of) for each in looked]


def _judge(looked: Looked, risk_of: Callable[[Evidence], float]) -> Judged:
    risks: dict[str, float] = {}
    surest: dict[str, Proposed] = {}
    for proposed in sorted(looked.proposed, key=lambda each: each.reference):
        risk = risk_of(proposed.evidence)
        if risk > risks.get(proposed.label, -1.0):
            risks[proposed.label], surest[proposed.label] = risk, proposed
    return Judged(looked.picture, MappingProxyType(risks), MappingProxyType(surest))


def gather_pairs(
    looked: Iterable[Looked], calibration: Calibration
) -> tuple[list[LabelledPair], list[CleanPicture]]:
    """What a calibration is learnt from.

    Of a picture that shows something the surest reference of that label is a match: that another
    reference of the same label is not recognised says nothing against the detectors. References of
    other labels are no matches. Which one is surest is judged by ``calibration``.
    """
    pairs: list[LabelledPair] = []
    clean: list[CleanPicture] = []
    for each in looked:
        if each.picture.label is None:
            clean.append([proposed.evidence for proposed in each.proposed])
            continue
        own = _judge(each, calibration.risk_of).own
        if own is not None:
            pairs.append(LabelledPair(own.evidence, matches=True))
        pairs += [
            LabelledPair(proposed.evidence, matches=False)
            for proposed in each.proposed
            if proposed.label not in each.labels
        ]
    return pairs, clean


def weigh_detectors(
    looked: Sequence[Looked], calibration: Calibration, risk: float
) -> dict[Detector, DetectorShares]:
    """What each detector finds by itself, and what only it finds; the same file is not counted."""
    shown = [
        each
        for each in looked
        if each.picture.label is not None and not any(p.evidence.same_file for p in each.proposed)
    ]
    found = _find(shown, calibration, risk, DETECTORS)
    shares = {}
    for detector in DETECTORS:
        alone = _find(shown, calibration, risk, (detector,))
        others = tuple(each for each in DETECTORS if each != detector)
        without = _find(shown, calibration, risk, others)
        shares[detector] = DetectorShares(
            Share(sum(alone), len(shown)),
            Share(
                sum(full and not less for full, less in zip(found, without, strict=True)),
                len(shown),
            ),
        )
    return shares


def _find(
    looked: Sequence[Looked],
    calibration: Calibration,
    risk: float,
    detectors: Sequence[Detector],
) -> list[bool]:
    curves = {d: curve for d, curve in calibration.curves.items() if d in detectors}
    of_these = replace(calibration, curves=curves)
    return [each.scored.of_label >= risk for each in judge(looked, of_these)]


def count_boxes(judged: Iterable[Judged], risk: float) -> dict[str, Share]:
    """Of those found whose true box is known: in how many the box is right, by kind.

    A reference that is seen all over a picture has the whole picture as its box.
    """
    right: dict[str, list[bool]] = {}
    for each in judged:
        own = each.own
        if each.picture.box is None or own is None or each.scored.of_label < risk:
            continue
        box = own.evidence.box or _WHOLE
        right.setdefault(each.picture.kind, []).append(overlap(box, each.picture.box) >= OVERLAP)
    return {kind: Share(sum(all_), len(all_)) for kind, all_ in right.items()}


def overlap(one: Box, other: Box) -> float:
    """Intersection over union of two boxes."""
    width = min(one[2], other[2]) - max(one[0], other[0])
    height = min(one[3], other[3]) - max(one[1], other[1])
    shared = max(0.0, width) * max(0.0, height)
    areas = sum((box[2] - box[0]) * (box[3] - box[1]) for box in (one, other))
    return shared / (areas - shared) if areas > shared else float(areas > 0)
