"""The compiled register: patterns, the search for them, and where they are kept."""

from __future__ import annotations

import threading
import unicodedata
from collections.abc import Callable
from functools import lru_cache
from pathlib import Path

from models.canonical import digest_lines
from models.nouns.matching.ambiguity import Ordinary, Strength, qualifiers_in
from models.nouns.matching.folder import read_folder, write_folder
from models.nouns.matching.searching import TableSearch
from models.nouns.matching.table import Pattern, PatternTable, Target, build_table, open_table
from models.nouns.normalisation import normalise
from models.nouns.register.storage import NameEntry, NameRegister
from models.nouns.tags.quiet import QuietPieces
from models.nouns.vocabulary import Vocabulary
from models.nouns.words import Lexicon

__all__ = [
    "COMPILER",
    "CompiledNames",
    "Pattern",
    "PatternTable",
    "Strength",
    "Target",
    "compile_names",
    "compile_patterns",
]

COMPILER = "patterns/3"
_KEPT = 2
_MOST_REMEMBERED = 1 << 14


class CompiledNames:
    """Patterns and the search for them. Safe to search from many threads at once.

    Attributes:
        register: the names.
        lexicon: ordinary words.
        table: the patterns.
        vocabulary: descriptive tags.
        search: every pattern in a normal form, as (pattern, start, end); see ``TableSearch``.
        search_part: see ``TableSearch``.
        quiet: pieces of lists of tags that hold no name.
        entry: one entry of the register by its index.
        qualifiers_of: keys of what stands in brackets in any surface of an entry, by its index:
            mostly its work.
    """

    def __init__(
        self,
        register: NameRegister,
        lexicon: Lexicon,
        table: PatternTable,
        vocabulary: Vocabulary | None = None,
    ) -> None:
        self.register = register
        self.vocabulary = vocabulary or Vocabulary()
        self.lexicon = lexicon
        self.table = table
        searching = TableSearch(table)
        self.search = searching.search
        self.search_part = searching.search_part
        self.quiet = QuietPieces()
        self.qualifiers_of = lru_cache(_MOST_REMEMBERED)(self._read_qualifiers)
        self._works: dict[str, frozenset[str]] = {}
        self.entry = lru_cache(_MOST_REMEMBERED)(self._read_entry)

    def works_of(self, pattern: Pattern) -> frozenset[str]:
        """The qualifiers of all entries that a pattern stands for."""
        works = self._works.get(pattern.key)
        if works is None:
            works = frozenset().union(*(self.qualifiers_of(t.entry) for t in pattern.targets))
            if len(self._works) >= _MOST_REMEMBERED:
                self._works.clear()
            self._works[pattern.key] = works
        return works

    def _read_entry(self, index: int) -> NameEntry:
        return self.register.entries[index]

    def _read_qualifiers(self, index: int) -> frozenset[str]:
        return frozenset(
            qualifier
            for surface in self.entry(index).surfaces
            if "(" in surface.text or "（" in surface.text
            for qualifier in qualifiers_in(normalise(surface.text).key)
        )


_lock = threading.Lock()
_compiled: list[CompiledNames] = []


def compile_names(
    register: NameRegister,
    ordinary: Ordinary | Lexicon,
    cache: Path | None = None,
    progress: Callable[[int], None] = lambda _: None,
) -> CompiledNames:
    """The compiled form of a register; the last two are kept, so that threads share one.

    Args:
        register: the names.
        ordinary: what is ordinary language, or its words alone.
        cache: folder that keeps patterns between processes; they are mapped into memory from there.
            What is missing or damaged there is compiled anew; where it cannot be written, the
            patterns stay in memory.
        progress: called with the number of names just compiled, where that is needed.
    """
    ordinary = _as_ordinary(ordinary)
    digest = digest_of_patterns(register, ordinary)
    with _lock:
        for known in _compiled:
            if known.table.digest == digest:
                return known
        table = _open_or_build(register, ordinary, digest, cache, progress)
        fresh = CompiledNames(register, ordinary.lexicon, table, ordinary.vocabulary)
        _compiled.insert(0, fresh)
        del _compiled[_KEPT:]
        return fresh


def compile_patterns(register: NameRegister, ordinary: Ordinary | Lexicon) -> PatternTable:
    """All patterns of a register, in memory."""
    ordinary = _as_ordinary(ordinary)
    return build_table(register.entries, ordinary, digest_of_patterns(register, ordinary))


def digest_of_patterns(register: NameRegister, ordinary: Ordinary) -> str:
    """Digest of everything that patterns are made from."""
    return digest_lines([COMPILER, unicodedata.unidata_version, register.version, ordinary.digest])


def _as_ordinary(ordinary: Ordinary | Lexicon) -> Ordinary:
    return Ordinary(ordinary) if isinstance(ordinary, Lexicon) else ordinary


def _open_or_build(
    register: NameRegister,
    ordinary: Ordinary,
    digest: str,
    cache: Path | None,
    progress: Callable[[int], None],
) -> PatternTable:
    path = cache / f"names-{digest[:32]}" if cache else None
    if path and (kept := _open(path)) is not None:
        return kept
    table = build_table(register.entries, ordinary, digest, progress)
    if path is None:
        return table
    try:
        write_folder(path, table.save)
    except OSError:
        return table
    kept = _open(path)
    return table if kept is None else kept


def _open(path: Path) -> PatternTable | None:
    note = read_folder(path)
    if note is None:
        return None
    try:
        return open_table(path, note)
    except (OSError, RuntimeError):
        # Another process removed the folder a moment ago.
        return None
