"""Where a text holds keys of the register: a search that is linear in the text.

In scripts with spaces a name begins where a word begins. For each word, and for each row of words
that begins a key, it is remembered whether it is a key and whether a longer one begins so; captions
repeat their words, so that the trie is rarely asked. In scripts without spaces every character is a
beginning, and what is remembered is which pairs of characters begin a key.
"""

from __future__ import annotations

from itertools import islice

from models.nouns.normalisation import Normalised, is_unspaced
from models.nouns.pattern_table import Pattern, PatternTable

Found = tuple[Pattern, int, int]
_MOST_REMEMBERED = 1 << 16


class TableSearch:
    """Searches texts for the keys of a table. Safe to use from many threads at once."""

    def __init__(self, table: PatternTable) -> None:
        self.table = table
        self._patterns: dict[int, Pattern] = {}
        self._rows: dict[str, tuple[Pattern | None, bool] | None] = {}
        self._pairs: dict[str, bool] = {}

    def search(self, normal: Normalised) -> list[Found]:
        """Every pattern in a text, overlapping ones too, as (pattern, start, end)."""
        found: list[Found] = []
        rows = self._rows
        longest = self.table.longest
        key = normal.key
        words = key.split(" ")
        place = 1
        for index in range(1, len(words) - 1):
            word = words[index]
            if word < "\u1100" or not is_unspaced(word[0]):
                try:
                    known = rows[word]
                except KeyError:
                    known = self._learn_row(word) if len(word) < longest else None
                if known is not None:
                    pattern, goes_on = known
                    if pattern is not None:
                        found.append((pattern, place, place + len(word)))
                    if goes_on:
                        self._follow(key, words, index, place, found)
            else:
                self._search_unspaced(normal, key, place, place + len(word), found)
            place += len(word) + 1
        return found

    def _follow(
        self, key: str, words: list[str], index: int, place: int, found: list[Found]
    ) -> None:
        """Find the keys of two words and more that begin with the word at ``index``."""
        row = words[index]
        for following in range(index + 1, len(words) - 1):
            word = words[following]
            if word >= "\u1100" and is_unspaced(word[0]):
                self._scan(key, place, found, longer_than=len(row) + 1)
                return
            row = f"{row} {word}"
            try:
                known = self._rows[row]
            except KeyError:
                known = self._learn_row(row) if len(row) < self.table.longest else None
            if known is None:
                return
            pattern, goes_on = known
            if pattern is not None:
                found.append((pattern, place, place + len(row)))
            if not goes_on:
                return

    def _search_unspaced(
        self, normal: Normalised, key: str, start: int, end: int, found: list[Found]
    ) -> None:
        """Find the keys that begin in one stretch of a script without spaces."""
        pairs = self._pairs
        text = normal.text
        in_katakana = False
        for place in range(start, end):
            # Katakana and Hangul write foreign and whole words: a name begins where they do.
            was_katakana, in_katakana = in_katakana, "\u30a1" <= text[place] <= "\u30fe"
            if was_katakana and in_katakana:
                continue
            pair = key[place : place + 2]
            try:
                begins = pairs[pair]
            except KeyError:
                begins = self._learn_pair(pair)
            if begins:
                self._scan(key, place, found)

    def _scan(self, key: str, place: int, found: list[Found], longer_than: int = 0) -> None:
        """Find the keys that begin at one place by asking the trie."""
        trie = self.table.trie
        for prefix in trie.prefixes(key[place : place + self.table.longest]):
            if len(prefix) > longer_than:
                end = place + len(prefix) - (prefix[-1] == " ")
                found.append((self._pattern(trie.key_id(prefix)), place, end))

    def _learn_row(self, row: str) -> tuple[Pattern | None, bool] | None:
        trie = self.table.trie
        beginning = row + " "
        number = trie.get(beginning)
        pattern = None if number is None else self._pattern(number)
        goes_on = any(key != beginning for key in islice(trie.iterkeys(beginning), 2))
        known = (pattern, goes_on) if pattern is not None or goes_on else None
        if len(self._rows) >= _MOST_REMEMBERED:
            self._rows.clear()
        self._rows[row] = known
        return known

    def _learn_pair(self, pair: str) -> bool:
        trie = self.table.trie
        begins = pair[0] in trie or any(True for _ in trie.iterkeys(pair))
        if len(self._pairs) >= _MOST_REMEMBERED:
            self._pairs.clear()
        self._pairs[pair] = begins
        return begins

    def _pattern(self, number: int) -> Pattern:
        pattern = self._patterns.get(number)
        if pattern is None:
            pattern = self.table.pattern(number)
            if len(self._patterns) >= _MOST_REMEMBERED:
                self._patterns.clear()
            self._patterns[number] = pattern
        return pattern
