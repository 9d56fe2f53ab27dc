"""Templates: English sentences with gaps, and what stands in the gaps of a text.

They are matched by looking for the words between the gaps, one after the other. There is no way
back, so that the time grows with the length of the text and not faster, whoever wrote it.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum

_GAP = re.compile(r"\{(\w+)(?::(\w+))?\}")
_NUMBER_WEIGHT = 10  # digits where digits belong tell as much as two words


class Kind(StrEnum):
    """What may stand in a gap, and what becomes of it."""

    TEXT = "text"  # anything; it is kept
    WORD = "word"  # anything without spaces or a full stop at its end; it is kept
    NUMBER = "number"  # digits, with commas; they are kept
    NOTE = "note"  # a note, which is translated where it is known
    KNOWN = "known"  # a note that is known
    LIST = "list"  # several notes that are joined to one text


@dataclass(frozen=True, slots=True)
class Gap:
    """A place in a template where a value stands."""

    name: str
    kind: Kind


@dataclass(frozen=True, slots=True)
class Template:
    """A sentence with gaps.

    Attributes:
        words: what stands before, between and behind the gaps: one more than there are gaps.
        gaps: the gaps, in order.
    """

    words: tuple[str, ...]
    gaps: tuple[Gap, ...]

    @property
    def weight(self) -> int:
        """How much of it is its own: of two templates that fit, the heavier one is meant."""
        numbers = sum(gap.kind is Kind.NUMBER for gap in self.gaps)
        return sum(map(len, self.words)) + _NUMBER_WEIGHT * numbers

    def fit(self, text: str) -> dict[Gap, str] | None:
        """What stands in each gap; None where the text is not of this form.

        A gap ends where the words behind it are first found. The first gap is never empty, and
        words and numbers are what they are said to be.
        """
        first, last = self.words[0], self.words[-1]
        at, end = len(first), len(text) - len(last)
        if at > end or not (text.startswith(first) and text.endswith(last)):
            return None
        found: dict[Gap, str] = {}
        for gap, words in zip(self.gaps[:-1], self.words[1:-1], strict=True):
            stop = text.find(words, at, end)
            if stop < 0:
                return None
            found[gap] = text[at:stop]
            at = stop + len(words)
        if self.gaps:
            found[self.gaps[-1]] = text[at:end]
        elif at != end:
            return None
        return found if all(_may_stand(gap, found[gap]) for gap in self.gaps) else None

    def fill(self, values: Mapping[str, str]) -> str:
        """The sentence with a value in each gap."""
        filled = [self.words[0]]
        for gap, words in zip(self.gaps, self.words[1:], strict=True):
            filled += [values[gap.name], words]
        return "".join(filled)


def parse_template(text: str) -> Template:
    """Read a template as it is written in the catalogue.

    Raises:
        ValueError: a gap is of no known kind.
    """
    parts = _GAP.split(text)
    gaps = zip(parts[1::3], parts[2::3], strict=True)
    return Template(
        tuple(parts[::3]), tuple(Gap(name, Kind(kind or Kind.TEXT)) for name, kind in gaps)
    )


def _may_stand(gap: Gap, value: str) -> bool:
    if gap.kind is Kind.WORD:
        return bool(value) and " " not in value and not value.endswith(".")
    if gap.kind is Kind.NUMBER:
        return value.isascii() and value.replace(",", "").isdigit()
    return bool(value)
