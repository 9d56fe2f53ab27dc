"""A reference picture as it is compared: the part that is the motif, on a ground that shows it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final, Literal

import numpy as np
import numpy.typing as npt
from PIL import Image

from models.assets.decoding import DecodedImage, decode_image
from models.assets.faults import FaultError
from models.motifs.alignment import WHOLE, Box, place_in
from models.motifs.claims import read_box
from models.motifs.fingerprints import DECODED_SIDE, Pixels
from models.motifs.remarks import ReferenceRefusedError, Remark
from models.reasons import Reason

Mask = npt.NDArray[np.bool_]
Ground = Literal["white", "grey", "black"]

MAX_BYTES: Final = 64 * 1024**2
MAX_PIXELS: Final = 64_000_000
SMALLEST_SIDE: Final = 32
"""Pixels of the shorter side below which a picture is too small to be compared with others."""

GROUNDS: Final[dict[Ground, int]] = {"white": 255, "grey": 128, "black": 0}
"""Value of all three channels of each ground, in the order in which they are tried."""

# Faint overlays are motifs too: what counts is half of the most opaque pixel, from this value on.
_FAINTEST: Final = 32
_PLAIN_SPREAD: Final = 4.0
# A ground hides a motif where so much of its outline, and of all of it, is within so many steps.
_HIDDEN_RIM: Final = 0.5
_HIDDEN_AREA: Final = 0.85
_HIDDEN_STEPS: Final = 24
_WHITE: Final = 255


@dataclass(frozen=True, slots=True, eq=False)
class ReferencePicture:
    """A reference, decoded.

    Attributes:
        pixels: uint8, height x width x 3, RGB: what ``box`` cuts out, on ``ground``.
        mask: bool, height x width: what of ``pixels`` is the motif; None where all of it is.
        ground: what transparent parts are shown on. It is white, as everywhere in Kiyome, unless
            white would hide the motif.
        box: what of the upright picture was cut out, or None for all of it.
        width, height: of the whole upright picture, in pixels, as it is stored.
        frames: how many frames the file has; the first is shown.
    """

    pixels: Pixels
    mask: Mask | None
    ground: Ground
    box: Box | None
    width: int
    height: int
    frames: int


@dataclass(frozen=True, slots=True, eq=False)
class Motif:
    """What of a reference picture is compared.

    Attributes:
        pixels: uint8, height x width x 3, RGB.
        mask: bool, height x width: what of ``pixels`` is the motif; None where all of it is.
        box: where ``pixels`` lies in the registered picture, as fractions of it.
    """

    pixels: Pixels
    mask: Mask | None
    box: Box


def decode_reference(
    data: bytes, *, max_pixels: int, fit: int = DECODED_SIDE, box: Box | str | None = None
) -> ReferencePicture:
    """Decode a reference picture, cut out its motif, and make sure that it can be compared.

    Args:
        data: the whole file.
        max_pixels: a picture with more is refused from its header.
        fit: pixels of the longer side of what is cut out, at most.
        box: what of the picture is the motif: fractions, or a text as ``read_box`` takes it.

    Raises:
        ReferenceRefusedError: it cannot be decoded, is too small, plain or all transparent, or
            the box cannot be used.
    """
    picture = cut_out(data, max_pixels=max_pixels, fit=fit, box=box)
    check_size(picture)
    check_opaque(picture)
    if spread_of(picture.pixels) < _PLAIN_SPREAD:
        raise ReferenceRefusedError(Remark.of("plain"))
    return picture


def cut_out(
    data: bytes, *, max_pixels: int, fit: int, box: Box | str | None = None
) -> ReferencePicture:
    """Decode a picture and cut out its motif, whatever it shows.

    Raises:
        ReferenceRefusedError: it cannot be decoded, or the box cannot be used.
    """
    if len(data) > MAX_BYTES:
        raise ReferenceRefusedError(Remark.of("file_too_large", limit=MAX_BYTES))
    # Only a decoded picture tells how large it is, and only its size tells what a box of pixels is.
    image = _decode(data, max_pixels, fit)
    if isinstance(box, str):
        box = read_box(box, image.width, image.height)
    if box is None:
        return _show(image, image.pixels, image.alpha, None)
    across, down = box[2] - box[0], box[3] - box[1]
    image = _decode(data, max_pixels, int(fit / min(across, down)) + 1)
    pixels = _fit(_cut(image.pixels, box), fit)
    alpha = None if image.alpha is None else _fit(_cut(image.alpha, box), fit)
    return _show(image, pixels, alpha, box)


def check_size(picture: ReferencePicture) -> None:
    """Make sure that the motif has pixels enough to be recognised.

    Raises:
        ReferenceRefusedError: the picture, or its box, is smaller than ``SMALLEST_SIDE``.
    """
    size = {"width": picture.width, "height": picture.height, "least": SMALLEST_SIDE}
    if min(picture.width, picture.height) < SMALLEST_SIDE:
        raise ReferenceRefusedError(Remark.of("too_small", **size))
    width, height = motif_size(picture)
    if min(width, height) < SMALLEST_SIDE:
        size |= {"width": width, "height": height}
        raise ReferenceRefusedError(Remark.of("box_small", **size))


def check_opaque(picture: ReferencePicture) -> None:
    """Make sure that the alpha channel leaves something of the picture.

    Raises:
        ReferenceRefusedError: all, or nearly all of it is transparent.
    """
    if picture.mask is None:
        return
    if not picture.mask.any():
        raise ReferenceRefusedError(Remark.of("transparent"))
    rows, columns = _bounds(picture.mask)
    across, down = motif_size(picture)
    height, width = picture.mask.shape
    shown = {
        "width": round((columns.stop - columns.start) * across / width),
        "height": round((rows.stop - rows.start) * down / height),
    }
    if min(shown.values()) < SMALLEST_SIDE:
        raise ReferenceRefusedError(Remark.of("nearly_transparent", least=SMALLEST_SIDE, **shown))


def motif_size(picture: ReferencePicture) -> tuple[int, int]:
    """Width and height of what is cut out, in pixels of the stored picture."""
    x0, y0, x1, y1 = picture.box or (0, 0, 1, 1)
    return round((x1 - x0) * picture.width), round((y1 - y0) * picture.height)


def crop_to_motif(picture: ReferencePicture) -> Motif:
    """The motif without the transparent margin around it."""
    if picture.mask is None or not picture.mask.any():
        return Motif(picture.pixels, picture.mask, picture.box or WHOLE)
    rows, columns = _bounds(picture.mask)
    height, width = picture.mask.shape
    mask = picture.mask[rows, columns]
    part = (columns.start / width, rows.start / height, columns.stop / width, rows.stop / height)
    return Motif(
        picture.pixels[rows, columns],
        None if mask.all() else mask,
        place_in(part, picture.box or WHOLE),
    )


def spread_of(pixels: Pixels) -> float:
    """The standard deviation of the channel that varies most, in steps of 255."""
    return float(np.std(pixels.astype(np.float32), axis=(0, 1)).max())


def _decode(data: bytes, max_pixels: int, fit: int) -> DecodedImage:
    try:
        return decode_image(data, max_pixels=max_pixels, fit=fit, with_alpha=True)
    except FaultError as error:
        fault = error.fault
        if fault.reason is Reason.IMAGE_TOO_LARGE:
            remark = Remark.of("too_many_pixels", limit=max_pixels, detail=fault.detail)
        else:
            remark = Remark.of_fault(fault)
        raise ReferenceRefusedError(remark) from error


def _show(
    image: DecodedImage, pixels: Pixels, alpha: npt.NDArray[np.uint8] | None, box: Box | None
) -> ReferencePicture:
    ground: Ground = "white"
    mask = None
    if alpha is not None:
        mask = alpha >= max(_FAINTEST, (int(alpha.max()) + 1) // 2)
        ground = _choose_ground(pixels, mask)
        pixels = _put_on(pixels, alpha, GROUNDS[ground])
    return ReferencePicture(
        np.ascontiguousarray(pixels),
        None if mask is None or mask.all() else mask,
        ground,
        box,
        image.width,
        image.height,
        image.frames,
    )


def _choose_ground(pixels: Pixels, mask: Mask) -> Ground:
    """White, or the first darker ground that the motif's outline stands out from."""
    rim = mask & ~_shrink(mask)
    if not mask.any() or mask.all():
        return "white"
    hidden: dict[Ground, float] = {}
    for ground, value in GROUNDS.items():
        near = np.abs(pixels.astype(np.int16) - value).max(axis=2) <= _HIDDEN_STEPS
        hidden[ground] = float(near[rim].mean()) if rim.any() else 0.0
        if hidden[ground] <= _HIDDEN_RIM or float(near[mask].mean()) <= _HIDDEN_AREA:
            return ground
    return min(hidden, key=lambda ground: hidden[ground])


