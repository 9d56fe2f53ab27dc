"""Ordinary words: what a caption says of any picture, so that it is no name by itself.

The lists in ``data/`` are short and written by hand. Inflected forms are found by rule, not listed.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from functools import cache
from pathlib import Path

from models.canonical import digest_lines
from models.nouns.normalisation import fold_kana, is_unspaced, normalise

_DATA = Path(__file__).parent / "data"
_SHORTEST_STEM = 3
_ENDINGS: tuple[tuple[str, tuple[str, ...]], ...] = (
    ("ies", ("y", "ie")),
    ("ied", ("y",)),
    ("ier", ("y",)),
    ("iest", ("y",)),
    ("ily", ("y",)),
    ("ves", ("f", "fe")),
    ("es", ("", "e")),
    ("s", ("",)),
    ("ed", ("", "e")),
    ("ing", ("", "e")),
    ("er", ("", "e")),
    ("est", ("", "e")),
    ("ly", ("",)),
    ("y", ("", "e")),
    ("less", ("",)),
    ("like", ("",)),
)
_COMPOUND_HEADS = (
    "ball", "band", "board", "clip", "coat", "colored", "coloured", "hair", "haired", "hat", "high",
    "highs", "length", "pack", "pants", "pin", "ring", "room", "shirt", "side", "sized", "skirt",
    "sleeve", "sleeves", "suit", "top", "ware", "wear", "wing", "winged", "work",
)  # fmt: skip
_ENDING_LETTERS = tuple(ending for ending, _ in _ENDINGS)
_COUNTED = re.compile(r"[0-9]+(?:(?:st|nd|rd|th|s|x|d|k|p|am|pm|cm|mm|kg)?|([a-z]+))")


@dataclass(frozen=True, eq=False)
class Lexicon:
    """Ordinary words of both languages.

    Attributes:
        spaced: words of scripts that write spaces, in normal form.
        unspaced: Japanese words, in normal form with kana folded.
        capitalised: words that English always writes with a capital, so that it proves nothing.
        digest: of the contents; part of the nouns stage's fingerprint.
    """

    spaced: frozenset[str]
    unspaced: frozenset[str]
    capitalised: frozenset[str]
    digest: str

    def is_ordinary(self, word: str) -> bool:
        """Whether one word in normal form, or the word it is inflected from, is listed.

        A single letter, a number, and a number with a listed word (``1girl``) count as ordinary.
        """
        if len(word) == 1 or word in self.spaced:
            return True
        if not word.isascii() and is_unspaced(word[0]):
            return self._is_ordinary_unspaced(fold_kana(word))
        if word[0] <= "9" and (counted := _COUNTED.fullmatch(word)):
            rest = counted[1]
            return rest is None or self._is_inflected(rest)
        return self._is_inflected(word) or self._is_compound(word)

    def _is_inflected(self, word: str) -> bool:
        if word in self.spaced:
            return True
        if not word.endswith(_ENDING_LETTERS):
            return False
        for ending, replacements in _ENDINGS:
            stem = word.removesuffix(ending)
            if stem == word or len(stem) < _SHORTEST_STEM - 1:
                continue
            if any(stem + replacement in self.spaced for replacement in replacements):
                return True
            if len(stem) > _SHORTEST_STEM and stem[-1] == stem[-2] and stem[:-1] in self.spaced:
                return True
        return False

    def _is_compound(self, word: str) -> bool:
        return word.endswith(_COMPOUND_HEADS) and any(
            word.endswith(head) and self._is_inflected(word.removesuffix(head))
            for head in _COMPOUND_HEADS
            if len(word) > len(head) + 2
        )

    def _is_ordinary_unspaced(self, word: str) -> bool:
        """A listed word, or two of them in a row with or without の between."""
        if word in self.unspaced:
            return True
        for cut in range(1, len(word)):
            if word[:cut] in self.unspaced:
                rest = word[cut:]
                if rest in self.unspaced or rest.removeprefix("ノ") in self.unspaced:
                    return True
        return False


def make_lexicon(spaced: list[str], unspaced: list[str]) -> Lexicon:
    """A lexicon of the words given, in any spelling.

    A word of ``spaced`` that begins with a capital is one that is always written so.
    """
    words = {word for text in spaced for word in normalise(text).text.split()}
    japanese = {normalise(text).key.replace(" ", "") for text in unspaced}
    capitalised = {word.casefold() for word in spaced if word[0].isupper()}
    digest = digest_lines([*sorted(words), "", *sorted(japanese), "", *sorted(capitalised)])
    return Lexicon(frozenset(words), frozenset(japanese), frozenset(capitalised), digest)


@cache
def shipped_lexicon() -> Lexicon:
    """The lexicon that comes with Kiyome."""
    return make_lexicon(_read_words("words_en.txt"), _read_words("words_ja.txt"))


def _read_words(name: str) -> list[str]:
    lines = (_DATA / name).read_text(encoding="utf-8").splitlines()
    return [word for line in lines if not line.startswith("#") for word in line.split()]
