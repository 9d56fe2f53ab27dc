"""Where a text holds keys of the register: a search that is linear in the text.

In scripts with spaces a name begins where a word begins. For each word, and for each row of words
that begins a key, it is remembered whether it is a key and whether a longer one begins so; captions
repeat their words, so that the trie is rarely asked. In scripts without spaces every character is a
beginning, and what is remembered is which three characters in a row begin a key.
"""

from __future__ import annotations

from models.nouns.matching.table import Pattern, PatternTable
from models.nouns.normalisation import Normalised, is_unspaced

Found = tuple[Pattern, int, int]
_MOST_REMEMBERED = 1 << 16
_BEGINNING = 3


class _Row:
    """What is remembered of a row of words that is a key or begins one.

    Attributes:
        pattern: the key that it is.
        following: by the next word, the row that is longer by it, None where no key begins so;
            filled as texts ask for it. None itself where the row begins no longer key.
    """

    __slots__ = ("following", "pattern")

    def __init__(self, pattern: Pattern | None, goes_on: bool) -> None:
        self.pattern = pattern
        self.following: dict[str, _Row | None] | None = {} if goes_on else None


class TableSearch:
    """Searches texts for the keys of a table. Safe to use from many threads at once."""

    def __init__(self, table: PatternTable) -> None:
        self.table = table
        self._patterns: dict[int, Pattern] = {}
        self._rows: dict[str, _Row | None] = {}
        self._learned = 0
        self._begins: dict[str, bool] = {}

    def search(self, normal: Normalised) -> list[Found]:
        """Every pattern in a text, overlapping ones too, as (pattern, start, end)."""
        found: list[Found] = []
        self._search(normal, found)
        return found

    def search_part(self, normal: Normalised) -> tuple[list[Found], bool]:
        """The patterns in a part of a text, and whether a longer key may begin in it.

        Args:
            normal: a part that ends with a mark.
        """
        found: list[Found] = []
        return found, self._search(normal, found)

    def _search(self, normal: Normalised, found: list[Found]) -> bool:
        """Find patterns; tell whether the text ends where a key could go on."""
        goes_on = False
        rows = self._rows
        words = normal.words
        only_spaced = normal.text.isascii()
        place = 1
        for index, word in enumerate(words, 1):
            if only_spaced or word < "\u1100" or not is_unspaced(word[0]):
                try:
                    row = rows[word]
                except KeyError:
                    row = self._learn_row(word, word, rows)
                if row is not None:
                    if row.pattern is not None:
                        found.append((row.pattern, place, place + len(word)))
                    following = row.following
                    # Mostly the second word tells that nothing begins so.
                    if following is not None and (
                        index == len(words) or following.get(words[index], row) is not None
                    ):
                        goes_on |= self._follow(following, normal, index, place, found)
            else:
                self._search_unspaced(normal, place, place + len(word), found)
            place += len(word) + 1
        return goes_on

    def _follow(
        self,
        following: dict[str, _Row | None],
        normal: Normalised,
        second: int,
        place: int,
        found: list[Found],
    ) -> bool:
        """Find the keys that begin at ``place`` and go on with the word numbered ``second``.

        Returns:
            Whether the text ends where a key could go on.
        """
        words = normal.words
        end = place + len(words[second - 1])
        for last in range(second, len(words)):
            word = words[last]
            end += len(word) + 1
            if word >= "\u1100" and is_unspaced(word[0]):
                self._scan(normal.key, place, found, longer_than=end - len(word) - place)
                return False
            try:
                row = following[word]
            except KeyError:
                row = self._learn_row(word, " ".join(words[second - 1 : last + 1]), following)
            if row is None:
                return False
            if row.pattern is not None:
                found.append((row.pattern, place, end))
            if row.following is None:
                return False
            following = row.following
        return True

    def _search_unspaced(
        self, normal: Normalised, start: int, end: int, found: list[Found]
    ) -> None:
        """Find the keys that begin in one stretch of a script without spaces."""
        begins = self._begins
        text, key = normal.text, normal.key
        in_katakana = False
        for place in range(start, end):
            # Katakana and Hangul write foreign and whole words: a name begins where they do.
            was_katakana, in_katakana = in_katakana, "\u30a1" <= text[place] <= "\u30fe"
            if was_katakana and in_katakana:
                continue
            beginning = key[place : place + _BEGINNING]
            try:
                does_begin = begins[beginning]
            except KeyError:
                does_begin = self._learn_beginning(beginning)
            if does_begin:
                self._scan(key, place, found)

    def _scan(self, key: str, place: int, found: list[Found], longer_than: int = 0) -> None:
        """Find the keys that begin at one place by asking the trie."""
        trie = self.table.trie
        for prefix in trie.prefixes(key[place : place + self.table.longest]):
            if len(prefix) > longer_than:
                end = place + len(prefix) - (prefix[-1] == " ")
                found.append((self._pattern(trie.key_id(prefix)), place, end))

    def _learn_row(self, word: str, row: str, beside: dict[str, _Row | None]) -> _Row | None:
        """Look a row up that ends with ``word``, and remember it beside the like."""
        if len(row) >= self.table.longest:
            return None
        trie = self.table.trie
        beginning = row + " "
        keys = trie.iterkeys(beginning)
        first = next(keys, None)
        known = None
        if first is not None:
            number = trie.get(beginning)
            pattern = None if number is None else self._pattern(number)
            known = _Row(pattern, first != beginning or next(keys, None) is not None)
        if self._learned >= _MOST_REMEMBERED:
            self._rows = {}
            self._learned = 0
        self._learned += 1
        beside[word] = known
        return known

    def _learn_beginning(self, beginning: str) -> bool:
        """Whether a key begins with these characters, or is the first or the first two of them."""
        trie = self.table.trie
        begins = bool(trie.prefixes(beginning)) or any(True for _ in trie.iterkeys(beginning))
        if len(self._begins) >= _MOST_REMEMBERED:
            self._begins.clear()
        self._begins[beginning] = begins
        return begins

    def _pattern(self, number: int) -> Pattern:
        pattern = self._patterns.get(number)
        if pattern is None:
            pattern = self.table.pattern(number)
            if len(self._patterns) >= _MOST_REMEMBERED:
                self._patterns.clear()
            self._patterns[number] = pattern
        return pattern
