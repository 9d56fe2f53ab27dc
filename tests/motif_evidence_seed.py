"""Motif findings as a run would make them: a drawn motif laid into a drawn scene, place known."""

from __future__ import annotations

import io
import math
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from PIL import Image, ImageDraw

from models.findings import Finding, FindingKind
from models.motifs.alignment import Alignment, Box
from models.motifs.placement import Placement, find_placement
from models.motifs.rendering import Pixels
from models.store.database import Database
from tests.review_seed import draw_mascot, make_evidence, put, store_picture

MOTIF_LABEL = "Kokoneko Mimi"
OTHER_LABEL = "Lantern fox"
SCENE_SIZE = (640, 480)


@dataclass(frozen=True, slots=True)
class Laid:
    """A motif in a scene, and the alignment that local features would find."""

    pixels: Pixels
    alignment: Alignment


def draw_street() -> Pixels:
    """A busy scene: houses, windows, a sun."""
    width, height = SCENE_SIZE
    image = Image.new("RGB", SCENE_SIZE, "#f6c9a0")
    pen = ImageDraw.Draw(image)
    pen.ellipse((430, 40, 540, 150), fill="#f2704f")
    for number in range(9):
        left, top = number * 76 - 20, 120 + 37 * number % 110
        wall = ("#6b7a99", "#a8707a", "#7f9c86", "#b59a6a")[number % 4]
        pen.rectangle((left, top, left + 72, height), fill=wall, outline="#2b2b33", width=2)
        for row in range(top + 14, height - 20, 38):
            for column in (left + 10, left + 42):
                pen.rectangle((column, row, column + 18, row + 22), fill="#fbe9a7")
    pen.rectangle((0, height - 46, width, height), fill="#4a4a55")
    return np.asarray(image)


def encode(pixels: Pixels) -> bytes:
    """The bytes of a PNG file."""
    sink = io.BytesIO()
    Image.fromarray(pixels).save(sink, "PNG")
    return sink.getvalue()


def lay(
    motif: Pixels,
    scene: Pixels,
    middle: tuple[float, float],
    width: float,
    degrees: float = 0.0,
    mirrored: bool = False,
    points: int = 31,
) -> Laid:
    """Lay a motif into a scene.

    Args:
        middle: where its middle goes, as fractions of the scene.
        width: how wide it becomes, as a fraction of the scene's width.
        degrees: by how much it is turned clockwise, after mirroring.
    """
    height_px, width_px = motif.shape[:2]
    scene_height, scene_width = scene.shape[:2]
    transform = _transform(
        (width_px, height_px), (scene_width, scene_height), middle, width, degrees
    )
    placement = find_placement(transform, mirrored)
    assert placement is not None
    a, b, c, d, e, f = placement.invert()
    back = (
        a * width_px / scene_width,
        b * width_px / scene_height,
        c * width_px,
        d * height_px / scene_width,
        e * height_px / scene_height,
        f * height_px,
    )
    how = (Image.Transform.AFFINE, back, Image.Resampling.BICUBIC)
    size = (scene_width, scene_height)
    laid = Image.fromarray(motif).transform(size, *how)
    mask = Image.new("L", (width_px, height_px), 255).transform(size, *how)
    pixels = np.asarray(Image.composite(laid, Image.fromarray(scene), mask))
    return Laid(pixels, _align(placement, transform, mirrored, points))


