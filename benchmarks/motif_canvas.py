"""A picture in the making: its ground, its size, its box, and how it is saved.

What every edit of a motif begins and ends with.
"""

from __future__ import annotations

import io
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field

import numpy as np
import numpy.typing as npt
from PIL import Image, ImageEnhance

Pixels = npt.NDArray[np.uint8]
Box = tuple[float, float, float, float]
"""x0, y0, x1, y1 as fractions of a picture's width and height."""

SMALLEST_SIDE, LARGEST_SIDE = 512, 1024
"""Between these lies the longer side, in pixels, of a picture that is not made smaller."""

MOST_ENLARGED = 4.0
"""A motif is never enlarged more than this: beyond, there is nothing left to look at."""

VISIBLE = 24
"""Alpha from which a pixel is seen."""

HIDDEN_STEPS = 24
"""Steps of 255, in the channel that differs most, within which a colour is lost on a ground."""

MOST_HIDDEN = 0.7
"""Share of a motif that a ground may hide before it is taken for another."""


@dataclass(frozen=True, slots=True)
class Surroundings:
    """Pictures that hold no registered motif.

    Attributes:
        scenes: busy pictures to paste on: uint8, height x width x 3.
        others: pictures to stand beside the motif in a collage: uint8, height x width x 3 or 4.
    """

    scenes: Sequence[Pixels] = ()
    others: Sequence[Pixels] = ()


@dataclass(frozen=True, slots=True)
class Edited:
    """An edited picture.

    Attributes:
        pixels: uint8, height x width x 3, RGB.
        box: where the motif's visible part lies, cut at the edges.
    """

    pixels: Pixels
    box: Box


@dataclass(slots=True)
class Work:
    """A picture in the making: flattened, with the motif's box in pixels."""

    image: Image.Image
    box: tuple[float, float, float, float]
    chance: np.random.Generator
    around: Surroundings = field(default_factory=Surroundings)
    saved: bool = False

    def between(self, low: float, high: float) -> float:
        """A number between two, by the seed."""
        return float(self.chance.uniform(low, high))

    def any_of(self, number: int) -> int:
        """A whole number from 0 to below ``number``, by the seed."""
        return int(self.chance.integers(number))


Edit = Callable[[Image.Image, np.random.Generator, Surroundings], Work]


def finish(work: Work) -> Edited:
    """The picture and its box in fractions, cut at the edges."""
    width, height = work.image.size
    x0, y0, x1, y1 = work.box
    box = (
        min(max(x0 / width, 0.0), 1.0),
        min(max(y0 / height, 0.0), 1.0),
        min(max(x1 / width, 0.0), 1.0),
        min(max(y1 / height, 0.0), 1.0),
    )
    return Edited(np.asarray(work.image.convert("RGB")), box)


def visible_box(picture: Image.Image) -> tuple[int, int, int, int]:
    """The smallest box, in pixels, around what is not transparent.

    Raises:
        ValueError: everything is transparent.
    """
    box = picture.getchannel("A").point(lambda value: 255 * (value > VISIBLE)).getbbox()
    if box is None:
        raise ValueError("The motif shows nothing: every pixel of it is transparent.")
    return box


def save(work: Work, lowest: int = 72, highest: int = 95) -> None:
    """Save and open again: four times in five as JPEG, else as PNG, which loses nothing."""
    if work.chance.random() < 0.8:
        through_jpeg(work, int(work.chance.integers(lowest, highest + 1)))
    work.saved = True


def through_jpeg(work: Work, quality: int) -> None:
    """Encode as JPEG and decode."""
    buffer = io.BytesIO()
    work.image.convert("RGB").save(buffer, "JPEG", quality=quality)
    work.image = Image.open(buffer).convert("RGB")
    work.saved = True


