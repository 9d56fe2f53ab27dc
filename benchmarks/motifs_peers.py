"""Kiyome's motif detector beside other ways of finding copies, on the same cases in one run.

    python benchmarks/motifs_peers.py --half report
    python benchmarks/motifs_peers.py --half tune --sample 800 --imagededup path/to/site-packages
    python benchmarks/motifs_peers.py --encoder open_clip:ViT-B-32/laion2b_s34b_b79k

- ``pdq``: PDQ alone; the references in eight orientations, which PDQ itself leaves to its user.
- ``imagededup``: its hashes PHash, DHash, WHash and AHash, each by Hamming distance. Its CNN
  downloads weights when it is made; where it cannot, the run says so and goes on without.
- ``--encoder``: whole pictures by the cosine of an encoder, as search engines do with open_clip.

Each peer gets the threshold at which the same share of the same clean pictures raises an alarm. A
reference reaches every peer on white. Not one of them is asked for what it does not offer: what
finds no flips is not given flipped references.
"""

from __future__ import annotations

import argparse
import json
import os
import sys
import tempfile
from collections.abc import Callable, Sequence
from importlib import import_module
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import Any

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))
# Before NumPy and its like are loaded: they ask only once.
os.environ.update(OMP_NUM_THREADS="1", OPENBLAS_NUM_THREADS="1", MKL_NUM_THREADS="1")

import numpy as np

from benchmarks.motif_cases import Reference, load_cases
from benchmarks.motif_detectors import (
    CASCADE,
    Detector,
    EncoderDetector,
    PdqDetector,
    Scores,
    Seen,
    load_detector,
)
from benchmarks.motif_edits import Pixels
from benchmarks.motif_pictures import IMAGES, on_white
from benchmarks.motif_report import leave_out_namesakes, recall, sections, threshold_at
from benchmarks.motif_risk import judge
from benchmarks.motif_scores import score_cases
from models.errors import KiyomeError
from models.motifs.calibration.shares import Share
from models.settings import Settings

HASHES = ("PHash", "DHash", "WHash", "AHash")
HASH_BITS = 64


class HashDetector:
    """One of imagededup's hashes: the fewer bits differ, the surer."""

    def __init__(self, kind: str, methods: Any) -> None:
        self.name: str = f"imagededup {kind}"
        self.ways: tuple[str, ...] = (self.name,)
        self.fingerprint: str = f"imagededup {version('imagededup')} {kind} 1"
        self._hasher = getattr(methods, kind)(verbose=False)
        self._references: list[tuple[str, str]] = []

    def register(self, references: Sequence[Reference]) -> None:
        """Learn the references; called once."""
        self._references = [
            (reference.label, self._hasher.encode_image(image_array=on_white(reference.picture())))
            for reference in references
        ]

    def score(self, pixels: Pixels) -> Scores:
        """Look at one picture: uint8, height x width x 3, RGB."""
        mine = self._hasher.encode_image(image_array=pixels)
        distance: Callable[[str, str], int] = self._hasher.hamming_distance
        return {
            self.name: {
                label: Seen(1 - int(distance(mine, theirs)) / HASH_BITS)
                for label, theirs in self._references
            }
        }


class CnnDetector:
    """imagededup's CNN: whole pictures by the cosine of MobileNet's features."""

    def __init__(self, methods: Any) -> None:
        self.name: str = "imagededup CNN"
        self.ways: tuple[str, ...] = (self.name,)
        self.fingerprint: str = f"imagededup {version('imagededup')} CNN 1"
        self._cnn = methods.CNN(verbose=False)
        self._labels: list[str] = []
        self._vectors = np.zeros((0, 1), np.float32)

    def register(self, references: Sequence[Reference]) -> None:
        """Learn the references; called once."""
        self._labels = [reference.label for reference in references]
        self._vectors = np.stack([self._embed(on_white(r.picture())) for r in references])

    def score(self, pixels: Pixels) -> Scores:
        """Look at one picture: uint8, height x width x 3, RGB."""
        cosines = (self._vectors @ self._embed(pixels)).tolist()
        pairs = zip(self._labels, cosines, strict=True)
        return {self.name: {label: Seen(cosine) for label, cosine in pairs}}

    def _embed(self, pixels: Pixels) -> Any:
        vector = self._cnn.encode_image(image_array=pixels)[0]
        return vector / max(float(np.linalg.norm(vector)), 1e-9)


