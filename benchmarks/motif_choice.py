"""Which pictures of a half are registered, which show the same again, and which are clean."""

from __future__ import annotations

import functools
import hashlib
import re
import sys
from collections import Counter, defaultdict
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

import numpy as np
from PIL import Image

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

from benchmarks.motif_canvas import Pixels, visible_box
from benchmarks.motif_pictures import (
    NEAR,
    SPEAKING,
    Facts,
    Half,
    Row,
    character_of,
    clusters,
    half_of,
    load_picture,
    measure_all,
    pdq_distances,
    read_rows,
)

Motif = Literal["character", "mascot", "logo"]

MASCOTS, LOGOS = 16, 28

HELD_OUT = 5
"""One character in so many is not registered: it plays the lookalike from the same hand."""

POSE_OVERLAP = 0.8
"""Overlap of two outlines from which two pictures of a character share the pose."""

NEAR_REFERENCE = 44
"""PDQ bits within which an unlabelled picture counts as a variant of a reference, not as clean."""

PER_CLUSTER = 3
"""So many at most of clean pictures that look alike: a hundred stars say no more than three."""

# Unlabelled pictures in which labelled characters stand: neither scenes nor clean.
_SHOWS_CHARACTERS = re.compile(
    r"^(?:ach\d|memory\d|credits\d|chapter-|ending\d|terra-|concert|hallow|olurf|landar|lord-"
    r"|highlord|uradredia|android-icon_fore|logo_solid|window_icon|window-icon|CG-|launcher)"
)
_SCENES = ("vn_bg", "wallpaper", "wes_story")
_LOGOS = ("clipart", "icon", "game")
_LOGO_SOURCES = ("openclipart-png", "oxygen-icon-theme", "hedgewars-data", "freeciv-data")
_SAME_NAME = 5
"""Letters in which the names of two frames of one motif agree."""
_SERIES = re.compile(
    r"^(?:(?:ornamental|simple|white|bordered)_[shdc]_|star_|pattern-|mask-|map-|preview-|horizont"
    r"|SD|Splash|Sky|Clouds|LandTex|arrow|smiley\d|jigsaw|rivers|grid|fog|roads|cities|units|tiles)"
)
_FIGURES = re.compile(
    r"gopher|penguin|pengwin|tux_|mole2|hedgehog|reindeer|moos|mouton|mouseleft|beaver|(?<!hot_)dog_"
    r"|cat_|teddy"
    r"|dino|robot|orsetto|cow|pig_|horse|fox|wolf|bunny|rabbit|frog|duck|bear|fish|monkey|gatto"
    r"|dragon|snail|bird|farmer|man_|woman|girl|boy_|ragazz|gnome_|elf|witch|ghost|snowman|santa",
    re.IGNORECASE,
)


@dataclass(frozen=True, slots=True)
class Reference:
    """A registered picture.

    Attributes:
        label: whom or what it shows; one picture a label.
        motif: character, mascot or logo.
        path: its file.
    """

    label: str
    motif: Motif
    path: Path

    def picture(self) -> Pixels:
        """uint8, height x width x 4, RGBA: what is not transparent is the motif."""
        return load_picture(self.path)


@dataclass(frozen=True, slots=True)
class Choice:
    """The pictures of one half.

    Attributes:
        references: what is registered.
        again: picture, label and likeness of what shows a registered character again.
        clean: picture and kind of what shows nothing that is registered.
        lookalikes: those of them that show characters by the same hands.
    """

    references: list[Reference]
    again: list[tuple[Path, str, str]]
    clean: list[tuple[Path, str]]
    lookalikes: list[tuple[Path, str]]


@functools.cache
def find_scenes(images: Path) -> tuple[Row, ...]:
    """Rows of busy opaque pictures that show no character."""
    facts = measure_all(images)
    return tuple(
        row
        for row in read_rows(images)
        if row["category"] in _SCENES
        and not _SHOWS_CHARACTERS.match(_name(row))
        and (f := facts[row["sha256"]]).cover > 0.97
        and f.quality >= 60
        and min(f.width, f.height) >= 300
    )


