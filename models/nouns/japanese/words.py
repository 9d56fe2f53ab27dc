"""Words that tell names from Japanese, as far as the analyser's dictionary does not say it."""

from __future__ import annotations

import re
from dataclasses import dataclass
from functools import cache, lru_cache
from pathlib import Path

from models.canonical import digest_bytes
from models.nouns.japanese.analysis import PLACE, has_ordinary_entry, name_kinds

_PATH = Path(__file__).parents[1] / "data" / "morphology_ja.txt"
_SHORTEST_PART = 3
_LONGEST_PART = 12
_SHORT_HEAD = 2
_SHORTEST_MODIFIER = 2
_LONGEST_COMPOUND = 40
_SOUND = re.compile(r"(.{1,3}[ッー]?)\1+|.{1,3}[ッァィゥェォ]")


@dataclass(frozen=True, eq=False)
class JapaneseWords:
    """The sections of ``data/morphology_ja.txt``, where each is explained.

    Attributes:
        digest: of the file.
    """

    short_loans: frozenset[str]
    not_names: frozenset[str]
    heads: tuple[str, ...]
    prefixes: frozenset[str]
    suffixes: tuple[str, ...]
    endings: tuple[str, ...]
    art: frozenset[str]
    roles: frozenset[str]
    digest: str


@cache
def japanese_words() -> JapaneseWords:
    """The words that come with Kiyome."""
    data = _PATH.read_bytes()
    sections: dict[str, list[str]] = {}
    words: list[str] = []
    for line in data.decode("utf-8").splitlines():
        if line.startswith("["):
            words = sections.setdefault(line.strip("[]"), [])
        elif not line.startswith("#"):
            words += line.split()
    return JapaneseWords(
        short_loans=frozenset(sections["short loans"]),
        not_names=frozenset(sections["not names"]),
        heads=tuple(sections["heads"]),
        prefixes=frozenset(sections["prefixes"]),
        suffixes=tuple(sections["suffixes"]),
        endings=tuple(sections["endings"]),
        art=frozenset(sections["art"]),
        roles=frozenset(sections["roles"]),
        digest=digest_bytes(data),
    )


@lru_cache(maxsize=1 << 15)
def is_compound(word: str) -> bool:
    """Whether a word in katakana is made of ordinary words, ends in one, or is a sound.

    A part of three letters and more is any ordinary word of the dictionary; a shorter one must be
    listed in ``data/morphology_ja.txt``. A sound is said twice (``モフモフ``) or breaks off
    (``ドキッ``).

    Raises:
        KiyomeError: SudachiPy or its dictionary is not installed.
    """
    if len(word) > _LONGEST_COMPOUND:
        return False
    return (
        bool(_SOUND.fullmatch(word))
        or _has_ordinary_head(word)
        or _has_short_head(word)
        or is_row_of_words(word)
    )


@lru_cache(maxsize=1 << 15)
def is_row_of_words(word: str) -> bool:
    """Whether a word in katakana is nothing but ordinary words in a row.

    Raises:
        KiyomeError: SudachiPy or its dictionary is not installed.
    """
    if len(word) > _LONGEST_COMPOUND:
        return False
    loans = japanese_words().short_loans
    reached = [True, *[False] * len(word)]
    for start in range(len(word)):
        if not reached[start]:
            continue
        for stop in range(start + 1, min(len(word), start + _LONGEST_PART) + 1):
            if reached[stop]:
                continue
            part = word[start:stop]
            reached[stop] = part in loans or (
                stop - start >= _SHORTEST_PART and has_ordinary_entry(part)
            )
    return reached[-1]


def _has_ordinary_head(word: str) -> bool:
    """Whether a word ends in an ordinary one: Japanese compounds are a kind of their last part."""
    starts = range(_SHORTEST_MODIFIER, len(word) - _SHORTEST_PART + 1)
    return any(has_ordinary_entry(word[start:]) for start in starts)


def _has_short_head(word: str) -> bool:
    """Whether a listed word of two letters follows an ordinary word or a place."""
    head, modifier = word[-_SHORT_HEAD:], word[:-_SHORT_HEAD]
    return (
        len(modifier) >= _SHORTEST_PART
        and head in japanese_words().short_loans
        and (has_ordinary_entry(modifier) or PLACE in name_kinds(modifier))
    )
