"""What people do to a picture before it turns up in a dataset, as deterministic functions.

Every edit takes a motif (uint8 RGBA, its transparency says what of it is the motif), a seed and
surroundings, and gives the edited picture with the box in which the motif lies. The same input
gives the same pixels. Whole-picture edits flatten the motif first onto a plain ground, as programs
do that know no transparency; the sides are those of real datasets.
"""

from __future__ import annotations

import hashlib
import sys
from pathlib import Path

import numpy as np
import numpy.typing as npt
from PIL import Image, ImageEnhance, ImageFilter, ImageOps

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

from benchmarks.motif_canvas import (
    VISIBLE,
    Box,
    Edit,
    Edited,
    Pixels,
    Surroundings,
    Work,
    any_colour,
    finish,
    flatten,
    paste_on_scene,
    plain_ground,
    save,
    through_jpeg,
    visible_box,
)
from benchmarks.motif_frames import put_in_collage, put_in_meme, put_in_screenshot, write_over

__all__ = ["EDITS", "MORE_EDITS", "Box", "Edited", "Pixels", "Surroundings", "apply_edit"]


def apply_edit(
    kind: str, motif: Pixels, seed: int | str, around: Surroundings | None = None
) -> Edited:
    """Edit a motif.

    Args:
        kind: a key of ``EDITS`` or of ``MORE_EDITS``.
        motif: uint8, height x width x 4, RGBA.
        seed: the same seed gives the same pixels; each kind draws its own numbers from it.
        around: what to paste on and what to stand beside; needed by the kinds that do so.

    Raises:
        KeyError: the kind is unknown.
        ValueError: the motif shows nothing, or there is nothing to paste on.
    """
    edit = EDITS[kind] if kind in EDITS else MORE_EDITS[kind]
    digest = hashlib.sha256(f"{kind}\0{seed}".encode()).digest()
    chance = np.random.default_rng(int.from_bytes(digest[:8], "big"))
    work = edit(Image.fromarray(motif, "RGBA"), chance, around or Surroundings())
    if not work.saved:
        save(work)
    return finish(work)


def _jpeg(motif: Image.Image, chance: np.random.Generator, around: Surroundings) -> Work:
    work = flatten(motif, chance, around)
    through_jpeg(work, int(chance.integers(12, 41)))
    return work


def _recoloured(motif: Image.Image, chance: np.random.Generator, around: Surroundings) -> Work:
    work = flatten(motif, chance, around)
    for enhance in (ImageEnhance.Brightness, ImageEnhance.Contrast, ImageEnhance.Color):
        work.image = enhance(work.image).enhance(work.between(0.65, 1.4))
    hue, saturation, value = work.image.convert("HSV").split()
    shift = int(chance.integers(-18, 19))
    hue = hue.point(lambda degree: (degree + shift) % 256)
    work.image = Image.merge("HSV", (hue, saturation, value)).convert("RGB")
    return work


def _grey(motif: Image.Image, chance: np.random.Generator, around: Surroundings) -> Work:
    work = flatten(motif, chance, around)
    work.image = ImageEnhance.Contrast(work.image.convert("L")).enhance(work.between(0.8, 1.3))
    return work


def _blurred(motif: Image.Image, chance: np.random.Generator, around: Surroundings) -> Work:
    work = flatten(motif, chance, around)
    radius = work.between(0.003, 0.008) * max(work.image.size)
    work.image = work.image.filter(ImageFilter.GaussianBlur(radius))
    return work


def _noisy(motif: Image.Image, chance: np.random.Generator, around: Surroundings) -> Work:
    work = flatten(motif, chance, around)
    pixels = np.asarray(work.image, dtype=np.float32)
    noise = chance.standard_normal(pixels.shape, dtype=np.float32) * work.between(12, 30)
    work.image = Image.fromarray(np.clip(pixels + noise, 0, 255).astype(np.uint8))
    return work


def _squashed(motif: Image.Image, chance: np.random.Generator, around: Surroundings) -> Work:
    work = flatten(motif, chance, around)
    share = work.between(0.6, 0.85)
    across, down = (share, 1.0) if work.any_of(2) else (1.0, share)
    _resize(work, max(1, int(work.image.width * across)), max(1, int(work.image.height * down)))
    return work


