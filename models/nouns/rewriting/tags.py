"""Dropping tags from a list of tags, with the commas that belong to them."""

from __future__ import annotations

import re

from models.nouns.forms import tag_bounds
from models.nouns.rewriting.captions import Cut, Edit

_SEPARATORS = ",、，\n|"
_COSPLAY = re.compile(r"[ _]*\\?[(（][ _]*cosplay[ _]*\\?[)）]", re.IGNORECASE)
_WEIGHT = re.compile(r":\s*[0-9.]+\s*\Z")
_REASON = "A tag that is a name is dropped."


def cut_tag(text: str, cut: Cut) -> Edit:
    """The edit that drops the tag, or tags, that a name stands in."""
    spaced = tag_bounds(text) is not None
    separators = " \t\n" if spaced else _SEPARATORS
    start = max((text.rfind(mark, 0, cut.start) for mark in separators), default=-1) + 1
    end = min(
        (found for mark in separators if (found := text.find(mark, cut.end)) >= 0),
        default=len(text),
    )
    piece = text[start:end]
    kept = "cosplay" if _COSPLAY.search(piece) else ""
    opening, closing = _find_open_brackets(piece)
    if kept:
        inner = piece.strip()
        start += piece.index(inner)
        return Edit(start, start + len(inner), inner, opening + kept + closing, _REASON)
    if opening:  # the brackets belong to what follows
        behind = end
        while behind < len(text) and text[behind] in separators + " \t":
            behind += 1
        start += len(piece) - len(piece.lstrip(" \t"))
        return Edit(start, behind, text[start:behind], opening, _REASON)
    if closing:  # and these to what came before
        start = len(text[:start].rstrip(separators + " \t"))
        end -= len(piece) - len(piece.rstrip())
        return Edit(start, end, text[start:end], closing, _REASON)
    if end < len(text):  # the separator behind it goes too, with the blanks that follow it
        end += 1
        while end < len(text) and text[end] in " \t":
            end += 1
        start += len(text[start : cut.start]) - len(text[start : cut.start].lstrip(" \t"))
    elif start > 0:  # the last tag: the separator before it goes
        start -= 1
        while start > 0 and text[start - 1] in " \t":
            start -= 1
    return Edit(start, end, text[start:end], "", _REASON)


def _find_open_brackets(piece: str) -> tuple[str, str]:
    """The brackets of a weight that reaches over several tags: those that open here, and close.

    ``(hatsune miku, smile:1.2)`` opens at the first tag, and closes, with its weight, at the last.
    """
    opened: list[str] = []
    closing = ""
    escaped = False
    for place, char in enumerate(piece):
        if escaped:
            escaped = False
            continue
        escaped = char == "\\"
        if char in "([{":
            opened.append(char)
        elif char in ")]}":
            if opened:
                opened.pop()
            else:
                weight = _WEIGHT.search(piece[:place])
                closing += (weight[0] if weight else "") + char
    return "".join(opened), closing
