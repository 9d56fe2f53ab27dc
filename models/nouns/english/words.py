"""English words, so that a word that is none of them can be taken for a name.

The list is derived from SCOWL (http://wordlist.aspell.net) by ``tools/derive_english_words.py``;
its notice is ``data/english_words.NOTICE``. It has what a good dictionary has, with inflections and
the spellings of several countries, and no personal or place names.
"""

from __future__ import annotations

from collections.abc import Callable, Set
from dataclasses import dataclass
from functools import cache, lru_cache
from pathlib import Path

from models.canonical import digest_bytes
from models.nouns.english.slips import (
    has_letter_too_many,
    has_wrong_letter,
    lacks_letter,
    swap_letters,
)

_LIST = Path(__file__).parents[1] / "data" / "english_words.txt"
_SHORTEST_HALF = 3
_SHORTEST_STEM = 4
_SHORTEST_COMPOUND = 7
_SHORTEST_SLIP = 4
_SHORTEST_INSERTED = 5
_SHORTEST_MISSPELT = 6
_SHORTEST_SUBSTITUTED = 7
_LONGEST = 40
_ENDINGS = (
    "s", "er", "ers", "ing", "ings", "ed", "less", "like", "ish", "ly", "able", "ness", "y", "ies",
)  # fmt: skip
_CAPITALISED = "capitalised"
_FREQUENT = ("level 10", "level 20", "level 35", "added")


@dataclass(frozen=True, eq=False)
class EnglishWords:
    """Words of English, in normal form.

    Attributes:
        words: all of them, those in ``capitalised`` included.
        frequent: the common ones, about 40,000; misspelt words are mostly meant to be one of these.
        capitalised: words that English always writes with a capital (days, months, peoples,
            languages, faiths), so that it proves nothing.
        digest: of the contents.
    """

    words: frozenset[str]
    frequent: frozenset[str]
    capitalised: frozenset[str]
    digest: str

    def __contains__(self, word: str) -> bool:
        return len(word) == 1 or word in self.words

    def is_formed(self, word: str) -> bool:
        """Whether a word is formed from listed ones: two common ones in one (``facepaint``), or an
        ending that English puts to any word (``kayakers``).
        """
        if len(word) > _LONGEST:
            return False
        for ending in _ENDINGS:
            stem = word.removesuffix(ending)
            if (
                stem != word
                and len(stem) >= _SHORTEST_STEM
                and (stem in self.words or stem + "e" in self.words)
            ):
                return True
        return len(word) >= _SHORTEST_COMPOUND and any(
            word[:cut] in self.frequent and word[cut:] in self.frequent
            for cut in range(_SHORTEST_HALF, len(word) - _SHORTEST_HALF + 1)
        )

    def is_misspelt(self, word: str, lexicon: Set[str] = frozenset()) -> bool:
        """Whether a word is one slip of the pen from a common one (``carying``).

        A slip leaves the first letter: two letters change places, one is missing or too many, or in
        a longer word one is wrong. Short words are left alone, unless the lexicon has what is
        meant: nearly every short name is a letter from some word.

        Args:
            word: in normal form.
            lexicon: words that are expected above all.
        """
        length = len(word)
        if not (word.isascii() and _SHORTEST_SLIP <= length <= _LONGEST):
            return False
        swapped = swap_letters(word)
        meant = frozenset(lexicon)
        if length >= _SHORTEST_MISSPELT:
            meant = _join(meant, self.frequent)
        if not meant.isdisjoint(swapped):
            return True
        if length >= _SHORTEST_INSERTED and lacks_letter(word, meant):
            return True
        return length >= _SHORTEST_MISSPELT and (
            has_letter_too_many(word, self.frequent)
            or (length >= _SHORTEST_SUBSTITUTED and has_wrong_letter(word, self.frequent))
        )


_join: Callable[[frozenset[str], frozenset[str]], frozenset[str]] = lru_cache(maxsize=8)(
    frozenset.union
)


@cache
def shipped_english_words() -> EnglishWords:
    """The list that comes with Kiyome, read at the first call: about 10 MB, a tenth of a second."""
    body = _LIST.read_bytes()
    words: set[str] = set()
    frequent: set[str] = set()
    capitalised: set[str] = set()
    for section in body.decode("utf-8").split("\n# ")[1:]:
        title, _, lines = section.partition("\n")
        found = lines.split()
        words.update(found)
        if title == _CAPITALISED:
            capitalised.update(found)
        elif title in _FREQUENT:
            frequent.update(found)
    return EnglishWords(
        frozenset(words), frozenset(frequent), frozenset(capitalised), digest_bytes(body)
    )


def is_english_word(word: str) -> bool:
    """Whether one word in normal form (see ``models.nouns.normalisation``) is an English word.

    A single letter counts as one; a number and a name do not.
    """
    return word in shipped_english_words()
