# ruff: noqa: E501  (tables: one picture an entry)
"""Every picture of the sample, by name."""

from __future__ import annotations

import random
from collections.abc import Callable
from dataclasses import dataclass, replace

from PIL import Image

from flows.sample.drawing import creatures, food, landscapes, marks, towns
from flows.sample.drawing.backdrops import draw_pattern
from flows.sample.drawing.canvas import Canvas, Paint, Place, hex_colour
from flows.sample.drawing.portraits import Look, draw_portrait

Sky = tuple[str, str]
_MIDDLE = Place(0.5, 0.46, 0.37)
Scene = Callable[[Canvas, random.Random], None]


@dataclass(frozen=True, slots=True)
class Portrait:
    """A character before a backdrop."""

    look: Look
    sky: Sky
    pattern: str = ""
    place: Place = _MIDDLE


def _look(hair: str, eyes: str, cloth: str, accent: str, *words: str) -> Look:
    back, fringe, outfit, mood, *extras = words
    return Look(
        hair=hex_colour(hair),
        eyes=hex_colour(eyes),
        cloth=hex_colour(cloth),
        accent=hex_colour(accent),
        back=back,
        fringe=fringe,
        outfit=outfit,
        mood=mood,
        extras=tuple(extras),
    )


_COURIER = Portrait(
    _look("f3d06a", "2f8fb3", "27457a", "f3efe2", "bob", "parted", "coat", "smile", "cap"),
    ("1d2a5c", "6a5fa8"), "stars", Place(0.5, 0.52, 0.37),
)  # fmt: skip

