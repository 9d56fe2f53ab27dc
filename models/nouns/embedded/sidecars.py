"""Titles and traits in a JSON file beside an image, such as token metadata (ERC-721 metadata)."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from models.assets.tables import parse_json
from models.assets.texts import decode_text
from models.nouns.embedded.found import Embedded
from models.nouns.embedded.prompts import read_prompts
from models.nouns.recognition import Source

_TITLES = frozenset(("name", "title", "description", "headline", "caption", "alt", "keywords"))
_PROMPTS = frozenset(("prompt", "prompts", "parameters"))
_TRAITS = frozenset(("attributes", "traits", "properties"))


def read_sidecar(content: bytes) -> Iterator[Embedded]:
    """The title, the description, the traits and the prompt of a JSON object.

    One that is no JSON in UTF-8 yields nothing: that it cannot be read is told with the statements
    of consent, which are looked for in the same file.
    """
    try:
        value, _ = parse_json(decode_text(content))
    except ValueError:
        return
    if not isinstance(value, dict):
        return
    for key, inner in value.items():
        name = str(key).lower()
        place = f"{key!r} in the JSON beside it"
        if name in _TITLES:
            yield from (Embedded(text, Source.SIDECAR, place) for text in _strings_in(inner))
        elif name in _PROMPTS:
            for text in _strings_in(inner):
                for prompt in read_prompts(text):
                    yield Embedded(prompt, Source.PROMPT, place)
        elif name in _TRAITS:
            yield from (Embedded(text, Source.SIDECAR, place) for text in _values_of(inner))


def _strings_in(value: Any) -> Iterator[str]:
    if isinstance(value, str):
        yield value
    elif isinstance(value, list):
        yield from (item for item in value if isinstance(item, str))


def _values_of(traits: Any) -> Iterator[str]:
    """Values of traits: a list of ``{"trait_type": …, "value": …}``, or an object of values."""
    if isinstance(traits, dict):
        yield from (text for value in traits.values() for text in _strings_in(value))
    elif isinstance(traits, list):
        for trait in traits:
            if isinstance(trait, dict):
                yield from _strings_in(trait.get("value"))
            else:
                yield from _strings_in(trait)
