"""Packs the training pictures into one file, and lists every one of them with its licence.

Left out is everything that measurements are reported on, and whatever looks or is called like it:
a training picture whose PDQ lies near a reported one in any orientation, whose name begins like a
reported one's, or that would carry a reported label.
"""

from __future__ import annotations

import argparse
import csv
import hashlib
import random
import re
from collections.abc import Iterator
from concurrent.futures import ProcessPoolExecutor
from dataclasses import asdict, dataclass
from pathlib import Path

import numpy as np
import numpy.typing as npt
from PIL import Image

from benchmarks.motif_pictures import half_of
from models.motifs.fingerprints import hash_orientations, hash_pixels
from training.sources import CALIBRATED, TRAINED, Source, base_name, find_pictures, name_stem

SIDE = 256
"""Longer side, in pixels, at which pictures are kept."""

NEAR_BITS = 70
"""PDQ distance up to which a picture counts as like a reported one."""

SMALLEST = 24
HELD_OUT_SHARE = 38
"""Of 256: share of the tune half's groups that are kept out of training to watch it by."""


@dataclass(frozen=True, slots=True)
class Picture:
    """One picture of the corpus.

    Attributes:
        part: ``train``, ``watch`` (tune half, held out) or ``calibrate``.
        package, file, licence, sha256: where it comes from.
        label: name shared by pictures of one character; empty where there is none.
        title: words that say what it shows; empty where there are none.
        offset, height, width: where its RGBA pixels lie in the pack.
    """

    part: str
    package: str
    file: str
    licence: str
    sha256: str
    label: str
    title: str
    offset: int = 0
    height: int = 0
    width: int = 0


def group_of(label: str, sha256: str) -> str:
    """What stays together when data are split: the label without its variant, else the file."""
    return label.split("+")[0] or sha256


def part_of(row: dict[str, str], images: Path) -> str:
    """``report``, ``watch`` (tune half, held out of training) or ``train``.

    A picture is reported as soon as one of the two ways to split says so: by its own group, or
    together with the pictures that look like it.
    """
    digest = hashlib.sha256(group_of(row["label"], row["sha256"]).encode()).digest()
    if digest[0] >= 128 or half_of(row, images) == "report":
        return "report"
    return "watch" if digest[1] < HELD_OUT_SHARE else "train"


def load_rgba(path: Path) -> npt.NDArray[np.uint8] | None:
    """Pixels cut to what is visible, at most ``SIDE`` on the longer side; None for a blank."""
    with Image.open(path) as file:
        if max(file.size) > 6000 or min(file.size) < 8:
            return None
        file.draft("RGB", (2 * SIDE, 2 * SIDE))
        image = file.convert("RGBA")
    box = image.getchannel("A").point(lambda value: 255 * (value > 8)).getbbox()
    if box is None:
        return None
    image = image.crop(box)
    if max(image.size) < SMALLEST or max(image.size) > 12 * min(image.size):
        return None
    if max(image.size) > SIDE:
        image.thumbnail((SIDE, SIDE), Image.Resampling.BICUBIC, reducing_gap=3.0)
    pixels = np.asarray(image)
    return None if pixels[..., :3].std() < 2 and pixels[..., 3].std() < 2 else pixels


def on_white(rgba: npt.NDArray[np.uint8]) -> npt.NDArray[np.uint8]:
    """The picture on a white ground, as Kiyome decodes it."""
    alpha = rgba[..., 3:].astype(np.uint16)
    mixed = (rgba[..., :3] * alpha + 255 * (255 - alpha) + 127) // 255
    return mixed.astype(np.uint8)


def _reported(job: tuple[str, str]) -> list[bytes]:
    images, name = job
    rgba = load_rgba(Path(images) / name)
    if rgba is None:
        return []
    return [h.bits for h in hash_orientations(on_white(rgba))]


