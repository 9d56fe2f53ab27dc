"""The register by skeleton: which names a disguised or misspelt text may stand for.

A trie and four columns in a folder, mapped into memory: a million spellings cost address space
rather than memory. A folder that is missing, damaged or cannot be written costs time and nothing
else.
"""

from __future__ import annotations

import unicodedata
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from functools import lru_cache
from itertools import islice
from pathlib import Path
from typing import Any

import marisa_trie
import numpy as np
import numpy.typing as npt

from models.canonical import digest_lines
from models.nouns.disguise.skeletons import Gap, Piece, cut_pieces, skeleton_of
from models.nouns.disguise.typos import TypoIndex, differ_in_one_place
from models.nouns.matching.ambiguity import Ordinary, Strength, weigh
from models.nouns.matching.evidence import is_kanji
from models.nouns.matching.folder import read_folder, write_folder
from models.nouns.normalisation import fold_kana, is_unspaced
from models.nouns.recognition import term_of
from models.nouns.register.storage import NameRegister

BUILDER = "skeletons/2"
SHORTEST_SPACED = 4
SHORTEST_UNSPACED = 3
SHORTEST_MISSPELT_SPACED = 5
SHORTEST_MISSPELT_UNSPACED = 5
_LONGEST_MISSPELT = 40
_PREFIX = 3
_MOST_NAMESAKES = 16
_MOST_KEYS = 200
_SHORTEST_FROM = 6
_LONGEST_SLIP = 4
_KEYS = "skeletons.marisa"
_COLUMNS = ("begins", "surfaces", "hashes", "words")

Column = npt.NDArray[np.uint32]


@dataclass(frozen=True, slots=True)
class Spelling:
    """One way in which a registered name is written.

    Attributes:
        entry: its place among the register's entries.
        text: the surface as it is registered, without its qualifier where ``head`` is set.
        words: its words, as pieces read them.
        official: whether it is the entry's official name.
        head: whether the qualifier was cut off.
        qualified: whether its words include a qualifier in brackets.
        shared: a single given name that lost its qualifier, so that it may be somebody else's.
    """

    entry: int
    text: str
    words: tuple[str, ...]
    official: bool
    head: bool
    shared: bool
    qualified: bool = False


class SkeletonIndex:
    """Looks names up by skeleton. Safe to use from several threads."""

    def __init__(
        self,
        register: NameRegister,
        trie: marisa_trie.Trie,
        begins: Column,
        surfaces: Column,
        typos: TypoIndex,
    ) -> None:
        """From what ``build`` makes.

        Args:
            trie: the skeletons.
            begins: for each where its rows of ``surfaces`` begin, and the end of the last.
            surfaces: two numbers a row: entry, and surface * 2, + 1 where its qualifier is cut.
            typos: the longer skeletons.
        """
        self._register = register
        self._trie = trie
        self._begins = begins
        self._surfaces = surfaces
        self._typos = typos
        self.unspaced_starts = frozenset(
            key[:_PREFIX] for key in trie.iterkeys() if is_unspaced(key[0])
        )
        self.keys_from = lru_cache(maxsize=1 << 14)(self._keys_from)
        self.find = lru_cache(maxsize=1 << 15)(self._find)
        self.find_misspelt = lru_cache(maxsize=1 << 15)(self._find_misspelt)

    def _find(self, skeleton: str) -> tuple[Spelling, ...]:
        """The spellings that have a skeleton."""
        number = self._trie.get(skeleton)
        return () if number is None else self._spellings(number)

    def _find_misspelt(self, letters: str) -> tuple[Spelling, ...]:
        """The spellings of which one may be a slip away from these letters, kana folded."""
        if not SHORTEST_MISSPELT_UNSPACED - 1 <= len(letters) <= _LONGEST_MISSPELT + 1:
            return ()
        # To read a spelling takes long, and its skeleton shows what is far off.
        skeleton = skeleton_of(letters)
        return tuple(
            spelling
            for number in sorted(self._typos.candidates(letters))
            if differ_in_one_place(self._trie.restore_key(number), skeleton, _LONGEST_SLIP)
            for spelling in self._spellings(number)
        )

    def prefixes(self, skeleton: str) -> list[str]:
        """The skeletons that a text begins with, shortest first."""
        found: list[str] = self._trie.prefixes(skeleton)
        return found

    def keys_beginning(self, stem: str) -> Iterator[str]:
        """Every skeleton that begins with a stem."""
        found: Iterator[str] = self._trie.iterkeys(stem)
        return found

    def _keys_from(self, stem: str) -> tuple[str, ...]:
        """The longer skeletons that begin with a stem, but none where too many do."""
        keys = tuple(islice(self._trie.iterkeys(stem), _MOST_KEYS + 1))
        if len(keys) > _MOST_KEYS:
            return ()
        return tuple(key for key in keys if len(key) >= _SHORTEST_FROM - any(map(is_kanji, key)))

    def _spellings(self, number: int) -> tuple[Spelling, ...]:
        begin, end = int(self._begins[number]), int(self._begins[number + 1])
        end = min(end, begin + _MOST_NAMESAKES)
        return tuple(self._spelling(*map(int, row)) for row in self._surfaces[begin:end])

    def _spelling(self, entry: int, packed: int) -> Spelling:
        surface = self._register.entries[entry].surfaces[packed >> 1]
        head = bool(packed & 1)
        pieces = cut_pieces(surface.text, 0, len(surface.text))
        if head:
            pieces = pieces[: head_length(pieces)]
        qualified = head_length(pieces) < len(pieces)
        text = surface.text[pieces[0].start : pieces[-1].end] if head else surface.text
        words = tuple(piece.letters for piece in pieces)
        alone = head or surface.kind == "given"
        shared = alone and len(words) == 1 and not is_unspaced(words[0][0])
        return Spelling(entry, text, words, surface.kind == "official", head, shared, qualified)

    @property
    def size(self) -> dict[str, int]:
        """Skeletons, spellings, hashes of misspellings, and bytes that all of it takes."""
        columns = (self._begins, self._surfaces, self._typos.hashes, self._typos.words)
        return {
            "skeletons": len(self._trie),
            "spellings": len(self._surfaces),
            "misspellings": len(self._typos.hashes),
            "bytes": sum(column.nbytes for column in columns) + len(self._trie.tobytes()),
        }

    def save(self, folder: Path) -> dict[str, Any]:
        """Write everything but the register into a folder; the note says nothing yet."""
        # Not by its own `save`, which tells a full disk as a RuntimeError.
        (folder / _KEYS).write_bytes(self._trie.tobytes())
        columns = (self._begins, self._surfaces, self._typos.hashes, self._typos.words)
        for name, column in zip(_COLUMNS, columns, strict=True):
            np.save(folder / f"{name}.npy", column, allow_pickle=False)
        return {}

    @classmethod
    def open(cls, register: NameRegister, folder: Path) -> SkeletonIndex:
        """The index in a folder that ``save`` wrote and that is known to be whole, mapped."""
        trie = marisa_trie.Trie()
        trie.mmap(str(folder / _KEYS))
        begins, surfaces, hashes, words = (
            np.load(folder / f"{name}.npy", mmap_mode="r", allow_pickle=False) for name in _COLUMNS
        )
        return cls(register, trie, begins, surfaces, TypoIndex(hashes, words))


