"""What a search says about a picture, before any calibration judges it."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

from models.assets.asset import Fault
from models.motifs.evidence import Evidence


@dataclass(frozen=True, slots=True)
class Proposed:
    """A reference that the search proposed for a picture.

    Attributes:
        label: the reference's.
        reference: its id.
        evidence: what was seen of it.
    """

    label: str
    reference: str
    evidence: Evidence


Examined = tuple[Path, tuple[Proposed, ...] | Fault]
"""A picture with every reference that was proposed for it, or why it could not be examined."""


class Examiner(Protocol):
    """What looks at pictures and searches the references for them."""

    def examine_pictures(self, paths: Sequence[Path]) -> Iterator[Examined]:
        """Each picture once, in order."""
