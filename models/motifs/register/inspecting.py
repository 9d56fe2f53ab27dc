"""Whether a picture is fit to be a reference, from the picture alone."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Final

import numpy as np
import numpy.typing as npt
from PIL import Image

from models.canonical import digest_bytes
from models.motifs.alignment import Box
from models.motifs.fingerprints import DECODED_SIDE, Pixels, hash_orientations
from models.motifs.register.pictures import (
    MAX_PIXELS,
    Mask,
    ReferencePicture,
    check_size,
    crop_to_motif,
    decode_reference,
    motif_size,
)
from models.motifs.remarks import ReferenceRefusedError, Remark

FeatureCounter = Callable[[Pixels, "Mask | None"], int]
"""How many local features a picture has, inside the mask."""

LONG: Final = 4
"""Times that one side is the other from which a picture is called long."""

TOO_LONG: Final = 16
"""The same from which it is refused."""

_VIEW_SIDE: Final = 128
_SHARP: Final = 10.0
_SHARP_SHARE: Final = 0.002
# A second difference takes three pixels.
_SMALLEST: Final = 3
_CELL: Final = 8
_CORNER: Final = 60.0
FEW_CORNERS: Final = 10
"""Cells of a picture of 128 pixels that hold a corner, below which it has few features."""

_GROUND_NAMES_JA: Final = {"grey": "灰色", "black": "黒"}


@dataclass(frozen=True, slots=True)
class Inspection:
    """What is known of a picture that somebody wants to register.

    Attributes:
        id: SHA-256 of its bytes, in hex.
        box: what of it is the motif; None for all of it, or where that cannot be said.
        hashes: PDQ in the eight orientations; empty where the picture is too plain for PDQ, or
            was refused.
        warnings: what its owner should know.
        refusal: why it cannot be a reference, or None.
    """

    id: str
    box: Box | None
    hashes: tuple[bytes, ...]
    warnings: tuple[Remark, ...]
    refusal: Remark | None


def inspect_picture(
    data: bytes,
    box: Box | str | None = None,
    *,
    max_pixels: int = MAX_PIXELS,
    count_features: FeatureCounter | None = None,
) -> Inspection:
    """Look at a picture; whatever the bytes are, it is told and not raised.

    Args:
        data: the whole file.
        box: what of the picture is the motif: fractions, or a text as ``read_box`` takes it.
        count_features: how many local features a picture has; a picture with fewer than
            ``FEW_CORNERS`` gets a warning. Without it corners are counted.
    """
    motif_id = digest_bytes(data)
    try:
        picture = decode_reference(data, max_pixels=max_pixels, fit=DECODED_SIDE, box=box)
        _check_shape(picture)
    except ReferenceRefusedError as error:
        return Inspection(motif_id, None, (), (), error.remark)
    motif = crop_to_motif(picture)
    pixels, mask = motif.pixels, motif.mask
    grey = _grey(pixels)
    if _is_gradient(grey):
        refusal = Remark.of("gradient" if _varies(grey) else "plain")
        return Inspection(motif_id, picture.box, (), (), refusal)
    hashed = hash_orientations(picture.pixels)
    speaks = hashed[0].speaks
    warnings = []
    if picture.frames > 1:
        warnings.append(Remark.of("animated", frames=picture.frames))
    if (ratio := _ratio(picture)) >= LONG:
        warnings.append(Remark.of("long", ratio=round(ratio)))
    if picture.ground != "white":
        names = {"ground": picture.ground, "ground_ja": _GROUND_NAMES_JA[picture.ground]}
        warnings.append(Remark.of("on_darker_ground", **names))
    if not speaks or (count_features or count_corners)(pixels, mask) < FEW_CORNERS:
        warnings.append(Remark.of("few_features"))
    hashes = tuple(each.bits for each in hashed) if speaks else ()
    return Inspection(motif_id, picture.box, hashes, tuple(warnings), None)


def count_corners(pixels: Pixels, mask: Mask | None) -> int:
    """Cells of 8 x 8 pixels that hold a corner, in the picture scaled to 128 pixels.

    A corner is where light changes in two directions: the smaller eigenvalue of the structure
    tensor (Shi and Tomasi, "Good features to track", 1994) over 5 x 5 pixels.
    """
    grey = _grey(pixels)
    if min(grey.shape) < _SMALLEST:
        return 0
    down = np.gradient(grey, axis=0).astype(np.float32)
    across = np.gradient(grey, axis=1).astype(np.float32)
    xx, yy, xy = (_mean5(each) for each in (across * across, down * down, across * down))
    smaller = (xx + yy) / 2 - np.sqrt(((xx - yy) / 2) ** 2 + xy * xy)
    corners = smaller >= _CORNER
    if mask is not None:
        seen = Image.fromarray(mask).resize((grey.shape[1], grey.shape[0]))
        corners &= np.asarray(seen)
    rows, columns = np.nonzero(corners)
    return len({(int(r) // _CELL, int(c) // _CELL) for r, c in zip(rows, columns, strict=True)})


def _check_shape(picture: ReferencePicture) -> None:
    check_size(picture)
    if _ratio(picture) >= TOO_LONG:
        width, height = motif_size(picture)
        remark = Remark.of("too_long", width=width, height=height, limit=TOO_LONG)
        raise ReferenceRefusedError(remark)


def _ratio(picture: ReferencePicture) -> float:
    width, height = motif_size(picture)
    return max(width, height) / min(width, height)


def _grey(pixels: Pixels) -> npt.NDArray[np.float32]:
    image = Image.fromarray(np.ascontiguousarray(pixels)).convert("L")
    image.thumbnail((_VIEW_SIDE, _VIEW_SIDE), Image.Resampling.BOX)
    return np.asarray(image).astype(np.float32)


def _is_gradient(grey: npt.NDArray[np.float32]) -> bool:
    """Whether nothing in the picture has an edge: its light changes evenly or not at all."""
    if min(grey.shape) < _SMALLEST:
        return False
    down = np.abs(np.diff(grey, 2, axis=0))
    across = np.abs(np.diff(grey, 2, axis=1))
    sharp = int((down > _SHARP).sum()) + int((across > _SHARP).sum())
    return sharp < _SHARP_SHARE * grey.size


def _varies(grey: npt.NDArray[np.float32]) -> bool:
    return float(grey.std()) >= _SHARP


def _mean5(values: npt.NDArray[np.float32]) -> npt.NDArray[np.float32]:
    """The mean over 5 x 5 pixels."""
    wide = np.pad(values, 2, mode="edge")
    windows = np.lib.stride_tricks.sliding_window_view(wide, (5, 5))
    mean: npt.NDArray[np.float32] = windows.mean(axis=(2, 3), dtype=np.float32)
    return mean
