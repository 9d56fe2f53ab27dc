"""What a calibration is learnt from and measured on: pairs of a picture and a reference."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from models.errors import KiyomeError
from models.motifs.evidence import Evidence


class CalibrationError(KiyomeError):
    """A calibration cannot be learnt or measured from what was given."""


@dataclass(frozen=True, slots=True)
class LabelledPair:
    """What was seen of one reference in one picture, and whether it is there.

    Attributes:
        evidence: what the detectors saw.
        matches: whether the picture shows what the reference shows.
    """

    evidence: Evidence
    matches: bool


CleanPicture = Sequence[Evidence]
"""What was seen of every proposed reference in a picture that shows none of them."""