def _shrunk(motif: Image.Image, chance: np.random.Generator, around: Surroundings) -> Work:
    work = flatten(motif, chance, around)
    scale = work.between(96, 200) / max(work.image.size)
    width, height = work.image.size
    _resize(work, max(1, round(width * scale)), max(1, round(height * scale)))
    return work


def _resize(work: Work, width: int, height: int) -> None:
    across, down = width / work.image.width, height / work.image.height
    work.image = work.image.resize((width, height), Image.Resampling.LANCZOS)
    x0, y0, x1, y1 = work.box
    work.box = (x0 * across, y0 * down, x1 * across, y1 * down)


def _cropped(share: float) -> Edit:
    """A window of ``share`` of the motif's box, by area; of several the one that shows most."""

    def edit(motif: Image.Image, chance: np.random.Generator, around: Surroundings) -> Work:
        motif = motif.crop(visible_box(motif))
        alpha = np.asarray(motif.getchannel("A")) > VISIBLE
        best, window = -1.0, (0, 0, motif.width, motif.height)
        for _ in range(6):
            aspect = float(np.exp(chance.uniform(-0.25, 0.25)))
            width = min(motif.width, max(1, round(motif.width * (share * aspect) ** 0.5)))
            height = round(share * motif.width * motif.height / width)
            height = min(motif.height, max(1, height))
            left = int(chance.integers(motif.width - width + 1))
            top = int(chance.integers(motif.height - height + 1))
            shown = float(alpha[top : top + height, left : left + width].mean())
            if shown > best:
                best, window = shown, (left, top, left + width, top + height)
        return flatten(motif.crop(window), chance, around)

    return edit


def _mirrored(motif: Image.Image, chance: np.random.Generator, around: Surroundings) -> Work:
    work = flatten(motif, chance, around)
    work.image = ImageOps.mirror(work.image)
    x0, y0, x1, y1 = work.box
    work.box = (work.image.width - x1, y0, work.image.width - x0, y1)
    return work


def _quarter_turned(motif: Image.Image, chance: np.random.Generator, around: Surroundings) -> Work:
    work = flatten(motif, chance, around)
    x0, y0, x1, y1 = work.box
    width, height = work.image.size
    if work.any_of(2):
        work.image = work.image.transpose(Image.Transpose.ROTATE_90)
        work.box = (y0, width - x1, y1, width - x0)
    else:
        work.image = work.image.transpose(Image.Transpose.ROTATE_270)
        work.box = (height - y1, x0, height - y0, x1)
    return work


def _tilted(motif: Image.Image, chance: np.random.Generator, around: Surroundings) -> Work:
    work = flatten(motif, chance, around)
    degrees = work.between(5, 25) * (1 if work.any_of(2) else -1)
    width, height = work.image.size
    fill = ((255, 255, 255), (0, 0, 0))[work.any_of(2)]
    work.image = work.image.rotate(degrees, Image.Resampling.BICUBIC, expand=True, fillcolor=fill)
    angle = np.deg2rad(degrees)
    x0, y0, x1, y1 = work.box
    corners = np.array([[x0, y0], [x1, y0], [x0, y1], [x1, y1]]) - (width / 2, height / 2)
    turn = np.array([[np.cos(angle), -np.sin(angle)], [np.sin(angle), np.cos(angle)]])
    turned = corners @ turn + (work.image.width / 2, work.image.height / 2)
    (left, top), (right, bottom) = turned.min(axis=0), turned.max(axis=0)
    work.box = (float(left), float(top), float(right), float(bottom))
    return work


def _bordered(motif: Image.Image, chance: np.random.Generator, around: Surroundings) -> Work:
    work = flatten(motif, chance, around)
    width, height = work.image.size
    left, right = (int(work.between(0.05, 0.4) * width) for _ in range(2))
    top, bottom = (int(work.between(0.05, 0.4) * height) for _ in range(2))
    ground = Image.new("RGB", (width + left + right, height + top + bottom), any_colour(chance))
    ground.paste(work.image, (left, top))
    x0, y0, x1, y1 = work.box
    work.image, work.box = ground, (x0 + left, y0 + top, x1 + left, y1 + top)
    return work


