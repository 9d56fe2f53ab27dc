"""Dropping tags from a list of tags, with the commas that belong to them."""

from __future__ import annotations

import re

from models.nouns.rewriting.captions import Cut, Edit, Surroundings
from models.nouns.tags.cutting import SEPARATORS

_PARTING = re.compile(rf"[{SEPARATORS}]|(?<!\S)(?:BREAK|AND)(?!\S)|(?=<)|(?<=>)")
_SPACE = re.compile(r"[ \t\r\n]")
_LAST_JOINT = re.compile(rf"(?:[{SEPARATORS}]|(?<!\S)(?:BREAK|AND))\Z")
_EMPTY = re.compile(r"[(\[{\s]+(?::\s*[0-9.]+\s*)?[)\]}\s]+(?::\s*[0-9.]+[)\]}\s]+)*")
_BLANKS = " \t"
_REACH = 400
"""Code points; a tag is never longer, and no further is looked for its ends."""

_COSPLAY = re.compile(r"[ _]*\\?[(（][ _]*cosplay[ _]*\\?[)）]", re.IGNORECASE)
_WEIGHT = re.compile(r":\s*[0-9.]+\s*\Z")
_REASON = "A tag that is a name is dropped."


def cut_tag(text: str, cut: Cut, around: Surroundings) -> Edit:
    """The edit that drops the tag, or tags, that a name stands in."""
    parting = _SPACE if around.spaced else _PARTING
    begin = max(0, cut.start - _REACH)
    ends = [found.end() for found in parting.finditer(text, begin, cut.start + 1)]
    start = max((place for place in ends if place <= cut.start), default=begin)
    behind = parting.search(text, cut.end, cut.end + _REACH)
    end = behind.start() if behind else min(len(text), cut.end + _REACH)
    piece = text[start:end]
    opening, closing = _find_open_brackets(piece)
    if _COSPLAY.search(piece):
        inner = piece.strip()
        start += piece.index(inner)
        return Edit(start, start + len(inner), inner, f"{opening}cosplay{closing}", _REASON)
    if opening:  # the brackets belong to what follows
        start += len(piece) - len(piece.lstrip(_BLANKS))
        stop = _skip(text, end, SEPARATORS + _BLANKS)
        return Edit(start, stop, text[start:stop], opening, _REASON)
    if closing:  # and these to what came before
        start = len(text[:start].rstrip(SEPARATORS + _BLANKS))
        end -= len(piece) - len(piece.rstrip())
        return Edit(start, end, text[start:end], closing, _REASON)
    return drop_tag(text, start, end, around)


def drop_tag(text: str, start: int, end: int, around: Surroundings) -> Edit:
    """Take what stands between two separators away, and one of them with the blanks beside it."""
    parting = _SPACE if around.spaced else _PARTING
    behind = parting.match(text, end)
    before = len(text[:start].rstrip(_BLANKS))
    joint = _LAST_JOINT.search(text, max(0, before - _REACH), before)
    # After a file of weights (<lora:…>) the separator is that of the tag before it.
    parted = around.spaced or before == 0 or joint is not None
    if parted and behind is not None and behind[0]:
        stop = _skip(text, behind.end(), _BLANKS)
        start += len(text[start:end]) - len(text[start:end].lstrip(_BLANKS))
        return Edit(start, stop, text[start:stop], "", _REASON)
    if end == len(text) and joint is not None:  # the last tag: the separator before it goes
        before = len(text[: joint.start()].rstrip(_BLANKS))
    return Edit(before, end, text[before:end], "", _REASON)


def is_empty_notation(text: str) -> bool:
    """Whether nothing but brackets and a weight is left of a group of tags."""
    return _EMPTY.fullmatch(text) is not None


def _skip(text: str, place: int, chars: str) -> int:
    while place < len(text) and text[place] in chars:
        place += 1
    return place


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
