"""What all detectors together saw of one reference in one picture."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final, Literal

from models.motifs.alignment import Alignment, Box

Detector = Literal["pdq", "whole", "part", "points"]
DETECTORS: Final[tuple[Detector, ...]] = ("pdq", "whole", "part", "points")
"""Those whose evidence is a matter of degree; the same file is not."""


@dataclass(frozen=True, slots=True)
class Evidence:
    """What was seen of one reference in one picture; None where a detector saw nothing.

    Attributes:
        same_file: the bytes are those of the reference.
        pdq: bits, of 256, in which the fingerprints differ.
        pdq_view: how the reference was turned or mirrored for it; "" as it is.
        whole: likeness of the two whole pictures to the encoder (``models.motifs.likeness``).
        whole_view: how the reference was shown for it; "" as it is.
        part: likeness of a part of one picture and the whole of the other, at its best.
        part_box: that part in the asset; None where it is a part of the reference.
        points: how sure the matched points are, as local features score it, from 0.
        alignment: how the reference lies in the asset by those points.
    """

    same_file: bool = False
    pdq: int | None = None
    pdq_view: str = ""
    whole: float | None = None
    whole_view: str = ""
    part: float | None = None
    part_box: Box | None = None
    points: float | None = None
    alignment: Alignment | None = None

    def strength_of(self, detector: Detector) -> float | None:
        """A detector's own measure, higher for surer; None where it saw nothing."""
        match detector:
            case "pdq":
                return None if self.pdq is None else -float(self.pdq)
            case "whole":
                return self.whole
            case "part":
                return self.part
            case "points":
                return self.points

    @property
    def box(self) -> Box | None:
        """Where in the asset the reference was seen, if not all over it."""
        return self.alignment.box if self.alignment else self.part_box
