"""The register, compiled: every spelling that is searched for, in columns that files can hold.

The keys stand in a succinct trie (``marisa_trie``), everything else in arrays by the trie's number
for the key. Both can lie in files that are mapped into memory, so that a register of a million
spellings opens at once and costs little memory that processes do not share.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from itertools import chain
from pathlib import Path
from typing import Any

import marisa_trie
import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from models.nouns.matching.ambiguity import HOWS, Ordinary, Strength, spell
from models.nouns.normalisation import MARKS, is_unspaced
from models.nouns.register.storage import NameEntry

_ENTRY_BITS = 32
_ENTRY_MASK = (1 << _ENTRY_BITS) - 1
_CHUNK = 5000
_KEYS, _OFFSETS, _RANKS, _SPELLED, _SPELLINGS = (
    "keys.marisa",
    "offsets.npy",
    "ranks.npy",
    "spelled.npy",
    "spellings.arrow",
)


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
        strength: that of the strongest target.
        spaced: whether both ends are words of scripts that write spaces.
    """

    key: str
    spelling: str
    targets: tuple[Target, ...]
    words: int
    strength: Strength
    spaced: bool


@dataclass(frozen=True, slots=True)
class PatternTable:
    """All patterns of a register, by number.

    Attributes:
        trie: the keys as they are searched for (see ``searched``); gives each its number.
        offsets: for each number where its targets begin in ``ranks``, and at the end where the
            last one's end.
        ranks: the targets as numbers, strongest first (see ``_rank``).
        spelled: the numbers of keys whose spelling differs from them, in order.
        spellings: their spellings.
        longest: code points of the longest key as it is searched for.
        digest: of everything that the table was made from.
    """

    trie: marisa_trie.Trie
    offsets: NDArray[np.uint32]
    ranks: NDArray[np.uint64]
    spelled: NDArray[np.uint32]
    spellings: pa.StringArray
    longest: int
    digest: str

    def __len__(self) -> int:
        return len(self.offsets) - 1

    def pattern(self, number: int) -> Pattern:
        """One pattern as an object."""
        key = self.trie.restore_key(number).rstrip(" ")
        begin, end = self.offsets[number : number + 2].tolist()
        targets = tuple(map(_target, self.ranks[begin:end].tolist()))
        place = int(np.searchsorted(self.spelled, number))
        differs = place < len(self.spelled) and self.spelled[place] == number
        tokens = key.split(" ")
        return Pattern(
            key=key,
            spelling=self.spellings[place].as_py() if differs else key,
            targets=targets,
            words=sum(token not in MARKS for token in tokens),
            strength=targets[0].strength,
            spaced=not is_unspaced(tokens[0][0]) and not is_unspaced(tokens[-1][0]),
        )

    def save(self, folder: Path) -> dict[str, Any]:
        """Write the columns into a folder; the note is needed to open it."""
        # Not by its own `save`, which tells a full disk as a RuntimeError.
        (folder / _KEYS).write_bytes(self.trie.tobytes())
        for name, column in (
            (_OFFSETS, self.offsets),
            (_RANKS, self.ranks),
            (_SPELLED, self.spelled),
        ):
            np.save(folder / name, column, allow_pickle=False)
        batch = pa.record_batch([self.spellings], names=["spelling"])
        path = str(folder / _SPELLINGS)
        with pa.OSFile(path, "wb") as sink, pa.ipc.new_file(sink, batch.schema) as writer:
            writer.write_batch(batch)
        return {"longest": self.longest, "digest": self.digest}


def open_table(folder: Path, note: dict[str, Any]) -> PatternTable:
    """The table in a folder that ``save`` wrote and that is known to be whole, mapped."""
    trie = marisa_trie.Trie()
    trie.mmap(str(folder / _KEYS))
    with pa.memory_map(str(folder / _SPELLINGS)) as source:
        spellings = pa.ipc.open_file(source).get_batch(0).column(0)
    offsets, ranks, spelled = (
        np.load(folder / name, mmap_mode="r", allow_pickle=False)
        for name in (_OFFSETS, _RANKS, _SPELLED)
    )
    return PatternTable(trie, offsets, ranks, spelled, spellings, **note)