def name_of(path: Path) -> tuple[str, str]:
    """The package and the first letters of a file's name, without numbers and capitals.

    Pictures that agree in it are taken for frames of one motif.
    """
    return path.parent.name, re.sub(r"[^a-z]", "", path.stem.lower())[:_SAME_NAME]


def _name(row: Row) -> str:
    return row["file"].rsplit("/", 1)[-1]


def choose(half: Half, images: Path) -> Choice:
    """The pictures of one half of a folder with a manifest."""
    rows = read_rows(images)
    facts = measure_all(images)
    people: dict[str, list[Row]] = defaultdict(list)
    halves: dict[str, set[Half]] = defaultdict(set)
    for row in rows:
        if row["label"]:
            people[character_of(row)].append(row)
            halves[character_of(row)].add(half_of(row, images))
    references: list[tuple[str, Motif, Row]] = []
    again: list[tuple[Path, str, str]] = []
    lookalikes: list[tuple[Path, str]] = []
    for name, members in sorted(people.items()):
        # A character whose labels lie in both halves is known to who learnt on one of them.
        if halves[name] != {half}:
            continue
        members.sort(key=lambda row: rank(row["sha256"]))
        if rank(name)[0] % HELD_OUT == 0:
            lookalikes += [(images / row["file"], "lookalike") for row in members[:6]]
            continue
        # A sketch, or a picture whose ground is painted, is not what an owner would register.
        members.sort(
            key=lambda row: (_name(row).startswith("side_"), facts[row["sha256"]].cover > 0.95)
        )
        first, *rest = members
        references.append((name, "character", first))
        for row in rest:
            if row["label"].endswith("-large"):
                continue  # the same drawing at another size: a copy, not a likeness
            likeness = likeness_of(images / first["file"], images / row["file"])
            again.append((images / row["file"], name, likeness))
    unlabelled = [
        row
        for row in rows
        if not row["label"]
        and half_of(row, images) == half
        and not _SHOWS_CHARACTERS.match(_name(row))
    ]
    unlabelled.sort(key=lambda row: rank(row["sha256"]))
    logos = [row for row in unlabelled if _is_logo(row, facts[row["sha256"]])]
    mascots = [row for row in unlabelled if _is_mascot(row, facts[row["sha256"]])]
    alone = clusters(images)
    drawn: tuple[tuple[Motif, list[Row], int], ...] = (
        ("mascot", mascots, MASCOTS),
        ("logo", logos, LOGOS),
    )
    for motif, found, wanted in drawn:
        singular = [row for row in found if row["sha256"] not in alone][:wanted]
        references += [(f"{motif}:{_name(row)}", motif, row) for row in singular]
    registered = {row["sha256"] for _, _, row in references}
    scenes = {row["sha256"] for row in find_scenes(images)}
    unlabelled = [row for row in unlabelled if row["sha256"] not in registered]
    near = _near(unlabelled, [row for _, _, row in references], facts)
    names = {_stem(_name(row)) for _, what, row in references if what == "character"}
    alike: Counter[str] = Counter()
    clean = []
    for row, close in zip(unlabelled, near, strict=True):
        fact, name = facts[row["sha256"]], _name(row)
        # A unit's sprite is the unit's portrait drawn again, so it is not clean.
        related = row["category"] == "wes_sprite" and _stem(name) in names
        if close or related or min(fact.width, fact.height) < 40 or fact.cover < 0.02:
            continue
        cluster = alone.get(row["sha256"], row["sha256"])
        alike[cluster] += 1
        if alike[cluster] <= PER_CLUSTER:
            kind = "scene" if row["sha256"] in scenes else row["category"]
            clean.append((images / row["file"], kind))
    chosen = [Reference(label, motif, images / row["file"]) for label, motif, row in references]
    return Choice(chosen, again, [*lookalikes, *clean], lookalikes)


