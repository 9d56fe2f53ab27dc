"""Detectors of motifs under one roof, so that all are measured on the same cases.

A detector is told the references once and then scores one picture after another. One that looks in
several ways (by fingerprint, by encoder, by points, by all of it) gives each way's scores, and each
way is measured on its own. New detectors are named in ``load_detector``.
"""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import NamedTuple, Protocol

import numpy as np
import numpy.typing as npt

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

from benchmarks.motif_cases import Reference
from benchmarks.motif_edits import Box, Pixels
from benchmarks.motif_pictures import on_white
from models.canonical import digest_bytes, digest_lines
from models.motifs.encoders import load_encoder
from models.motifs.fingerprints import (
    PDQ_BITS,
    PDQ_BYTES,
    QUALITY_FLOOR,
    hash_orientations,
    hash_pixels,
)
from models.motifs.views import VIEWS, views_of
from models.settings import Settings

ROOT = Path(__file__).resolve().parents[1]

PDQ_REACH = 127
"""Bits up to which a distance is scored; half of all bits differ between any two pictures."""


class Seen(NamedTuple):
    """What a detector saw of a reference in a picture.

    Attributes:
        score: higher for surer; only its order counts.
        box: where, as fractions of the picture; None where the detector does not say.
    """

    score: float
    box: Box | None = None


Scores = dict[str, dict[str, Seen]]
"""By way of looking, then by label: the best that was seen. A label left out was not seen."""


class Detector(Protocol):
    """What is measured.

    Attributes:
        name: as it appears in reports, and in the names of cached scores.
        ways: the ways in which it looks, in the order of the report.
        fingerprint: changes whenever scores may change.
    """

    name: str
    ways: tuple[str, ...]
    fingerprint: str

    def register(self, references: Sequence[Reference]) -> None:
        """Learn the references; called once."""

    def score(self, pixels: Pixels) -> Scores:
        """Look at one picture: uint8, height x width x 3, RGB."""


class PdqDetector:
    """PDQ alone; references are hashed in eight orientations."""

    name: str = "pdq"
    ways: tuple[str, ...] = ("pdq",)

    def __init__(self) -> None:
        self.fingerprint = digest_sources("models/motifs/fingerprints.py")
        self._labels: list[str] = []
        self._hashes = np.zeros((0, PDQ_BYTES), np.uint8)

    def register(self, references: Sequence[Reference]) -> None:
        """Learn the references; called once."""
        kept = [
            (reference.label, np.frombuffer(hashed.bits, np.uint8))
            for reference in references
            for hashed in hash_orientations(on_white(reference.picture()))
            if hashed.quality >= QUALITY_FLOOR
        ]
        self._labels = [label for label, _ in kept]
        self._hashes = np.array([bits for _, bits in kept], np.uint8).reshape(-1, PDQ_BYTES)

    def score(self, pixels: Pixels) -> Scores:
        """Look at one picture: uint8, height x width x 3, RGB."""
        hashed = hash_pixels(pixels)
        if not hashed.speaks:
            return {"pdq": {}}
        bits = np.frombuffer(hashed.bits, np.uint8)
        distances = np.bitwise_count(self._hashes ^ bits).sum(axis=1)
        return {
            "pdq": best_by_label(
                (label, Seen(1 - distance / PDQ_BITS))
                for label, distance in zip(self._labels, distances.tolist(), strict=True)
                if distance <= PDQ_REACH
            )
        }


class EncoderDetector:
    """An encoder on whole pictures; references are shown in the ways of ``VIEWS``."""

    ways: tuple[str, ...] = ("whole",)

    def __init__(self, spec: str) -> None:
        self._encoder = load_encoder(spec)
        self.name = spec
        self.fingerprint = digest_lines([self._encoder.fingerprint, "whole/1", *VIEWS])
        self._labels: list[str] = []
        self._vectors: npt.NDArray[np.float32] = np.zeros((0, 1), np.float32)

    def register(self, references: Sequence[Reference]) -> None:
        """Learn the references; called once."""
        self._labels = [reference.label for reference in references for _ in VIEWS]
        self._vectors = np.concatenate(
            [self._encoder.encode(views_of(on_white(r.picture()))) for r in references]
        )

    def score(self, pixels: Pixels) -> Scores:
        """Look at one picture: uint8, height x width x 3, RGB."""
        cosines = self._vectors @ self._encoder.encode([pixels])[0]
        pairs = zip(self._labels, cosines.tolist(), strict=True)
        return {"whole": best_by_label((label, Seen(cosine)) for label, cosine in pairs)}


def best_by_label(pairs: Iterator[tuple[str, Seen]]) -> dict[str, Seen]:
    """Of each label what was seen most surely."""
    best: dict[str, Seen] = {}
    for label, seen in pairs:
        if label not in best or seen.score > best[label].score:
            best[label] = seen
    return best


def digest_sources(*patterns: str) -> str:
    """Digest of source files, by patterns relative to the checkout."""
    files = sorted({path for pattern in patterns for path in ROOT.glob(pattern)})
    return digest_lines([f"{p.relative_to(ROOT)} {digest_bytes(p.read_bytes())}" for p in files])


CASCADE = "cascade:"
"""Before an encoder's spec: Kiyome's whole detector with that encoder."""

_BY_NAME: dict[str, Callable[[], Detector]] = {"pdq": PdqDetector}


def load_detector(name: str) -> Detector:
    """A detector by name.

    Args:
        name: ``pdq``; an encoder's spec, which compares whole pictures by it alone; or
            ``cascade:`` with a spec.

    Raises:
        EncoderError: it is none of these.
    """
    if name in _BY_NAME:
        return _BY_NAME[name]()
    if name.startswith(CASCADE):
        from benchmarks.motif_cascade import CascadeDetector

        return CascadeDetector(name.removeprefix(CASCADE))
    return EncoderDetector(name)


def default_detectors() -> tuple[str, ...]:
    """What is measured where nobody asks for less: PDQ alone, and all of Kiyome as it is set."""
    return "pdq", CASCADE + Settings().encoder
