"""Reference pictures for tests: drawn, transparent, white, cut, and what is no reference."""

from __future__ import annotations

import io
import struct
from typing import Any
from zlib import crc32

import numpy as np
from PIL import Image, ImageDraw

STAR = ((50, 5), (65, 40), (95, 45), (70, 65), (80, 95), (50, 75), (20, 95), (30, 65), (5, 45))


def save(image: Image.Image, format_: str = "PNG", **options: Any) -> bytes:
    """The bytes of an image file."""
    sink = io.BytesIO()
    image.save(sink, format_, **options)
    return sink.getvalue()


def scene(seed: int, size: tuple[int, int] = (320, 240)) -> Image.Image:
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
    return image


def star(
    colour: tuple[int, int, int] = (255, 255, 255), side: int = 200, canvas: int = 0
) -> Image.Image:
    """A star of one colour in the middle of a transparent canvas."""
    canvas = canvas or side
    image = Image.new("RGBA", (canvas, canvas), (*colour, 0))
    at = (canvas - side) / 2
    points = [(at + x * side / 100, at + y * side / 100) for x, y in STAR]
    ImageDraw.Draw(image).polygon(points, fill=(*colour, 255))
    return image


def gradient(size: tuple[int, int] = (300, 200)) -> Image.Image:
    """Light that changes evenly from left to right."""
    row = np.linspace(0, 255, size[0]).astype(np.uint8)
    return Image.fromarray(np.tile(row, (size[1], 1)))


def animation() -> bytes:
    """A GIF of two frames."""
    others = [scene(8).convert("P")]
    return save(scene(7), "GIF", save_all=True, append_images=others)


SVG = b'<svg xmlns="http://www.w3.org/2000/svg"><script>alert(1)</script></svg>'
POLYGLOT = save(scene(9)) + b"<html><script>alert(1)</script></html>"
"""A PNG with a web page behind it."""


def huge(side: int = 30_000) -> bytes:
    """A PNG that says it is enormous, and holds next to nothing."""

    def chunk(kind: bytes, body: bytes) -> bytes:
        return struct.pack(">I", len(body)) + kind + body + struct.pack(">I", crc32(kind + body))

    header = struct.pack(">IIBBBBB", side, side, 8, 6, 0, 0, 0)
    return b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", header) + chunk(b"IDAT", b"") + chunk(b"IEND", b"")
