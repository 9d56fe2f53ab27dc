"""How a calibration does on a user's own labelled pictures, and what to do about it."""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

from models.motifs.calibration.judging import (
    DetectorShares,
    Judged,
    Looked,
    count_boxes,
    judge,
    weigh_detectors,
)
from models.motifs.calibration.labelled import LeftOut
from models.motifs.calibration.measuring import Summary, score_of, summarise
from models.motifs.calibration.shares import Share
from models.motifs.evidence import Detector
from models.motifs.risk import CLEAN_SHARE, Calibration
from models.policy import RECORDED_RISK

_STEPS: Final = tuple(round(0.05 * step, 2) for step in range(2, 20))
_MORE_ALARMS: Final = 3 * CLEAN_SHARE
_WORTH: Final = 0.01
_HARD: Final = 0.1
_LEAST_CASES: Final = 5
_LABELS_NAMED: Final = 3


@dataclass(frozen=True, slots=True)
class Evaluation:
    """What was measured.

    Attributes:
        calibration: that judged.
        encoder: name of the encoder.
        risk: from which on a picture counts as found.
        references: how many there are of each label in the register.
        summary: recall by kind, and clean pictures flagged.
        mistaken: labelled pictures flagged for other labels only.
        detectors: what each detector is worth.
        boxes: of those found, how many boxes are right, by kind; only where boxes are given.
        judged: every picture.
        left_out: rows that do not count, and why.
        advice: sentences.
    """

    calibration: Calibration
    encoder: str
    risk: float
    references: Mapping[str, int]
    summary: Summary
    mistaken: Share
    detectors: Mapping[Detector, DetectorShares]
    boxes: Mapping[str, Share]
    judged: tuple[Judged, ...]
    left_out: tuple[LeftOut, ...]
    advice: tuple[str, ...]

    @property
    def missed(self) -> list[Judged]:
        """Labelled pictures below the risk, the worst first."""
        found = [
            j for j in self.judged if j.picture.label is not None and j.scored.of_label < self.risk
        ]
        return sorted(found, key=lambda j: (j.scored.of_label, j.picture.line))

    @property
    def alarms(self) -> list[Judged]:
        """Clean pictures for which anything was recorded, the likeliest first."""
        found = [
            j for j in self.judged if j.picture.label is None and j.scored.best >= RECORDED_RISK
        ]
        return sorted(found, key=lambda j: (-j.scored.best, j.picture.line))

    def as_dict(self) -> dict[str, Any]:
        """A JSON-ready dictionary; pictures are named by their rows."""
        return {
            "format": "kiyome/motif-evaluation/1",
            "calibration": {
                "name": self.calibration.name,
                "fingerprint": self.calibration.fingerprint,
                "learnt_from": self.calibration.learnt_from,
            },
            "encoder": self.encoder,
            "risk": self.risk,
            "references": sum(self.references.values()),
            "labels": len(self.references),
            "recall": self.summary.as_dict(),
            "mistaken": self.mistaken.as_dict(),
            "detectors": {
                name: {"alone": shares.alone.as_dict(), "only": shares.only.as_dict()}
                for name, shares in self.detectors.items()
            },
            "boxes": {kind: share.as_dict() for kind, share in self.boxes.items()},
            "missed": [_describe(each) for each in self.missed],
            "alarms": [_describe(each) for each in self.alarms],
            "left_out": [
                {"line": each.line, "file": each.name, "why": each.why} for each in self.left_out
            ],
            "advice": list(self.advice),
        }


def evaluate(
    looked: Sequence[Looked],
    left_out: Sequence[LeftOut],
    calibration: Calibration,
    *,
    encoder: str,
    risk: float,
    references: Mapping[str, int],
) -> Evaluation:
    """Measure a calibration on pictures that were looked at.

    Args:
        looked: labelled pictures with what was seen of them.
        left_out: rows that do not count.
        calibration: what makes the risks.
        encoder: name of the encoder.
        risk: the policy's.
        references: how many references each registered label has.
    """
    judged = judge(looked, calibration)
    summary = summarise((each.scored for each in judged), score_of(risk))
    shown = [each for each in judged if each.picture.label is not None]
    mistaken = sum(each.scored.of_label < risk <= each.scored.best for each in shown)
    return Evaluation(
        calibration,
        encoder,
        risk,
        references,
        summary,
        Share(mistaken, len(shown)),
        weigh_detectors(looked, calibration, risk),
        count_boxes(judged, risk),
        tuple(judged),
        tuple(left_out),
        tuple(_advise(judged, summary, risk, references)),
    )