PORTRAITS: dict[str, Portrait] = {
    "courier": _COURIER,
    "courier_redrawn": replace(
        _COURIER,
        look=_look("e9c35c", "3a9a70", "2f5486", "efe6d2", "bob", "swept", "coat", "wink", "cap"),
        place=Place(0.49, 0.53, 0.375, tilt=-0.03),
    ),
    "class_president": Portrait(
        _look("3b3f63", "4f86d9", "2f4a7d", "d94a5a", "long", "straight", "sailor", "smile"),
        ("dff1fb", "fdeef3"), "petals",
    ),
    "idol": Portrait(
        _look("f2b8cf", "b04a9a", "7a4a8a", "f2a33c", "twin_tails", "parted", "blazer", "laugh", "ribbon"),
        ("ffe3f0", "ffc2dc"), "rays", Place(0.5, 0.50, 0.31),
    ),
    "festival": Portrait(
        _look("c98a4b", "3f9a6a", "c84b5f", "e9d8a6", "bun", "swept", "kimono", "calm", "flower"),
        ("2a2350", "8a4a6a"), "bubbles", Place(0.46, 0.50, 0.34, tilt=0.06),
    ),
    "drummer": Portrait(
        _look("e8e3da", "c0392b", "55606e", "dfe6ee", "short", "spiky", "hoodie", "wink", "headphones"),
        ("35c2b5", "1d7f8f"), "checks", Place(0.52, 0.52, 0.35, tilt=-0.08),
    ),
    "waitress": Portrait(
        _look("6b3f33", "8a5a2b", "7a9e7e", "e58fa5", "braid", "straight", "apron", "shy", "glasses"),
        ("f7e6cf", "e3c49a"), "dots", Place(0.55, 0.44, 0.36),
    ),
    "dreamer": Portrait(
        _look("8fc7d9", "6a5acd", "f0e6f6", "9a7fd1", "wavy", "hime", "dress", "sleepy"),
        ("e6e0fa", "b9c4ef"), "bubbles", Place(0.5, 0.48, 0.33, tilt=0.12),
    ),
    "knight": Portrait(
        _look("b53a3a", "e0a030", "4a3b52", "3aa6b5", "ponytail", "swept", "armour", "surprised", "cat_ears"),
        ("f6d9a8", "d98a5a"), "rays", Place(0.46, 0.52, 0.34),
    ),
    "winter": Portrait(
        _look("8a5a44", "5a7fb0", "c9484f", "f4f0e6", "wavy", "parted", "coat", "smile", "scarf"),
        ("c9dcf0", "f3f7fc"), "dots", Place(0.62, 0.52, 0.30, mirrored=True),
    ),
    "delegate": Portrait(
        _look("2e2a33", "7a5fc0", "3f5f4a", "b8863b", "short", "swept", "blazer", "calm", "glasses"),
        ("d9e6d2", "9fbf9a"), "leaves", Place(0.4, 0.46, 0.38),
    ),
    "platform": Portrait(
        _look("7f4a3a", "3f8f5f", "5f6f8f", "e0b060", "ponytail", "straight", "blazer", "laugh"),
        ("8fd0e8", "e9f7e0"), "leaves", Place(0.38, 0.56, 0.28),
    ),
    "letter": Portrait(
        _look("5f4f9a", "d97aa0", "e9b8c4", "7a4a8a", "twin_tails", "hime", "dress", "shy", "flower"),
        ("fff3dc", "f7cfa8"), "waves", Place(0.5, 0.50, 0.31),
    ),
    "cosplay": Portrait(
        _look("f0c75a", "4f9fd0", "3a5f9a", "f2f2f2", "long", "straight", "sailor", "surprised", "ribbon"),
        ("f7a8a8", "f7d6b8"), "checks", Place(0.58, 0.56, 0.33, tilt=0.09),
    ),
    "reader": Portrait(
        _look("4a6f5a", "b07a3a", "8a6f9a", "f2d0a0", "bob", "hime", "hoodie", "sleepy", "glasses"),
        ("463a5f", "b0708a"), "bubbles", Place(0.6, 0.50, 0.35),
    ),
    "watercolour": Portrait(
        _look("a8c8b8", "c06a80", "f2e6d0", "7fb0c8", "wavy", "swept", "dress", "smile", "beret"),
        ("fdf6e8", "e8f0f0"), "bubbles", Place(0.5, 0.55, 0.32, tilt=-0.1),
    ),
    "sketch": Portrait(
        _look("8f8f9a", "4a4a5a", "cfcfd6", "6a6a76", "short", "parted", "hoodie", "calm"),
        ("f2f2f4", "d6d6dc"), "", Place(0.45, 0.5, 0.4),
    ),
    "bookshop": Portrait(
        _look("3a5a7a", "b05a3a", "a07850", "e8e0d0", "braid", "swept", "coat", "smile", "beret"),
        ("e8c8a0", "a87850"), "checks", Place(0.55, 0.58, 0.31),
    ),
    "soda_boy": Portrait(
        _look("4a3a34", "3a8ad0", "f2a04a", "3a6ad0", "short", "spiky", "hoodie", "laugh"),
        ("5ac8f0", "c8f0fa"), "bubbles", Place(0.42, 0.56, 0.33),
    ),
    "stage": Portrait(
        _look("d05a8a", "5a3a8a", "3a3a4a", "f0d05a", "twin_tails", "straight", "dress", "wink", "headphones"),
        ("3a1a5a", "d05a9a"), "rays", Place(0.5, 0.54, 0.28),
    ),
    "spring": Portrait(
        _look("f5b5a0", "5aa05a", "f7f0e0", "f08aa0", "long", "parted", "kimono", "smile", "flower"),
        ("dff5d8", "fff0f5"), "petals", Place(0.54, 0.47, 0.36, tilt=-0.05, mirrored=True),
    ),
    "rain": Portrait(
        _look("5a6a8a", "8aa0c8", "f0c84a", "4a6a9a", "bob", "straight", "hoodie", "calm"),
        ("6a7a90", "a8b8c8"), "dots", Place(0.35, 0.52, 0.33),
    ),
    "garden": Portrait(
        _look("b0d070", "d08a3a", "5a8a5a", "f0a0b0", "bun", "parted", "apron", "laugh"),
        ("c8f0b8", "8ac88a"), "leaves", Place(0.6, 0.5, 0.34, mirrored=True),
    ),
    "painter": Portrait(
        _look("c05a4a", "4a8a8a", "4a5a7a", "c84a6a", "braid", "parted", "hoodie", "surprised", "beret"),
        ("f7f0dc", "e0d0b0"), "waves", Place(0.5, 0.56, 0.32),
    ),
    "twilight": Portrait(
        _look("3a2a4a", "e06a8a", "5a4a7a", "e8c060", "long", "hime", "kimono", "calm"),
        ("f08a6a", "6a4a8a"), "", Place(0.48, 0.45, 0.4),
    ),
    "mechanic": Portrait(
        _look("e07a3a", "3a7a5a", "7a8a9a", "d04a3a", "ponytail", "parted", "hoodie", "wink", "cap"),
        ("b0b8c0", "788490"), "checks", Place(0.56, 0.58, 0.32, mirrored=True),
    ),
    "moonlit": Portrait(
        _look("dfe3f0", "8a6ad0", "2a2a4a", "a08ad0", "wavy", "straight", "coat", "sleepy", "star_clip"),
        ("10183a", "3a4a8a"), "bubbles", Place(0.36, 0.54, 0.34, tilt=0.1),
    ),
    "captain": Portrait(
        _look("5a3a2a", "d0a03a", "8a2a3a", "e8d8b0", "short", "swept", "armour", "smile"),
        ("a8d0e8", "e8f0f8"), "waves", Place(0.44, 0.5, 0.36),
    ),
    "student": Portrait(
        _look("2a3a4a", "5ab0a0", "3a3a5a", "a03a4a", "bob", "swept", "sailor", "surprised", "glasses"),
        ("fdf0d0", "f0c890"), "rays", Place(0.62, 0.54, 0.33),
    ),
    "singer": Portrait(
        _look("a05ac0", "f0b04a", "f0f0f8", "4ac0c8", "long", "swept", "dress", "laugh", "headphones"),
        ("c8f5f0", "f0c8f5"), "dots", Place(0.5, 0.52, 0.3, tilt=-0.12),
    ),
}  # fmt: skip