def _occluded(motif: Image.Image, chance: np.random.Generator, around: Surroundings) -> Work:
    """Something lies over 30 % of the motif's box: a plain block, or a piece of a scene."""
    work = flatten(motif, chance, around)
    x0, y0, x1, y1 = work.box
    aspect = float(np.exp(chance.uniform(-0.7, 0.7)))
    across = min(1.0, max(0.3, (0.3 * aspect) ** 0.5))
    width, height = max(1, int((x1 - x0) * across)), max(1, int((y1 - y0) * 0.3 / across))
    left = int(work.between(x0, x1 - width))
    top = int(work.between(y0, y1 - height))
    cover = Image.new("RGB", (width, height), any_colour(chance))
    if len(around.scenes) and work.any_of(2):
        scene = around.scenes[work.any_of(len(around.scenes))]
        cover = ImageOps.fit(Image.fromarray(scene).convert("RGB"), (width, height))
    work.image.paste(cover, (left, top))
    return work


def _posterised(motif: Image.Image, chance: np.random.Generator, around: Surroundings) -> Work:
    work = flatten(motif, chance, around)
    work.image = ImageOps.posterize(work.image, 2 + work.any_of(2))
    return work


def _pasted(share: float) -> Edit:
    def edit(motif: Image.Image, chance: np.random.Generator, around: Surroundings) -> Work:
        return paste_on_scene(motif, share, chance, around)

    return edit


def _perspective(motif: Image.Image, chance: np.random.Generator, around: Surroundings) -> Work:
    """As a poster seen from the side: every corner moves inwards by up to 14 %."""
    work = flatten(motif, chance, around)
    width, height = work.image.size
    inward = chance.uniform(0, 0.14, (4, 2)) * (width, height)
    ends = np.array([[0, 0], [width, 0], [width, height], [0, height]], dtype=float)
    ends += inward * [[1, 1], [-1, 1], [-1, -1], [1, -1]]
    starts = np.array([[0, 0], [width, 0], [width, height], [0, height]], dtype=float)
    there, back = _projection(starts, ends), _projection(ends, starts)
    fill = plain_ground((1, 1), chance).getpixel((0, 0))
    work.image = work.image.transform(
        (width, height),
        Image.Transform.PERSPECTIVE,
        tuple(back),
        Image.Resampling.BICUBIC,
        fillcolor=fill,
    )
    x0, y0, x1, y1 = work.box
    corners = np.array([[x0, y0], [x1, y0], [x1, y1], [x0, y1]])
    depth = corners @ there[6:8] + 1
    across = (corners @ there[0:2] + there[2]) / depth
    down = (corners @ there[3:5] + there[5]) / depth
    work.box = (float(across.min()), float(down.min()), float(across.max()), float(down.max()))
    return work


def _projection(
    starts: npt.NDArray[np.float64], ends: npt.NDArray[np.float64]
) -> npt.NDArray[np.float64]:
    """The eight numbers of the projection that takes four points to four others."""
    lines, values = [], []
    for (x, y), (u, v) in zip(starts, ends, strict=True):
        lines += [[x, y, 1, 0, 0, 0, -u * x, -u * y], [0, 0, 0, x, y, 1, -v * x, -v * y]]
        values += [u, v]
    return np.linalg.solve(np.array(lines), np.array(values))


EDITS: dict[str, Edit] = {
    "jpeg": _jpeg,
    "colour": _recoloured,
    "grey": _grey,
    "blur": _blurred,
    "noise": _noisy,
    "squash": _squashed,
    "downscale": _shrunk,
    "crop 60 %": _cropped(0.60),
    "crop 35 %": _cropped(0.35),
    "flip": _mirrored,
    "rotation 90": _quarter_turned,
    "rotation small": _tilted,
    "border": _bordered,
    "text over": write_over,
    "occluded 30 %": _occluded,
    "posterise": _posterised,
    "screenshot": put_in_screenshot,
    "collage": put_in_collage,
    "pasted 60 %": _pasted(0.60),
    "pasted 35 %": _pasted(0.35),
    "pasted 20 %": _pasted(0.20),
}
"""The 21 kinds that are reported together."""

MORE_EDITS: dict[str, Edit] = {"meme": put_in_meme, "perspective": _perspective}
"""Kinds that joined later: reported on their own, so that earlier figures stay comparable."""