def _shrink(mask: Mask) -> Mask:
    """The mask without its outermost pixels; what lies outside the picture counts as motif."""
    wide = np.pad(mask, 2, constant_values=True)
    height, width = mask.shape
    inner = mask.copy()
    for down in range(0, 5, 2):
        for across in range(0, 5, 2):
            inner &= wide[down : down + height, across : across + width]
    return inner


def _put_on(pixels: Pixels, alpha: npt.NDArray[np.uint8], value: int) -> Pixels:
    """A picture that was shown on white, shown on another grey."""
    if value == _WHITE:
        return pixels
    see_through = (_WHITE - alpha.astype(np.int32))[..., None]
    moved = pixels.astype(np.int32) - (see_through * (_WHITE - value) + _WHITE // 2) // _WHITE
    shown: Pixels = np.clip(moved, 0, _WHITE).astype(np.uint8)
    return shown


def _bounds(mask: Mask) -> tuple[slice, slice]:
    rows, columns = np.flatnonzero(mask.any(axis=1)), np.flatnonzero(mask.any(axis=0))
    return slice(rows[0], rows[-1] + 1), slice(columns[0], columns[-1] + 1)


def _cut(pixels: npt.NDArray[np.uint8], box: Box) -> npt.NDArray[np.uint8]:
    height, width = pixels.shape[:2]
    left, top = int(box[0] * width), int(box[1] * height)
    right = min(width, max(left + 1, int(np.ceil(box[2] * width - 1e-6))))
    bottom = min(height, max(top + 1, int(np.ceil(box[3] * height - 1e-6))))
    return pixels[top:bottom, left:right]


def _fit(pixels: npt.NDArray[np.uint8], fit: int) -> npt.NDArray[np.uint8]:
    height, width = pixels.shape[:2]
    if max(width, height) <= fit:
        return pixels
    scale = fit / max(width, height)
    size = (max(1, round(width * scale)), max(1, round(height * scale)))
    image = Image.fromarray(np.ascontiguousarray(pixels))
    smaller: npt.NDArray[np.uint8] = np.asarray(
        image.resize(size, Image.Resampling.BICUBIC, reducing_gap=2.0)
    )
    return smaller
