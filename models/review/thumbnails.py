"""Writing the small copies of a picture, once: from then on pages show those."""

from __future__ import annotations

import io
from collections.abc import Sequence
from pathlib import Path

import numpy as np
import numpy.typing as npt
from PIL import Image

from models.assets.decoding import decode_image
from models.files import write_atomically
from models.review.derivatives import SIZES, derivative_path

_QUALITY = 82


def write_derivatives(
    data: bytes, asset_id: str, folder: Path, max_pixels: int, sizes: Sequence[int] = SIZES
) -> tuple[Path, ...]:
    """Write a picture's copies where they are missing: WebP, upright, on white, nothing but pixels.

    Each is whole or absent at any moment, and a copy that exists is left alone: the id stands for
    the bytes, so it can only be the same.

    Args:
        data: the original file.
        asset_id: SHA-256 of ``data``, in hex.
        folder: the workspace's derivatives folder.
        max_pixels: a picture with more is not decoded.
        sizes: which copies; a small one alone costs less to decode and to keep.

    Returns:
        The paths of the copies, in the order of ``sizes``.

    Raises:
        FaultError: the picture cannot be decoded; nothing is written.
        ValueError: ``asset_id`` is not an asset id.
        OSError: the folder cannot be written.
    """
    paths = tuple(derivative_path(folder, asset_id, size) for size in sizes)
    if all(path.exists() for path in paths):
        return paths
    pixels = decode_image(data, max_pixels=max_pixels, fit=max(sizes)).pixels
    for path, size in zip(paths, sizes, strict=True):
        if not path.exists():
            path.parent.mkdir(parents=True, exist_ok=True)
            write_atomically(path, _encode(pixels, size))
    return paths


def _encode(pixels: npt.NDArray[np.uint8], size: int) -> bytes:
    image = Image.fromarray(pixels)
    image.thumbnail((size, size), Image.Resampling.LANCZOS)
    sink = io.BytesIO()
    image.save(sink, "WEBP", quality=_QUALITY, method=2)
    return sink.getvalue()
