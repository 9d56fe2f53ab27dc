"""The drawn pictures that motifs are measured on: what they are, and which half each belongs to.

The folder is ``shared/data/images`` beside the checkout: pictures with a ``manifest.csv``. A
folder without one works too: each of its pictures is then its own.
"""

from __future__ import annotations

import csv
import functools
import hashlib
import re
import sys
import tempfile
from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

import numpy as np
import numpy.typing as npt
from PIL import Image

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

from benchmarks.pictures import SUFFIXES
from models.canonical import digest_lines
from models.files import write_atomically
from models.motifs.fingerprints import PDQ_BYTES, hash_pixels

IMAGES = Path(__file__).resolve().parents[2] / "shared" / "data" / "images"

Half = Literal["tune", "report"]
Row = dict[str, str]
Pixels = npt.NDArray[np.uint8]

NEAR = 30
"""PDQ bits within which two unlabelled pictures are variants of one and stay in one half."""

SPEAKING = 50
"""PDQ quality below which a hash says nothing about nearness."""

FLAT_COLOURS = 6
_FACTS_VERSION = 1
_VISIBLE = 24

TROOPS = (
    "wes:archer",
    "wes:druid",
    "wes:grunt",
    "wes:hamel",
    "wes:lord",
    "wes:marksman",
    "wes:scout",
    "wes:warrior",
)
"""Labels that name a troop or a rank: their pictures show different characters."""

# The same person under two labels: a mood, an outfit or a size is no other character.
_MOODS = re.compile(
    r"(?:[-_ ](?:glad|mad|annoyed|large|elvish|human|sceptre|happy|angry|normal))+$"
)
_ALSO = {
    "wes:dark-adept+female": "wes:ardonna",
    "wes:scuttler": "wes:scorpion-elder",
    "wes:tauroch_protector": "wes:tauroch_rider",
    "wes:tauroch_vanguard": "wes:tauroch_rider",
}


@dataclass(frozen=True, slots=True)
class Facts:
    """What can be measured of a picture.

    Attributes:
        pdq: its hash, of 32 bytes, on white.
        quality: PDQ's, 0 to 100.
        cover: share of its area that is not transparent.
        flat: share of what is opaque that its ``FLAT_COLOURS`` most frequent colours make up.
        width, height: in pixels.
    """

    pdq: bytes
    quality: int
    cover: float
    flat: float
    width: int
    height: int


def read_rows(images: Path = IMAGES) -> tuple[Row, ...]:
    """The rows of the manifest; without one, a row for each picture, which is its own label.

    Raises:
        SystemExit: the folder is missing or holds no pictures.
    """
    return _read_rows(images.resolve())


@functools.cache
def _read_rows(images: Path) -> tuple[Row, ...]:
    manifest = images / "manifest.csv"
    if manifest.is_file():
        with manifest.open(encoding="utf-8", newline="") as file:
            return tuple(csv.DictReader(file))
    if not images.is_dir():
        raise SystemExit(f"There is no folder {images}: name one with --images.")
    rows: dict[str, Row] = {}
    for path in sorted(images.rglob("*")):
        if path.suffix.lower() in SUFFIXES and path.is_file():
            digest = hashlib.sha256(path.read_bytes()).hexdigest()
            row = {"file": path.relative_to(images).as_posix(), "sha256": digest, "label": ""}
            rows.setdefault(digest, row | {"source": images.name, "category": "unseen"})
    if not rows:
        raise SystemExit(f"{images} holds no pictures: name another folder with --images.")
    return tuple(rows.values())


def half_of(row: Row, images: Path = IMAGES) -> Half:
    """The half that a picture belongs to: nothing is learnt from what is reported.

    Pictures of one label stay together, and so do unlabelled ones that look alike: those go where
    the smallest SHA-256 among them belongs.
    """
    group = row["label"].split("+")[0] if row["label"] else ""
    return _half(group or clusters(images).get(row["sha256"], row["sha256"]))


def _half(group: str) -> Half:
    return "tune" if hashlib.sha256(group.encode()).digest()[0] < 128 else "report"


def character_of(row: Row) -> str:
    """Who a labelled picture shows; empty without a label."""
    label = row["label"]
    if label in TROOPS:
        return f"{label} {row['sha256'][:8]}"
    character = _MOODS.sub("", label)
    return _ALSO.get(character, character)


