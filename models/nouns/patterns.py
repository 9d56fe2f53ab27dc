"""The register, compiled: every spelling that is searched for, and how much it proves by itself."""

from __future__ import annotations

import json
import threading
import unicodedata
from collections.abc import Iterator
from dataclasses import dataclass
from enum import IntEnum
from pathlib import Path

from ahocorasick_rs import AhoCorasick, Implementation, MatchKind

from models.canonical import digest_bytes, digest_lines
from models.files import write_atomically
from models.nouns.normalisation import MARKS, is_unspaced, normalise
from models.nouns.register import NameEntry, NameRegister
from models.nouns.words import Lexicon

COMPILER = "patterns/1"
_SHORTEST_PLAIN_WORD = 4
_SHORTEST_PLAIN_HIRAGANA = 4
_SHORTEST_PLAIN_KATAKANA = 3
_SHORTEST_PLAIN_KANJI = 2
_SHORTEST_REVERSED = 3
_PERSONAL = frozenset({"character", "person", "artist"})


class Strength(IntEnum):
    """How much a spelling proves by itself; smaller is stronger."""

    PLAIN = 0
    """It is a name and nothing else."""
    SHARED = 1
    """A single given name, cut off from the qualifier that says whose it is."""
    AMBIGUOUS = 2
    """An ordinary word, or a few of them, or too short to be told from one."""


HOWS = ("official", "alias", "other", "unspaced", "reversed", "head")
_ENTRY_BITS = 32


@dataclass(frozen=True, slots=True)
class Target:
    """What a pattern stands for: an entry, and which of its spellings this is.

    ``how`` is official, alias, other, or for a spelling that was derived: unspaced (without the
    dots between its parts), reversed (family name last), head (without its qualifier).
    """

    strength: Strength
    how: str
    entry: int


@dataclass(frozen=True, slots=True)
class Pattern:
    """One key, with everything in the register that is written so.

    Attributes:
        key: normal form, kana folded.
        spelling: the same without kana folding, as the strongest target is written.
        targets: strongest first; at most one of each entry.
        words: number of words in the key, marks not counted.
    """

    key: str
    spelling: str
    targets: tuple[Target, ...]
    words: int

    @property
    def strength(self) -> Strength:
        """The strength of the strongest target."""
        return self.targets[0].strength


@dataclass(frozen=True, slots=True)
class PatternTable:
    """All patterns of a register in columns: a fraction of the memory and time of objects.

    Attributes:
        keys: in order; no key twice.
        ranks: for each key its targets as numbers, strongest first (see ``_rank``).
        spellings: for keys whose spelling differs from them.
    """

    keys: list[str]
    ranks: list[list[int]]
    spellings: dict[str, str]

    def pattern(self, index: int) -> Pattern:
        """One row as an object."""
        key = self.keys[index]
        words = sum(token not in MARKS for token in key.split())
        targets = tuple(_target(rank) for rank in self.ranks[index])
        return Pattern(key, self.spellings.get(key, key), targets, words)


class CompiledNames:
    """Patterns and the automaton that finds them. Safe to search from many threads at once."""

    def __init__(self, register: NameRegister, lexicon: Lexicon, table: PatternTable) -> None:
        self.register = register
        self.lexicon = lexicon
        self.table = table
        self._automaton = AhoCorasick(
            map(_searched, table.keys),
            matchkind=MatchKind.Standard,
            store_patterns=False,
            implementation=Implementation.ContiguousNFA,
        )
        self._patterns: dict[int, Pattern] = {}
        self._qualifiers: dict[int, frozenset[str]] = {}

    def search(self, key: str) -> list[tuple[Pattern, int, int]]:
        """Every pattern in a key, overlapping ones too, as (pattern, start, end)."""
        found = []
        for index, start, end in self._automaton.find_matches_as_indexes(key, overlapping=True):
            pattern = self._patterns.get(index)
            if pattern is None:
                pattern = self._patterns[index] = self.table.pattern(index)
            left = not is_unspaced(pattern.key[0])
            right = not is_unspaced(pattern.key[-1])
            found.append((pattern, start + left, end - right))
        return found

    def qualifiers_of(self, entry: int) -> frozenset[str]:
        """Keys of what stands in brackets in any surface of an entry: mostly its work."""
        known = self._qualifiers.get(entry)
        if known is None:
            known = frozenset(
                qualifier
                for surface in self.register.entries[entry].surfaces
                if "(" in surface.text or "（" in surface.text
                for qualifier in _qualifiers(normalise(surface.text).key)
            )
            self._qualifiers[entry] = known
        return known


_lock = threading.Lock()
_compiled: list[CompiledNames] = []


def compile_names(
    register: NameRegister, lexicon: Lexicon, cache: Path | None = None
) -> CompiledNames:
    """The compiled form of a register; the last two are kept, so that threads share one.

    Args:
        register: the names.
        lexicon: ordinary words.
        cache: folder that keeps patterns between processes. A file there that is missing, damaged
            or cannot be written costs time and nothing else.
    """
    with _lock:
        for known in _compiled:
            if known.register == register and known.lexicon.digest == lexicon.digest:
                return known
        fresh = CompiledNames(register, lexicon, _table(register, lexicon, cache))
        _compiled.insert(0, fresh)
        del _compiled[2:]
        return fresh


