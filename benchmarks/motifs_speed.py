"""What it costs to look for registered motifs in a picture: Kiyome's cascade, step by step.

    python benchmarks/motifs_speed.py ../shared/data/images
    python benchmarks/motifs_speed.py PICTURES --references 2000 --encoder open_clip:ViT-B-32/...
    python benchmarks/motifs_speed.py PICTURES --encoder builtin:art --backend openvino

The first pictures of the folder become the references, as many as asked for, and others are looked
at: decoded once, hashed, described by points, seen by the encoder, and searched in all ways. Each
step is timed by itself, in processor time of all threads, so that other programs disturb little.

Beside it stand two things that a user could do instead, made of the same parts: **PDQ alone**,
which decodes, hashes and searches the hashes, and **whole-picture search**, which decodes, embeds
the whole picture and searches the embeddings. ``motifs_quality.py`` says what each of them finds.
"""

from __future__ import annotations

import argparse
import os
import statistics
import sys
import tempfile
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import TypeVar

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))
# Before NumPy and its like are loaded: they ask only once.
os.environ.update(OMP_NUM_THREADS="1", OPENBLAS_NUM_THREADS="1", MKL_NUM_THREADS="1")

from benchmarks.pictures import SUFFIXES
from models.assets.decoding import decode_image
from models.assets.faults import FaultError
from models.canonical import digest_bytes
from models.errors import RegisterError
from models.motifs.calibrations import choose_calibration
from models.motifs.copies import CopyIndex
from models.motifs.encoder import Encoder
from models.motifs.encoders import load_encoder
from models.motifs.features import Features
from models.motifs.fingerprints import DECODED_SIDE, hash_pixels
from models.motifs.index import BEST_KEPT, ReferenceIndex
from models.motifs.likeness import LikenessIndex
from models.motifs.local.keypoints import WORKING_SIDE, extract
from models.motifs.reference_features import load_reference_features
from models.motifs.register import Reference, decode_reference
from models.settings import Settings

Made = TypeVar("Made")
_MAX_PIXELS = 64_000_000
_GOAL_MS = 60.0
_WARMED_UP = 5


@dataclass
class Clock:
    """Processor milliseconds by step, one entry a picture."""

    spent: dict[str, list[float]] = field(default_factory=dict)

    def time(self, step: str, work: Callable[[], Made]) -> Made:
        """Do something, and remember what it cost."""
        began = time.process_time()
        made = work()
        self.spent.setdefault(step, []).append(1000 * (time.process_time() - began))
        return made

    def mean(self, *steps: str) -> float:
        """Milliseconds a picture of some steps together."""
        return sum(statistics.fmean(self.spent[step][_WARMED_UP:]) for step in steps)


