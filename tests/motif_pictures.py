"""Pictures for the motif tests: drawn on the spot, or the shared ones beside the checkout."""

from __future__ import annotations

import io
from pathlib import Path

import numpy as np
import pytest
from PIL import Image, ImageDraw

from models.assets.asset import Asset, Location
from models.canonical import digest_bytes
from models.motifs.calibrations import choose_calibration
from models.motifs.encoder import Encoder
from models.motifs.features import Features
from models.motifs.fingerprints import Pixels, hash_pixels
from models.motifs.index import ReferenceIndex
from models.motifs.local.keypoints import extract
from models.motifs.register import Reference

REAL_IMAGES = Path(__file__).resolve().parents[2] / "shared" / "data" / "images"

needs_real_images = pytest.mark.skipif(
    not (REAL_IMAGES / "manifest.csv").is_file(),
    reason="needs the image collection in ../shared/data/images beside the checkout",
)


def draw(seed: int, size: tuple[int, int] = (320, 240)) -> Pixels:
    """A picture of coloured shapes, the same for the same seed and size."""
    dice = np.random.default_rng(seed)
    image = Image.new("RGB", size, tuple(dice.integers(60, 256, 3).tolist()))
    pen = ImageDraw.Draw(image)
    for _ in range(14):
        corner = dice.uniform(0, 0.8, 2) * size
        extent = dice.uniform(0.1, 0.45, 2) * size
        box = [*corner.tolist(), *(corner + extent).tolist()]
        colour = tuple(dice.integers(0, 256, 3).tolist())
        shape = (pen.ellipse, pen.rectangle)[int(dice.integers(2))]
        shape(box, fill=colour, outline=(20, 20, 20), width=3)
    return np.asarray(image)


def encode_file(pixels: Pixels, format_: str = "PNG", **options: int) -> bytes:
    """The bytes of an image file."""
    buffer = io.BytesIO()
    Image.fromarray(pixels).save(buffer, format_, **options)
    return buffer.getvalue()


def decode_file(data: bytes) -> Pixels:
    return np.asarray(Image.open(io.BytesIO(data)).convert("RGB"))


def scaled(pixels: Pixels, factor: float) -> Pixels:
    height, width = pixels.shape[:2]
    size = (max(1, round(width * factor)), max(1, round(height * factor)))
    return np.asarray(Image.fromarray(pixels).resize(size))


def recoloured(pixels: Pixels, turn: int = 20) -> Pixels:
    """Every hue moved on by ``turn`` of 256."""
    hsv = np.array(Image.fromarray(pixels).convert("HSV"))
    hsv[..., 0] += np.uint8(turn)
    return np.asarray(Image.fromarray(hsv, "HSV").convert("RGB"))


def inner(pixels: Pixels, share: float) -> Pixels:
    """The middle of a picture, ``share`` of each side."""
    height, width = pixels.shape[:2]
    top, left = int(height * (1 - share) / 2), int(width * (1 - share) / 2)
    return pixels[top : height - top, left : width - left]


def write_asset(folder: Path, name: str, data: bytes) -> Asset:
    """An asset whose bytes lie in a file."""
    path = folder / name
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(data)
    digest = digest_bytes(data)
    return Asset(digest, (Location(name, str(path), size=len(data), digest=digest),))


def register_file(folder: Path, label: str, data: bytes) -> Reference:
    """A reference whose picture lies in a folder, without a database."""
    path = folder / digest_bytes(data)
    path.write_bytes(data)
    return Reference(path.name, label, "character", "Aoi", path)


def build_index(references: tuple[Reference, ...], encoder: Encoder) -> ReferenceIndex:
    """An index of references, with the calibration that comes with Kiyome."""
    return ReferenceIndex.build(references, encoder, choose_calibration(encoder, None), 64_000_000)


def features_of(pixels: Pixels, encoder: Encoder, asset_id: str = "0" * 64) -> Features:
    """What the features stage would keep of a picture of this size."""
    (seen,) = encoder.look([pixels])
    return Features(asset_id, hash_pixels(pixels), seen, extract(pixels).pack())