SCENES: dict[str, tuple[Scene, Sky, int]] = {
    "torii_lake": (landscapes.draw_torii_lake, ("6b5b95", "ffb98a"), 0),
    "cherry_path": (landscapes.draw_sakura_path, ("bfe3f5", "f3fbfd"), 1),
    "snow_peak": (landscapes.draw_snow_peak, ("7fa3d8", "ffd9c2"), 2),
    "night_city": (towns.draw_night_city, ("14163a", "4a3f7a"), 3),
    "seaside_train": (towns.draw_seaside_railway, ("4fa3e0", "d5f0fb"), 4),
    "seaside_dusk": (towns.draw_seaside_railway, ("e8906a", "fbe0b0"), 40),
    "bamboo": (landscapes.draw_bamboo, ("e9f7c8", "9ccf8a"), 5),
    "sunflowers": (landscapes.draw_sunflowers, ("3f95e0", "d8f0fb"), 6),
    "snow_village": (towns.draw_snow_village, ("4a5a8f", "b9c7e0"), 7),
    "fireworks": (towns.draw_fireworks, ("0e1033", "34306b"), 8),
    "moon": (landscapes.draw_moon, ("6a6a6a", "c4c4c4"), 9),
    "maples": (landscapes.draw_maples, ("f3d9a8", "f7ead0"), 10),
    "waterfall": (landscapes.draw_waterfall, ("c7e6ee", "eef7f0"), 11),
    "classroom": (towns.draw_classroom, ("f2e3c6", "e6cfa6"), 12),
    "peak_at_noon": (landscapes.draw_snow_peak, ("3f8fe0", "c8ecfa"), 21),
    "lake_by_night": (landscapes.draw_torii_lake, ("101a40", "405090"), 22),
    "garden_path": (landscapes.draw_sakura_path, ("f5d8b0", "fdf3e0"), 23),
    "old_forest": (landscapes.draw_waterfall, ("5a8a7a", "c8e0c0"), 24),
}


