"""Putting notes, carriers and sources into the reader's language when they are shown."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache, lru_cache
from typing import Literal

from models.consent.translation.japanese import NOTES
from models.consent.translation.names import CARRIERS, PLACES
from models.translation.catalogue import Catalogue
from models.translation.templates import Gap, Kind

Language = Literal["en", "ja"]

_MAX_TEXT = 2_000  # longer than any note
_MAX_DEPTH = 5  # notes within notes
_MAX_PARTS = 8
_MAX_LOOKS = 100
_MAX_BRACKETS = 4
_MARKS = ((". ", "。"), ("; ", "；"))
"""What several notes in one text are joined with, in English and Japanese."""


def translate_note(text: str, language: Language) -> str:
    """A note in a language.

    What is not known, and what strangers wrote, stays as it is, so that nothing is ever hidden.

    Args:
        text: as ``Statement.notes`` holds it.
        language: the reader's.
    """
    return text if language == "en" else find_japanese(text) or text


@lru_cache(maxsize=4096)
def find_japanese(text: str) -> str | None:
    """A note in Japanese, without a full stop; None where no part of it is known."""
    return None if len(text) > _MAX_TEXT else _Translation().translate(text)


def name_carrier(carrier: str, language: Language) -> str:
    """A carrier as people call it; the word itself where it is new."""
    return CARRIERS[carrier][language == "ja"] if carrier in CARRIERS else carrier


@lru_cache(maxsize=4096)
def translate_source(source: str, language: Language) -> str:
    """A source in a language: what stands in brackets at its end says where in a file it stood."""
    if language == "en":
        return source
    places = _load_places()
    behind: list[str] = []
    for _ in range(_MAX_BRACKETS):
        before, bracket, inside = source.removesuffix(")").rpartition(" (")
        if not (bracket and source.endswith(")")):
            break
        place = places.find(inside, _keep)
        if place is None:
            break
        source, behind = before, [f"（{place}）", *behind]
    return "".join([places.whole.get(source, source), *behind])


@cache
def _load_notes() -> Catalogue:
    # "There: why" comes last, as the lightest of all.
    return Catalogue.arrange((*NOTES, ("{where}: {why:known}", "{where}：{why}")))


@cache
def _load_places() -> Catalogue:
    return Catalogue.arrange(PLACES)


def _keep(gap: Gap, value: str) -> str:
    del gap
    return value


@dataclass
class _Translation:
    """The translation of one text. What a text costs is bounded, whatever stands in it."""

    looks: int = 0
    depth: int = 0

    def translate(self, text: str) -> str | None:
        """A note, or several that were joined to one text; None where no part of it is known."""
        if self.depth > _MAX_DEPTH or self.looks > _MAX_LOOKS:
            return None
        self.looks += 1
        self.depth += 1
        try:
            return self._translate(text)
        finally:
            self.depth -= 1

    def _translate(self, text: str) -> str | None:
        notes = _load_notes()
        sentence = text.removesuffix(".")
        if whole := notes.whole.get(text) or notes.whole.get(sentence):
            return whole
        divided = [
            (joint, [(self.translate(part), part) for part in sentence.split(mark, _MAX_PARTS)])
            for mark, joint in _MARKS
            if mark in sentence
        ]
        for joint, parts in divided:
            if all(new for new, _ in parts):
                return _join(joint, parts)
        # What begins with a capital is a sentence; any other full stop may be a stranger's.
        order = (sentence, text) if text[:1].isupper() else (text, sentence)
        for candidate in dict.fromkeys(order):
            if found := notes.find(candidate, self._render):
                return found
        return next(
            (_join(joint, parts) for joint, parts in divided if any(new for new, _ in parts)), None
        )

    def _render(self, gap: Gap, value: str) -> str | None:
        if gap.kind is Kind.KNOWN:
            return self.translate(value)
        if gap.kind is Kind.NOTE:
            return self.translate(value) or value
        if gap.kind is Kind.LIST:
            parts = list(self._list(value))
            return _join("、", parts) if any(new for new, _ in parts) else value
        return value

    def _list(self, text: str) -> Iterator[tuple[str | None, str]]:
        """Notes with commas between them, some of which hold commas themselves."""
        for _ in range(_MAX_PARTS):
            head, comma, rest = text.partition(", ")
            known = self.translate(head)
            whole = None if known else self.translate(text)
            if whole or not comma:
                yield whole or known, text
                return
            yield known, head
            text = rest
        yield None, text


def _join(joint: str, parts: list[tuple[str | None, str]]) -> str:
    return joint.join(new or old for new, old in parts)