def main() -> None:
    """Measure, and print."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("pictures", type=Path, help="folder of pictures")
    parser.add_argument("--references", type=int, default=200)
    parser.add_argument("--count", type=int, default=300, help="pictures that are looked at")
    parser.add_argument("--encoder", default=Settings.model_fields["encoder"].default)
    parser.add_argument("--backend", choices=("torch", "openvino"), default="torch")
    asked = parser.parse_args()

    _use_one_thread()
    paths = sorted(p for p in asked.pictures.rglob("*") if p.suffix.lower() in SUFFIXES)
    # Every few of them, so that one package does not fill the references.
    chosen = paths[:: max(1, len(paths) // (asked.references + asked.count))]
    encoder = load_encoder(asked.encoder, asked.backend)
    references = _register(chosen, asked.references)
    held = {reference.path for reference in references}
    looked_at = [path for path in chosen if path not in held][: asked.count]
    if len(looked_at) <= _WARMED_UP:
        raise SystemExit(f"{asked.pictures} holds too few pictures: give more, or ask for fewer.")

    print(
        f"{len(references)} references, {len(looked_at)} pictures, {encoder.name}, {asked.backend}"
    )
    clock = Clock()
    with tempfile.TemporaryDirectory() as folder:
        began = time.process_time()
        index = ReferenceIndex.build(
            references,
            encoder,
            choose_calibration(encoder, None),
            _MAX_PIXELS,
            cache=Path(folder),
        )
        built = time.process_time() - began
        kept = load_reference_features(
            index.references, encoder, _MAX_PIXELS, cache=Path(folder), workers=1
        )
    copies = CopyIndex(kept.hashes, kept.qualities)
    wholes = LikenessIndex(kept.views, kept.parts[:0], [0] * len(references))
    bytes_kept = [_look(path, encoder, index, copies, wholes, clock) for path in looked_at]
    _print(clock, built / max(1, len(references)), [size for size in bytes_kept if size])


def _use_one_thread() -> None:
    import faiss
    import torch

    torch.set_num_threads(1)
    faiss.omp_set_num_threads(1)


def _register(paths: Sequence[Path], count: int) -> list[Reference]:
    references = []
    for path in paths[::2]:
        data = path.read_bytes()
        try:
            decode_reference(data, max_pixels=_MAX_PIXELS)
        except RegisterError:
            continue  # blank or too small, as some sprites are: the next one
        references.append(Reference(digest_bytes(data), path.stem, "motif", "", path))
        if len(references) == count:
            break
    return sorted(references, key=lambda reference: reference.id)


def _look(
    path: Path,
    encoder: Encoder,
    index: ReferenceIndex,
    copies: CopyIndex,
    wholes: LikenessIndex,
    clock: Clock,
) -> int:
    """Do all steps on one picture; the bytes that are kept of it, 0 where it cannot be decoded."""
    data = path.read_bytes()
    fit = max(DECODED_SIDE, WORKING_SIDE, encoder.view_size)
    small = max(DECODED_SIDE, encoder.view_size)
    try:
        pixels = clock.time(
            "decode", lambda: decode_image(data, max_pixels=_MAX_PIXELS, fit=fit)
        ).pixels
    except FaultError:
        return 0
    clock.time("decode small", lambda: decode_image(data, max_pixels=_MAX_PIXELS, fit=small))
    pdq = clock.time("fingerprint", lambda: hash_pixels(pixels))
    points = clock.time("points", lambda: extract(pixels).pack())
    (seen,) = clock.time("encoder", lambda: encoder.look([pixels]))
    clock.time("encoder, whole only", lambda: encoder.encode([pixels]))
    features = Features(path.stem, pdq, seen, points)
    clock.time("search", lambda: index.search([features]))
    clock.time("search of hashes", lambda: copies.search([pdq], BEST_KEPT))
    clock.time("search of wholes", lambda: wholes.propose([seen], BEST_KEPT))
    return len(points) + 2 * (seen.whole.size + seen.parts.size) + 4 * seen.boxes.size


def _print(clock: Clock, built: float, kept: Sequence[int]) -> None:
    steps = ("decode", "fingerprint", "points", "encoder", "search")
    print(f"\n{'step':<28}{'mean ms':>9}{'95 %':>9}")
    for step in steps:
        spent = sorted(clock.spent[step][_WARMED_UP:])
        print(f"{step:<28}{clock.mean(step):>9.1f}{spent[int(0.95 * (len(spent) - 1))]:>9.1f}")
    cascade = clock.mean(*steps)
    hashes = clock.mean("decode small", "fingerprint", "search of hashes")
    whole = clock.mean("decode small", "encoder, whole only", "search of wholes")
    print(f"\n{'the cascade':<28}{cascade:>9.1f}    (goal {_GOAL_MS:.0f})")
    print(f"{'PDQ alone':<28}{hashes:>9.1f}    the cascade costs {cascade / hashes:.1f} times that")
    print(
        f"{'whole-picture search':<28}{whole:>9.1f}    the cascade costs "
        f"{cascade / whole:.1f} times that"
    )
    print(f"\nkept of a picture: {statistics.fmean(kept):,.0f} bytes on average")
    print(f"a reference is prepared in {1000 * built:,.0f} ms, once")


if __name__ == "__main__":
    main()
