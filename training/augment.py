"""Edits that a training picture goes through: what people do to pictures that they reuse.

A view is a square RGB picture in which one motif can be seen: cropped, turned, mirrored,
recoloured, pasted onto another picture, set into a collage or a window, written over, re-encoded.
All geometry is one affine warp, so that a view costs about a millisecond.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass

import cv2
import numpy as np
import numpy.typing as npt

Pixels = npt.NDArray[np.uint8]
Draw = Callable[[], Pixels]
"""Gives some other picture, RGBA."""

_LETTERS = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789!?@#"


@dataclass(frozen=True, slots=True)
class Strength:
    """How far a view goes.

    Attributes:
        crop: smallest share of the area that a crop keeps.
        paste: share of views in which the motif lies on another picture.
        collage: share of views in which it stands among others.
        smallest: least share of the side that a pasted motif takes.
        colour: scale of colour changes.
        often: scale of how often each of the other edits happens.
    """

    crop: float
    paste: float
    collage: float
    smallest: float
    colour: float
    often: float


MILD = Strength(crop=0.6, paste=0.0, collage=0.0, smallest=1.0, colour=0.4, often=0.35)
STRONG = Strength(crop=0.1, paste=0.35, collage=0.06, smallest=0.3, colour=0.9, often=0.8)


def strengthen(share: float) -> Strength:
    """From mild edits (0) to ``STRONG`` (1): a network learns nothing from what is too hard."""
    gentle = Strength(crop=0.45, paste=0.25, collage=0.0, smallest=0.7, colour=0.5, often=0.4)
    values = (
        getattr(gentle, name) * (1 - share) + getattr(STRONG, name) * share
        for name in Strength.__dataclass_fields__
    )
    return Strength(*values)


def make_view(
    rgba: Pixels, side: int, strength: Strength, rng: np.random.Generator, draw: Draw
) -> Pixels:
    """One view of a motif: uint8, ``side`` x ``side`` x 3, RGB."""
    kind = rng.random()
    if kind < strength.paste:
        view = _paste(rgba, side, strength, rng, draw)
    elif kind < strength.paste + strength.collage:
        view = _collage(rgba, side, rng, draw)
    else:
        view = _crop(rgba, side, strength, rng, draw)
    return _degrade(view, strength, rng, draw)


def _turn(rng: np.random.Generator, often: float) -> float:
    kind = rng.random()
    if kind < 0.2 * often:
        return float(rng.integers(1, 4)) * 90.0
    if kind < 0.55 * often:
        return float(rng.uniform(-20, 20))
    return float(rng.uniform(-180, 180)) if kind < 0.62 * often else 0.0


def _warp(
    rgba: Pixels,
    side: int,
    centre: tuple[float, float],
    scale: tuple[float, float],
    target: tuple[float, float],
    angle: float,
    flip: bool,
    rng: np.random.Generator,
) -> Pixels:
    """The picture with its point ``centre`` at ``target``, scaled, turned and mirrored."""
    cos, sin = math.cos(math.radians(angle)), math.sin(math.radians(angle))
    fx, fy = (-scale[0] if flip else scale[0]), scale[1]
    a, b, c, d = cos * fx, -sin * fy, sin * fx, cos * fy
    matrix = np.array(
        [
            [a, b, target[0] - a * centre[0] - b * centre[1]],
            [c, d, target[1] - c * centre[0] - d * centre[1]],
        ]
    )
    shrink = min(abs(fx), fy)
    source = rgba
    if shrink < 0.6:
        # An affine warp samples single points; shrinking first keeps it from missing lines.
        factor = max(shrink * 1.4, 8 / min(rgba.shape[:2]))
        if factor < 1:
            size = (max(1, round(rgba.shape[1] * factor)), max(1, round(rgba.shape[0] * factor)))
            source = cv2.resize(rgba, size, interpolation=cv2.INTER_AREA)
            matrix[:, 0] *= rgba.shape[1] / size[0]
            matrix[:, 1] *= rgba.shape[0] / size[1]
    nearest = shrink > 1.5 and rng.random() < 0.3
    flags = cv2.INTER_NEAREST if nearest else cv2.INTER_LINEAR
    return cv2.warpAffine(source, matrix, (side, side), flags=flags, borderValue=(0, 0, 0, 0))


def _over(ground: Pixels, layer: Pixels) -> Pixels:
    alpha = layer[..., 3:].astype(np.uint16)
    mixed = (layer[..., :3] * alpha + ground * (255 - alpha) + 127) // 255
    return mixed.astype(np.uint8)


def _plain_ground(side: int, rng: np.random.Generator) -> Pixels:
    kind = rng.random()
    if kind < 0.45:
        colour = np.full(3, 255, np.uint8)
    elif kind < 0.55:
        colour = np.zeros(3, np.uint8)
    else:
        colour = rng.integers(0, 256, 3).astype(np.uint8)
    if kind > 0.85:
        other = rng.integers(0, 256, 3)
        ramp = np.linspace(0, 1, side, dtype=np.float32)[:, None, None]
        ground = np.broadcast_to(colour * (1 - ramp) + other * ramp, (side, side, 3))
        return np.ascontiguousarray(ground.astype(np.uint8))
    return np.broadcast_to(colour, (side, side, 3)).copy()


def _picture_ground(side: int, rng: np.random.Generator, draw: Draw) -> Pixels:
    """A full frame of something else; sometimes busy with several pictures."""
    ground = _plain_ground(side, rng)
    for _ in range(int(rng.integers(1, 4))):
        other = draw()
        height, width = other.shape[:2]
        scale = side / min(height, width) * float(rng.uniform(0.6, 1.6))
        target = (float(rng.uniform(0.2, 0.8)) * side, float(rng.uniform(0.2, 0.8)) * side)
        layer = _warp(other, side, (width / 2, height / 2), (scale, scale), target, 0.0,
                      bool(rng.random() < 0.5), rng)  # fmt: skip
        ground = _over(ground, layer)
    return ground


def _crop(
    rgba: Pixels, side: int, strength: Strength, rng: np.random.Generator, draw: Draw
) -> Pixels:
    height, width = rgba.shape[:2]
    whole = rng.random() < 0.25
    share = 1.0 if whole else math.exp(rng.uniform(math.log(strength.crop), 0.05))
    ratio = math.exp(rng.uniform(-0.35, 0.35)) if strength.often > 0.5 else 1.0
    kept = math.sqrt(width * height * share)
    if rng.random() < 0.6:
        # What a squashed whole picture looks like: its aspect is lost.
        crop_w, crop_h = width * math.sqrt(share) * ratio, height * math.sqrt(share) / ratio
    else:
        crop_w = crop_h = max(kept, 8.0)
        if share > 0.8:
            crop_w = crop_h = float(max(width, height)) * rng.uniform(1.0, 1.3)
    low_x, low_y = min(crop_w, width) / 2, min(crop_h, height) / 2
    centre = (rng.uniform(low_x, width - low_x), rng.uniform(low_y, height - low_y))
    if rgba[int(min(centre[1], height - 1)), int(min(centre[0], width - 1)), 3] < 32:
        centre = ((centre[0] + width / 2) / 2, (centre[1] + height / 2) / 2)
    scale = (side / max(crop_w, 4), side / max(crop_h, 4))
    flip = bool(rng.random() < 0.35 * max(strength.often, 0.3))
    layer = _warp(rgba, side, centre, scale, (side / 2, side / 2), _turn(rng, strength.often),
                  flip, rng)  # fmt: skip
    busy = rng.random() < 0.35 * strength.often
    return _over(_picture_ground(side, rng, draw) if busy else _plain_ground(side, rng), layer)


def _paste(
    rgba: Pixels, side: int, strength: Strength, rng: np.random.Generator, draw: Draw
) -> Pixels:
    height, width = rgba.shape[:2]
    share = math.exp(rng.uniform(math.log(strength.smallest), math.log(1.05)))
    scale = side * share / max(height, width)
    ratio = math.exp(rng.uniform(-0.15, 0.15))
    half_w, half_h = width * scale / 2, height * scale / 2
    target = (
        rng.uniform(min(half_w, side / 2), max(side - half_w, side / 2 + 1)),
        rng.uniform(min(half_h, side / 2), max(side - half_h, side / 2 + 1)),
    )
    layer = _warp(rgba, side, (width / 2, height / 2), (scale * ratio, scale / ratio), target,
                  _turn(rng, 0.5), bool(rng.random() < 0.35), rng)  # fmt: skip
    return _over(_picture_ground(side, rng, draw), layer)


def _collage(rgba: Pixels, side: int, rng: np.random.Generator, draw: Draw) -> Pixels:
    columns, rows = [(2, 1), (1, 2), (2, 2), (2, 2)][int(rng.integers(4))]
    canvas = _plain_ground(side, rng)
    mine = int(rng.integers(columns * rows))
    cell_w, cell_h = side // columns, side // rows
    for cell in range(columns * rows):
        picture = rgba if cell == mine else draw()
        height, width = picture.shape[:2]
        scale = min(cell_w / width, cell_h / height) * float(rng.uniform(0.85, 1.2))
        edge = max(cell_w, cell_h)
        tile = _warp(picture, edge, (width / 2, height / 2), (scale, scale),
                     (cell_w / 2, cell_h / 2), 0.0, bool(rng.random() < 0.3), rng)  # fmt: skip
        x, y = cell % columns * cell_w, cell // columns * cell_h
        part = canvas[y : y + cell_h, x : x + cell_w]
        part[:] = _over(part, tile[:cell_h, :cell_w])
    return canvas


def _degrade(view: Pixels, strength: Strength, rng: np.random.Generator, draw: Draw) -> Pixels:
    often = strength.often
    side = view.shape[0]
    chances = [0.8, 0.14, 0.08, 0.2, 0.2, 0.14, 0.16, 0.16, 0.1, 0.1, 0.2, 0.15]
    happens = rng.random(len(chances)) < often * np.array(chances)
    if happens[10]:
        view = _bend(view, rng)
    if happens[11]:
        view = _restyle(view, rng)
    if happens[0]:
        view = _recolour(view, strength.colour, rng)
    if happens[1]:
        view = np.repeat(cv2.cvtColor(view, cv2.COLOR_RGB2GRAY)[..., None], 3, axis=2)
    if happens[2]:
        step = int(rng.choice([32, 48, 64, 85]))
        view = np.minimum(view.astype(np.uint16) // step * step + step // 2, 255).astype(np.uint8)
    if happens[6]:
        view = _write(view, rng)
    if happens[7]:
        view = _cover(view, rng, draw)
    if happens[8]:
        view = _frame(view, rng)
    if happens[3]:
        radius = float(rng.uniform(0.4, 2.2))
        view = cv2.GaussianBlur(view, (0, 0), radius * side / 128)
    if happens[9]:
        small = int(rng.integers(side // 5, side // 2))
        reduced = cv2.resize(view, (small, small), interpolation=cv2.INTER_AREA)
        view = cv2.resize(reduced, (side, side), interpolation=int(rng.integers(0, 2)))
    if happens[5]:
        noise = rng.normal(0, rng.uniform(3, 22), (*view.shape[:2], 1))
        view = np.clip(view + noise, 0, 255).astype(np.uint8)
    if happens[4]:
        quality = [int(cv2.IMWRITE_JPEG_QUALITY), int(rng.integers(8, 60))]
        view = cv2.imdecode(cv2.imencode(".jpg", view, quality)[1], cv2.IMREAD_COLOR)
    return np.ascontiguousarray(view)


def _recolour(view: Pixels, scale: float, rng: np.random.Generator) -> Pixels:
    levels = np.arange(256, dtype=np.float32) / 255
    gamma = math.exp(rng.uniform(-0.5, 0.5) * scale)
    contrast = math.exp(rng.uniform(-0.5, 0.4) * scale)
    tables = []
    for _ in range(3):
        lift = rng.uniform(-0.12, 0.12) * scale * (rng.random() < 0.5)
        tables.append((levels**gamma - 0.5) * contrast + 0.5 + lift)
    table = np.clip(np.stack(tables, axis=1) * 255, 0, 255).astype(np.uint8)[None]
    shift = rng.uniform(-0.15, 0.15) * scale
    if rng.random() < 0.12 * scale:
        shift = 0.0
        table = table[:, ::-1] if rng.random() < 0.3 else table
    view = cv2.LUT(view, table)
    if rng.random() < 0.6:
        hsv = cv2.cvtColor(view, cv2.COLOR_RGB2HSV)
        hue = ((np.arange(256) + shift * 180) % 180).astype(np.uint8)
        colour = np.clip(np.arange(256) * math.exp(rng.uniform(-0.9, 0.5) * scale), 0, 255)
        same = np.arange(256)
        hsv = cv2.LUT(hsv, np.stack([hue, colour, same], axis=1).astype(np.uint8)[None])
        view = cv2.cvtColor(hsv, cv2.COLOR_HSV2RGB)
    return view


def _bend(view: Pixels, rng: np.random.Generator) -> Pixels:
    """A smooth, uneven stretch: the same thing drawn by another hand."""
    side = view.shape[0]
    coarse = rng.normal(0, side * 0.035, (4, 4, 2)).astype(np.float32)
    flow = cv2.resize(coarse, (side, side), interpolation=cv2.INTER_CUBIC)
    grid_y, grid_x = np.mgrid[0:side, 0:side].astype(np.float32)
    return cv2.remap(view, grid_x + flow[..., 0], grid_y + flow[..., 1], cv2.INTER_LINEAR,
                     borderMode=cv2.BORDER_REFLECT)  # fmt: skip


def _restyle(view: Pixels, rng: np.random.Generator) -> Pixels:
    """The same thing in another technique: as a sprite of few pixels, inked flats, or ink alone."""
    side = view.shape[0]
    kind = rng.random()
    if kind < 0.4:
        small = int(rng.integers(side // 4, side // 2))
        sprite = cv2.resize(view, (small, small), interpolation=cv2.INTER_AREA)
        return cv2.resize(sprite, (side, side), interpolation=cv2.INTER_NEAREST)
    flats = cv2.medianBlur(view, 3 if side < 80 else 5)
    reach = max(side // 16, 2) * 2 + 1
    grey = cv2.cvtColor(flats, cv2.COLOR_RGB2GRAY)
    ink = cv2.adaptiveThreshold(grey, 255, cv2.ADAPTIVE_THRESH_MEAN_C, cv2.THRESH_BINARY, reach,
                                float(rng.uniform(4, 12)))  # fmt: skip
    if kind < 0.75:
        step = int(rng.choice([24, 40, 56]))
        flats = np.minimum(flats.astype(np.uint16) // step * step + step // 2, 255).astype(np.uint8)
    else:
        flats = np.full_like(view, 255)
    return np.minimum(flats, ink[..., None])


def _write(view: Pixels, rng: np.random.Generator) -> Pixels:
    side = view.shape[0]
    view = view.copy()
    for _ in range(int(rng.integers(1, 4))):
        text = "".join(rng.choice(list(_LETTERS), int(rng.integers(3, 12))))
        colour = tuple(int(v) for v in rng.choice([0, 255, int(rng.integers(256))], 3))
        place = (int(rng.integers(-10, side // 2)), int(rng.integers(8, side)))
        size = float(rng.uniform(0.3, 1.6)) * side / 128
        cv2.putText(view, text, place, int(rng.integers(0, 5)), size, colour,
                    int(rng.integers(1, 4)), cv2.LINE_AA)  # fmt: skip
    return view


def _cover(view: Pixels, rng: np.random.Generator, draw: Draw) -> Pixels:
    side = view.shape[0]
    view = view.copy()
    w, h = (int(side * rng.uniform(0.15, 0.6)) for _ in range(2))
    x, y = int(rng.integers(0, side - w + 1)), int(rng.integers(0, side - h + 1))
    if rng.random() < 0.5:
        view[y : y + h, x : x + w] = rng.integers(0, 256, 3)
    else:
        other = cv2.resize(draw(), (w, h), interpolation=cv2.INTER_AREA)
        view[y : y + h, x : x + w] = _over(view[y : y + h, x : x + w], other)
    return view


def _frame(view: Pixels, rng: np.random.Generator) -> Pixels:
    """The picture in a window: bars around it and lines of text."""
    side = view.shape[0]
    canvas = np.full_like(view, int(rng.choice([20, 45, 225, 245, 255])))
    left, top = (int(side * rng.uniform(0.0, 0.25)) for _ in range(2))
    right, bottom = (side - int(side * rng.uniform(0.0, 0.2)) for _ in range(2))
    canvas[top:bottom, left:right] = cv2.resize(view, (right - left, bottom - top),
                                                interpolation=cv2.INTER_AREA)  # fmt: skip
    for _ in range(int(rng.integers(0, 6))):
        y, x = int(rng.integers(0, max(top, 2))), int(rng.integers(0, side // 2))
        cv2.line(canvas, (x, y), (x + int(rng.integers(5, side // 2)), y),
                 tuple(int(v) for v in rng.integers(0, 256, 3)), 1)  # fmt: skip
    return canvas


def make_mosaic(
    pictures: list[Pixels], side: int, rng: np.random.Generator, draw: Draw
) -> tuple[Pixels, npt.NDArray[np.float32]]:
    """Four motifs on one canvas, and a window around each.

    Returns:
        The canvas, uint8, ``side`` x ``side`` x 3, and the windows as fractions (x0, y0, x1, y1),
        each a little off its motif's box, as a fixed grid of windows is.
    """
    plain = rng.random() < 0.3
    canvas = _plain_ground(side, rng) if plain else _picture_ground(side, rng, draw)
    windows = []
    half = side // 2
    for number, picture in enumerate(pictures):
        height, width = picture.shape[:2]
        share = math.exp(rng.uniform(math.log(0.42), math.log(1.0)))
        scale = half * share / max(height, width)
        ratio = math.exp(rng.uniform(-0.12, 0.12))
        angle, flip = _turn(rng, 0.4), bool(rng.random() < 0.35)
        turned = abs(math.sin(math.radians(angle))) > 0.7
        half_w, half_h = width * scale * ratio / 2, height * scale / ratio / 2
        if turned:
            half_w, half_h = half_h, half_w
        left, top = number % 2 * half, number // 2 * half
        x = left + rng.uniform(min(half_w, half / 2), max(half - half_w, half / 2 + 1))
        y = top + rng.uniform(min(half_h, half / 2), max(half - half_h, half / 2 + 1))
        layer = _warp(picture, side, (width / 2, height / 2), (scale * ratio, scale / ratio),
                      (x, y), angle, flip, rng)  # fmt: skip
        if rng.random() < 0.6:
            colours = _recolour(np.ascontiguousarray(layer[..., :3]), 0.7, rng)
            layer = np.dstack([colours, layer[..., 3]])
        canvas = _over(canvas, layer)
        # Windows of a grid are square and never fit exactly.
        reach = max(half_w, half_h)
        wide, high = (
            (reach * rng.uniform(0.85, 1.3), reach * rng.uniform(0.85, 1.3))
            if rng.random() < 0.7
            else (half_w * 1.05, half_h * 1.05)
        )
        x, y = x + rng.uniform(-0.2, 0.2) * half_w, y + rng.uniform(-0.2, 0.2) * half_h
        windows.append([x - wide, y - high, x + wide, y + high])
    canvas = _degrade_lightly(canvas, rng)
    return canvas, np.clip(np.array(windows, dtype=np.float32) / side, 0, 1)


def _degrade_lightly(canvas: Pixels, rng: np.random.Generator) -> Pixels:
    kind = rng.random()
    if kind < 0.2:
        return np.ascontiguousarray(cv2.GaussianBlur(canvas, (0, 0), float(rng.uniform(0.4, 1.2))))
    if kind < 0.45:
        quality = [int(cv2.IMWRITE_JPEG_QUALITY), int(rng.integers(15, 70))]
        return cv2.imdecode(cv2.imencode(".jpg", canvas, quality)[1], cv2.IMREAD_COLOR)
    if kind < 0.53:
        return np.repeat(cv2.cvtColor(canvas, cv2.COLOR_RGB2GRAY)[..., None], 3, axis=2)
    return np.ascontiguousarray(canvas)