def _candidate(job: tuple[str, str]) -> tuple[npt.NDArray[np.uint8], bytes, str] | None:
    root, name = job
    path = Path(root) / name
    try:
        rgba = load_rgba(path)
    except (OSError, ValueError, SyntaxError, Image.DecompressionBombError):
        return None
    if rgba is None:
        return None
    digest = hashlib.sha256(path.read_bytes()).hexdigest()
    return rgba, hash_pixels(on_white(rgba)).bits, digest


def _title(package: str, file: str) -> str:
    words = re.sub(r"[^a-z]+", " ", name_stem(file)).split()
    folder = Path(file).parent.name.replace("_", " ") if package == "openclipart-png" else ""
    kept = [word for word in words if len(word) > 2][:8]
    return " ".join([*kept, folder]).strip() if kept else ""


class Exclusion:
    """What must not be trained on, by name and by look."""

    def __init__(self, rows: list[dict[str, str]], images: Path, pool: ProcessPoolExecutor) -> None:
        kept_out = [row for row in rows if part_of(row, images) != "train"]
        self.stems: dict[str, set[str]] = {}
        self.bases: dict[str, set[str]] = {}
        for row in kept_out:
            stem = name_stem(re.sub(r"-[0-9a-f]{8}(\.\w+)$", r"\1", row["file"]))
            family = _family(row["source"])
            self.stems.setdefault(family, set()).add(stem)
            if row["category"] in ("wes_sprite", "wes_portrait", "vn_sprite"):
                self.bases.setdefault(family, set()).add(base_name(stem))
        labels = {r["label"].split("+")[0] for r in kept_out if r["label"]}
        self.labels = {name_stem(f"x/{label.split(':')[1]}.png") for label in labels}
        jobs = [(str(images), r["file"]) for r in kept_out]
        hashes = [bits for found in pool.map(_reported, jobs, chunksize=16) for bits in found]
        self.hashes = np.frombuffer(b"".join(hashes), np.uint64).reshape(-1, 4)
        self.digests = {r["sha256"] for r in kept_out}

    def names(self, package: str, file: str) -> bool:
        """Whether a package's file is called like something that is reported on."""
        family, stem = _family(package), name_stem(file)
        if family in ("wesnoth", "renpy") and any(
            stem == label or stem.startswith(label + "_") or base_name(stem) == label
            for label in self.labels
        ):
            return True
        if base_name(stem) in self.bases.get(family, set()):
            return True
        stems = self.stems.get(family, set())
        return stem in stems or any(len(other) > 2 and stem.startswith(other) for other in stems)

    def looks(self, bits: bytes) -> bool:
        """Whether a picture looks like something that is reported on."""
        mine = np.frombuffer(bits, np.uint64)
        distances = np.bitwise_count(self.hashes ^ mine).sum(axis=1)
        return bool(distances.min() <= NEAR_BITS)


def _family(package: str) -> str:
    for family in ("wesnoth", "renpy"):
        if package.startswith(family):
            return family
    return package


def _label(source: Source, file: str) -> str:
    if not source.labelled:
        return ""
    family, base = _family(source.package), base_name(name_stem(file))
    folder = "" if family in ("wesnoth", "renpy") else f"{Path(file).parent.name}/"
    prefix = {"wesnoth": "wes", "renpy": "renpy"}.get(family, source.package)
    return f"{prefix}:{folder}{base}"


def _choose(names: list[str], limit: int, source: Source) -> list[str]:
    """At most ``limit`` names, spread evenly over labels, the same ones every time."""
    rng = random.Random(7)
    names = sorted(names)
    rng.shuffle(names)
    if source.labelled:
        seen: dict[str, int] = {}
        ranked = []
        for name in names:
            label = _label(source, name)
            seen[label] = seen.get(label, -1) + 1
            ranked.append((seen[label], name))
        ranked.sort(key=lambda pair: pair[0])
        names = [name for rank, name in ranked if rank < 8]
    return sorted(names[:limit])


