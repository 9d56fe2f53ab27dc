"""Near-identical pictures in a dataset: how fast they are found, and how well.

    python benchmarks/duplicates.py speed --count 100000
    python benchmarks/duplicates.py quality --half report

``speed`` makes hashes up: one in ten is another one with up to 20 bits turned over, the rest have
nothing to do with each other. With ``--template`` that share of all lies around one hash, as the
pictures of one template do. ``quality`` edits pictures of the shared collection and looks whether
each copy comes into the cluster of its original, and how many pictures of other things do.
"""

from __future__ import annotations

import argparse
import io
import resource
import sys
import time
from collections import Counter
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
from PIL import Image, ImageFilter

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

from models.duplicates.clusters import Clustering, Pictures, find_clusters

Pixels = Any
TURNED = 20


def make_up(count: int, template: float, dimension: int) -> Pictures:
    """Hashes of ``count`` pictures that nobody drew."""
    dice = np.random.default_rng(0)
    hashes = dice.integers(0, 256, (count, 32), dtype=np.uint8)
    copies = count // 10
    source = dice.integers(copies, count, copies)
    turned = np.zeros((copies, 256), np.uint8)
    for _ in range(TURNED):
        turned[np.arange(copies), dice.integers(0, 256, copies)] = 1
    hashes[:copies] = hashes[source] ^ np.packbits(turned, axis=1)
    crowd = int(count * template)
    if crowd:
        flips = (dice.random((crowd, 256)) < 0.04).astype(np.uint8)
        hashes[-crowd:] = hashes[-1] ^ np.packbits(flips, axis=1)
    embeddings = None
    if dimension:
        embeddings = dice.standard_normal((count, dimension), np.float32).astype(np.float16)
        embeddings[:copies] = embeddings[source]
        embeddings[count - crowd :] = embeddings[-1]
    ids = [f"{number:064x}" for number in dice.permutation(count).tolist()]
    pixels = dice.integers(1, 9, count) * 100_000
    return Pictures(ids, hashes, np.full(count, 100, np.int16), pixels, embeddings)


def measure_speed(count: int, template: float, dimension: int) -> None:
    """Print how long a search takes, and the memory it needs beyond the pictures."""
    pictures = make_up(count, template, dimension)
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    started, worked = time.perf_counter(), time.process_time()
    found = find_clusters(pictures)
    wall, worked = time.perf_counter() - started, time.process_time() - worked
    more = (resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before) // 1024
    sizes = [len(cluster.members) for cluster in found.clusters]
    print(
        f"{count:,} pictures: {wall:.1f} s ({worked:.1f} s of processor time), {more} MiB more; "
        f"{len(sizes):,} clusters, the largest of {max(sizes, default=0):,}; "
        f"{found.unsearched:,} left alone"
    )


def _encode(pixels: Pixels, quality: int) -> Pixels:
    sink = io.BytesIO()
    Image.fromarray(pixels).save(sink, "JPEG", quality=quality)
    return np.asarray(Image.open(sink).convert("RGB"))


def _scale(pixels: Pixels, across: float, down: float) -> Pixels:
    height, width = pixels.shape[:2]
    size = (max(8, round(width * across)), max(8, round(height * down)))
    return np.asarray(Image.fromarray(pixels).resize(size))


def _turn_hue(pixels: Pixels) -> Pixels:
    hsv = np.array(Image.fromarray(pixels).convert("HSV"))
    hsv[..., 0] += np.uint8(20)
    return np.asarray(Image.fromarray(hsv, "HSV").convert("RGB"))


