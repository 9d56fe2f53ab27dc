"""Turning bytes that nobody vouches for into pixels, or into a fault; never into anything else.

What a file is, is decided by its first bytes and not by its name. Only six formats are ever
handed to a decoder, so that a rarely exercised parser is never reached. Colour profiles are not
applied: the pixels are what a trainer that ignores profiles would see.
"""

from __future__ import annotations

import io
import math
import struct
from collections.abc import Callable
from dataclasses import dataclass
from typing import cast

import numpy as np
import numpy.typing as npt
from PIL import (
    BmpImagePlugin,
    GifImagePlugin,
    Image,
    ImageFile,
    JpegImagePlugin,
    PngImagePlugin,
    TiffImagePlugin,
    WebPImagePlugin,
)

from models.assets.faults import FaultError
from models.reasons import Reason

MAX_FRAMES = 1000
"""Frames are counted up to here; a longer animation is reported as this many."""

_Opener = Callable[[io.BytesIO], ImageFile.ImageFile]
_OPENERS: tuple[tuple[str, Callable[[bytes], bool], _Opener], ...] = (
    ("PNG", lambda b: b.startswith(b"\x89PNG\r\n\x1a\n"), PngImagePlugin.PngImageFile),
    ("JPEG", lambda b: b.startswith(b"\xff\xd8\xff"), JpegImagePlugin.JpegImageFile),
    ("WEBP", lambda b: b[:4] == b"RIFF" and b[8:12] == b"WEBP", WebPImagePlugin.WebPImageFile),
    ("GIF", lambda b: b.startswith((b"GIF87a", b"GIF89a")), GifImagePlugin.GifImageFile),
    ("BMP", lambda b: b.startswith(b"BM"), BmpImagePlugin.BmpImageFile),
    (
        "TIFF",
        lambda b: b.startswith((b"II*\0", b"MM\0*", b"II+\0", b"MM\0+")),
        TiffImagePlugin.TiffImageFile,
    ),
)
_STRANGERS: tuple[tuple[Callable[[bytes], bool], str], ...] = (
    (lambda b: b[4:12] in (b"ftypavif", b"ftypavis"), "an AVIF picture"),
    (lambda b: b[4:10] in (b"ftyphe", b"ftypmi"), "a HEIC picture"),
    (lambda b: b.startswith((b"\xff\x0a", b"\0\0\0\x0cJXL ")), "a JPEG XL picture"),
    (lambda b: b.startswith(b"\0\0\0\x0cjP  "), "a JPEG 2000 picture"),
    (lambda b: b.startswith(b"8BPS"), "a Photoshop document"),
    (lambda b: b.startswith(b"%PDF"), "a PDF document"),
    (lambda b: b.startswith(b"PK\x03\x04"), "a ZIP archive"),
    (lambda b: b.startswith(b"\x1f\x8b"), "gzip-compressed data"),
    (lambda b: b"<svg" in b.lower(), "an SVG drawing"),
    (lambda b: b"<html" in b.lower() or b"<!doctype" in b.lower(), "a web page"),
)
_ORIENTATION_TAG = 0x0112
_UPRIGHT = {
    2: Image.Transpose.FLIP_LEFT_RIGHT,
    3: Image.Transpose.ROTATE_180,
    4: Image.Transpose.FLIP_TOP_BOTTOM,
    5: Image.Transpose.TRANSPOSE,
    6: Image.Transpose.ROTATE_270,
    7: Image.Transpose.TRANSVERSE,
    8: Image.Transpose.ROTATE_90,
}
_SIDEWAYS = 5
_EXIF_TROUBLE = (
    SyntaxError,
    ValueError,
    LookupError,
    TypeError,
    OSError,
    EOFError,
    struct.error,
)


