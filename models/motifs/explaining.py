"""From a match to a finding: its kind, and sentences that a reviewer reads."""

from __future__ import annotations

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
        explanation=_explain(match, encoder),
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


def _explain(match: Match, encoder: str) -> str:
    evidence = match.evidence
    named = f"the reference {match.reference.label!r}"
    if evidence.same_file:
        return f"This is the same file as {named}."
    said = [f"The risk that this picture shows {named} is {match.risk:.2f}."]
    if (alignment := evidence.alignment) is not None:
        shown = " mirrored" if alignment.mirrored else ""
        said.append(f"{alignment.inliers} matched points agree on one place of it{shown}.")
    if evidence.pdq is not None:
        turned = f" ({evidence.pdq_view})" if evidence.pdq_view else ""
        said.append(f"The fingerprints differ in {evidence.pdq} of {PDQ_BITS} bits{turned}.")
    if evidence.whole is not None:
        shown = f" ({evidence.whole_view})" if evidence.whole_view else ""
        said.append(f"{encoder} gives the whole pictures a cosine of {evidence.whole:.2f}{shown}.")
    if evidence.part is not None:
        whose = "a part of the reference" if evidence.part_box is None else "a part of this picture"
        said.append(f"{encoder} gives {whose} a cosine of {evidence.part:.2f}.")
    return " ".join(said)


def _area(box: Box) -> float:
    left, top, right, bottom = box
    return max(0.0, right - left) * max(0.0, bottom - top)
