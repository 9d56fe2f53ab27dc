"""Tag lists, cut into tags as a person would highlight them.

Prompt notation is read as its programs read it: ``(tag:1.2)``, ``((tag))``, ``[tag]`` and
``{tag}`` weigh a tag, ``\\(`` is a bracket that belongs to it, ``<lora:name:0.8>`` names a file,
and ``BREAK`` and ``AND`` only part. Tags stand between commas, line ends or bars, or between
spaces where the words of a tag are joined by ``_``.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass

from models.nouns.forms import tag_bounds
from models.nouns.normalisation import MARKS
from models.nouns.recognition import term_of

LONGEST_PIECE = 200
"""Code points; a longer piece between two commas is no tag."""

SEPARATORS = ",;|\n\r\x0b\x0c\x85\u2028\u2029、，；｜"
"""What parts the tags of a list, each one code point."""

_SEPARATORS = re.compile(f"[{SEPARATORS}]")
_RARE_SEPARATORS = "\n\r;|\x0b\x0c"
_SPACE = re.compile(r"\s")
_NETWORK = re.compile(
    r"<\s*(?:lora|lyco|lycoris|locon|loha|hypernet|ti|embedding)\s*:([^:<>]{1,200})[^<>]*>?",
    re.IGNORECASE,
)
_VERSION = re.compile(
    r"v?\d[a-z0-9]*|e\d+|epoch\d*|sd\d*|sdxl|xl|pony|pdxl|illustrious|il|ilxl|noob|noobai|flux|lora"
    r"|locon|loha|safetensors",
    re.IGNORECASE,
)
_VERSION_JOINTS = " _-."
_JOINT = re.compile(r"(?<!\S)(?:BREAK|AND|ADDCOMM|ADDBASE|ADDCOL|ADDROW)(?!\S)")
_JOINT_IN_CAPITALS = re.compile(r"(?<!\S)(?:BREAK|ADDCOMM|ADDBASE|ADDCOL|ADDROW)(?!\S)")
_LABEL = re.compile(
    r"\s*(artist|creator|character|char|copyright|series|franchise|species|general|meta|lore"
    r"|style|studio|brand|person|embedding|rating|score|source|quality|negative prompt|steps"
    r"|sampler|schedule type|cfg scale|seed|size|model|model hash|vae|vae hash|clip skip|eta|ensd"
    r"|denoising strength|hires [a-z]+|lora hashes|ti hashes|version)\s*:\s*(?=\S)",
    re.IGNORECASE,
)
_CATEGORIES = {
    "artist": "artist",
    "creator": "artist",
    "style": "artist",
    "character": "character",
    "char": "character",
    "copyright": "work",
    "series": "work",
    "franchise": "work",
    "studio": "studio",
    "brand": "brand",
    "person": "person",
}
_HOLDING_TAGS = frozenset(
    {"general", "meta", "species", "lore", "embedding", "negative prompt", *_CATEGORIES}
)
"""Labels whose value is a tag; that of the others tells about the picture or its making."""

_AUTHOR = re.compile(
    r"\s*(?:(?:art|artwork|drawn|drawing|illustrated|illustration|painted|painting)[ _])?by[ _]+"
    r"(?=\S)|\s*(?:in[ _]the[ _])?style[ _]of[ _]+(?=\S)",
    re.IGNORECASE,
)
_WEIGHT = re.compile(r":\s*[+-]?(?:\d+(?:\.\d*)?|\.\d+)\s*\Z")
_LOOSE_WEIGHT = re.compile(r":\d\.\d{1,3}\Z")
_OPENING, _CLOSING = "([{（［｛", ")]}）］｝"
_EDGES = " \t_\"'“”`\u3000\ufeff\u200b"


@dataclass(frozen=True, slots=True)
class Tag:
    """One tag of a list.

    Attributes:
        start, end: its code points, without weight and the brackets around it.
        surface: the text of the span.
        term: its key (see ``models.nouns.recognition.term_of``); never empty.
        whole: the key of everything between its separators, which differs where a label, weight
            or bracket was taken off (``by rose``, ``(o)_(o)``).
        category: what a label before it says that it is, or "".
    """

    start: int
    end: int
    surface: str
    term: str
    whole: str
    category: str = ""


def split_pieces(text: str) -> list[str]:
    """What stands between the separators of a tag list, in order; a separator is one code point."""
    if "," in text and text.isascii() and not any(map(text.__contains__, _RARE_SEPARATORS)):
        return text.split(",")
    spaced = "," not in text and tag_bounds(text) is not None
    return (_SPACE if spaced else _SEPARATORS).split(text)


def cut_tags(piece: str) -> tuple[Tag, ...]:
    """The tags of one piece: mostly one; none where it says nothing about a picture."""
    if len(piece) > LONGEST_PIECE:
        return ()
    found: list[Tag] = []
    position = 0
    if "<" in piece:
        for network in _NETWORK.finditer(piece):
            found += _cut_part(piece, position, network.start())
            found += _cut_file_name(piece, *network.span(1))
            position = network.end()
    found += _cut_part(piece, position, len(piece))
    return tuple(found)


def split_term(term: str) -> tuple[list[str], list[str]]:
    """(words, qualifiers) of a key: ``a b ( c d ) ( e )`` gives ``[a, b]`` and ``[c d, e]``."""
    head, *rest = term.split(" ( ")
    words = [word for word in head.split() if word not in MARKS]
    parts = (" ".join(word for word in part.split() if word not in MARKS) for part in rest)
    return words, [part for part in parts if part]


def _cut_part(text: str, start: int, end: int) -> Iterator[Tag]:
    position = start
    for joint in (_JOINT_IN_CAPITALS if text.isupper() else _JOINT).finditer(text, start, end):
        yield from _cut_one(text, position, joint.start())
        position = joint.end()
    yield from _cut_one(text, position, end)


def _cut_file_name(text: str, start: int, end: int) -> Iterator[Tag]:
    """The name of a file of weights, without folder and version."""
    start = max(start, text.rfind("/", start, end) + 1, text.rfind("\\", start, end) + 1)
    while True:
        joint = max(text.rfind(char, start, end) for char in _VERSION_JOINTS)
        if joint <= start or not _VERSION.fullmatch(text, joint + 1, end):
            break
        end = joint
    yield from _cut_one(text, start, end)


def _cut_one(text: str, start: int, end: int) -> Iterator[Tag]:
    whole = term_of(text[start:end])
    if not whole:
        return
    whole_length = len(text[start:end].strip())
    start, end = _unwrap(text, start, end)
    category = ""
    if label := _LABEL.match(text, start, end):
        name = label[1].lower()
        if name not in _HOLDING_TAGS:
            return
        category = _CATEGORIES.get(name, "")
        start, end = _unwrap(text, label.end(), end)
    elif author := _AUTHOR.match(text, start, end):
        category = "artist"
        start, end = _unwrap(text, author.end(), end)
    surface = text[start:end]
    if term := whole if len(surface) == whole_length else term_of(surface):
        yield Tag(start, end, surface, term, whole, category)


def _unwrap(text: str, start: int, end: int) -> tuple[int, int]:
    """A span without the brackets around it, its weight, and what separates at its edges."""
    opened = False
    while True:
        before = (start, end)
        while start < end and (text[start] in _EDGES or text[start].isspace()):
            start += 1
        while start < end and (text[end - 1] in _EDGES or text[end - 1].isspace()):
            end -= 1
        if start < end and text[start] in _OPENING:
            start += 1
            opened = True
        if start < end and text[end - 1] in _CLOSING and _closes_more(text, start, end):
            end -= 2 if end - 2 >= start and text[end - 2] == "\\" else 1
            opened = True
        weight = (_WEIGHT if opened else _LOOSE_WEIGHT).search(text, start, end)
        if weight and weight.start() > start:
            end = weight.start()
        if end - start > 1 and text[end - 1] == ".":
            end -= 1
        if before == (start, end):
            return start, end


def _closes_more(text: str, start: int, end: int) -> bool:
    """Whether a span holds more closing than opening brackets."""
    opening = sum(text.count(char, start, end) for char in _OPENING)
    return sum(text.count(char, start, end) for char in _CLOSING) > opening