def flatten(motif: Image.Image, chance: np.random.Generator, around: Surroundings) -> Work:
    """A motif at a dataset's size on a plain ground: mostly white, else black, a colour, a fade."""
    wanted = float(chance.uniform(SMALLEST_SIDE, LARGEST_SIDE)) / max(motif.size)
    motif = scaled(motif, min(wanted, MOST_ENLARGED))
    box = visible_box(motif)
    ground = plain_ground(motif.size, chance)
    for value in (255, 128):
        # Nobody sees a black figure on black, so nobody keeps such a picture either.
        if hidden_share(motif, ground) > MOST_HIDDEN:
            ground = Image.new("RGB", motif.size, (value, value, value))
    ground.paste(motif, (0, 0), motif)
    return Work(
        ground, (float(box[0]), float(box[1]), float(box[2]), float(box[3])), chance, around
    )


def hidden_share(motif: Image.Image, ground: Image.Image) -> float:
    """Share of what is opaque that differs from the ground by ``HIDDEN_STEPS`` at most."""
    pixels = np.asarray(motif).astype(np.int16)
    steps = np.abs(pixels[..., :3] - np.asarray(ground).astype(np.int16)).max(axis=2)
    seen = pixels[..., 3] > VISIBLE
    return float((steps[seen] <= HIDDEN_STEPS).mean())


def plain_ground(size: tuple[int, int], chance: np.random.Generator) -> Image.Image:
    """White six times in ten, black once, else a colour or a fade between two."""
    drawn = float(chance.random())
    one, other = any_colour(chance), any_colour(chance)
    if drawn < 0.6:
        return Image.new("RGB", size, (255, 255, 255))
    if drawn < 0.7:
        return Image.new("RGB", size, (0, 0, 0))
    if drawn < 0.88:
        return Image.new("RGB", size, one)
    fade = Image.linear_gradient("L").resize(size)
    return Image.composite(Image.new("RGB", size, one), Image.new("RGB", size, other), fade)


def paste_on_scene(
    motif: Image.Image, share: float, chance: np.random.Generator, around: Surroundings
) -> Work:
    """A motif on a busy scene; its longer side is ``share`` of the scene's side.

    The scene's side is the square root of its area. Every second motif is turned by up to 8
    degrees, and all are made a little lighter or darker than they were.

    Raises:
        ValueError: there is no scene.
    """
    if not len(around.scenes):
        raise ValueError("There is no scene to paste on: give some in the surroundings.")
    scene = Image.fromarray(around.scenes[int(chance.integers(len(around.scenes)))]).convert("RGB")
    wanted = float(chance.uniform(640, LARGEST_SIDE)) / max(scene.size)
    scene = scaled(scene, min(wanted, 2.0))
    motif = motif.crop(visible_box(motif))
    if chance.random() < 0.5:
        motif = motif.rotate(float(chance.uniform(-8, 8)), Image.Resampling.BICUBIC, expand=True)
        motif = motif.crop(visible_box(motif))
    width, height = scene.size
    scale = share * (width * height) ** 0.5 / max(motif.size)
    scale = min(scale, width / motif.width, height / motif.height)
    motif = scaled(motif, scale)
    alpha = motif.getchannel("A")
    lit = ImageEnhance.Brightness(motif.convert("RGB")).enhance(float(chance.uniform(0.85, 1.1)))
    left = int(chance.integers(max(width - motif.width, 0) + 1))
    top = int(chance.integers(max(height - motif.height, 0) + 1))
    scene.paste(lit, (left, top), alpha)
    box = (float(left), float(top), float(left + motif.width), float(top + motif.height))
    return Work(scene, box, chance, around)


def any_colour(chance: np.random.Generator) -> tuple[int, int, int]:
    """A colour that is neither very dark nor very light."""
    red, green, blue = chance.integers(40, 236, 3)
    return int(red), int(green), int(blue)


def scaled(image: Image.Image, scale: float) -> Image.Image:
    """An RGB or RGBA image at another size, of one pixel a side at least."""
    size = (max(1, round(image.width * scale)), max(1, round(image.height * scale)))
    if size == image.size:
        return image
    way = Image.Resampling.LANCZOS if scale < 1 else Image.Resampling.BICUBIC
    if image.mode != "RGBA":
        return image.resize(size, way)
    # Colours under full transparency must not bleed into the outline.
    return image.convert("RGBa").resize(size, way).convert("RGBA")
