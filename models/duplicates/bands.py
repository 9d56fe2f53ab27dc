"""Exact search for PDQ hashes within 31 bits, by bands: no pair in reach is missed.

A hash is cut into eight words of 32 bits, and each word into two bands of 16. Two hashes that
differ in at most 31 bits differ in one of the words in at most three (eight words with four each
would be 32), and within that word in one of the bands in at most one. So it is enough to look, band
by band, at the hashes whose band is the same or differs in one bit, and of these at the ones whose
whole word differs in at most three. It is the pigeonhole principle of multi-index hashing (Norouzi,
Punjani and Fleet, "Fast Exact Search in Hamming Space with Multi-Index Hashing", 2014) with one
more sieve.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from models.motifs.fingerprints import PDQ_BYTES

MAX_DISTANCE = 31
"""Bits within which the search is exact."""

Hashes = npt.NDArray[np.uint8]
Positions = npt.NDArray[np.int64]

_WORDS = 8
_WORD_ERRORS = MAX_DISTANCE // _WORDS
_BANDS = 16
_KEYS = 1 << 16
_PROBES = np.array([0, *(1 << bit for bit in range(16))], np.uint16)
"""What a band is XORed with: itself, and each of its bits turned over."""
_CHUNK = 1 << 22
"""How many candidates are held at a time."""


_MIXED = np.random.default_rng(0).permutation(PDQ_BYTES * 8)
_ROWS = 1 << 16


def mix_bits(hashes: Hashes) -> Hashes:
    """The hashes with their bits in another, fixed order, in which distances are the same.

    Neighbouring bits of PDQ depend on each other, so that bands of neighbours would hold many
    hashes alike: of drawn pictures half as many again would have to be looked at.
    """
    mixed = np.empty((len(hashes), PDQ_BYTES), np.uint8)
    for start in range(0, len(hashes), _ROWS):
        bits = np.unpackbits(hashes[start : start + _ROWS], axis=1)
        mixed[start : start + _ROWS] = np.packbits(bits[:, _MIXED], axis=1)
    return mixed


@dataclass(frozen=True, slots=True)
class Hits:
    """Pairs within reach, ordered by query and then by stored position; each pair once."""

    queries: Positions
    found: Positions
    distances: npt.NDArray[np.int16]


class BandIndex:
    """Hashes by their bands. About 160 bytes a hash."""

    def __init__(self, hashes: Hashes) -> None:
        """Sort the hashes by each band.

        Args:
            hashes: uint8, n x 32; positions in ``Hits`` are its rows.
        """
        if hashes.ndim != 2 or hashes.shape[1] != PDQ_BYTES:
            raise ValueError("hashes are rows of 32 bytes")
        self._words = np.ascontiguousarray(hashes).view(np.uint32)
        halves = np.ascontiguousarray(hashes).view(np.uint16)
        self._orders: list[npt.NDArray[np.int32]] = []
        self._starts: list[Positions] = []
        self._sorted_words: list[npt.NDArray[np.uint32]] = []
        for band in range(_BANDS):
            order = np.argsort(halves[:, band], kind="stable").astype(np.int32)
            counts = np.bincount(halves[:, band], minlength=_KEYS)
            self._orders.append(order)
            self._starts.append(np.concatenate([[0], np.cumsum(counts)]))
            self._sorted_words.append(self._words[order, band // 2])

    def count_candidates(self, queries: Hashes) -> npt.NDArray[np.int64]:
        """How many hashes a search would look at, by query."""
        halves = np.ascontiguousarray(queries).view(np.uint16)
        total = np.zeros(len(queries), np.int64)
        for band in range(_BANDS):
            keys = halves[:, band, None] ^ _PROBES
            starts = self._starts[band]
            total += (starts[keys.astype(np.int64) + 1] - starts[keys]).sum(axis=1)
        return total

    def search(self, queries: Hashes) -> Hits:
        """All pairs of a query and a stored hash that differ in at most ``MAX_DISTANCE`` bits."""
        words = np.ascontiguousarray(queries).view(np.uint32)
        halves = np.ascontiguousarray(queries).view(np.uint16)
        pairs = [np.zeros(0, np.int64)]
        for band in range(_BANDS):
            for rows, found in self._sieve(band, halves[:, band], words[:, band // 2]):
                pairs.append(rows * len(self._words) + found)
        rows, found = np.divmod(np.unique(np.concatenate(pairs)), max(1, len(self._words)))
        distances = np.bitwise_count(words[rows] ^ self._words[found]).sum(axis=1, dtype=np.int16)
        near = distances <= MAX_DISTANCE
        return Hits(rows[near], found[near], distances[near])

    def _sieve(
        self, band: int, halves: npt.NDArray[np.uint16], words: npt.NDArray[np.uint32]
    ) -> Iterator[tuple[Positions, Positions]]:
        """Query and stored position of what shares the band, and most of its word."""
        keys = (halves[:, None] ^ _PROBES).reshape(-1).astype(np.int64)
        starts = self._starts[band][keys]
        counts = self._starts[band][keys + 1] - starts
        asked = np.repeat(words, len(_PROBES))
        ends = np.cumsum(counts)
        first = 0
        while first < len(keys):
            done = int(ends[first - 1]) if first else 0
            last = max(first + 1, int(np.searchsorted(ends, done + _CHUNK, side="right")))
            part = slice(first, last)
            size = int(ends[last - 1]) - done
            places = np.arange(size) + np.repeat(
                starts[part] - (ends[part] - counts[part] - done), counts[part]
            )
            differ = self._sorted_words[band][places] ^ np.repeat(asked[part], counts[part])
            kept = np.flatnonzero(np.bitwise_count(differ) <= _WORD_ERRORS)
            probes = first + np.searchsorted(ends[part] - done, kept, side="right")
            yield probes // len(_PROBES), self._orders[band][places[kept]].astype(np.int64)
            first = last
