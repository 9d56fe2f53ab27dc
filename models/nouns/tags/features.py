"""What a term looks like beside a list of descriptive tags: the features of ``term_ranking``.

Features are numbers below ``FEATURES``: CRC-32 of what they say (hashing trick, Weinberger et al.,
"Feature Hashing for Large Scale Multitask Learning", 2009). Each says one thing that is either so
or not: a word and its place, a qualifier, how often the vocabulary has a word in this place,
whether both halves of the term are tags. Runs of two to four letters say how its words are spelt.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from zlib import crc32

from models.nouns.english.words import EnglishWords
from models.nouns.tags.cutting import split_term
from models.nouns.words import Lexicon

FEATURES = 1 << 18
_MASK = FEATURES - 1
_HOLDING_NAMES = ("( cosplay )", "( style )")
_LONGEST_GRAM = 4
_MOST_WORDS = 5
_MOST_READ = 20
_MOST_KEPT = 1 << 16
_NO_WORD = "-"


def describes(tag: str) -> bool:
    """Whether a tag of a vocabulary is a sound example of a description: most tags with these
    qualifiers hold a name (``x (cosplay)``).
    """
    return not tag.endswith(_HOLDING_NAMES)


class TagCounts:
    """How often a vocabulary has each word in each place, and how its words are spelt.

    Attributes:
        tags: the keys of the vocabulary.
    """

    def __init__(self, tags: Iterable[str], lexicon: Lexicon, english: EnglishWords) -> None:
        self.tags = frozenset(tags)
        self.words: Counter[str] = Counter()
        self.first: Counter[str] = Counter()
        self.last: Counter[str] = Counter()
        self.qualifiers: Counter[str] = Counter()
        for tag in filter(describes, self.tags):
            words, qualifiers = split_term(tag)
            self.words.update(set(words))
            self.qualifiers.update(qualifiers)
            if words:
                self.first[words[0]] += 1
                self.first[" ".join(words[:2])] += len(words) > 2
                self.last[words[-1]] += 1
                self.last[" ".join(words[-2:])] += len(words) > 2
        self._lexicon = lexicon
        self._english = english
        self._ordinary: dict[str, bool] = {}
        self._visual: dict[str, bool] = {}
        self._spelt: dict[str, tuple[int, ...]] = {}

    def is_word(self, word: str) -> bool:
        """Whether a word is in a dictionary, with or without what the vocabulary says."""
        known = self._ordinary.get(word)
        if known is None:
            known = word in self._english or self.is_visual(word)
            if len(self._ordinary) < _MOST_KEPT:
                self._ordinary[word] = known
        return known

    def is_visual(self, word: str) -> bool:
        """Whether a word is one that captions say of any picture."""
        known = self._visual.get(word)
        if known is None:
            known = self._lexicon.is_ordinary(word)
            if len(self._visual) < _MOST_KEPT:
                self._visual[word] = known
        return known

    def is_known(self, word: str) -> bool:
        """Whether a word is in a dictionary or in a tag."""
        return word in self.words or self.is_word(word)

    def is_formed(self, word: str) -> bool:
        """Whether a word is formed from dictionary words (``facepaint``)."""
        return self._english.is_formed(word)

    def features(self, term: str, *, listed: bool = False) -> tuple[list[int], list[int]]:
        """(what a term says, how it is spelt); the second part counts less the longer it is.

        Args:
            term: a key.
            listed: it is one of the tags counted, and is looked at as if it were not.
        """
        words, qualifiers = split_term(term)
        words = words[:_MOST_READ] or [_NO_WORD]
        said = self._say(words, qualifiers[:_MOST_WORDS], int(listed))
        spelt: list[int] = []
        for word in words:
            spelt += self._spell(word)
        return [crc32(text.encode("utf-8", "replace")) & _MASK for text in said], spelt

    def _say(self, words: list[str], qualifiers: list[str], own: int) -> list[str]:
        count, first, last = len(words), words[0], words[-1]
        some = min(count, _MOST_WORDS)
        several = count > 1
        seen = [self.words[word] - own for word in words]
        ordinary = [self.is_word(word) for word in words]
        visual = [self.is_visual(word) for word in words]
        strange = sum(n <= 0 and not is_word for n, is_word in zip(seen, ordinary, strict=True))
        at_first, at_last = _size(self.first[first] - own), _size(self.last[last] - own)
        said = [
            "",
            f"{some} words, {min(len(qualifiers), 2)} qualifiers",
            f"{some} words, {min(strange, 3)} strange, qualified {bool(qualifiers)}",
            f"{some} words, {sum(ordinary)} ordinary",
            f"{some} words, {sum(visual)} visual",
            f"{some} words, first visual {visual[0]}, last {visual[-1]}",
            f"{some} words, rarest {_size(min(seen))}",
            f"{some} words, commonest {_size(max(seen))}",
            f"first {at_first} {several}",
            f"last {at_last} {several}",
            f"first {at_first} last {at_last} {several}",
            f"first is {first} {several}",
            f"last is {last} {several}",
        ]
        said += [f"has {word}" for word in words]
        if several:
            said += self._say_of_halves(words, own)
        for qualifier in qualifiers:
            listed = _size(self.qualifiers[qualifier] - own)
            parts = qualifier.split()
            said += [
                f"qualifier is {qualifier}",
                f"qualifier {listed}",
                f"qualifier {listed > 0} {all(map(self.is_word, parts))}",
            ]
            said += [f"qualifier has {part}" for part in parts]
        if any(char.isdigit() for char in "".join(words)):
            said.append("digits")
        return said

    def _say_of_halves(self, words: list[str], own: int) -> list[str]:
        cuts = range(1, len(words))
        left = [" ".join(words[:cut]) in self.tags for cut in cuts]
        right = [" ".join(words[cut:]) in self.tags for cut in cuts]
        both = any(one and other for one, other in zip(left, right, strict=True))
        begin, end = " ".join(words[:2]), " ".join(words[-2:])
        said = [
            f"tag and word {left[-1]} {right[0]}",
            f"two tags {both} {min(len(words), _MOST_WORDS)}",
            f"begins {begin}",
            f"ends {end}",
        ]
        if len(words) > 2:
            said += [
                f"first two {_size(self.first[begin] - own)}",
                f"last two {_size(self.last[end] - own)}",
            ]
        return said

    def _spell(self, word: str) -> tuple[int, ...]:
        known = self._spelt.get(word)
        if known is None:
            edged = f"^{word}$".encode("utf-8", "replace")
            known = tuple(
                {
                    crc32(edged[at : at + length]) & _MASK: None
                    for length in range(2, _LONGEST_GRAM + 1)
                    for at in range(len(edged) - length + 1)
                }
            )
            if len(self._spelt) < _MOST_KEPT:
                self._spelt[word] = known
        return known


def _size(count: int) -> int:
    """A count as its number of binary digits, 7 at most."""
    return 0 if count <= 0 else min(count.bit_length(), 7)
