"""Learn what models/motifs/local/ ships: the projection of descriptors, the background, the scores.

    python benchmarks/motif_local_learn.py projection models/motifs/local
    python benchmarks/motif_local_learn.py background models/motifs/local
    python benchmarks/motif_local_learn.py scores models/motifs/local
    python benchmarks/motif_local_learn.py scores /tmp/tried --sample 300    # to try it: minutes

Each is made with those before it that are in place, so that they come in this order.
Only pictures of the tune half are looked at (``half_of``), all of them openly licensed. The same
pictures give the same files, but for the last bits of floating-point sums.
"""

from __future__ import annotations

import argparse
import json
import os
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import NamedTuple

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))
# Before NumPy and its like are loaded: they ask only once.
os.environ.update(OMP_NUM_THREADS="1", OPENBLAS_NUM_THREADS="1", MKL_NUM_THREADS="1")

import cv2
import numpy as np

from benchmarks.motif_cases import Case, Cases, load_cases
from benchmarks.motif_choice import choose, rank
from benchmarks.motif_local_trees import learn_trees
from benchmarks.motif_pictures import IMAGES, half_of, load_picture, read_rows
from benchmarks.motif_report import leave_out_namesakes
from benchmarks.motif_scores import Scored
from benchmarks.motif_shapes import draw_crowd, draw_shapes
from models.motifs.alignment import WHOLE
from models.motifs.fingerprints import Pixels
from models.motifs.local.descriptors import LEVEL_STEP, Codes, pack_codes, sample_patches
from models.motifs.local.descriptors import _histograms as histograms
from models.motifs.local.index import LocalIndex
from models.motifs.local.keypoints import WORKING_SIDE, Keypoints, extract
from models.motifs.local.references import LocalReference, extract_reference
from models.motifs.local.scoring import SHARE_OF_WEIGHTS, Trees, average, weigh
from models.motifs.register import MAX_PIXELS, crop_to_motif
from models.motifs.register.pictures import cut_out

DIMENSION, BACKGROUND, PER_PICTURE = 64, 2048, 6
PAIRED_PICTURES, BACKGROUND_PICTURES = 160, 700
SIDES = (160, 400)
REGULARISED = 0.05
SEED = 1
FOLDS, ALARMS = 5, 2e-3
COLLAGES, LOOKALIKES = 400, 300
SHAPES_REGISTERED, SHAPES_LOOKED_AT, SHAPES_COUNT = 40, 300, 4


def main() -> None:
    """Learn one of the three and write it."""
    arguments = argparse.ArgumentParser(description=__doc__)
    arguments.add_argument("what", choices=("projection", "background", "scores"))
    arguments.add_argument("out", type=Path)
    arguments.add_argument("--sample", type=int, help="scores: from about so many cases only")
    options = arguments.parse_args()
    options.out.mkdir(parents=True, exist_ok=True)
    chance = np.random.default_rng(SEED)
    paths = [IMAGES / row["file"] for row in read_rows(IMAGES) if half_of(row, IMAGES) == "tune"]
    paths = [paths[i] for i in chance.permutation(len(paths))]
    if options.what == "projection":
        one, other = pairs_of([load_picture(p) for p in paths[:PAIRED_PICTURES]], chance)
        mean, axes, even = discriminate(one, other)
        np.savez(options.out / "projection.npz", mean=mean, axes=axes, even=np.int32(even))
        print(f"{len(one):,} pairs of points, {even} even directions")
    elif options.what == "scores":
        learn_scores(options.out, options.sample)
    else:
        known = {str(reference.path) for reference in load_cases("tune").references}
        unknown = [path for path in paths if str(path) not in known][:BACKGROUND_PICTURES]
        codes = gather_background(unknown, chance)
        np.savez(options.out / "background.npz", codes=pack_codes(codes))
        print(f"{len(codes):,} points of {len(unknown)} pictures")