EDITS: dict[str, Callable[[Pixels], Pixels]] = {
    "JPEG 40": lambda p: _encode(p, 40),
    "a third of the size": lambda p: _scale(p, 1 / 3, 1 / 3),
    "squashed to 80 %": lambda p: _scale(p, 0.8, 1),
    "hue moved": _turn_hue,
    "brightened": lambda p: (p * 0.75 + 50).astype(np.uint8),
    "grey": lambda p: np.asarray(Image.fromarray(p).convert("L").convert("RGB")),
    "blurred": lambda p: np.asarray(Image.fromarray(p).filter(ImageFilter.GaussianBlur(2))),
    "cropped to 95 %": lambda p: p[p.shape[0] // 40 :, p.shape[1] // 40 :],
    "mirrored": lambda p: p[:, ::-1],
}
"""All but the last two are what a cluster is to hold; those show what it cannot."""


def cluster_pictures(half: str, spec: str, every: int) -> tuple[Clustering, set[str]]:
    """Clusters of one half of the collection and of edited copies of each ``every``-th picture.

    Returns:
        The clusters, by ids of the form ``<sha256> <edit>``, and the originals that were edited.
    """
    from benchmarks.motif_pictures import IMAGES, half_of, read_rows
    from models.assets.decoding import decode_image
    from models.motifs.encoders import load_encoder
    from models.motifs.fingerprints import hash_pixels

    encoder = load_encoder(spec)
    ids, hashes, sizes, edited, vectors = [], [], [], set(), []
    rows = [row for row in read_rows() if half_of(row) == half]
    for number, row in enumerate(rows):
        data = (IMAGES / row["file"]).read_bytes()
        picture = decode_image(data, max_pixels=64_000_000, fit=512).pixels
        variants = {"original": picture}
        if number % every == 0:
            edited.add(row["sha256"])
            variants |= {name: edit(picture) for name, edit in EDITS.items()}
        for name, pixels in variants.items():
            whole = np.ascontiguousarray(pixels)
            ids.append(f"{row['sha256']} {name}")
            hashes.append(hash_pixels(whole))
            sizes.append(whole.shape[0] * whole.shape[1])
            vectors.append(encoder.encode([whole])[0].astype(np.float16))
    pictures = Pictures(
        ids,
        np.frombuffer(b"".join(each.bits for each in hashes), np.uint8).reshape(-1, 32),
        np.array([each.quality for each in hashes], np.int16),
        np.array(sizes, np.int64),
        np.stack(vectors),
    )
    return find_clusters(pictures), edited


def measure_quality(half: str, spec: str, every: int) -> None:
    """Print, by edit, the share of copies in the cluster of their original; and what is mixed."""
    from benchmarks.motif_pictures import read_rows

    found, edited = cluster_pictures(half, spec, every)
    labels = {row["sha256"]: row["label"].split("+")[0] for row in read_rows()}
    place = {m.asset_id: n for n, c in enumerate(found.clusters) for m in c.members}
    print(f"{half} half, {spec}: {found.pictures} pictures, {found.plain} of them too plain")
    for edit in EDITS:
        homes = [(place.get(f"{sha} original"), place.get(f"{sha} {edit}")) for sha in edited]
        together = sum(home is not None and home == other for home, other in homes)
        print(f"  {edit:<20} {together / len(homes):.3f} of {len(homes)}")
    mixed: Counter[str] = Counter()
    for cluster in found.clusters:
        things = {member.asset_id.split()[0] for member in cluster.members}
        names = {labels[thing] or thing for thing in things}
        mixed["several originals"] += len(things) > 1
        mixed["several originals that are not one character"] += len(names) > 1
    print(
        f"  {len(found.clusters)} clusters; of " + ", ".join(f"{k}: {n}" for k, n in mixed.items())
    )


def main() -> None:
    """Measure what is asked for."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else "")
    commands = parser.add_subparsers(dest="command", required=True)
    speed = commands.add_parser("speed")
    speed.add_argument("--count", type=int, default=100_000)
    speed.add_argument("--template", type=float, default=0.0)
    speed.add_argument("--dimension", type=int, default=0)
    quality = commands.add_parser("quality")
    quality.add_argument("--half", choices=("tune", "report"), default="tune")
    quality.add_argument("--encoder", default="builtin:layout")
    quality.add_argument("--every", type=int, default=5)
    given = parser.parse_args()
    if given.command == "speed":
        measure_speed(given.count, given.template, given.dimension)
    else:
        measure_quality(given.half, given.encoder, given.every)


if __name__ == "__main__":
    main()
