"""Searching the references by perceptual fingerprint, turned and mirrored."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from models.motifs.fingerprints import (
    ORIENTATIONS,
    QUALITY_FLOOR,
    HammingIndex,
    PdqHash,
)

_Mask = npt.NDArray[np.bool_]

COPY_REACH = 90
"""PDQ distance up to which a match is recorded."""

COPY_DISTANCE = 31
"""PDQ distance up to which two pictures are commonly read as the same (Facebook, 2019)."""


@dataclass(frozen=True, slots=True)
class NearHash:
    """A reference whose fingerprint is near.

    Attributes:
        reference: its number.
        distance: bits that differ.
        view: how it was turned or mirrored; "" as it is.
    """

    reference: int
    distance: int
    view: str


class CopyIndex:
    """The fingerprints of all references, each in its eight orientations."""

    def __init__(self, hashes: npt.NDArray[np.uint8], qualities: npt.NDArray[np.int16]) -> None:
        """Make the index.

        Args:
            hashes: references x orientations x bytes.
            qualities: references x orientations; a hash below ``QUALITY_FLOOR`` is left out.
        """
        self._sources: list[tuple[int, int]] = []
        kept: list[bytes] = []
        for number, orientation in np.argwhere(qualities >= QUALITY_FLOOR).tolist():
            self._sources.append((number, orientation))
            kept.append(hashes[number, orientation].tobytes())
        self._hamming = HammingIndex(kept)
        speaking = {number for number, _ in self._sources}
        self.silent = tuple(n for n in range(len(hashes)) if n not in speaking)
        """References too plain to have a fingerprint."""

    def search(self, queries: Sequence[PdqHash], most: int) -> list[list[NearHash]]:
        """For each query the nearest references within ``COPY_REACH``, each once, nearest first."""
        speaking = [i for i, query in enumerate(queries) if query.speaks]
        hits = self._hamming.search([queries[i].bits for i in speaking], COPY_REACH)
        found: list[list[NearHash]] = [[] for _ in queries]
        for i, near in zip(speaking, hits, strict=True):
            best: dict[int, tuple[int, int]] = {}
            for position, distance in near:
                number, orientation = self._sources[position]
                best.setdefault(number, (distance, orientation))
            found[i] = [
                NearHash(number, distance, ORIENTATIONS[orientation] if orientation else "")
                for number, (distance, orientation) in list(best.items())[:most]
            ]
        return found

    def near(self, hashes: npt.NDArray[np.uint8], qualities: npt.NDArray[Any]) -> _Mask:
        """For each query whether any reference lies within ``COPY_REACH``.

        Args:
            hashes: queries x bytes.
            qualities: of each query.
        """
        found = np.zeros(len(hashes), bool)
        speaking = qualities >= QUALITY_FLOOR
        found[speaking] = self._hamming.near(hashes[speaking], COPY_REACH)
        return found
