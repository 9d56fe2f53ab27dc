"""Putting rewritten captions in the place of the original ones, wherever a source holds them.

A caption is known by its text without the spaces at its ends, which stay as they are.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

from models.assets.texts import is_caption_column

_LINE = re.compile(r"[^\r\n]+")


def reword_text(text: str, rewritten: Mapping[str, str]) -> str:
    """One caption, rewritten where it is one of those that are; the same string where it is not."""
    core = text.strip()
    new = rewritten.get(core)
    return text if new is None else text.replace(core, new.strip(), 1)


def reword_lines(text: str, rewritten: Mapping[str, str]) -> str:
    """A caption file, each line a caption."""
    return _LINE.sub(lambda line: reword_text(line[0], rewritten), text)


def reword_values(values: Any, rewritten: Mapping[str, str], *, is_caption: bool = False) -> Any:
    """A row or object with its captions rewritten, in or below its caption columns.

    What ``models.assets.texts.captions_of`` takes for a caption is one here. The nesting of what is
    given has been limited by whoever read it.
    """
    if isinstance(values, str):
        return reword_text(values, rewritten) if is_caption else values
    if isinstance(values, dict):
        return {
            key: reword_values(
                value, rewritten, is_caption=is_caption or is_caption_column(str(key))
            )
            for key, value in values.items()
        }
    if isinstance(values, list | tuple):
        return [reword_values(value, rewritten, is_caption=is_caption) for value in values]
    return values


def strip_keys(rewritten: Mapping[str, str]) -> dict[str, str]:
    """Captions as these functions know them: without the spaces at the ends of the originals."""
    return {original.strip(): text for original, text in rewritten.items()}
