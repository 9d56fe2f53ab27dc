"""Explanations of findings in Japanese.

Explanations hold what strangers wrote, always in quotes as ``repr`` writes them. The quoted texts
are taken out first, what is left is looked up, and they are put back as they were.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass, field
from functools import cache, lru_cache

from models.translation.catalogue import Catalogue
from models.translation.japanese import PARTS, PLACES, SENTENCES
from models.translation.templates import Gap, Kind

_MARK = "\ue000"  # of private use: ``repr`` spells it out, so that it stands in no quoted text
_QUOTED = re.compile(
    r"""(?<![\w'"\\])(?:'([^'\\]*(?:\\.[^'\\]*)*)'|"([^"\\]*(?:\\.[^"\\]*)*)")(?!\w)"""
)
_MARKED = re.compile(f"(['「]){_MARK}([0-9]+)['」]")
_QUOTED_GAP = re.compile(r"'\{(\w+)\}'")
_ESCAPED = re.compile(r"""\\(['"\\])""")
_LONGEST = 600  # longer than any explanation without its quoted texts
_MOST_PARTS = 12


def explain_in_japanese(explanation: str) -> str:
    """The explanation of a finding in Japanese.

    An explanation that is not known, such as one by somebody's own component, stays in English.

    Args:
        explanation: as ``Finding.explanation`` holds it.
    """
    return find_japanese_explanation(explanation) or explanation


def find_japanese_explanation(explanation: str) -> str | None:
    """The explanation of a finding in Japanese; None where any part of it is not known."""
    if _MARK in explanation:
        return None
    taken = _TakenOut()
    bare = _QUOTED.sub(taken.take, explanation)
    found = _translate(bare) if len(bare) <= _LONGEST else None
    return None if found is None else _MARKED.sub(taken.put_back, found)


@dataclass
class _TakenOut:
    """The quoted texts of one explanation, in order."""

    quoted: list[tuple[str, str]] = field(default_factory=list)

    def take(self, found: re.Match[str]) -> str:
        """A mark in quotes in place of a quoted text."""
        inside = found[1] if found[1] is not None else found[2]
        self.quoted.append((found[0], _ESCAPED.sub(r"\1", inside)))
        return f"'{_MARK}{len(self.quoted) - 1}'"

    def put_back(self, found: re.Match[str]) -> str:
        """The quoted text of a mark, in Japanese quotes where the mark stands in such."""
        whole, inside = self.quoted[int(found[2])]
        return f"「{inside}」" if found[1] == "「" else whole


@lru_cache(maxsize=4096)
def _translate(text: str) -> str | None:
    """An explanation without quoted texts: a place, a colon, and one or more sentences."""
    head, colon, rest = text.partition(": ")
    where = _load_places().find(head, _render) if colon else None
    if where is not None:
        said = _translate_sentences(rest)
        return None if said is None else f"{where}：{said}"
    return _translate_sentences(text)


def _translate_sentences(text: str) -> str | None:
    sentences = _load_sentences()
    bare = text.removesuffix(".")
    whole = sentences.find(bare, _render)
    if whole is not None:
        return f"{whole}。"
    parts = [sentences.find(part, _render) for part in bare.split(". ", _MOST_PARTS)]
    known = [part for part in parts if part is not None]
    return "".join(f"{part}。" for part in known) if len(known) == len(parts) else None


def _render(gap: Gap, value: str) -> str | None:
    if gap.kind is Kind.KNOWN:
        return _load_parts().find(value, _render)
    if gap.kind is Kind.LIST:
        parts = [_load_parts().find(part, _render) for part in value.split(" and ", _MOST_PARTS)]
        known = [part for part in parts if part is not None]
        return "、".join(known) if len(known) == len(parts) else None
    return value


@cache
def _load_sentences() -> Catalogue:
    return _arrange(SENTENCES)


@cache
def _load_parts() -> Catalogue:
    return _arrange(PARTS)


@cache
def _load_places() -> Catalogue:
    return _arrange(PLACES)


def _arrange(lines: Iterable[tuple[str, str]]) -> Catalogue:
    """A catalogue in which a gap in quotes takes one quoted text and nothing longer."""
    return Catalogue.arrange((_QUOTED_GAP.sub(r"'{\1:word}'", en), ja) for en, ja in lines)