def choose_unseen(folder: Path) -> Choice:
    """A third of a folder's pictures that have an outline are registered; the rest is clean."""
    facts = measure_all(folder)
    rows = sorted(read_rows(folder), key=lambda row: rank(row["sha256"]))
    alone = clusters(folder)
    good = [
        row
        for row in rows
        if row["sha256"] not in alone
        and facts[row["sha256"]].quality >= SPEAKING
        and facts[row["sha256"]].cover > 0.1
        and min(facts[row["sha256"]].width, facts[row["sha256"]].height) >= 96
    ][: max(1, len(rows) // 3)]
    taken = {row["sha256"] for row in good}
    rest = [row for row in rows if row["sha256"] not in taken and facts[row["sha256"]].cover > 0.02]
    near = _near(rest, good, facts)
    chosen = []
    for row in good:
        logo = facts[row["sha256"]].flat >= 0.9
        chosen.append(Reference(row["file"], "logo" if logo else "mascot", folder / row["file"]))
    alike: Counter[str] = Counter()
    clean = []
    for row, close in zip(rest, near, strict=True):
        cluster = alone.get(row["sha256"], row["sha256"])
        alike[cluster] += 1
        if not close and alike[cluster] <= PER_CLUSTER:
            clean.append((folder / row["file"], "unseen"))
    return Choice(chosen, [], clean, clean)


def _near(rows: Sequence[Row], references: Sequence[Row], facts: dict[str, Facts]) -> list[bool]:
    """Whether each row is a variant of a reference."""
    if not rows or not references:
        return [False] * len(rows)
    distances = pdq_distances(
        [facts[row["sha256"]].pdq for row in rows],
        [facts[row["sha256"]].pdq for row in references],
    )
    return [
        bool(least <= (NEAR_REFERENCE if facts[row["sha256"]].quality >= SPEAKING else NEAR // 3))
        for row, least in zip(rows, distances.min(axis=1), strict=True)
    ]


def rank(name: str) -> bytes:
    """An order that has nothing to do with what a picture shows."""
    return hashlib.sha256(f"motif-cases {name}".encode()).digest()


def _stem(name: str) -> str:
    return re.split(r"[-_.]\d|-[0-9a-f]{8}\.|-(?:se|ne|s|n|attack|defend|die)\b", name)[0].lower()


def _is_logo(row: Row, facts: Facts) -> bool:
    """Flat: few colours make up nine tenths of it; with structure, and not one of a series."""
    return (
        row["category"] in _LOGOS
        and row["source"] in _LOGO_SOURCES
        and facts.flat >= 0.9
        and facts.quality >= 80
        and facts.cover >= 0.1
        and min(facts.width, facts.height) >= 120
        and not _SERIES.match(_name(row))
    )


def _is_mascot(row: Row, facts: Facts) -> bool:
    """A drawn figure: not flat, cut out, named after an animal or a person."""
    return (
        row["category"] in ("stamp", "game", "clipart", "gopher", "vn_other")
        and facts.flat < 0.9
        and facts.quality >= SPEAKING
        and facts.cover >= 0.1
        and min(facts.width, facts.height) >= 120
        and not _SERIES.match(_name(row))
        and _FIGURES.search(_name(row)) is not None
    )


def likeness_of(one: Path, other: Path) -> str:
    """How two pictures of one character relate, by their outlines.

    Returns:
        ``expression or pose`` where the two outlines, each in its own box, overlap by
        ``POSE_OVERLAP`` or their hashes are near; else ``redrawn``.
    """
    masks = []
    for path in (one, other):
        image = Image.fromarray(load_picture(path), "RGBA")
        alpha = image.getchannel("A").crop(visible_box(image))
        masks.append(np.asarray(alpha.resize((64, 64), Image.Resampling.BOX)) > 127)
    overlap = float((masks[0] & masks[1]).sum() / max(1, (masks[0] | masks[1]).sum()))
    return "expression or pose" if overlap >= POSE_OVERLAP else "redrawn"
