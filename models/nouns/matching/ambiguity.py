"""How much a spelling proves by itself, and which spellings a name has besides those registered.

All of it is worked out once, when the register is compiled.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from enum import IntEnum
from functools import cached_property

from models.canonical import digest_lines
from models.nouns.normalisation import MARKS, is_unspaced, normalise
from models.nouns.register.storage import NameEntry
from models.nouns.vocabulary import Vocabulary
from models.nouns.words import Lexicon, shipped_lexicon

_SHORTEST_PLAIN_WORD = 4
_SHORTEST_PLAIN_HIRAGANA = 4
_SHORTEST_PLAIN_KATAKANA = 3
_SHORTEST_PLAIN_KANJI = 2
_SHORTEST_REVERSED = 3
_SPECIFIC_WORDS = 4
_SPECIFIC_CHARACTERS = 5
_CLOSED_FROM = 1000
_PERSONAL = frozenset({"character", "person", "artist"})

HOWS = ("official", "alias", "other", "unspaced", "reversed", "head", "given")
"""How a spelling belongs to its entry: registered as such, or derived from one that is."""


class Strength(IntEnum):
    """How much a spelling proves by itself; smaller is stronger."""

    PLAIN = 0
    """It is a name and nothing else."""
    SHARED = 1
    """It may be another's: a given name without the qualifier that says whose it is, or a row of
    ordinary words that is unlikely by chance."""
    LISTED = 2
    """A word of a dictionary, though no usual one in captions: in an English sentence it takes a
    capital to be a name, in a Japanese one it must not be part of a longer word."""
    AMBIGUOUS = 3
    """An ordinary word, or a few of them, or too short to be told from one."""
    DESCRIPTIVE = 4
    """A tag that describes pictures: even as a whole tag it is no name."""


def _is_never_common(_: str) -> bool:
    return False


@dataclass(frozen=True)
class Ordinary:
    """What is ordinary language, and so no name by itself.

    Attributes:
        lexicon: ordinary words.
        vocabulary: descriptive tags.
        is_common_noun: whether a Japanese word or phrase is ordinary by a dictionary.
        dictionary: names that dictionary with its version; "" where there is none.
        english: common English words, in normal form.
    """

    lexicon: Lexicon = field(default_factory=shipped_lexicon)
    vocabulary: Vocabulary = field(default_factory=Vocabulary)
    is_common_noun: Callable[[str], bool] = _is_never_common
    dictionary: str = ""
    english: frozenset[str] = frozenset()

    @cached_property
    def digest(self) -> str:
        """Digest of everything that decides what is ordinary."""
        english = digest_lines(sorted(self.english))
        return digest_lines([self.lexicon.digest, self.vocabulary.digest, self.dictionary, english])

    def is_ordinary_word(self, word: str) -> bool:
        """Whether one word in normal form is ordinary by the lexicon or as a tag of its own."""
        return word in self.vocabulary.tags or self.lexicon.is_ordinary(word)


def is_closed(vocabulary: Vocabulary) -> bool:
    """Whether a vocabulary is large enough that a whole tag outside it means something."""
    return len(vocabulary.tags) >= _CLOSED_FROM


def spell(entry: NameEntry, ordinary: Ordinary) -> Iterator[tuple[str, str, str, Strength]]:
    """(key, spelling, how, strength) of every spelling that stands for an entry.

    The key has its kana folded and is what is searched for; the spelling has not.
    """
    for surface in entry.surfaces:
        normal = normalise(surface.text)
        spelling = normal.text.strip(" ,")
        key = normal.key.strip(" ,")
        if not any(map(str.isalnum, key)):
            continue
        strength = weigh(key, spelling, ordinary)
        if surface.kind == "given":
            yield key, spelling, "given", max(strength, Strength.SHARED)
            continue
        yield key, spelling, surface.kind, strength
        yield from _derive(entry, key, spelling, ordinary)


def _derive(
    entry: NameEntry, key: str, spelling: str, ordinary: Ordinary
) -> Iterator[tuple[str, str, str, Strength]]:
    """Spellings that follow from one that is registered."""
    head = spelling.partition(" ( ")[0].rstrip(" ,")
    head_key = key[: len(head)]
    if head != spelling and any(map(str.isalnum, head)):
        strength = weigh(head_key, head, ordinary)
        if strength is Strength.PLAIN and " " not in head:
            strength = Strength.SHARED
        yield head_key, head, "head", strength
    parts = head.split(" ")
    if len(parts) < 2 or not MARKS.isdisjoint(parts):
        return
    if all(is_unspaced(part[0]) for part in parts):
        joined, joined_key = head.replace(" ", ""), head_key.replace(" ", "")
        yield joined_key, joined, "unspaced", weigh(joined_key, joined, ordinary)
    elif len(parts) == 2 and entry.category in _PERSONAL and _is_reversible(parts, ordinary):
        turned = f"{parts[1]} {parts[0]}"
        strength = weigh(turned, turned, ordinary)
        yield turned, turned, "reversed", strength


def _is_reversible(parts: list[str], ordinary: Ordinary) -> bool:
    """Whether two parts are surely a given and a family name."""
    return all(
        len(part) >= _SHORTEST_REVERSED
        and part.isascii()
        and not ordinary.lexicon.is_ordinary(part)
        for part in parts
    )


def weigh(key: str, spelling: str, ordinary: Ordinary) -> Strength:
    """What a spelling in normal form proves by itself.

    A qualifier in brackets is how tags tell a name from the word, so it settles the matter, unless
    the whole is a descriptive tag.

    Args:
        key: the spelling with its kana folded.
    """
    if key in ordinary.vocabulary:
        return Strength.DESCRIPTIVE
    if " ( " in spelling:
        return Strength.PLAIN
    words = [word for word in spelling.split(" ") if word not in MARKS]
    if all(map(ordinary.is_ordinary_word, words)):
        specific = len(words) >= _SPECIFIC_WORDS or (
            len(words) > 1 and not all(map(ordinary.lexicon.is_ordinary, words))
        )
        return Strength.SHARED if specific else Strength.AMBIGUOUS
    joined = "".join(words)
    if not any(map(is_unspaced, joined)):
        if len(words) == 1 and joined in ordinary.english:
            return Strength.LISTED
        if len(joined) == _SHORTEST_PLAIN_WORD - 1 and joined.isalpha():
            return Strength.SHARED
        short = len(joined) < _SHORTEST_PLAIN_WORD
    elif ordinary.is_common_noun(joined):
        short_of_sure = not all("\u3040" <= char <= "\u30ff" for char in joined)
        if len(joined) >= _SPECIFIC_CHARACTERS - short_of_sure:
            return Strength.SHARED
        foreign = all("\u30a0" <= char <= "\u30ff" for char in joined)
        return Strength.LISTED if foreign else Strength.AMBIGUOUS
    elif all("\u3040" <= char <= "\u309f" for char in joined):
        short = len(joined) < _SHORTEST_PLAIN_HIRAGANA
    elif all("\u30a0" <= char <= "\u30ff" for char in joined):
        short = len(joined) < _SHORTEST_PLAIN_KATAKANA
    else:
        short = len(joined) < _SHORTEST_PLAIN_KANJI
    return Strength.AMBIGUOUS if short else Strength.PLAIN


def qualifiers_in(key: str) -> list[str]:
    """What stands in brackets in a key."""
    return [part.partition(" )")[0].strip() for part in key.split(" ( ")[1:]]
