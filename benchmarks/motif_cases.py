"""Labelled cases of motifs in pictures: copies, characters drawn again, and clean pictures.

    cases = load_cases("tune")
    detector.register(cases.references)
    for case in cases:
        found = detector.score(case.pixels())    # case.truth: the right label, or None
        print(case.kind, case.truth, found)

Everything is made on demand from the pictures of one half and is the same at every run.
"""

from __future__ import annotations

import functools
import hashlib
import sys
from collections import defaultdict
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Literal

import numpy as np
from PIL import Image

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

from benchmarks.motif_canvas import Edited, Surroundings, finish, flatten, paste_on_scene, save
from benchmarks.motif_choice import (
    Choice,
    Motif,
    Reference,
    choose,
    choose_unseen,
    find_scenes,
    name_of,
    rank,
)
from benchmarks.motif_edits import EDITS, MORE_EDITS, Pixels, apply_edit
from benchmarks.motif_pictures import IMAGES, Half, half_of, load_picture

__all__ = ["Case", "Cases", "Reference", "half_of", "load_cases"]

Group = Literal["edited", "more", "same", "clean"]
DISTRACTORS = 1_100
PASTED, COLLAGES = 150, 100

LEAST_SAMPLED = 4
"""Of each kind so many stay in a sample."""


@dataclass(frozen=True, slots=True)
class Case:
    """A picture to be judged.

    Attributes:
        id: of this case within its half and seed.
        group: an edited copy of the 21 kinds, one of the kinds that joined later (``more``), the
            same character drawn again, or clean.
        kind: of edit, of likeness, or of clean picture.
        truth: the label that it shows, or None.
        motif: what kind of motif the truth is; None for a clean picture.
        path: the picture from which it is made.
    """

    id: str
    group: Group
    kind: str
    truth: str | None
    motif: Motif | None
    path: Path
    around: Surroundings = field(repr=False)
    seed: str = "0"

    def make(self) -> Edited:
        """The picture with the box of what was pasted, cropped or shown in it."""
        picture = load_picture(self.path)
        if self.kind in EDITS or self.kind in MORE_EDITS:
            return apply_edit(self.kind, picture, self.seed, self.around)
        digest = hashlib.sha256(f"{self.kind}\0{self.seed}".encode()).digest()
        chance = np.random.default_rng(int.from_bytes(digest[:8], "big"))
        image = Image.fromarray(picture, "RGBA")
        if "scene" in self.kind:
            share = float(chance.uniform(0.35, 0.7))
            work = paste_on_scene(image, share, chance, self.around)
        elif "collage" in self.kind:
            return apply_edit("collage", picture, self.seed, self.around)
        else:
            work = flatten(image, chance, self.around)
        save(work)
        return finish(work)

    def pixels(self) -> Pixels:
        """The picture: uint8, height x width x 3, RGB."""
        return self.make().pixels


@dataclass(frozen=True, slots=True)
class Cases:
    """One half: what is registered, and what is judged."""

    references: tuple[Reference, ...]
    cases: tuple[Case, ...]

    def __iter__(self) -> Iterator[Case]:
        return iter(self.cases)

    def __len__(self) -> int:
        return len(self.cases)


class PictureList(Sequence[Pixels]):
    """Pictures that are read when they are asked for; the last few are kept."""

    def __init__(self, paths: Sequence[Path], *, opaque: bool) -> None:
        self._paths = tuple(paths)
        self._opaque = opaque

    def __len__(self) -> int:
        return len(self._paths)

    def __getitem__(self, index: int) -> Pixels:  # type: ignore[override]
        picture = _load_kept(self._paths[index])
        return picture[..., :3] if self._opaque else picture


@functools.lru_cache(maxsize=128)
def _load_kept(path: Path) -> Pixels:
    return load_picture(path)


def load_cases(
    half: Half,
    *,
    images: Path = IMAGES,
    seed: int = 0,
    sample: int | None = None,
    unseen: Path | None = None,
) -> Cases:
    """The cases of one half.

    Args:
        half: ``tune`` to look at and to learn from; ``report`` only for figures.
        images: folder with ``manifest.csv``; one without counts as ``unseen``.
        seed: another seed gives other edits of the same pictures.
        sample: about so many cases, half of them clean; all by default. All references stay.
        unseen: a folder of further pictures without a manifest. They take the place of all others:
            some are registered, the rest is clean; only the scenes come from ``images``.
    """
    if unseen is None and not (images / "manifest.csv").is_file():
        images, unseen = IMAGES, images
    scenes = PictureList(
        [images / row["file"] for row in find_scenes(images) if half_of(row, images) == half],
        opaque=True,
    )
    chosen = choose(half, images) if unseen is None else choose_unseen(unseen)
    others = PictureList(_without_namesakes(chosen), opaque=False)
    around = Surroundings(scenes, others)
    made: list[Case] = []

    def add(
        group: Group,
        kind: str,
        path: Path,
        truth: str | None = None,
        motif: Motif | None = None,
        turn: int = 0,
    ) -> None:
        name = f"{kind}/{path.parent.name}/{path.name}" + (f"/{turn}" if turn else "")
        made.append(Case(name, group, kind, truth, motif, path, around, f"{seed}/{name}"))

    for reference in chosen.references:
        for kind in EDITS:
            add("edited", kind, reference.path, reference.label, reference.motif)
        for kind in MORE_EDITS:
            add("more", kind, reference.path, reference.label, reference.motif)
    for path, label, likeness in chosen.again:
        add("same", f"{likeness}, plain", path, label, "character")
        add("same", f"{likeness}, on a scene", path, label, "character")
    singles = max(0, DISTRACTORS - PASTED - COLLAGES)
    for path, kind in chosen.clean[:singles]:
        add("clean", kind, path)
    for number in range(PASTED if chosen.lookalikes else 0):
        turn, which = divmod(number, len(chosen.lookalikes))
        add("clean", "lookalike on a scene", chosen.lookalikes[which][0], turn=turn)
    for path, _ in chosen.clean[::-1][:COLLAGES]:
        add("clean", "collage of clean pictures", path)
    return Cases(tuple(chosen.references), tuple(_sampled(made, sample)))


def _without_namesakes(chosen: Choice) -> list[Path]:
    """The clean pictures; for one that is called like a reference, the one before it.

    A collage of clean pictures would otherwise hold another frame of a registered motif.
    """
    names = {name_of(reference.path) for reference in chosen.references}
    paths = [path for path, _ in chosen.clean]
    others = [path for path in paths if name_of(path) not in names]
    if not others:
        return paths
    places = np.cumsum([name_of(path) not in names for path in paths])
    return [others[max(place - 1, 0)] for place in places.tolist()]


def _sampled(cases: list[Case], number: int | None) -> list[Case]:
    """Half of them clean, half evenly over the other kinds, of each kind a few at least."""
    if number is None or number >= len(cases):
        return cases
    by_kind: dict[tuple[str, str], list[Case]] = defaultdict(list)
    for case in cases:
        by_kind[case.group, case.kind].append(case)
    clean = sum(case.group == "clean" for case in cases)
    kept = set()
    for (group, _), members in by_kind.items():
        members.sort(key=lambda case: rank(case.id))
        share = number / 2 / (clean if group == "clean" else len(cases) - clean)
        kept |= {case.id for case in members[: max(LEAST_SAMPLED, round(share * len(members)))]}
    return [case for case in cases if case.id in kept]
