"""From a match to a finding: its kind, and sentences that a reviewer reads."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from typing import Final

from models.findings import Finding, FindingKind
from models.motifs.alignment import Box
from models.motifs.copies import COPY_DISTANCE
from models.motifs.evidence import DETECTORS, Detector, Evidence
from models.motifs.fingerprints import PDQ_BITS
from models.motifs.matching import Match
from models.motifs.risk import Calibration

COPY_COVERS: Final = 0.7
"""The share of the asset, and of the reference, that an alignment must cover to be of a copy."""

_COPY_RISK: Final = 0.9
_NAMES: Final[dict[Detector, str]] = {"pdq": "pdq/1", "points": "points/1"}
_WORTH_TELLING: Final = 0.25
_TELLING: Final = 0.5
"""What a detector must add to the log-odds to be named as one that saw the motif."""


def describe_match(match: Match, calibration: Calibration, encoder: str) -> Finding:
    """The finding that a match is.

    Args:
        match: a reference, what was seen of it, and its risk.
        calibration: by which the risk was made; it says which detectors to name.
        encoder: the encoder's name.
    """
    evidence, reference = match.evidence, match.reference
    return Finding(
        kind=kind_of(evidence, match.risk),
        detector=_name_detectors(evidence, calibration, encoder),
        score=match.risk,
        explanation=_explain(match, calibration, encoder),
        reference=reference.id,
        label=reference.label,
        category=reference.category,
        box=evidence.box,
        distance=0.0 if evidence.same_file else evidence.pdq,
        alignment=evidence.alignment,
    )


def kind_of(evidence: Evidence, risk: float) -> FindingKind:
    """Whether it is a copy, is contained, or resembles.

    A copy is the same file, a near fingerprint, or matched points by which nearly all of the
    reference covers nearly all of the asset. Contained is a reference that matched points show in
    a part of the asset. All else, and what an encoder alone says, resembles.
    """
    if evidence.same_file or (evidence.pdq is not None and evidence.pdq <= COPY_DISTANCE):
        return "motif_copy"
    if evidence.alignment is None:
        return "motif_resembles"
    covered = min(_area(evidence.alignment.box), _area(evidence.alignment.reference_box))
    return "motif_copy" if covered >= COPY_COVERS and risk >= _COPY_RISK else "motif_contained"


def _name_detectors(evidence: Evidence, calibration: Calibration, encoder: str) -> str:
    if evidence.same_file:
        return "sha256/1"
    shares = {detector: calibration.share_of(detector, evidence) for detector in DETECTORS}
    most = max(shares.values())
    telling = [d for d in DETECTORS if shares[d] == most or shares[d] >= _TELLING]
    return ", ".join(dict.fromkeys(_NAMES.get(detector, encoder) for detector in telling))


def _explain(match: Match, calibration: Calibration, encoder: str) -> str:
    named = f"the reference {match.reference.label!r}"
    if match.evidence.same_file:
        return f"This is the same file as {named}."
    told = _leave_out_untold(match.evidence, calibration)
    return " ".join(
        [
            f"The risk that this picture shows {named} is {match.risk:.2f}.",
            *_explain_copies(told),
            *_explain_likeness(told, encoder),
        ]
    )


def _leave_out_untold(evidence: Evidence, calibration: Calibration) -> Evidence:
    """The evidence without what adds so little to the risk that telling it would mislead."""
    told = {d for d in DETECTORS if calibration.share_of(d, evidence) >= _WORTH_TELLING}
    return replace(
        evidence,
        pdq=evidence.pdq if "pdq" in told else None,
        whole=evidence.whole if "whole" in told else None,
        part=evidence.part if "part" in told else None,
    )


def _explain_copies(evidence: Evidence) -> Iterator[str]:
    if (alignment := evidence.alignment) is not None:
        if alignment.mirrored:
            yield f"{alignment.inliers} matched points agree on one place of it mirrored."
        else:
            yield f"{alignment.inliers} matched points agree on one place of it."
    if evidence.pdq is not None:
        if evidence.pdq_view:
            view = evidence.pdq_view
            yield f"The fingerprints differ in {evidence.pdq} of {PDQ_BITS} bits ({view})."
        else:
            yield f"The fingerprints differ in {evidence.pdq} of {PDQ_BITS} bits."


def _explain_likeness(evidence: Evidence, encoder: str) -> Iterator[str]:
    if evidence.whole is not None:
        if evidence.whole_view:
            view = evidence.whole_view
            yield f"{encoder} gives the whole pictures a likeness of {evidence.whole:.2f} ({view})."
        else:
            yield f"{encoder} gives the whole pictures a likeness of {evidence.whole:.2f}."
    if evidence.part is not None:
        if evidence.part_box is None:
            yield f"{encoder} gives a part of the reference a likeness of {evidence.part:.2f}."
        else:
            yield f"{encoder} gives a part of this picture a likeness of {evidence.part:.2f}."


def _area(box: Box) -> float:
    left, top, right, bottom = box
    return max(0.0, right - left) * max(0.0, bottom - top)