@functools.cache
def clusters(images: Path = IMAGES) -> dict[str, str]:
    """Of every unlabelled picture that others look like: the smallest SHA-256 among them."""
    facts = measure_all(images)
    rows = [row for row in read_rows(images) if not row["label"]]
    keys = [row["sha256"] for row in rows if facts[row["sha256"]].quality >= SPEAKING]
    parent = {key: key for key in keys}

    def root(key: str) -> str:
        while parent[key] != key:
            parent[key] = parent[parent[key]]
            key = parent[key]
        return key

    distances = pdq_distances([facts[k].pdq for k in keys], [facts[k].pdq for k in keys])
    for one, other in zip(*np.nonzero(np.triu(distances <= NEAR, 1)), strict=True):
        low, high = sorted((root(keys[one]), root(keys[other])))
        parent[high] = low
    members = defaultdict(list)
    for key in keys:
        members[root(key)].append(key)
    return {key: min(group) for group in members.values() if len(group) > 1 for key in group}


def pdq_distances(ones: Sequence[bytes], others: Sequence[bytes]) -> npt.NDArray[np.int32]:
    """Bits that differ, one row for each of ``ones``."""

    def unpack(hashes: Sequence[bytes]) -> npt.NDArray[np.float32]:
        flat = np.frombuffer(b"".join(hashes), np.uint8).reshape(len(hashes), PDQ_BYTES)
        return np.unpackbits(flat, axis=1).astype(np.float32)

    a, b = unpack(ones), unpack(others)
    return np.asarray(a @ (1 - b).T + (1 - a) @ b.T, dtype=np.int32)


def load_picture(path: Path) -> Pixels:
    """A picture's first frame: uint8, height x width x 4, RGBA."""
    with Image.open(path) as file:
        return np.asarray(file.convert("RGBA"))


def on_white(picture: Pixels) -> Pixels:
    """RGB of an RGBA picture, white where it is transparent."""
    image = Image.fromarray(picture, "RGBA")
    white = Image.new("RGBA", image.size, "white")
    return np.asarray(Image.alpha_composite(white, image).convert("RGB"))


@functools.cache
def measure_all(images: Path = IMAGES) -> dict[str, Facts]:
    """The facts of every picture, by SHA-256: half a minute at first, then from a cache.

    The cache lies in the system's folder for temporary files, and is made anew when the pictures
    or what is measured of them change.
    """
    rows = read_rows(images)
    version = digest_lines([f"facts/{_FACTS_VERSION}", *(row["sha256"] for row in rows)])
    cache = Path(tempfile.gettempdir()) / f"kiyome-motif-facts-{version[:16]}.csv"
    if cache.is_file():
        with cache.open(encoding="utf-8", newline="") as file:
            return {row[0]: _facts_of(row) for row in csv.reader(file)}
    found = {row["sha256"]: measure(load_picture(images / row["file"])) for row in rows}
    lines = [
        f"{key},{f.pdq.hex()},{f.quality},{f.cover:.6f},{f.flat:.6f},{f.width},{f.height}\n"
        for key, f in found.items()
    ]
    write_atomically(cache, "".join(lines).encode())
    # Read back, so that the first run sees the rounded numbers that the later ones see.
    return {line.split(",")[0]: _facts_of(line.split(",")) for line in lines}


def _facts_of(row: Sequence[str]) -> Facts:
    _, pdq, quality, cover, flat, width, height = row
    return Facts(
        bytes.fromhex(pdq), int(quality), float(cover), float(flat), int(width), int(height)
    )


def measure(picture: Pixels) -> Facts:
    """Measure one picture: uint8, height x width x 4, RGBA."""
    height, width = picture.shape[:2]
    white = Image.fromarray(on_white(picture))
    white.thumbnail((512, 512), Image.Resampling.BILINEAR)
    hashed = hash_pixels(np.asarray(white))
    small = Image.fromarray(picture, "RGBA").resize((128, 128), Image.Resampling.NEAREST)
    pixels = np.asarray(small)
    colours = pixels[pixels[..., 3] > 200][:, :3].astype(np.int64) >> 4
    counts = np.sort(np.bincount(colours @ np.array([256, 16, 1]), minlength=4096))[::-1]
    flat = float(counts[:FLAT_COLOURS].sum() / max(1, counts.sum()))
    cover = float((picture[..., 3] > _VISIBLE).mean())
    return Facts(hashed.bits, hashed.quality, cover, flat, width, height)
