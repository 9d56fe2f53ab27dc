"""A catalogue: templates in English, each with its Japanese, and the one that fits a text."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from typing import Self

from models.translation.templates import Gap, Template, parse_template

_Line = tuple[Template, Template]


@dataclass(frozen=True, slots=True)
class Catalogue:
    """Lines of English and Japanese.

    Attributes:
        whole: those without a gap, by their text.
        by_word: those whose first word stands before any gap, by that word, the heaviest first.
        others: the rest, the heaviest first.
    """

    whole: dict[str, str]
    by_word: dict[str, tuple[_Line, ...]]
    others: tuple[_Line, ...]

    @classmethod
    def arrange(cls, lines: Iterable[tuple[str, str]]) -> Self:
        """Prepare lines for finding.

        Raises:
            ValueError: a gap is of no known kind.
        """
        whole: dict[str, str] = {}
        by_word: dict[str, list[_Line]] = {}
        others: list[_Line] = []
        for english, japanese in lines:
            template = parse_template(english)
            line = (template, parse_template(japanese))
            first, space, _ = template.words[0].partition(" ")
            if not template.gaps:
                whole[english] = japanese
            elif first and space:
                by_word.setdefault(first, []).append(line)
            else:
                others.append(line)
        return cls(
            whole,
            {word: _by_weight(found) for word, found in by_word.items()},
            _by_weight(others),
        )

    def find(self, text: str, render: Callable[[Gap, str], str | None]) -> str | None:
        """The Japanese of a text that fits a line as a whole, or None.

        Args:
            text: in English.
            render: what a gap's text becomes; None where the line does not fit with it.
        """
        if text in self.whole:
            return self.whole[text]
        for english, japanese in (*self.by_word.get(text.partition(" ")[0], ()), *self.others):
            found = english.fit(text)
            if found is None:
                continue
            values = {gap.name: render(gap, value) for gap, value in found.items()}
            known = {name: value for name, value in values.items() if value is not None}
            if len(known) == len(values):
                return japanese.fill(known)
        return None


def _by_weight(lines: Sequence[_Line]) -> tuple[_Line, ...]:
    return tuple(sorted(lines, key=lambda line: -line[0].weight))
