"""Words that are no part of a disguised name: ordinary ones, rows of them, and slips from them."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from functools import lru_cache

_SHORTEST_ORDINARY_PART = 4
_ALPHABET = "abcdefghijklmnopqrstuvwxyz"


class InertWords:
    """Which words are ordinary, and so neither disguised nor misspelt; keeps what it was asked."""

    def __init__(
        self,
        is_inert: Callable[[str], bool],
        is_common: Callable[[str], bool],
        is_listed: Callable[[str], bool],
    ) -> None:
        """From three questions: whether a word is ordinary, whether captions often use it, and
        whether it is ordinary as it is spelt, without asking what it may be inflected from.
        """
        self.is_inert = is_inert
        self._is_listed = is_listed
        self.is_common = is_common
        self.is_near_inert = lru_cache(maxsize=1 << 14)(self._is_near_inert)
        self.is_sequence = lru_cache(maxsize=1 << 14)(self._is_sequence)

    def _is_near_inert(self, word: str, name: str) -> bool:
        """Whether a word is one slip from an ordinary one other than the name."""
        return any(self._is_listed(other) and other != name for other in _slips(word))

    def _is_sequence(self, word: str) -> bool:
        """Whether a word is several ordinary words in a row (``swordfish``)."""
        reached = {0}
        for end in range(_SHORTEST_ORDINARY_PART, len(word) + 1):
            if any(
                start <= end - _SHORTEST_ORDINARY_PART and self.is_common(word[start:end])
                for start in reached
            ):
                reached.add(end)
        return len(word) in reached


def _slips(word: str) -> Iterator[str]:
    for place in range(len(word) + 1):
        head, tail = word[:place], word[place:]
        if tail:
            yield head + tail[1:]
        if len(tail) > 1:
            yield head + tail[1] + tail[0] + tail[2:]
        for letter in _ALPHABET:
            yield head + letter + tail
            if tail:
                yield head + letter + tail[1:]
