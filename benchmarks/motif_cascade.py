"""Kiyome's own detector as the benchmark sees it: all stages of a run, way by way and as one risk.

What the features stage keeps of a picture is made from the same code, and the search is the one
that the motifs stage runs. Only the files are left out: a picture comes as pixels and is handed on
as an uncompressed file, so the CPU that is measured holds no decoding of JPEG.
"""

from __future__ import annotations

import io
import sys
from collections.abc import Sequence
from pathlib import Path

from PIL import Image

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

from benchmarks.motif_cases import Reference
from benchmarks.motif_detectors import Scores, Seen, best_by_label, digest_sources
from benchmarks.motif_edits import Pixels
from benchmarks.motif_risk import RISK
from models.assets.decoding import decode_image
from models.canonical import digest_bytes, digest_lines
from models.motifs.calibrations import choose_calibration
from models.motifs.encoders import load_encoder
from models.motifs.evidence import DETECTORS
from models.motifs.features import Features
from models.motifs.fingerprints import DECODED_SIDE, hash_pixels
from models.motifs.index import ReferenceIndex
from models.motifs.local.keypoints import WORKING_SIDE, extract
from models.motifs.matching import Match
from models.motifs.register import MAX_PIXELS
from models.motifs.register import Reference as Registered


class CascadeDetector:
    """Fingerprint, encoder and points together.

    The cached scores hold what each way saw; the risk is put together from them
    (``benchmarks.motif_risk``), so that another calibration needs no other look.

    Attributes:
        calibration: what makes a risk of what was seen.
        index: what was built from the references; None until they are registered.
    """

    def __init__(self, encoder: str, calibration: Path | None = None) -> None:
        """Make the detector.

        Args:
            encoder: spec, as in the settings.
            calibration: a file instead of the one that comes with Kiyome.

        Raises:
            EncoderError: the encoder or the calibration cannot be loaded.
        """
        self._encoder = load_encoder(encoder)
        self.calibration = choose_calibration(self._encoder, calibration)
        self._fit = max(DECODED_SIDE, WORKING_SIDE, self._encoder.view_size)
        self.name: str = f"cascade:{encoder}"
        self.ways: tuple[str, ...] = (*DETECTORS, RISK)
        self.fingerprint: str = digest_lines(
            [
                digest_sources("models/motifs/*.py", "models/motifs/local/*"),
                digest_sources("models/motifs/register/*.py", "benchmarks/motif_cascade.py"),
                self._encoder.fingerprint,
            ]
        )
        self.index: ReferenceIndex | None = None

    def register(self, references: Sequence[Reference]) -> None:
        """Learn the references; called once."""
        registered = [
            Registered(
                digest_bytes(reference.path.read_bytes()),
                reference.label,
                "logo" if reference.motif == "logo" else "character",
                "benchmark",
                reference.path,
            )
            for reference in references
        ]
        self.index = ReferenceIndex.build(registered, self._encoder, self.calibration, MAX_PIXELS)

    def features_of(self, pixels: Pixels) -> Features:
        """What a run would keep of a picture: uint8, height x width x 3, RGB."""
        file = io.BytesIO()
        Image.fromarray(pixels).save(file, "BMP")
        shown = decode_image(file.getvalue(), max_pixels=MAX_PIXELS, fit=self._fit).pixels
        seen = self._encoder.look([shown])[0]
        return Features("", hash_pixels(shown), seen, extract(shown).pack())

    def gather(self, pixels: Pixels) -> list[Match]:
        """Every reference that any way proposes, with all that was seen of it."""
        assert self.index is not None, "the references come first"
        return self.index.gather([self.features_of(pixels)])[0]

    def score(self, pixels: Pixels) -> Scores:
        """Look at one picture: uint8, height x width x 3, RGB."""
        matches = self.gather(pixels)
        return {
            way: best_by_label(
                (match.reference.label, Seen(strength, _box_of(match, way)))
                for match in matches
                if (strength := match.evidence.strength_of(way)) is not None
            )
            for way in DETECTORS
        }


def _box_of(match: Match, way: str) -> tuple[float, float, float, float] | None:
    if way == "part":
        return match.evidence.part_box
    if way == "points" and match.evidence.alignment:
        return match.evidence.alignment.box
    return None
