"""From the lines of a picture to the texts that are searched for names.

A name may break over two lines or three: HATSUNE above MIKU. So lines are searched one by one, and
again together with those that a reader would go on to.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from models.nouns.lettering.lines import Box, Line
from models.nouns.normalisation import is_unspaced

MOST_LINES = 3
"""How many lines a name may break over."""

_HEIGHTS_BELOW = 1.0
_CHARACTERS_BESIDE = 3.0
_TIMES_AS_HIGH = 2.5


@dataclass(frozen=True, slots=True)
class Passage:
    """One line, or several that follow each other.

    Attributes:
        text: the lines as one text.
        shown: the lines as a reviewer is told of them, with a stroke between them.
        box: what surrounds them all.
        confidence: of the line that was read worst.
        lines: indexes of the lines.
    """

    text: str
    shown: str
    box: Box
    confidence: float
    lines: tuple[int, ...]


def join_lines(lines: Sequence[Line]) -> list[Passage]:
    """Every line by itself, then the pairs that follow each other, then the threes.

    A line goes on to the nearest one below it, no further away than the higher of the two is high,
    and to the nearest one to its right, no further away than three of its characters are wide;
    neither may be more than two and a half times as high as the other.
    """
    following = [_find_following(line, lines) for line in lines]
    longest: list[tuple[int, ...]] = [(index,) for index in range(len(lines))]
    chains = list(longest)
    for _ in range(MOST_LINES - 1):
        longest = [
            (*chain, index)
            for chain in longest
            for index in following[chain[-1]]
            if index not in chain
        ]
        chains += longest
    return [_join([lines[index] for index in chain], chain) for chain in chains]


def _find_following(line: Line, lines: Sequence[Line]) -> tuple[int, ...]:
    """The indexes of the lines that a reader may go on to: one to the right, one below."""
    x0, y0, x1, y1 = line.box
    beside: tuple[float, int] | None = None
    below: tuple[float, int] | None = None
    for index, other in enumerate(lines):
        left, top, right, bottom = other.box
        low, high = sorted((y1 - y0, bottom - top))
        if other is line or high > _TIMES_AS_HIGH * low:
            continue
        shared = min(y1, bottom) - max(y0, top)
        if shared >= low / 2:
            gap = left - x1
            if (left, right) > (x0, x1) and gap <= _CHARACTERS_BESIDE * (x1 - x0) / len(line.text):
                beside = min(beside or (gap, index), (gap, index))
        elif top > y0 and min(x1, right) > max(x0, left) and top - y1 <= _HEIGHTS_BELOW * high:
            below = min(below or (top - y1, index), (top - y1, index))
    return tuple(dict.fromkeys(found[1] for found in (beside, below) if found))


def _join(lines: Sequence[Line], chain: tuple[int, ...]) -> Passage:
    text = lines[0].text
    for line in lines[1:]:
        unspaced = is_unspaced(text[-1]) and is_unspaced(line.text[0])
        text += line.text if unspaced else f" {line.text}"
    boxes = [line.box for line in lines]
    return Passage(
        text=text,
        shown=" / ".join(line.text for line in lines),
        box=(
            min(box[0] for box in boxes),
            min(box[1] for box in boxes),
            max(box[2] for box in boxes),
            max(box[3] for box in boxes),
        ),
        confidence=min(line.confidence for line in lines),
        lines=chain,
    )