def _plan(
    rows: list[dict[str, str]], images: Path, packages: Path, avatars: Path, exclusion: Exclusion
) -> Iterator[tuple[Path, Picture]]:
    for row in rows:
        if (part := part_of(row, images)) != "report":
            original = re.sub(r"-[0-9a-f]{8}(\.\w+)$", r"\1", row["file"])
            label = row["label"].split("+")[0]
            if not label and row["category"] == "wes_sprite":
                label = f"wes:{base_name(name_stem(original))}"
            title = _title(row["source"], original)
            yield (
                images,
                Picture(
                    part, row["source"], row["file"], row["licence"], row["sha256"], label, title
                ),
            )
    for part, sources in (("train", TRAINED), ("calibrate", CALIBRATED)):
        for source in sources:
            names = find_pictures(packages, source)
            names = [name for name in names if not exclusion.names(source.package, name)]
            for name in _choose(names, source.limit, source):
                yield packages, Picture(
                    part, source.package, name, source.licence, "", _label(source, name),
                    _title(source.package, name),
                )  # fmt: skip
    listing = avatars / "avatars.csv"
    if listing.is_file():
        with listing.open(newline="") as file:
            for row in csv.DictReader(file):
                yield avatars, Picture(
                    "train", "@dicebear/collection", row["file"],
                    f"{row['licence']} ({row['author']})", "", row["character"], "",
                )  # fmt: skip


def main() -> None:
    """Write ``pack.bin``, ``pack.csv`` and ``excluded.csv`` into a folder."""
    parser = argparse.ArgumentParser(description=main.__doc__)
    parser.add_argument("--images", type=Path, required=True, help="folder with manifest.csv")
    parser.add_argument("--packages", type=Path, required=True, help="unpacked packages")
    parser.add_argument("--avatars", type=Path, required=True, help="what avatars.mjs wrote")
    parser.add_argument("--out", type=Path, required=True)
    arguments = parser.parse_args()
    with (arguments.images / "manifest.csv").open(newline="") as file:
        rows = list(csv.DictReader(file))
    arguments.out.mkdir(parents=True, exist_ok=True)
    with ProcessPoolExecutor(2) as pool:
        exclusion = Exclusion(rows, arguments.images, pool)
        plan = list(_plan(rows, arguments.images, arguments.packages, arguments.avatars, exclusion))
        _pack(plan, exclusion, pool, arguments.out)


def _pack(
    plan: list[tuple[Path, Picture]], exclusion: Exclusion, pool: ProcessPoolExecutor, out: Path
) -> None:
    kept: list[Picture] = []
    dropped: dict[tuple[str, str], int] = {}
    seen: set[str] = set()
    offset = 0
    jobs = [(str(root), picture.file) for root, picture in plan]
    with (out / "pack.bin").open("wb") as pack:
        results = pool.map(_candidate, jobs, chunksize=32)
        for (_, picture), result in zip(plan, results, strict=True):
            reason = ""
            if result is None:
                reason = "blank, tiny or unreadable"
            elif result[2] in seen:
                reason = "same file twice"
            elif picture.part != "watch" and (
                result[2] in exclusion.digests or exclusion.looks(result[1])
            ):
                reason = "looks like a reported or held-out picture"
            if reason or result is None:
                dropped[picture.package, reason] = dropped.get((picture.package, reason), 0) + 1
                continue
            rgba, _, digest = result
            seen.add(digest)
            pack.write(rgba.tobytes())
            values = {**asdict(picture), "sha256": digest, "offset": offset}
            kept.append(Picture(**{**values, "height": rgba.shape[0], "width": rgba.shape[1]}))
            offset += rgba.nbytes
    with (out / "pack.csv").open("w", newline="") as file:
        writer = csv.DictWriter(file, list(Picture.__dataclass_fields__))
        writer.writeheader()
        writer.writerows(asdict(picture) for picture in kept)
    with (out / "excluded.csv").open("w", newline="") as file:
        csv.writer(file).writerows((*key, count) for key, count in sorted(dropped.items()))


if __name__ == "__main__":
    main()
