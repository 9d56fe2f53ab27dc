"""Slips of the pen: whether a word is one letter away from some word that is meant.

For a short word every letter is tried in every place. For a longer one only the words are compared
that share its first half, or its first letter and its second half: a slip leaves one of the two as
it is. So a text of a million letters at random takes no longer than its words.
"""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Callable, Iterator
from functools import lru_cache

_ALPHABET = "abcdefghijklmnopqrstuvwxyz"
_SHORTEST_COMPARED = 6
_AFTER_ALL = chr(0x10FFFF)


def swap_letters(word: str) -> list[str]:
    """The words in which two neighbouring letters behind the first have changed places."""
    return [
        word[:cut] + word[cut + 1] + word[cut] + word[cut + 2 :] for cut in range(1, len(word) - 1)
    ]


def lacks_letter(word: str, meant: frozenset[str]) -> bool:
    """Whether one of the words meant is the word with one more letter behind the first."""
    if len(word) >= _SHORTEST_COMPARED:
        return _Neighbours.of(meant).has(word, 1, _is_longer)
    return not meant.isdisjoint(
        word[:cut] + letter + word[cut:] for cut in range(1, len(word) + 1) for letter in _ALPHABET
    )


def has_letter_too_many(word: str, meant: frozenset[str]) -> bool:
    """Whether one of the words meant is the word without one of the letters behind the first."""
    return not meant.isdisjoint(word[:cut] + word[cut + 1 :] for cut in range(1, len(word)))


def has_wrong_letter(word: str, meant: frozenset[str]) -> bool:
    """Whether one of the words meant is the word with any letter in place of one of those behind
    the first.
    """
    if len(word) >= _SHORTEST_COMPARED:
        return _Neighbours.of(meant).has(word, 0, _is_changed)
    return not meant.isdisjoint(
        word[:cut] + letter + word[cut + 1 :] for cut in range(1, len(word)) for letter in _ALPHABET
    )


class _Neighbours:
    """Words in order of their first letters, and in order of their last."""

    def __init__(self, words: frozenset[str]) -> None:
        self._forward = sorted(word for word in words if len(word) >= _SHORTEST_COMPARED)
        self._backward = sorted(word[0] + word[::-1] for word in self._forward)

    @staticmethod
    @lru_cache(maxsize=8)
    def of(words: frozenset[str]) -> _Neighbours:
        """The neighbours of a set of words, put in order once."""
        return _Neighbours(words)

    def has(self, word: str, longer: int, is_slip: Callable[[str, str], bool]) -> bool:
        """Whether a word is a slip of one that is longer by a number of letters."""
        half = len(word) // 2
        length = len(word) + longer
        return any(
            len(meant) == length and is_slip(word, meant)
            for meant in _starting_with(self._forward, word[:half])
        ) or any(
            len(turned) == length + 1 and is_slip(word, turned[:0:-1])
            for turned in _starting_with(self._backward, word[0] + word[: half - 1 : -1])
        )


def _starting_with(words: list[str], letters: str) -> Iterator[str]:
    first = bisect_left(words, letters)
    return iter(words[first : bisect_left(words, letters + _AFTER_ALL, first)])


def _is_longer(word: str, meant: str) -> bool:
    at = _first_difference(word, meant)
    return word[at:] == meant[at + 1 :] and meant[at] in _ALPHABET


def _is_changed(word: str, meant: str) -> bool:
    at = _first_difference(word, meant)
    if at == len(word):
        return True
    return word[at + 1 :] == meant[at + 1 :] and meant[at] in _ALPHABET


def _first_difference(word: str, other: str) -> int:
    for place, (one, two) in enumerate(zip(word, other, strict=False)):
        if one != two:
            return place
    return len(word)
