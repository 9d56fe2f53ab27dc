"""Fonts for figures: labels may be Japanese, and what no font can show must not become boxes."""

from __future__ import annotations

import functools
from typing import Final

from matplotlib import font_manager

from models.unicode import escape_unprintable

_FIRST: Final = "DejaVu Sans"  # comes with matplotlib, so that it is always there
_JAPANESE: Final = (
    "Noto Sans CJK JP",
    "Noto Sans JP",
    "Source Han Sans JP",
    "IPAexGothic",
    "IPAGothic",
    "TakaoGothic",
    "VL Gothic",
    "Hiragino Sans",
    "Hiragino Kaku Gothic ProN",
    "Yu Gothic",
    "Meiryo",
    "MS Gothic",
    "Noto Serif CJK JP",
    "Droid Sans Fallback",
    "WenQuanYi Zen Hei",
    "Arial Unicode MS",
)


@functools.cache
def choose_fonts() -> tuple[str, ...]:
    """Families that are installed, in the order in which a character is looked for in them."""
    known = {entry.name for entry in font_manager.fontManager.ttflist}
    return (_FIRST, *[name for name in _JAPANESE if name in known][:2])


def make_showable(text: str, longest: int = 60) -> str:
    """A text in which every character is one that a font here can draw; ``?`` for the others.

    Args:
        text: any.
        longest: characters that are kept.
    """
    known = _drawable()
    line = escape_unprintable(text)
    if len(line) > longest:
        line = line[: longest - 1] + "…"
    return "".join(c if ord(c) in known else "?" for c in line)


@functools.cache
def _drawable() -> frozenset[int]:
    characters: set[int] = set()
    for family in choose_fonts():
        path = font_manager.findfont(family, fallback_to_default=True)
        characters.update(font_manager.get_font(path).get_charmap())
    return frozenset(characters)
