"""Generation parameters: what was asked of the program that made a picture.

The prompt is kept, with the names of the models that were added to it (LoRA). The negative prompt
says what the picture was not to show, and the settings say how it was made: both are left out.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from typing import Any

from models.recursion import is_nested_deeper

_MAX_DEPTH = 100
_NEGATIVE = re.compile(r"^[ \t]*negative prompt[ \t]*:", re.IGNORECASE | re.MULTILINE)
_SETTINGS = re.compile(r"^[ \t]*Steps[ \t]*:[ \t]*[0-9]+[ \t]*,", re.MULTILINE)
_BOILERPLATE = re.compile(
    r"CREATOR: gd-jpeg v[0-9.]+ \(using IJG JPEG v[0-9]+\)(?:, (?:default )?quality(?: = [0-9]+)?)?"
    r"|(?:Created|Made) with (?:GIMP|Krita|Inkscape|Adobe [A-Z][a-z]+)(?: [0-9.]+)?"
    r"|Optimized by [A-Za-z]+(?: [0-9.]+)?",
    re.IGNORECASE,
)
"""What programs leave as a comment in every file that they write."""
_PROMPT_KEYS = frozenset(
    ("text", "text_g", "text_l", "prompt", "positive", "positive_prompt", "tags", "caption")
)
_NAME_KEYS = frozenset(("lora_name", "lora"))


def read_prompts(text: str) -> list[str]:
    """The prompts in one text of generation parameters, as programs write them.

    Either free text with ``Negative prompt:`` and ``Steps:`` lines, or a JSON graph of nodes whose
    inputs hold texts. What is neither is taken for a prompt as a whole.
    """
    stripped = text.strip()
    if _BOILERPLATE.fullmatch(stripped):
        return []
    if stripped.startswith(("{", "[")) and not is_nested_deeper(stripped, _MAX_DEPTH):
        try:
            return list(dict.fromkeys(_texts_in(json.loads(stripped))))
        except ValueError:
            return [stripped]
    ends = [found.start() for found in (_NEGATIVE.search(text), _SETTINGS.search(text)) if found]
    prompt = text[: min(ends)] if ends else text
    return [prompt] if prompt.strip() else []


def _texts_in(value: Any) -> Iterator[str]:
    """Texts under the keys of prompts; a graph's negative text cannot be told from its positive."""
    waiting: list[tuple[Any, bool]] = [(value, False)]
    while waiting:
        item, wanted = waiting.pop()
        if isinstance(item, str):
            if wanted and item.strip():
                yield item
        elif isinstance(item, dict):
            waiting += [
                (inner, str(key).lower() in _PROMPT_KEYS or str(key).lower() in _NAME_KEYS)
                for key, inner in item.items()
                if str(key).lower() not in ("negative", "negative_prompt", "uc")
            ]
        elif isinstance(item, list):
            waiting += [(inner, wanted) for inner in item]