@dataclass(frozen=True, slots=True, eq=False)
class DecodedImage:
    """The first frame of a picture, upright, on white.

    Attributes:
        pixels: uint8, height x width x 3, RGB, C-contiguous. At most ``fit`` pixels on the longer
            side where ``fit`` was given.
        width, height: size in pixels of the whole picture, upright, before ``fit``.
        format: PNG, JPEG, WEBP, GIF, BMP or TIFF: what the bytes are, whatever the name says.
        mode: Pillow's name for how the file stores its pixels: ``"RGB"``, ``"P"``, ``"I;16"``.
        frames: number of frames, counted up to ``MAX_FRAMES``. Further pictures inside a JPEG
            (MPO) are previews or depth maps and do not count.
        has_alpha: the file carries transparency; ``pixels`` shows it on white.
        alpha: uint8, height x width, 255 where opaque, where it was asked for and the file carries
            transparency; else None.
    """

    pixels: npt.NDArray[np.uint8]
    width: int
    height: int
    format: str
    mode: str
    frames: int
    has_alpha: bool
    alpha: npt.NDArray[np.uint8] | None = None


def decode_image(
    data: bytes, *, max_pixels: int, fit: int | None = None, with_alpha: bool = False
) -> DecodedImage:
    """Decode the first frame of a PNG, JPEG, WebP, GIF, BMP or TIFF file.

    Safe to call from several threads; it changes no global state.

    Args:
        data: the whole file.
        max_pixels: a picture with more is refused from its header, before pixels are decoded.
        fit: decode only as large as needed, so that the longer side is at most this many pixels;
            a smaller picture keeps its size.
        with_alpha: also give the alpha channel, at the size of the pixels.

    Raises:
        FaultError: IMAGE_EMPTY for zero bytes, IMAGE_FORMAT for anything but the six formats,
            IMAGE_TOO_LARGE past ``max_pixels``, IMAGE_DAMAGED where the file cannot be decoded.
    """
    if not data:
        raise FaultError(Reason.IMAGE_EMPTY, "the file has zero bytes")
    format_, opener = _identify(data)
    try:
        return _decode(data, format_, opener, max_pixels, fit, with_alpha)
    except FaultError:
        raise
    except (Image.DecompressionBombError, Image.DecompressionBombWarning) as error:
        raise FaultError(Reason.IMAGE_TOO_LARGE, f"{format_}: {error}") from error
    except MemoryError as error:
        raise FaultError(
            Reason.IMAGE_TOO_LARGE, f"{format_}: there is not enough memory to decode it"
        ) from error
    except Exception as error:  # decoders raise anything on hostile bytes
        raise FaultError(
            Reason.IMAGE_DAMAGED, f"{format_}: {str(error) or type(error).__name__}"[:500]
        ) from error


def _identify(data: bytes) -> tuple[str, _Opener]:
    for format_, recognises, opener in _OPENERS:
        if recognises(data[:16]):
            return format_, opener
    head = data[:256]
    for recognises, what in _STRANGERS:
        if recognises(head):
            raise FaultError(Reason.IMAGE_FORMAT, f"it is {what}")
    raise FaultError(
        Reason.IMAGE_FORMAT,
        f"it begins with the bytes {data[:8].hex(' ')}, as no known image format does",
    )


def _decode(
    data: bytes,
    format_: str,
    opener: _Opener,
    max_pixels: int,
    fit: int | None,
    with_alpha: bool,
) -> DecodedImage:
    with opener(io.BytesIO(data)) as file:
        width, height = file.size
        if width < 1 or height < 1:
            raise FaultError(Reason.IMAGE_DAMAGED, f"{format_}: it is {width} x {height} pixels")
        if width * height > max_pixels:
            raise FaultError(
                Reason.IMAGE_TOO_LARGE,
                f"{format_}: {width:,} x {height:,} pixels are more than the {max_pixels:,} "
                "that max_pixels allows",
            )
        frames = _count_frames(file, data, format_)
        mode = file.mode
        if fit is not None and format_ == "JPEG":
            _draft(file, fit)
        file.load()
        # Pillow turns a TIFF upright by itself, and gives its upright size from the start.
        orientation = 1 if format_ == "TIFF" else _orientation(file)
        has_alpha = file.has_transparency_data
        image, alpha = _to_rgb(file, has_alpha)
    if format_ == "TIFF":
        width, height = image.size
    elif orientation >= _SIDEWAYS:
        width, height = height, width
    shown = [image, *([alpha] if with_alpha and alpha is not None else [])]
    pixels, *channel = (_bring_upright(each, fit, orientation) for each in shown)
    return DecodedImage(pixels, width, height, format_, mode, frames, has_alpha, *channel)


