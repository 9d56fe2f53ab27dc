"""One reference that an asset matches."""

from __future__ import annotations

from dataclasses import dataclass

from models.motifs.evidence import Evidence
from models.motifs.register import Reference


@dataclass(frozen=True, slots=True)
class Match:
    """A reference, what was seen of it in one picture, and the risk that this amounts to."""

    reference: Reference
    evidence: Evidence
    risk: float