def _on_table(
    paint: Callable[[Canvas, Place], None], wood: str, place: Place
) -> Callable[[Canvas], None]:
    def draw(canvas: Canvas) -> None:
        food.draw_table(canvas, hex_colour(wood))
        paint(canvas, place)

    return draw


def _cat(canvas: Canvas, place: Place) -> None:
    creatures.draw_cat(canvas, place, hex_colour("e8a85a"))


def _grey_cat(canvas: Canvas, place: Place) -> None:
    creatures.draw_cat(canvas, place, hex_colour("a8adb8"))


THINGS: dict[str, tuple[Callable[[Canvas], None], Sky]] = {
    "ramen": (_on_table(food.draw_ramen, "b5835a", Place(0.5, 0.52, 0.52)), ("f6ead8", "eedfc8")),
    "dango": (_on_table(food.draw_dango, "7f9f6a", Place(0.5, 0.52, 0.5)), ("fdeef3", "f7d8e2")),
    "parfait": (_on_table(food.draw_parfait, "d9a0a8", Place(0.5, 0.55, 0.52)), ("e3f3f7", "c5e3ec")),
    "onigiri": (_on_table(food.draw_onigiri, "8a6a4a", Place(0.5, 0.5, 0.46)), ("dfe9d0", "c3d6ad")),
    "can": (_on_table(food.draw_can, "8fb0c4", Place(0.42, 0.52, 0.42)), ("ffe9c9", "ffd2a0")),
    "cat": (_on_table(_cat, "d9b98f", Place(0.5, 0.55, 0.44)), ("d9ecf5", "f5efe0")),
    "grey_cat": (_on_table(_grey_cat, "6a7a8a", Place(0.52, 0.5, 0.4, mirrored=True)), ("2a3048", "5a6080")),
    "soda_mark": (lambda c: marks.draw_soda_mark(c, Place(0.5, 0.5, 0.5)), ("ffffff", "eef6fb")),
    "press_mark": (lambda c: marks.draw_press_mark(c, Place(0.5, 0.5, 0.5)), ("f7f1e3", "efe5cf")),
    "mascot": (lambda c: creatures.draw_mascot(c, Place(0.5, 0.53, 0.5)), ("cfeadb", "a8d8c0")),
    "mascot_redrawn": (
        lambda c: creatures.draw_mascot(c, Place(0.53, 0.55, 0.46, tilt=0.06), fur=hex_colour("f7e3c0")),
        ("c8e6d6", "9fd2ba"),
    ),
}  # fmt: skip


def draw_picture(name: str, width: int, height: int) -> Image.Image:
    """Draw one picture at a size in pixels.

    Raises:
        KeyError: there is no picture of that name.
    """
    if name in PORTRAITS:
        portrait = PORTRAITS[name]
        canvas = Canvas(width, height, _paint(portrait.sky))
        if portrait.pattern:
            backdrop = hex_colour(portrait.sky[1])
            chance = random.Random(name)  # noqa: S311  (scatters petals, keeps no secret)
            draw_pattern(canvas, chance, portrait.pattern, backdrop)
        place = replace(portrait.place, x=portrait.place.x * canvas.aspect)
        draw_portrait(canvas, portrait.look, place)
    elif name in SCENES:
        scene, sky, seed = SCENES[name]
        canvas = Canvas(width, height, _paint(sky))
        scene(canvas, random.Random(seed))  # noqa: S311  (as above)
    else:
        draw, sky = THINGS[name]
        canvas = Canvas(width, height, _paint(sky))
        draw(canvas)
    return canvas.finish()


def _paint(sky: Sky) -> Paint:
    return hex_colour(sky[0]), hex_colour(sky[1])
