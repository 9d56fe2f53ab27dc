"""Words that are one slip of the hand apart: a letter too many, missing, wrong, or two swapped.

Words that are one slip apart become equal when at most one letter is taken out of either (symmetric
deletion, W. Garbe's SymSpell). So the index holds a hash of every word and of every word without
one of its letters, in one sorted array that can lie in a file; what is found is compared for sure.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from zlib import crc32

import numpy as np
import numpy.typing as npt

Hashes = npt.NDArray[np.uint32]


def shortenings(word: str) -> Iterator[str]:
    """The word, and the word without one of its letters; runs of a letter give one of them."""
    yield word
    for place in range(len(word)):
        if place == 0 or word[place] != word[place - 1]:
            yield word[:place] + word[place + 1 :]


def hash_shortenings(word: str) -> list[int]:
    """A 32-bit hash of every shortening; lone surrogates are hashed as their three bytes."""
    return [crc32(short.encode("utf-8", "surrogatepass")) for short in shortenings(word)]


def is_one_slip(one: str, other: str) -> bool:
    """Whether two words differ by one insertion, deletion, substitution, or swap of neighbours."""
    if one == other or abs(len(one) - len(other)) > 1:
        return False
    shorter = min(len(one), len(other))
    head = 0
    while head < shorter and one[head] == other[head]:
        head += 1
    rest, other_rest = one[head:], other[head:]
    if len(rest) == len(other_rest):
        swapped = len(rest) > 1 and rest[:2] == other_rest[1::-1] and rest[2:] == other_rest[2:]
        return swapped or rest[1:] == other_rest[1:]
    if len(rest) < len(other_rest):
        return rest == other_rest[1:]
    return rest[1:] == other_rest


def differ_in_one_place(one: str, other: str, longest: int) -> bool:
    """Whether two words are the same but for one stretch of at most so many letters."""
    shorter = min(len(one), len(other))
    if max(len(one), len(other)) - shorter > longest:
        return False
    head = 0
    while head < shorter and one[head] == other[head]:
        head += 1
    tail = 0
    while tail < shorter - head and one[-1 - tail] == other[-1 - tail]:
        tail += 1
    return max(len(one), len(other)) - head - tail <= longest


class TypoIndex:
    """Finds the words of a list that are one slip from a given one. Safe for several threads."""

    def __init__(self, hashes: Hashes, words: Hashes) -> None:
        """From two columns of the same length: sorted hashes, and the numbers of their words."""
        self.hashes = hashes
        self.words = words

    @classmethod
    def of(cls, words: Sequence[tuple[int, str]]) -> TypoIndex:
        """The index of numbered words."""
        hashes: list[int] = []
        lengths: list[int] = []
        for _, word in words:
            found = hash_shortenings(word)
            hashes += found
            lengths.append(len(found))
        column = np.array(hashes, dtype=np.uint32)
        numbers = np.repeat(np.array([number for number, _ in words], dtype=np.uint32), lengths)
        order = np.argsort(column, kind="stable")
        return cls(column[order], numbers[order])

    def candidates(self, word: str) -> set[int]:
        """Numbers of words that may be one slip away, among them all that are."""
        if not len(self.hashes):
            return set()
        asked = np.array(hash_shortenings(word), dtype=np.uint32)
        begins = self.hashes.searchsorted(asked, "left")
        ends = self.hashes.searchsorted(asked, "right")
        found: set[int] = set()
        for place in np.flatnonzero(ends > begins):
            found.update(self.words[begins[place] : ends[place]].tolist())
        return found