def in_thousand(share: float) -> str:
    """A share of clean pictures as people say it: ``3 in 1,000``."""
    value = 1000 * share
    return (
        f"{value:.0f} in 1,000" if value >= 10 or value == int(value) else f"{value:.1f} in 1,000"
    )


def _advise(
    judged: Sequence[Judged], summary: Summary, risk: float, references: Mapping[str, int]
) -> Iterator[str]:
    clean, shown = summary.alarms.of, summary.recall.of
    if clean and shown:
        yield from _advise_risk(judged, summary, risk)
    if clean < 1 / CLEAN_SHARE:
        yield (
            f"There are {clean:,} clean pictures: too few to see whether 1 in 1,000 is flagged. "
            "Add clean pictures of the kind that your datasets hold."
        )
    elif summary.alarms.interval[0] > CLEAN_SHARE:
        yield (
            f"More clean pictures are flagged than the calibration promises for a risk of 0.5 "
            f"({in_thousand(CLEAN_SHARE)}): look at the false alarms, and if they are none of the "
            "motifs, learn from these pictures with `kiyome motifs calibrate`."
        )
    yield from _advise_kinds(summary)
    yield from _advise_labels(judged, risk, references)


def _advise_risk(judged: Sequence[Judged], now: Summary, risk: float) -> Iterator[str]:
    """Whether another risk in the policy would find more, or flag less, at little cost."""
    tried = {step: summarise((j.scored for j in judged), score_of(step)) for step in _STEPS}
    lower = [
        step
        for step, then in tried.items()
        if step < risk
        and then.alarms.value <= max(_MORE_ALARMS, now.alarms.value)
        and then.recall.value >= now.recall.value + _WORTH
    ]
    higher = [
        step
        for step, then in tried.items()
        if step > risk
        and then.alarms.found < now.alarms.found
        and then.recall.value >= now.recall.value - _WORTH
    ]
    # The one that finds most, or flags least; where several do, the one that costs least.
    lower.sort(key=lambda step: (-tried[step].recall.found, -step))
    higher.sort(key=lambda step: (tried[step].alarms.found, step))
    for step in (*lower[:1], *higher[:1]):
        then = tried[step]
        yield (
            f"At risk {step:.2f} recall would be {then.recall.value:.2f} instead of "
            f"{now.recall.value:.2f}, and {in_thousand(then.alarms.value)} clean pictures would be "
            f"flagged instead of {in_thousand(now.alarms.value)}."
        )
    if not lower and not higher:
        yield f"No other risk than {risk:.2f} would find clearly more or flag clearly less."


def _advise_kinds(summary: Summary) -> Iterator[str]:
    hard = [
        (share.value, kind, share)
        for kind, share in summary.by_kind.items()
        if share.of >= _LEAST_CASES and share.interval[1] < summary.recall.value - _HARD
    ]
    for _, kind, share in sorted(hard)[:_LABELS_NAMED]:
        yield (
            f"{kind!r} is found less than the rest: {share.found} of {share.of}. If datasets of "
            "yours hold such pictures, let reviewers look from a lower risk on."
        )


def _advise_labels(
    judged: Sequence[Judged], risk: float, references: Mapping[str, int]
) -> Iterator[str]:
    asked: Counter[str] = Counter()
    missed: Counter[str] = Counter()
    for each in judged:
        if each.picture.label is not None:
            asked[each.picture.label] += 1
            missed[each.picture.label] += each.scored.of_label < risk
    poor = [
        (-missed[label] / asked[label], label)
        for label in asked
        if asked[label] >= _LEAST_CASES and 2 * missed[label] > asked[label]
    ]
    for _, label in sorted(poor)[:_LABELS_NAMED]:
        count = references.get(label, 0)
        yield (
            f"Of {label!r} {missed[label]} of {asked[label]} pictures are missed, and it has "
            f"{count} reference{'' if count == 1 else 's'}: another one, as it looks in these "
            "pictures, may help."
        )


def _describe(judged: Judged) -> dict[str, Any]:
    top = judged.top if judged.picture.label is None else judged.own
    score = judged.scored.best if judged.picture.label is None else judged.scored.of_label
    return {
        "line": judged.picture.line,
        "file": judged.picture.name,
        "kind": judged.picture.kind,
        "label": judged.picture.label,
        "risk": score if math.isfinite(score) else None,
        "reference": top.reference if top else None,
        "reference_label": top.label if top else None,
    }
