"""Titles and traits in a JSON file beside an image, such as token metadata (ERC-721 metadata)."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

from models.assets.texts import decode_text
from models.nouns.embedded.found import Embedded
from models.nouns.embedded.prompts import read_prompts
from models.nouns.recognition import Source
from models.recursion import is_nested_deeper

_TITLES = frozenset(
    ("name", "title", "description", "headline", "caption", "alt", "keywords", "tags")
)
_PROMPTS = frozenset(("prompt", "prompts", "parameters"))
_TRAITS = frozenset(("attributes", "traits", "properties"))
_MAX_DEPTH = 100


def read_sidecar(content: bytes) -> Iterator[Embedded]:
    """The title, the description, the traits and the prompt of a JSON object, or of several.

    One that is no JSON in UTF-8 yields nothing: that it cannot be read is told with the statements
    of consent, which are looked for in the same file.
    """
    try:
        text = decode_text(content)
        if is_nested_deeper(text, _MAX_DEPTH):
            return
        # As pairs: of a key that is named twice, no value hides another.
        value = json.loads(text, object_pairs_hook=_Pairs)
    except ValueError:
        return
    objects = value if isinstance(value, list) and not isinstance(value, _Pairs) else [value]
    for each in objects:
        if isinstance(each, _Pairs):
            yield from _read_object(each)


class _Pairs(list[tuple[str, Any]]):
    """A JSON object as its pairs, in order."""


def _read_object(pairs: _Pairs) -> Iterator[Embedded]:
    for key, inner in pairs:
        name = key.lower()
        place = f"{key!r} in the JSON beside it"
        if name in _TITLES:
            yield from (Embedded(text, Source.SIDECAR, place, key) for text in _strings_in(inner))
        elif name in _PROMPTS:
            for text in _strings_in(inner):
                for prompt in read_prompts(text):
                    yield Embedded(prompt, Source.PROMPT, place, key)
        elif name in _TRAITS:
            yield from (Embedded(text, Source.SIDECAR, place) for text in _values_of(inner))


def _strings_in(value: Any) -> Iterator[str]:
    """Every string in a value, however deep, in order; the keys of objects are none."""
    waiting = [value]
    while waiting:
        item = waiting.pop()
        if isinstance(item, str):
            yield item
        elif isinstance(item, _Pairs):
            waiting += [inner for _, inner in reversed(item)]
        elif isinstance(item, list):
            waiting += reversed(item)


def _values_of(traits: Any) -> Iterator[str]:
    """Values of traits: a list of ``{"trait_type": …, "value": …}``, or an object of values."""
    if isinstance(traits, list) and not isinstance(traits, _Pairs):
        for trait in traits:
            if isinstance(trait, _Pairs):
                for key, value in trait:
                    if key.lower() == "value":
                        yield from _strings_in(value)
            else:
                yield from _strings_in(trait)
    else:
        yield from _strings_in(traits)