def searched(key: str) -> str:
    """What the trie holds: the key, with the space that ends a word of a script with spaces."""
    return key if is_unspaced(key[key.rfind(" ") + 1]) else key + " "


def build_table(
    entries: Iterable[NameEntry],
    ordinary: Ordinary,
    digest: str = "",
    progress: Callable[[int], None] = lambda _: None,
) -> PatternTable:
    """The patterns of entries, which are read once, in order.

    Args:
        digest: stands for the entries, what is ordinary, and the version of the rules.
        progress: called with the number of entries just finished.
    """
    keys: list[pa.StringArray] = []
    spellings: list[pa.StringArray] = []
    ranks: list[NDArray[np.uint64]] = []
    for chunk in _spell_in_chunks(entries, ordinary, progress):
        keys.append(pa.array(chunk.keys, pa.string()))
        spellings.append(pa.array(chunk.spellings, pa.string()))
        ranks.append(np.array(chunk.ranks, np.uint64))
    trie = marisa_trie.Trie(chain.from_iterable(part.to_pylist() for part in keys))
    longest = max((max(map(len, part.to_pylist())) for part in keys), default=0)
    numbers = np.fromiter(
        (trie.key_id(key) for part in keys for key in part.to_pylist()), np.uint32
    )
    del keys
    every_rank = np.concatenate([*ranks, np.empty(0, np.uint64)])
    order = np.lexsort((every_rank, numbers))
    order = order[_first_of_each_entry(numbers[order], every_rank[order])]
    offsets = np.searchsorted(numbers[order], np.arange(len(trie) + 1)).astype(np.uint32)
    strongest = order[offsets[:-1]]
    written = pa.chunked_array(spellings, pa.string()).take(pa.array(strongest))
    differs = np.flatnonzero(written.is_valid().to_numpy())
    return PatternTable(
        trie=trie,
        offsets=offsets,
        ranks=every_rank[order],
        spelled=differs.astype(np.uint32),
        spellings=pa.array(written.drop_null().to_pylist(), pa.string()),
        longest=longest,
        digest=digest,
    )


@dataclass(frozen=True, slots=True)
class _Chunk:
    """Spellings of some entries: a row each. The spelling is None where it is the key."""

    keys: list[str]
    spellings: list[str | None]
    ranks: list[int]


def _spell_in_chunks(
    entries: Iterable[NameEntry], ordinary: Ordinary, progress: Callable[[int], None]
) -> Iterator[_Chunk]:
    chunk, pending = _Chunk([], [], []), 0
    for index, entry in enumerate(entries):
        for key, spelling, how, strength in spell(entry, ordinary):
            chunk.keys.append(searched(key))
            chunk.spellings.append(None if spelling == key else spelling)
            chunk.ranks.append(_rank(strength, how, index))
        pending += 1
        if pending == _CHUNK:
            yield chunk
            progress(pending)
            chunk, pending = _Chunk([], [], []), 0
    if pending:
        yield chunk
        progress(pending)


def _first_of_each_entry(
    numbers: NDArray[np.uint32], ranks: NDArray[np.uint64]
) -> NDArray[np.bool_]:
    """Of rows in order of number, then rank: those that are the first of their entry there."""
    entries = ranks & np.uint64(_ENTRY_MASK)
    order = np.lexsort((entries, numbers))
    first = np.ones(len(order), bool)
    first[1:] = (np.diff(numbers[order]) != 0) | (np.diff(entries[order]) != 0)
    kept = np.zeros(len(order), bool)
    kept[order[first]] = True
    return kept


def _rank(strength: Strength, how: str, entry: int) -> int:
    """A target as one number; a smaller one is stronger, then more official, then earlier."""
    return (strength * len(HOWS) + HOWS.index(how)) << _ENTRY_BITS | entry


def _target(rank: int) -> Target:
    strength, how = divmod(rank >> _ENTRY_BITS, len(HOWS))
    return Target(Strength(strength), HOWS[how], rank & _ENTRY_MASK)