def head_length(pieces: Sequence[Piece]) -> int:
    """How many pieces of a name stand before its qualifier in brackets."""
    for place, piece in enumerate(pieces):
        if place and piece.gap is Gap.BRACKET:
            return place
    return len(pieces)


def build(register: NameRegister, ordinary: Ordinary) -> SkeletonIndex:
    """The index of a register. Names that may be ordinary words are left out."""
    rows: list[tuple[str, str, int, int]] = []
    for number, entry in enumerate(register.entries):
        for place, surface in enumerate(entry.surfaces):
            for letters, head in _letters(surface.text, ordinary):
                skeleton = skeleton_of(letters)
                if is_long_enough(skeleton):
                    rows.append((skeleton, letters, number, place << 1 | head))
    # Whole names before names without their qualifier, which many entries share.
    rows.sort(key=lambda row: (row[3] & 1, row[2], row[3]))
    trie = marisa_trie.Trie({row[0] for row in rows})
    numbers = np.array([trie[row[0]] for row in rows], dtype=np.int64)
    order = np.argsort(numbers, kind="stable")
    surfaces = np.array([row[2:] for row in rows], dtype=np.uint32).reshape(-1, 2)[order]
    begins = np.searchsorted(numbers[order], np.arange(len(trie) + 1)).astype(np.uint32)
    misspelt = {(trie[row[0]], row[1]) for row in rows if _can_be_misspelt(row[1])}
    return SkeletonIndex(register, trie, begins, surfaces, TypoIndex.of(sorted(misspelt)))


def _letters(surface: str, ordinary: Ordinary) -> Iterable[tuple[str, int]]:
    """(letters, whether the qualifier is cut off) of a surface, with and without qualifier."""
    pieces = cut_pieces(surface, 0, len(surface))
    cut = head_length(pieces)
    if cut < len(pieces) and term_of(surface) not in ordinary.vocabulary:
        yield fold_kana("".join(piece.letters for piece in pieces)), 0
    head = " ".join(piece.letters for piece in pieces[:cut])
    if head and weigh(fold_kana(head), head, ordinary) < Strength.AMBIGUOUS:
        yield fold_kana(head.replace(" ", "")), int(cut < len(pieces))


def is_long_enough(skeleton: str) -> bool:
    """Whether a skeleton says enough to be looked for."""
    unspaced = any(map(is_unspaced, skeleton))
    return len(skeleton) >= (SHORTEST_UNSPACED if unspaced else SHORTEST_SPACED)


def _can_be_misspelt(letters: str) -> bool:
    unspaced = any(map(is_unspaced, letters))
    shortest = SHORTEST_MISSPELT_UNSPACED if unspaced else SHORTEST_MISSPELT_SPACED
    return shortest <= len(letters) <= _LONGEST_MISSPELT


def open_index(register: NameRegister, ordinary: Ordinary, cache: Path | None) -> SkeletonIndex:
    """The index of a register, from the cache folder where it lies there as it was written."""
    if cache is None:
        return build(register, ordinary)
    parts = [BUILDER, unicodedata.unidata_version, register.version, ordinary.digest]
    path = cache / f"skeletons-{digest_lines(parts)[:32]}"
    if read_folder(path) is None:
        index = build(register, ordinary)
        try:
            write_folder(path, index.save)
        except OSError:
            return index
    return SkeletonIndex.open(register, path)