def seed_motifs(database: Database, workspace: Path) -> list[str]:
    """Three items about motifs, and the ids of their assets.

    The first holds a motif turned and small, and resembles another; the second is a mirrored copy;
    the third resembles one, without matched points.
    """
    motif = _read(draw_mascot((320, 320), "#f4ead8", "#c8342c"))
    fox = _read(draw_mascot((300, 360), "#e8a25a", "#3b5ba9", turned=True))
    cards = [
        {
            "id": store_picture(workspace, encode(pixels)),
            "label": label,
            "category": "character",
            "owner": "Studio Tsukimachi",
        }
        for label, pixels in ((MOTIF_LABEL, motif), (OTHER_LABEL, fox))
    ]
    scene = draw_street()
    pasted = lay(motif, scene, (0.28, 0.66), 0.36, degrees=18)
    mirrored = lay(motif, np.full((360, 360, 3), 255, np.uint8), (0.5, 0.5), 0.96, mirrored=True)
    other: Box = (0.58, 0.08, 0.93, 0.6)
    items: list[tuple[Laid | Pixels, list[Finding], str]] = [
        (
            pasted,
            [
                _name(),
                _find("motif_contained", 0.93, cards[0], pasted.alignment.box, pasted.alignment),
                _find("motif_resembles", 0.58, cards[1], other),
            ],
            "scene-with-motif.png",
        ),
        (
            mirrored,
            [
                _find(
                    "motif_copy", 0.998, cards[0], mirrored.alignment.box, mirrored.alignment, 12.0
                )
            ],
            "mirrored-copy.png",
        ),
        (
            _read(draw_mascot((450, 300), "#f1e3cc", "#2a8f6a")),
            [_find("motif_resembles", 0.41, cards[0], (0.13, 0.16, 0.57, 0.62))],
            "redrawn.png",
        ),
    ]
    asset_ids = []
    for number, (picture, findings, name) in enumerate(items):
        pixels = picture.pixels if isinstance(picture, Laid) else picture
        asset_id = store_picture(workspace, encode(pixels))
        evidence = make_evidence(
            asset_id,
            name,
            captions=["kokoneko_mimi in a garden of shapes"],
            findings=findings,
            reasons=[next(f.kind for f in findings if f.reference == cards[0]["id"])],
            references=cards if number == 0 else cards[:1],
        )
        if number > 0:
            del evidence["motifs"]
        put(database, evidence, priority=900 - number)
        asset_ids.append(asset_id)
    return asset_ids


def _transform(
    motif: tuple[int, int],
    scene: tuple[int, int],
    middle: tuple[float, float],
    width: float,
    degrees: float,
) -> tuple[float, float, float, float, float, float]:
    """From fractions of the motif, mirrored where it is, to fractions of the scene."""
    across = width * scene[0]
    down = across * motif[1] / motif[0]
    cosine, sine = math.cos(math.radians(degrees)), math.sin(math.radians(degrees))
    a, b = across * cosine / scene[0], -down * sine / scene[0]
    d, e = across * sine / scene[1], down * cosine / scene[1]
    return a, b, middle[0] - (a + b) / 2, d, e, middle[1] - (d + e) / 2


def _align(
    placement: Placement,
    transform: tuple[float, float, float, float, float, float],
    mirrored: bool,
    points: int,
) -> Alignment:
    dice = np.random.default_rng(5)
    sources = dice.uniform(0.12, 0.9, (points, 2)).tolist()
    matched = tuple((*placement.place(u, v), u, v) for u, v in sources)
    corners = placement.place_corners()
    box = (
        max(0.0, min(x for x, _ in corners)),
        max(0.0, min(y for _, y in corners)),
        min(1.0, max(x for x, _ in corners)),
        min(1.0, max(y for _, y in corners)),
    )
    part = (
        min(u for u, _ in sources),
        min(v for _, v in sources),
        max(u for u, _ in sources),
        max(v for _, v in sources),
    )
    inside = tuple(point for point in matched if all(0 <= number <= 1 for number in point))
    return Alignment(points, points + 9, transform, mirrored, box, part, inside)


def _find(
    kind: FindingKind,
    risk: float,
    card: dict[str, str],
    box: Box,
    alignment: Alignment | None = None,
    distance: float | None = None,
) -> Finding:
    return Finding(
        kind=kind,
        detector="motifs/3",
        score=risk,
        explanation=f"The picture shows what the reference {card['label']!r} shows.",
        reference=card["id"],
        label=card["label"],
        category=card["category"],
        box=box,
        distance=distance,
        alignment=alignment,
    )


def _name() -> Finding:
    return Finding(
        kind="name_protected",
        detector="register/1",
        score=1.0,
        explanation="The caption says 'kokoneko_mimi', which is registered.",
        reference="n-1",
        label=MOTIF_LABEL,
        category="character",
        caption=0,
        start=0,
        end=13,
        surface="kokoneko_mimi",
    )


def _read(data: bytes) -> Pixels:
    return np.asarray(Image.open(io.BytesIO(data)).convert("RGB"))