def main() -> None:
    """Measure and print."""
    options = _read_options()
    cases = load_cases(
        options.half,
        images=options.images,
        seed=options.seed,
        sample=options.sample,
        unseen=options.unseen,
    )
    ours = load_detector(CASCADE + options.ours)
    found: dict[str, dict[str, Share]] = {}
    costs: dict[str, float] = {}
    detectors = (ours, *_peers(options))
    looks = score_cases(detectors, cases, options.cache)
    for detector in detectors:
        seen = leave_out_namesakes(judge(detector, looks[detector.name]), cases.references)
        way = "risk" if detector is ours else detector.ways[0]
        above = threshold_at(seen, way, options.rate).above
        found[detector.name] = {
            name: recall(members, way, above) for name, members in sections(seen)
        }
        costs[detector.name] = 1000 * sum(s.seconds for s in seen) / len(seen)
    clean = sum(case.group == "clean" for case in cases)
    print(
        f"{options.half} half, {len(cases.references)} references; recall where at most "
        f"{options.rate:g} of {clean} clean pictures raise an alarm"
    )
    _print_table(found, costs, ours.name)
    if options.json:
        figures = {
            name: {line: [share.found, share.of] for line, share in lines.items()}
            for name, lines in found.items()
        }
        options.json.write_text(json.dumps({"recall": figures, "ms": costs}, indent=1))


def _print_table(found: dict[str, dict[str, Share]], costs: dict[str, float], ours: str) -> None:
    peers = [name for name in found if name != ours]
    print(
        "".ljust(34)
        + "".join(name[-17:].rjust(19) for name in found)
        + "ours : best peer".rjust(19)
    )
    for line, share in found[ours].items():
        best = max((found[peer][line].value for peer in peers), default=0.0)
        ratio = f"{share.value / best:.2f}" if best else "none finds any"
        cells = "".join(f"{found[name][line].value:.3f}".rjust(19) for name in found)
        print(line.ljust(34) + cells + ratio.rjust(19))
    cells = "".join(f"{costs[name]:.1f}".rjust(19) for name in found)
    cheapest = min((costs[peer] for peer in peers), default=0.0)
    ratio = f"{costs[ours] / cheapest:.1f}" if cheapest else "-"
    print("ms of CPU a picture, decoded".ljust(34) + cells + ratio.rjust(19))


def _peers(options: argparse.Namespace) -> list[Detector]:
    """Those that are to be had; why another is not is printed."""
    peers: list[Detector] = [PdqDetector()]
    if options.imagededup:
        sys.path.append(str(options.imagededup))
    try:
        methods = import_module("imagededup.methods")
        peers += [HashDetector(kind, methods) for kind in HASHES]
    except (ImportError, PackageNotFoundError) as error:
        print(f"Without imagededup, which cannot be loaded ({error}): name it with --imagededup.")
    else:
        try:
            peers.append(CnnDetector(methods))
        except OSError as error:
            print(f"Without imagededup's CNN, whose weights cannot be had: {error}.")
    for spec in options.encoder or ():
        try:
            peers.append(EncoderDetector(spec))
        except KiyomeError as error:
            print(f"Without {spec}: {error}")
    return peers


def _read_options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__.split("\n", 1)[0])
    parser.add_argument("--half", choices=("tune", "report"), default="tune")
    parser.add_argument("--images", type=Path, default=IMAGES, help="folder with manifest.csv")
    parser.add_argument("--unseen", type=Path, help="measure on this folder's pictures instead")
    parser.add_argument("--ours", default=Settings().encoder, help="encoder of our own detector")
    parser.add_argument("--encoder", action="append", help="a peer by its spec; repeatable")
    parser.add_argument("--imagededup", type=Path, help="folder that holds imagededup")
    parser.add_argument("--rate", type=float, default=1e-3, help="share of alarms among clean ones")
    parser.add_argument("--sample", type=int, help="about so many cases, evenly over the kinds")
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument(
        "--cache", type=Path, default=Path(tempfile.gettempdir()) / "kiyome-motif-scores"
    )
    parser.add_argument("--json", type=Path, help="also write the figures here")
    return parser.parse_args()


if __name__ == "__main__":
    main()