def learn_scores(out: Path, sample: int | None = None) -> None:
    """Learn the trees from every place that is looked at in full, in every case.

    What trees that have not seen a case say of it is written beside them, for the calibration.

    Args:
        out: folder for both.
        sample: about so many cases, in place of all and of the further clean pictures.
    """
    chosen = load_cases("tune", sample=sample)
    further = more_clean(chosen) if sample is None else []
    index = LocalIndex.build([reference_at(reference.path) for reference in chosen.references])
    labels = [reference.label for reference in chosen.references]
    every = [Scored(case, WHOLE, {}, 0.0) for case in (*chosen, *further)]
    cases = [each.case for each in leave_out_namesakes(every, chosen.references)]
    places = [
        [Place(labels[owner], traits) for owner, traits in index.measure(extract(case.pixels()))]
        for case in cases
    ]
    trees, unseen = fit_scores(cases, places, measure_shapes())
    save_trees(out / "scoring.npz", trees)
    save_unseen(out / "scoring-unseen.json", cases, unseen)
    print(f"{sum(map(len, places)):,} places of {len(cases):,} pictures")


def more_clean(chosen: Cases) -> list[Case]:
    """Clean pictures of the tune half beyond those that are judged: all there are.

    Signs and flags of one series are the hardest of all, and each series is in few pictures.
    """
    found = choose("tune", IMAGES)
    around = chosen.cases[0].around
    wanted = [(kind, path, "") for path, kind in found.clean]
    wanted += [("collage of clean pictures", path, "") for path, _ in found.clean[::-1][:COLLAGES]]
    wanted += [
        ("lookalike on a scene", path, f"/{turn}" if turn else "")
        for turn in range(-(-LOOKALIKES // max(1, len(found.lookalikes))))
        for path, _ in found.lookalikes
    ]
    judged = {case.id for case in chosen}
    names = (
        (f"{kind}/{path.parent.name}/{path.name}{end}", kind, path) for kind, path, end in wanted
    )
    return [
        Case(name, "clean", kind, None, None, path, around, f"0/{name}")
        for name, kind, path in names
        if name not in judged
    ]


class Place(NamedTuple):
    """A place that was looked at in full.

    Attributes:
        label: of the reference.
        measured: of the place, in the order of ``MEASURED``.
    """

    label: str
    measured: np.ndarray


def fit_scores(
    cases: Sequence[Case], places: Sequence[Sequence[Place]], wrong: np.ndarray
) -> tuple[Trees, list[dict[str, float]]]:
    """The trees; and of each case by label, the scores by trees that have not seen it.

    The start is moved so that ``ALARMS`` of the clean pictures reach 0.5 by the latter.

    Args:
        cases: what was looked at.
        places: of each case.
        wrong: what was measured of places in drawings of shapes; each counts ``SHAPES_COUNT``
            times.
    """
    of = np.repeat(np.arange(len(cases)), [len(found) for found in places])
    measured = np.array([place.measured for found in places for place in found], np.float64)
    labels = [place.label for found in places for place in found]
    right = np.array([label == cases[i].truth for i, label in zip(of, labels, strict=True)])
    folds = np.array([rank(case.truth or case.id)[0] % FOLDS for case in cases])[of]

    shapes = np.repeat(wrong, SHAPES_COUNT, axis=0)

    def learn(those: np.ndarray) -> Trees:
        return learn_trees(
            np.concatenate([measured[those], shapes]),
            np.concatenate([right[those], np.zeros(len(shapes), np.bool_)]),
        )

    odds = np.empty(len(of))
    for fold in range(FOLDS):
        held_out = measured[folds == fold].astype(np.float32)
        odds[folds == fold] = average(weigh(held_out), learn(folds != fold).read(held_out))
    best = np.full(len(cases), -np.inf)
    np.maximum.at(best, of, odds)
    clean = np.sort(best[[case.truth is None for case in cases]])[::-1]
    limit = float(clean[int(ALARMS * len(clean))])
    unseen: list[dict[str, float]] = [{} for _ in cases]
    for i, label, value in zip(of, labels, odds - limit, strict=True):
        score = round(float(1 / (1 + np.exp(-value))), 6)
        unseen[i][label] = max(score, unseen[i].get(label, 0.0))
    trees = learn(np.full(len(of), True))
    start = trees.start - limit / (1 - SHARE_OF_WEIGHTS)
    return Trees(trees.traits, trees.limits, trees.leaves, start), unseen


def measure_shapes() -> np.ndarray:
    """Places in drawings of shapes, whose lines are alike everywhere: all of them are wrong."""
    measured = []
    for draw in (draw_shapes, draw_crowd):
        registered = [extract_reference(draw(seed)) for seed in range(SHAPES_REGISTERED)]
        index = LocalIndex.build(registered)
        drawn = (draw(1000 + seed) for seed in range(SHAPES_LOOKED_AT))
        measured += [traits for picture in drawn for _, traits in index.measure(extract(picture))]
    return np.array(measured, np.float64)


def save_unseen(path: Path, cases: Sequence[Case], scores: Sequence[dict[str, float]]) -> None:
    """Keep scores by case for ``motifs_calibrate.py --points``."""
    by_case = {case.seed: found for case, found in zip(cases, scores, strict=True)}
    path.write_text(json.dumps(by_case), encoding="utf-8")


def save_trees(path: Path, trees: Trees) -> None:
    """Keep trees where ``models.motifs.local.scoring`` reads them."""
    np.savez_compressed(
        path,
        traits=trees.traits.astype(np.uint8),
        limits=trees.limits,
        leaves=trees.leaves,
        start=np.float32(trees.start),
    )


def reference_at(path: Path) -> LocalReference:
    """A reference as a run sees it."""
    picture = cut_out(path.read_bytes(), max_pixels=MAX_PIXELS, fit=WORKING_SIDE, box=None)
    motif = crop_to_motif(picture)
    return extract_reference(motif.pixels, motif.mask)


def gather_background(paths: list[Path], chance: np.random.Generator) -> Codes:
    """Descriptors of some points of each picture, on a grey ground of any lightness."""
    codes = []
    for path in paths:
        points = extract(on_plain(load_picture(path), int(chance.integers(0, 256))))
        codes.append(points.codes[chance.permutation(len(points))[:PER_PICTURE]])
    together = np.concatenate(codes)
    return together[chance.permutation(len(together))[:BACKGROUND]]


def on_plain(picture: Pixels, ground: int) -> Pixels:
    """uint8 RGBA on a grey ground, RGB."""
    share = picture[..., 3:].astype(np.float32) / 255
    return np.asarray(picture[..., :3] * share + ground * (1 - share), np.uint8)


def pairs_of(pictures: list[Pixels], chance: np.random.Generator) -> tuple[np.ndarray, np.ndarray]:
    """Histograms of points that show the same spot, in a picture and in an edited copy of it."""
    ones, others = [], []
    for picture in pictures:
        for side in SIDES:
            plain = on_plain(picture, 128)
            base = extract(plain, side=side, most=400)
            edited, affine = edit(picture, chance)
            found = extract(edited)
            scale = max(picture.shape[:2]) / side
            at = (base.places * scale) @ affine[:, :2].T + affine[:, 2]
            at *= max(found.width, found.height) / max(edited.shape[:2])
            growth = np.sqrt(abs(np.linalg.det(affine[:, :2]))) * scale
            growth *= max(found.width, found.height) / max(edited.shape[:2])
            sizes = LEVEL_STEP ** found.levels.astype(np.float64)
            gaps = np.linalg.norm(at[:, None] - found.places[None], axis=2) / sizes
            grown = LEVEL_STEP ** base.levels.astype(np.float64) * growth
            apart = np.abs(np.log(grown[:, None] / sizes))
            cost = np.where((gaps < 2) & (apart < 0.28), gaps + 3 * apart, np.inf)
            if not cost.size:
                continue
            best = cost.argmin(axis=0)
            sure = np.isfinite(cost[best, np.arange(len(found))])
            ones.append(looks(plain, base, side)[best[sure]])
            others.append(looks(edited, found, max(found.width, found.height))[sure])
    return np.concatenate(ones), np.concatenate(others)


def edit(picture: Pixels, chance: np.random.Generator) -> tuple[Pixels, np.ndarray]:
    """The picture turned, scaled, on noise, relit and saved again, with where its pixels went."""
    height, width = picture.shape[:2]
    growth = float(chance.uniform(0.2, 0.9)) * 768 / max(height, width)
    turn = float(chance.choice([0.0, 0.0, 0.0, 90.0, chance.uniform(-20, 20)]))
    affine = cv2.getRotationMatrix2D((width / 2, height / 2), turn, growth)
    affine[:, 2] += chance.uniform(0.3, 0.7, 2) * 768 - (width / 2, height / 2)
    small = chance.integers(0, 256, (24, 24, 3)).astype(np.uint8)
    ground = cv2.resize(small, (768, 768), interpolation=cv2.INTER_CUBIC)
    moved = cv2.warpAffine(picture, affine, (768, 768), flags=cv2.INTER_AREA)
    share = moved[..., 3:] / 255
    shown = moved[..., :3] * share + ground * (1 - share)
    way = int(chance.integers(5))
    if way == 1:
        shown = shown * 0.7 + 40
    elif way == 2:
        shown = cv2.GaussianBlur(shown, (0, 0), 1.5)
    elif way == 3:
        shown = shown // 64 * 64 + 32
    quality = [cv2.IMWRITE_JPEG_QUALITY, int(chance.integers(30, 90))]
    done, data = cv2.imencode(".jpg", np.clip(shown, 0, 255).astype(np.uint8), quality)
    assert done
    return np.asarray(cv2.imdecode(data, cv2.IMREAD_COLOR), np.uint8), affine


def looks(picture: Pixels, points: Keypoints, side: int) -> np.ndarray:
    """Histograms around points, before any projection."""
    scale = side / max(picture.shape[:2])
    way = cv2.INTER_AREA if scale < 1 else cv2.INTER_LINEAR
    grey = cv2.cvtColor(picture, cv2.COLOR_RGB2GRAY)
    grey = cv2.resize(grey, (points.width, points.height), interpolation=way)
    return histograms(sample_patches(grey, points.places, points.levels, points.angles))


def discriminate(one: np.ndarray, other: np.ndarray) -> tuple[np.ndarray, np.ndarray, int]:
    """Mean, directions (even ones first) and the number of even ones.

    Directions are sought among those that a mirror keeps, and among those that it turns round.
    """
    numbers = np.arange(128).reshape(8, 4, 4)
    mirror = np.eye(128)[numbers[-np.arange(8) % 8][:, ::-1].reshape(-1)]
    everything = np.concatenate([one, other]).astype(np.float64)
    mean = everything.mean(axis=0)
    mean = (mean + mirror @ mean) / 2
    spread = np.cov((everything - mean).T)
    gap = (one - other).astype(np.float64)
    noise = gap.T @ gap / len(gap)
    found: list[tuple[float, int, np.ndarray]] = []
    for parity in (1, -1):
        left, strength, _ = np.linalg.svd((np.eye(128) + parity * mirror) / 2)
        basis = left[:, strength > 0.5]
        between = basis.T @ (spread + mirror @ spread @ mirror.T) @ basis / 2
        within = basis.T @ (noise + mirror @ noise @ mirror.T) @ basis
        within += REGULARISED * np.trace(noise) / 128 * np.eye(len(within))
        root = np.linalg.inv(np.linalg.cholesky(within))
        values, vectors = np.linalg.eigh(root @ between @ root.T)
        axes = basis @ root.T @ vectors
        found += [(value, parity, axes[:, i]) for i, value in enumerate(values)]
    best = sorted(found, key=lambda one: -one[0])[:DIMENSION]
    best.sort(key=lambda one: -one[1])
    axes = np.stack([axis for _, _, axis in best], axis=1)
    even = sum(parity == 1 for _, parity, _ in best)
    return mean.astype(np.float32), axes.astype(np.float32), even


if __name__ == "__main__":
    main()
