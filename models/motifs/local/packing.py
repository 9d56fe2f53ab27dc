"""The arrays in which an index keeps its references' points and sketches."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any

import numpy as np
import numpy.typing as npt

from models.motifs.local.background import measure_commonness
from models.motifs.local.descriptors import DIMENSION, LEVEL_STEP, mirror_codes, pack_codes
from models.motifs.local.geometry import Points
from models.motifs.local.keypoints import Keypoints
from models.motifs.local.neighbours import Neighbours
from models.motifs.local.references import LocalReference
from models.motifs.local.sketches import pack_sketches

ARRAYS = (
    "codes",
    "places",
    "sizes",
    "angles",
    "colours",
    "common",
    "starts",
    "shapes",
    "neighbours",
    "lights",
    "chromas",
    "shown",
    "grids",
)


def pack_references(
    references: Sequence[LocalReference], most_rows: int
) -> dict[str, npt.NDArray[Any]]:
    """All that an index holds of them.

    Past ``most_rows`` points in all, each form keeps its first ones only.
    """
    total = sum(len(form) for reference in references for form in reference.forms)
    share = min(1.0, most_rows / max(total, 1))
    kept = [[_first(form, share) for form in reference.forms] for reference in references]
    return _pack_points(kept) | pack_sketches([reference.sketch for reference in references])


def _pack_points(references: Sequence[Sequence[Keypoints]]) -> dict[str, npt.NDArray[Any]]:
    forms = [[points_of(form) for form in reference] for reference in references]
    flat = [points for reference in forms for points in reference]
    keypoints = [form for reference in references for form in reference]
    counts = [sum(map(len, reference)) for reference in references]
    codes = np.concatenate([np.zeros((0, DIMENSION), np.int8), *(k.codes for k in keypoints)])
    return {
        "codes": pack_codes(codes),
        "places": np.concatenate([np.zeros((0, 2), np.float32), *(p.places for p in flat)]),
        "sizes": np.concatenate([np.zeros(0, np.float32), *(p.sizes for p in flat)]),
        "angles": np.concatenate([np.zeros(0, np.float32), *(p.angles for p in flat)]),
        "colours": np.concatenate([np.zeros((0, 3), np.uint8), *(k.colours for k in keypoints)]),
        "common": measure_commonness(codes),
        "starts": np.concatenate([[0], np.cumsum(counts)]).astype(np.int64),
        "shapes": np.array(
            [shape_of(reference[0]) if reference else (1.0, 1.0) for reference in references],
            np.float32,
        ).reshape(-1, 2),
        "neighbours": Neighbours.build(np.concatenate([codes, mirror_codes(codes)])).to_array(),
    }


def _first(form: Keypoints, share: float) -> Keypoints:
    return form if share == 1 else form.chosen(np.arange(math.ceil(len(form) * share)))


def points_of(keypoints: Keypoints) -> Points:
    """The points in units of their picture's longer side."""
    longer = max(keypoints.width, keypoints.height)
    sizes = keypoints.levels * np.float32(np.log(LEVEL_STEP)) - np.float32(np.log(longer))
    places = (keypoints.places + np.float32(0.5)) / np.float32(longer)
    return Points(places.astype(np.float32), sizes.astype(np.float32), keypoints.angles)


def shape_of(keypoints: Keypoints) -> tuple[float, float]:
    """Width and height of their picture, in units of the longer side."""
    longer = max(keypoints.width, keypoints.height)
    return keypoints.width / longer, keypoints.height / longer
