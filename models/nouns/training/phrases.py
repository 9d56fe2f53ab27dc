"""The ways in which captions mention names, and the same phrases without one.

``{c}`` is a caption without its full stop, ``{x}`` a name, ``{w}`` the name of a work. The phrases
without a name teach that the words around a name are no name by themselves.
"""

from __future__ import annotations

import re

_NOUNS = [
    "man",
    "woman",
    "boy",
    "girl",
    "child",
    "kid",
    "baby",
    "toddler",
    "person",
    "lady",
    "guy",
    "teenager",
    "teen",
    "adult",
    "dog",
    "puppy",
    "cat",
    "kitten",
    "horse",
    "bird",
    "player",
    "rider",
    "biker",
    "cyclist",
    "skateboarder",
    "surfer",
    "climber",
    "skier",
    "snowboarder",
    "runner",
    "swimmer",
    "hiker",
    "dancer",
    "singer",
    "performer",
    "worker",
    "soldier",
    "officer",
    "student",
    "teacher",
    "artist",
    "musician",
    "guitarist",
    "athlete",
    "wrestler",
    "boxer",
    "golfer",
    "fisherman",
    "gentleman",
    "bride",
    "groom",
    "mother",
    "father",
    "couple",
    "figure",
    "robot",
    "doll",
    "creature",
    "monster",
    "warrior",
    "knight",
    "princess",
    "wizard",
    "character",
    "lad",
    "male",
    "female",
    "youth",
    "youngster",
    "infant",
    "animal",
    "model",
    "actor",
    "actress",
    "hero",
    "heroine",
]
_NO_FILLER = [
    "of",
    "to",
    "in",
    "on",
    "with",
    "and",
    "at",
    "by",
    "a",
    "an",
    "the",
    "is",
    "are",
    "was",
    "were",
    "or",
    "from",
    "for",
    "into",
    "over",
    "near",
    "as",
    "that",
    "who",
    "while",
    "through",
    "up",
    "down",
    "his",
    "her",
    "its",
    "their",
    "next",
    "one",
    "two",
    "playing",
    "wearing",
    "holding",
]

SUBJECT = re.compile(
    r"\b(?:a|an|the|one|this|another)\s+"
    rf"(?:(?!(?:{'|'.join(_NO_FILLER)})\b)[\w-]+\s+){{0,3}}?(?:{'|'.join(_NOUNS)})\b(?!['’-])",
    re.IGNORECASE,
)
"""A noun phrase that a name can stand in for: an article, a few words, and a living thing."""

ARTICLE = re.compile(r"\b(?:a|an|the) ", re.IGNORECASE)

_BEING = (
    "{c}, featuring {x}", "{c}, with {x}", "{x}, {c}", "{x}: {c}", "{c}, cosplaying as {x}",
    "{c}, dressed as {x}", "{c}, cosplay of {x}", "{c} dressed up as {x}", "{x} cosplay, {c}",
    "portrait of {x}, {c}", "fan art of {x}, {c}", "a picture of {x}, {c}", "{x} fan art, {c}",
    "{c}, a figure of {x}", "{c}, it is {x}", "{c} and {x}", "{c} next to {x}",
    "{c} by {x}'s side", "a photo of {x} as {c}", "{c}, wearing {x}'s clothes", "{c} named {x}",
    "{c}, in {x} costume",
)  # fmt: skip
_MAKER = (
    "{c}, art by {x}", "{c}, drawn by {x}", "{c}, in the style of {x}", "{c}, by {x}",
    "{c}, illustration by {x}", "{c}, painted by {x}", "{c}, {x} style", "{c}, inspired by {x}",
    "{c}, artwork by {x}", "{c} (by {x})", "{c}, {x}'s style", "{x} drawing of {c}", "{c} by {x}",
    "{c}, illustrated by {x}", "art by {x}, {c}", "{c}, style of {x}", "a painting by {x} of {c}",
    "{c}, artist {x}", "{c} in the style of {x}", "{x} art of {c}",
)  # fmt: skip
_WORK = (
    "{c}, from {x}", "{c}, a character from {x}", "{x} fan art of {c}", "{c} from {x}",
    "{c} in the world of {x}", "{c}, {x} style", "{c}, screenshot from {x}", "{x} fan art, {c}",
    "a scene from {x}, {c}", "{c}, {x} poster", "{c}, as seen in {x}", "{c} in a {x} shirt",
    "{c}, in {x}", "{x} screenshot of {c}", "{x}: {c}", "{c}, {x} crossover",
    "{x} cosplay of {c}",
)  # fmt: skip
_BRAND = (
    "{c}, {x} logo", "{c} wearing a {x} shirt", "{c}, by {x}", "{c} with a {x} bag",
    "{c} next to a {x} sign", "{x} advertisement, {c}", "{c}, from {x}", "{c} in {x} shoes",
    "{c}, made by {x}", "{c}, animated by {x}", "{x} style, {c}", "{c}, produced by {x}",
)  # fmt: skip
_PLACE = ("{c} in {x}", "{c}, at {x}", "{c} near {x}", "{x}, {c}", "{c}, somewhere in {x}")

PHRASES: dict[str, tuple[str, ...]] = {
    "character": _BEING,
    "person": _BEING,
    "artist": _MAKER,
    "work": _WORK,
    "studio": _BRAND,
    "brand": _BRAND,
    "place": _PLACE,
}
STANDS_IN = {"character": 0.75, "person": 0.75}
"""How often a name of a category takes a subject's place, instead of being mentioned beside."""

WITH_WORK = ("{x} from {w}", "{x} ({w})", "{x} of {w}", "{x}, from {w},")

NAMELESS = (
    "{c}, {n}", "{c} and {n}", "{c}, cosplaying as {n}", "{c}, dressed as {n}", "{c} with {n}",
    "portrait of {n}, {c}", "fan art of {n}, {c}", "a picture of {n}, {c}", "{c} next to {n}",
    "{c}, drawn by {n}", "{c}, art by {n}", "{c}, painted by {n}", "{c}, illustration by {n}",
    "{c}, inspired by {n}", "a painting by {n} of {c}", "{c}, a character from a film",
    "{c}, in the style of a photograph", "{c}, in the style of an old painting",
    "{c}, from above", "{c}, from behind", "{c}, from the side", "{c}, from a distance",
    "{c}, drawn by hand", "{c}, by the sea", "{c}, by hand", "fan art of {c}",
    "a screenshot of {c}", "a drawing of {c}", "{c}, a character from a video game",
    "{c}, close up", "{c}, watercolor painting", "{c} (photo)", "{c}, black and white",
    "{c}, dressed as a pirate", "{c}, cosplaying as a princess", "art of {c}",
    "{c}, oil on canvas", "{c}, anime style", "{c}, cartoon style", "{c}, pencil drawing",
    "{c}: {n}", "{c}, from a movie", "{c}, in a poster", "{c}, by an unknown artist",
    "{c}, high quality",
)  # fmt: skip