def _table(register: NameRegister, lexicon: Lexicon, cache: Path | None) -> PatternTable:
    if cache is None:
        return compile_patterns(register, lexicon)
    digest = digest_lines([COMPILER, unicodedata.unidata_version, register.version, lexicon.digest])
    path = cache / f"names-{digest[:32]}.json"
    if (kept := _read_table(path)) is not None:
        return kept
    table = compile_patterns(register, lexicon)
    body = json.dumps(
        [table.keys, table.ranks, table.spellings], ensure_ascii=False, separators=(",", ":")
    ).encode()
    try:
        cache.mkdir(parents=True, exist_ok=True)
        write_atomically(path, digest_bytes(body).encode() + b"\n" + body)
    except OSError:
        return table
    return table


def _read_table(path: Path) -> PatternTable | None:
    """The patterns in a cache file, or None where it is not there or not as it was written."""
    try:
        digest, _, body = path.read_bytes().partition(b"\n")
    except OSError:
        return None
    if digest != digest_bytes(body).encode():
        return None
    return PatternTable(*json.loads(body))


def compile_patterns(register: NameRegister, lexicon: Lexicon) -> PatternTable:
    """All patterns of a register, ordered by key."""
    found: dict[str, list[int]] = {}
    spelled: dict[str, tuple[int, str]] = {}
    for index, entry in enumerate(register.entries):
        for spelling, key, how, strength in _spellings(entry, lexicon):
            rank = _rank(strength, how, index)
            found.setdefault(key, []).append(rank)
            if spelling != key and rank <= spelled.get(key, (rank, ""))[0]:
                spelled[key] = (rank, spelling)
    keys = sorted(found)
    ranks = [_one_of_each_entry(found[key]) for key in keys]
    spellings = {
        key: spelling for key, (rank, spelling) in spelled.items() if rank == min(found[key])
    }
    return PatternTable(keys, ranks, spellings)


def _rank(strength: Strength, how: str, entry: int) -> int:
    """A target as one number; a smaller one is stronger, then more official, then earlier."""
    return (strength * len(HOWS) + HOWS.index(how)) << _ENTRY_BITS | entry


def _target(rank: int) -> Target:
    strength, how = divmod(rank >> _ENTRY_BITS, len(HOWS))
    return Target(Strength(strength), HOWS[how], rank & ((1 << _ENTRY_BITS) - 1))


def _one_of_each_entry(ranks: list[int]) -> list[int]:
    if len(ranks) == 1:
        return ranks
    kept: dict[int, int] = {}
    for rank in sorted(ranks):
        kept.setdefault(rank & ((1 << _ENTRY_BITS) - 1), rank)
    return list(kept.values())


def _spellings(entry: NameEntry, lexicon: Lexicon) -> Iterator[tuple[str, str, str, Strength]]:
    """(spelling, key, how, strength) of every surface and of what is derived from it."""
    for surface in entry.surfaces:
        normal = normalise(surface.text)
        text, key = normal.text.strip(" ,"), normal.key.strip(" ,")
        if not key:
            continue
        yield text, key, surface.kind, weigh(text, lexicon)
        head = text.partition(" ( ")[0]
        if head != text:
            strength = weigh(head, lexicon)
            if strength is Strength.PLAIN and " " not in head:
                strength = Strength.SHARED
            yield head, key[: len(head)], "head", strength
        if " " not in head:
            continue
        parts = head.split(" ")
        if not MARKS.isdisjoint(parts):
            continue
        if all(is_unspaced(part[0]) for part in parts):
            joined = "".join(parts)
            yield joined, key[: len(head)].replace(" ", ""), "unspaced", weigh(joined, lexicon)
        elif len(parts) == 2 and entry.category in _PERSONAL and _is_reversible(parts, lexicon):
            turned = f"{parts[1]} {parts[0]}"
            yield turned, turned, "reversed", Strength.PLAIN


def _is_reversible(parts: list[str], lexicon: Lexicon) -> bool:
    """Whether two parts are surely a given and a family name."""
    return all(
        len(part) >= _SHORTEST_REVERSED and part.isascii() and not lexicon.is_ordinary(part)
        for part in parts
    )


def weigh(text: str, lexicon: Lexicon) -> Strength:
    """What a spelling in normal form proves by itself.

    A qualifier in brackets is how tags tell a name from the word, so it settles the matter.
    """
    if " ( " in text:
        return Strength.PLAIN
    words = [word for word in text.split() if word not in MARKS]
    if all(lexicon.is_ordinary(word) for word in words):
        return Strength.AMBIGUOUS
    joined = "".join(words)
    if not any(map(is_unspaced, joined)):
        short = len(joined) < _SHORTEST_PLAIN_WORD
    elif all("\u3040" <= char <= "\u309f" for char in joined):
        short = len(joined) < _SHORTEST_PLAIN_HIRAGANA
    elif all("\u30a0" <= char <= "\u30ff" for char in joined):
        short = len(joined) < _SHORTEST_PLAIN_KATAKANA
    else:
        short = len(joined) < _SHORTEST_PLAIN_KANJI
    return Strength.AMBIGUOUS if short else Strength.PLAIN


def _searched(key: str) -> str:
    """What the automaton looks for: the key, with the space that ends a word of a spaced script."""
    left = "" if is_unspaced(key[0]) else " "
    right = "" if is_unspaced(key[-1]) else " "
    return f"{left}{key}{right}"


def _qualifiers(key: str) -> list[str]:
    return [part.partition(" )")[0].strip() for part in key.split(" ( ")[1:]]