def _bring_upright(image: Image.Image, fit: int | None, orientation: int) -> npt.NDArray[np.uint8]:
    if fit is not None and max(image.size) > fit:
        image = image.resize(_fitted(image.size, fit), Image.Resampling.BICUBIC, reducing_gap=2.0)
    if orientation in _UPRIGHT:
        image = image.transpose(_UPRIGHT[orientation])
    return np.array(image, dtype=np.uint8)


def _draft(file: ImageFile.ImageFile, fit: int) -> None:
    """Let libjpeg scale while decoding; it stays at least as large as the fitted size."""
    if max(file.size) > fit:
        file.draft(None, _fitted(file.size, fit))


def _fitted(size: tuple[int, int], fit: int) -> tuple[int, int]:
    scale = fit / max(size)
    width, height = (max(1, min(fit, math.floor(side * scale + 0.5))) for side in size)
    return width, height


def _orientation(file: ImageFile.ImageFile) -> int:
    """The EXIF orientation, 1 to 8; a picture whose EXIF block is broken counts as upright."""
    try:
        value = file.getexif().get(_ORIENTATION_TAG)
    except _EXIF_TROUBLE:
        return 1
    return value if isinstance(value, int) and value in _UPRIGHT else 1


def _to_rgb(image: Image.Image, has_alpha: bool) -> tuple[Image.Image, Image.Image | None]:
    """The picture on white, and its alpha channel where it has one."""
    if image.mode.startswith("I") or image.mode == "F":
        return _from_deep_grey(image)
    if not has_alpha:
        return (image if image.mode == "RGB" else image.convert("RGB")), None
    rgba = image.convert("RGBA")
    ground = Image.new("RGB", rgba.size, (255, 255, 255))
    alpha = rgba.getchannel("A")
    ground.paste(rgba, mask=alpha)
    return ground, alpha


def _from_deep_grey(image: Image.Image) -> tuple[Image.Image, Image.Image | None]:
    """Scale more than 8 bits of grey to 8. Pillow's own conversion would clip at 255.

    16 bits map 65,535 to 255. Wider integers and floats carry no range of their own: their
    lowest value becomes black, their highest white.
    """
    values = np.nan_to_num(np.asarray(image).astype(np.float64), posinf=0.0, neginf=0.0)
    if image.mode.startswith("I;16"):
        low, high = 0.0, 65535.0
    else:
        low, high = float(values.min()), float(values.max())
    grey = np.rint((values - low) * (255.0 / (high - low) if high > low else 0.0))
    transparent = image.info.get("transparency")
    alpha = None
    if isinstance(transparent, int):
        grey[values == transparent] = 255
        alpha = Image.fromarray(np.where(values == transparent, 0, 255).astype(np.uint8))
    return Image.fromarray(grey.astype(np.uint8)).convert("RGB"), alpha


def _count_frames(file: ImageFile.ImageFile, data: bytes, format_: str) -> int:
    if format_ == "GIF":
        return max(1, _count_gif_frames(data))
    if format_ == "TIFF":
        return _count_pages(file)
    return max(1, min(MAX_FRAMES, cast("int", getattr(file, "n_frames", 1))))


def _count_gif_frames(data: bytes) -> int:
    """Count image descriptors by walking the blocks, without decoding one (GIF89a, appendix B)."""
    frames, at = 0, 13
    if data[10] & 0x80:
        at += 3 << (data[10] & 7) + 1
    while at < len(data) and frames < MAX_FRAMES:
        introducer = data[at]
        if introducer == 0x2C and at + 9 < len(data):
            frames += 1
            flags = data[at + 9]
            at += 11 + (3 << (flags & 7) + 1 if flags & 0x80 else 0)
        elif introducer == 0x21:
            at += 2
        else:
            break
        while at < len(data) and data[at]:
            at += data[at] + 1
        at += 1
    return frames


def _count_pages(file: ImageFile.ImageFile) -> int:
    pages = 1
    try:
        while pages < MAX_FRAMES:
            file.seek(pages)
            pages += 1
    except EOFError:
        pass
    file.seek(0)
    return pages
