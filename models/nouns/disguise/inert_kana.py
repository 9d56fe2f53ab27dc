"""Japanese words that are no disguised name: ordinary ones, and what is made of them."""

from __future__ import annotations

from functools import lru_cache

from models.nouns.japanese.analysis import name_kinds
from models.nouns.japanese.hiragana import is_grammar, reads_as_name
from models.nouns.japanese.words import is_row_of_words
from models.nouns.matching.ambiguity import Ordinary

_KEPT = 1 << 15
_LONGEST = 60


class InertKana:
    """Which Japanese words are ordinary; keeps what it was asked. Safe for several threads."""

    def __init__(self, ordinary: Ordinary) -> None:
        """From what is ordinary language. Without a dictionary far less is known to be."""
        self._ordinary = ordinary
        self._has_analyser = bool(ordinary.dictionary)
        self.is_ordinary = lru_cache(maxsize=_KEPT)(self._is_ordinary)
        self._is_inert_chunk = lru_cache(maxsize=_KEPT)(self._decide_inert)

    def reads_as_name(self, sentence: str, start: int, end: int) -> bool:
        """Whether hiragana at a place of a sentence can be a name; never without an analyser."""
        return self._has_analyser and reads_as_name(sentence, start, end)

    def is_grammar(self, hiragana: str) -> bool:
        """Whether hiragana are particles and endings alone; never without an analyser."""
        return self._has_analyser and is_grammar(hiragana)

    def is_listed_name(self, word: str) -> bool:
        """Whether the dictionary lists a word as a name, so that it is no other name misspelt."""
        return self._has_analyser and bool(name_kinds(word))

    def _is_ordinary(self, word: str) -> bool:
        return self._ordinary.lexicon.is_ordinary(word) or self._ordinary.is_common_noun(word)

    def is_inert(self, chunk: str) -> bool:
        """Whether a row of katakana or kanji is no misspelt name by itself, nor part of one."""
        return len(chunk) == 1 or len(chunk) > _LONGEST or self._is_inert_chunk(chunk)

    def _decide_inert(self, chunk: str) -> bool:
        if self.is_ordinary(chunk):
            return True
        return self._has_analyser and "\u30a1" <= chunk[0] <= "\u30fc" and is_row_of_words(chunk)
