"""What may be a Japanese name, why, and which words are known not to be one."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

from models.nouns.japanese.words import JapaneseWords
from models.nouns.normalisation import normalise
from models.nouns.words import Lexicon

LONGEST_NAME = 60


class Reason(StrEnum):
    """Why a row of morphemes is taken for a name."""

    PERSON = "person"
    """Its part of speech is personal name."""
    PAIR = "pair"
    """A word that can be a family name, then one that can be a given name."""
    ADDRESSED = "addressed"
    """A form of address follows it."""
    PROPER = "proper"
    """Its part of speech is proper noun, and neither person nor place."""
    PLACE = "place"
    """The name of a place that does what somebody does."""
    UNLISTED = "unlisted"
    """In no dictionary, and no compound of what is there."""
    LATIN = "latin"
    """The same in Latin letters, with a capital."""
    DOTTED = "dotted"
    """Words in katakana with a dot or a star between them."""
    CUT = "cut"
    """Chinese characters that no dictionary has together."""
    DERIVED = "derived"
    """Fan art, a parody or the manner of it."""
    WORN = "worn"
    """Somebody dresses up as it."""
    TITLE = "title"
    """In quotation marks, and named as a work or its source."""


@dataclass(frozen=True, slots=True)
class Candidate:
    """A span of the analysed text that may be a name."""

    start: int
    end: int
    reason: Reason


@dataclass(frozen=True, slots=True)
class OrdinaryWords:
    """What is known not to be a name: the words of captions, and what Japanese adds to them."""

    japanese: JapaneseWords
    lexicon: Lexicon

    def __contains__(self, word: str) -> bool:
        """Whether a single word is listed; two listed words in a row are not."""
        if word in self.japanese.not_names:
            return True
        key = normalise(word).key.strip(" ,")
        return key in self.lexicon.unspaced or (
            key.isascii() and key != "" and self.lexicon.is_ordinary(key)
        )
