"""Edits that put words over a motif, or the motif among other things: screenshot, collage, meme."""

from __future__ import annotations

import sys
from pathlib import Path

import numpy as np
from PIL import Image, ImageDraw, ImageFont, ImageOps

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

from benchmarks.motif_canvas import (
    LARGEST_SIDE,
    Surroundings,
    Work,
    any_colour,
    flatten,
    scaled,
)

_WORDS = (
    "when the build passes on the first try",
    "SAMPLE",
    "share this",
    "nobody: / me at 3 am",
    "www.example.org",
    "BEST OF 2024",
    "it is what it is",
    "do not repost",
    "season finale",
    "that one friend",
)


def write_over(motif: Image.Image, chance: np.random.Generator, around: Surroundings) -> Work:
    """A few lines of large words, or a watermark all over."""
    work = flatten(motif, chance, around)
    if work.any_of(2):
        _write_lines(work)
    else:
        _write_watermark(work)
    return work


def _write_lines(work: Work) -> None:
    pen = ImageDraw.Draw(work.image)
    for _ in range(2 + work.any_of(4)):
        size = int(work.between(0.05, 0.11) * max(work.image.size))
        pen.text(
            (work.between(-0.05, 0.4) * work.image.width, work.between(0, 0.9) * work.image.height),
            _WORDS[work.any_of(len(_WORDS))],
            fill=(255, 255, 255) if work.any_of(2) else any_colour(work.chance),
            font=_font(size),
            stroke_width=max(1, size // 14),
            stroke_fill=(0, 0, 0),
        )


def _write_watermark(work: Work) -> None:
    width, height = work.image.size
    layer = Image.new("L", (2 * max(width, height), 2 * max(width, height)))
    pen = ImageDraw.Draw(layer)
    size = int(work.between(0.05, 0.09) * max(width, height))
    font, words = _font(size), _WORDS[work.any_of(len(_WORDS))]
    strength = int(work.between(90, 190))
    for line, top in enumerate(range(0, layer.height, int(2.2 * size))):
        pen.text((-line % 3 * size, top), f"{words}    " * 8, fill=strength, font=font)
    layer = layer.rotate(work.between(20, 40), Image.Resampling.BILINEAR)
    left, top = (layer.width - width) // 2, (layer.height - height) // 2
    layer = layer.crop((left, top, left + width, top + height))
    ink = Image.new("RGB", work.image.size, (255, 255, 255) if work.any_of(2) else (70, 70, 70))
    work.image.paste(ink, (0, 0), layer)


def put_in_screenshot(
    motif: Image.Image, chance: np.random.Generator, around: Surroundings
) -> Work:
    """A window with a title, an address, a column of names, the picture and lines of text."""
    work = flatten(motif, chance, around)
    dark = bool(work.any_of(2))
    paper, bar, ink = (
        ((30, 31, 34), (48, 50, 56), (208, 210, 214))
        if dark
        else (
            (250, 250, 251),
            (226, 229, 234),
            (50, 52, 58),
        )
    )
    width = int(work.between(760, LARGEST_SIDE))
    height = int(width * work.between(0.6, 1.3))
    page = Image.new("RGB", (width, height), paper)
    pen = ImageDraw.Draw(page)
    unit = width // 40
    pen.rectangle((0, 0, width, 2 * unit), bar)
    for number, colour in enumerate(((237, 106, 94), (245, 191, 79), (98, 197, 84))):
        pen.ellipse((unit * (1 + number), unit // 2, unit * (1 + number) + unit // 2, unit), colour)
    pen.rounded_rectangle((6 * unit, unit // 2, width - 6 * unit, 3 * unit // 2), unit // 2, paper)
    font = _font(unit * 3 // 4)
    pen.text((7 * unit, unit // 2), _WORDS[4], fill=ink, font=font)
    column = int(work.between(0, 0.22) * width)
    pen.rectangle((0, 2 * unit, column, height), bar)
    for line in range(3 * unit, height, 2 * unit):
        pen.text((unit // 2, line), _WORDS[work.any_of(len(_WORDS))][: column // unit], ink, font)
    room = (width - column - 2 * unit, int((height - 6 * unit) * work.between(0.6, 0.95)))
    scale = min(room[0] / work.image.width, room[1] / work.image.height) * work.between(0.75, 1)
    x0, y0, x1, y1 = work.box
    shown = scaled(work.image, scale)
    left = column + unit + int(work.between(0, max(0, room[0] - shown.width)))
    top = 5 * unit
    pen.text((left, 3 * unit), _WORDS[work.any_of(len(_WORDS))], fill=ink, font=font)
    page.paste(shown, (left, top))
    for line in range(top + shown.height + unit // 2, height - unit, int(1.3 * unit)):
        words = " ".join(_WORDS[work.any_of(len(_WORDS))] for _ in range(3))
        pen.text((column + unit, line), words[: int(work.between(20, 70))], fill=ink, font=font)
    work.image = page
    across, down = shown.width / max(1, round(shown.width / scale)), scale
    work.box = (x0 * across + left, y0 * down + top, x1 * across + left, y1 * down + top)
    return work


def put_in_collage(motif: Image.Image, chance: np.random.Generator, around: Surroundings) -> Work:
    """Four or six pictures in a grid, each fitted into its cell; the motif is one of them."""
    if not len(around.others):
        raise ValueError("There is nothing to stand beside: give others in the surroundings.")
    columns, rows = ((2, 2), (3, 2), (2, 3))[int(chance.integers(3))]
    work = flatten(motif, chance, around)
    cell = int(work.between(0.8, 1) * LARGEST_SIDE / max(columns, rows))
    gap = work.any_of(14)
    page = Image.new(
        "RGB",
        (columns * cell + (columns + 1) * gap, rows * cell + (rows + 1) * gap),
        (255, 255, 255) if work.any_of(2) else (20, 20, 20),
    )
    mine = work.any_of(columns * rows)
    for number in range(columns * rows):
        left = gap + number % columns * (cell + gap)
        top = gap + number // columns * (cell + gap)
        if number == mine:
            shown = ImageOps.contain(work.image, (cell, cell), Image.Resampling.LANCZOS)
            x, y = left + (cell - shown.width) // 2, top + (cell - shown.height) // 2
            scale = shown.width / work.image.width, shown.height / work.image.height
            x0, y0, x1, y1 = work.box
            box = x0 * scale[0] + x, y0 * scale[1] + y, x1 * scale[0] + x, y1 * scale[1] + y
            page.paste(shown, (x, y))
            continue
        other = Image.fromarray(around.others[work.any_of(len(around.others))])
        ground = Image.new("RGB", other.size, (255, 255, 255))
        ground.paste(other, (0, 0), other if other.mode == "RGBA" else None)
        if work.any_of(2):
            page.paste(ImageOps.fit(ground, (cell, cell)), (left, top))
        else:
            shown = ImageOps.contain(ground, (cell, cell))
            page.paste(shown, (left + (cell - shown.width) // 2, top + (cell - shown.height) // 2))
    work.image, work.box = page, box
    return work


def put_in_meme(motif: Image.Image, chance: np.random.Generator, around: Surroundings) -> Work:
    """White bars above and below with large words, the picture between them."""
    work = flatten(motif, chance, around)
    width, height = work.image.size
    bar = int(work.between(0.12, 0.25) * height)
    page = Image.new("RGB", (width, height + 2 * bar), (255, 255, 255))
    page.paste(work.image, (0, bar))
    pen = ImageDraw.Draw(page)
    for top in (0, bar + height):
        words = _WORDS[work.any_of(len(_WORDS))].upper()
        size = max(10, min(bar // 2, int(1.6 * width / len(words))))
        pen.text((width // 20, top + bar // 4), words, (0, 0, 0), _font(size))
    x0, y0, x1, y1 = work.box
    work.image, work.box = page, (x0, y0 + bar, x1, y1 + bar)
    return work


def _font(size: int) -> ImageFont.FreeTypeFont | ImageFont.ImageFont:
    return ImageFont.load_default(max(8, size))
