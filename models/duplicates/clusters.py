"""Clusters of near-identical pictures: a representative, and what lies within its own reach.

Nearness does not carry over: A may be near B and B near C while A and C show different things, and
a chain of such steps through plain pictures and templates would end with everything in one cluster.
Clusters are therefore stars, found in one walk (leader clustering; Hartigan, "Clustering
Algorithms", 1975, chapter 3): pictures are taken in order of rank, and one that no earlier
representative has taken becomes a representative itself, and takes every later picture within its
reach that is still free.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from models.duplicates.bands import BandIndex, Hashes, Positions, mix_bits
from models.motifs.fingerprints import QUALITY_FLOOR

CLUSTERS_VERSION = "1"

LEAST_COSINE = 0.75
"""Cosine of the embeddings below which two pictures with near hashes are no copies of each other.

See docs/duplicates.md for what was measured.
"""

_BLOCK = 4096
_MOST_CANDIDATES = 1 << 23
_COSINE_COST = 100
"""What one cosine costs, in looks at a hash."""


@dataclass(frozen=True, slots=True)
class Pictures:
    """What is known about the pictures of a dataset; row by row the same picture.

    Attributes:
        ids: asset ids, each once.
        hashes: PDQ, uint8, n x 32.
        qualities: PDQ's quality, 0 to 100.
        pixels: width times height.
        embeddings: n x dimension, of any length (a zero row for a picture without one), or None.
    """

    ids: Sequence[str]
    hashes: Hashes
    qualities: npt.NDArray[np.int16]
    pixels: npt.NDArray[np.int64]
    embeddings: npt.NDArray[np.float16] | None = None

    def __post_init__(self) -> None:
        """Refuse columns that do not belong together.

        Raises:
            ValueError: the columns differ in length, or an id occurs twice.
        """
        lengths = {len(self.hashes), len(self.qualities), len(self.pixels)}
        lengths |= set() if self.embeddings is None else {len(self.embeddings)}
        if lengths != {len(self.ids)}:
            raise ValueError("the columns of the pictures differ in length")
        if len(set(self.ids)) < len(self.ids):
            raise ValueError("a picture occurs twice")


@dataclass(frozen=True, slots=True)
class Member:
    """A picture in a cluster: how far it is from the representative.

    Attributes:
        asset_id: the picture.
        distance: bits in which the PDQ hashes differ; 0 for the representative itself.
        cosine: of the embeddings, or None where one of the two has none.
    """

    asset_id: str
    distance: int
    cosine: float | None


@dataclass(frozen=True, slots=True)
class Cluster:
    """Two or more near-identical pictures: the representative first, then the nearest first."""

    members: tuple[Member, ...]

    @property
    def representative(self) -> str:
        """The asset id of the largest picture; of equally large ones the smallest id."""
        return self.members[0].asset_id


@dataclass(frozen=True, slots=True)
class Clustering:
    """What a search for clusters came to.

    Attributes:
        clusters: the largest first, equally large ones by representative.
        pictures: how many pictures there were.
        plain: how many of them have too little structure to be compared.
        unsearched: how many were left alone because the search had become too long.
    """

    clusters: tuple[Cluster, ...]
    pictures: int
    plain: int
    unsearched: int


def find_clusters(
    pictures: Pictures, *, least_cosine: float = LEAST_COSINE, most_steps: int | None = None
) -> Clustering:
    """Cluster the pictures of a dataset; the order in which they are given makes no difference.

    Args:
        pictures: the pictures.
        least_cosine: below it a pair is not confirmed. A pair of which one has no embedding is
            judged by its hashes alone.
        most_steps: after about so many looks at hashes the rest is left alone; None for ten times
            what unrelated pictures need. Only a dataset that is made to be slow comes that far.
    """
    ranked = _rank(pictures)
    search = _Search(pictures, ranked, least_cosine)
    limit = _limit_steps(len(ranked)) if most_steps is None else most_steps
    clusters = list(search.walk(limit))
    clusters.sort(key=lambda cluster: (-len(cluster.members), cluster.representative))
    plain = len(pictures.ids) - len(ranked)
    return Clustering(tuple(clusters), len(pictures.ids), plain, search.unsearched)


def _rank(pictures: Pictures) -> Positions:
    """Rows of the pictures that have structure: the largest first, then by id."""
    rows = np.flatnonzero(pictures.qualities >= QUALITY_FLOOR)
    ids = np.array([pictures.ids[row].encode() for row in rows.tolist()], np.bytes_)
    return rows[np.lexsort((ids, -pictures.pixels[rows]))]


def _limit_steps(count: int) -> int:
    return 2_000_000_000 + count * count // 50


class _Search:
    """A walk over the ranks. Positions count ranks; the index holds only those still free."""

    def __init__(self, pictures: Pictures, ranked: Positions, least_cosine: float) -> None:
        self.unsearched = 0
        self._pictures = pictures
        self._ranked = ranked
        self._hashes = mix_bits(pictures.hashes[ranked])
        self._least_cosine = least_cosine
        self._free = np.ones(len(ranked), np.bool_)
        self._steps = 0

    def walk(self, limit: int) -> Iterator[Cluster]:
        """The clusters in order of rank."""
        self._index_free(0)
        place = 0
        while place < len(self._ranked):
            if self._steps > limit:
                self.unsearched = int(self._free[place:].sum())
                return
            block = place + np.flatnonzero(self._free[place : place + _BLOCK])
            if len(block):
                block = self._shorten(block)
                yield from self._take(block)
                place = int(block[-1]) + 1
            else:
                place += _BLOCK
            # Whoever is taken or has been asked cannot be found any more: search the rest only.
            left = int(self._free[place:].sum())
            if left < len(self._live) * 7 // 8:
                self._index_free(place)

    def _index_free(self, place: int) -> None:
        self._live = place + np.flatnonzero(self._free[place:])
        self._index = BandIndex(self._hashes[self._live])

    def _shorten(self, block: Positions) -> Positions:
        """As much of a block as can be searched at a time: its first at least."""
        candidates = np.cumsum(self._index.count_candidates(self._hashes[block]))
        fitting = max(1, int(np.searchsorted(candidates, _MOST_CANDIDATES, side="right")))
        self._steps += int(candidates[min(fitting, len(block)) - 1])
        return block[:fitting]

    def _take(self, block: Positions) -> Iterator[Cluster]:
        hits = self._index.search(self._hashes[block])
        found = self._live[hits.found]
        later = found > block[hits.queries]
        queries, found, distances = hits.queries[later], found[later], hits.distances[later]
        asking, starts = np.unique(queries, return_index=True)
        ends = [*starts.tolist(), len(queries)][1:]
        for query, start, end in zip(asking.tolist(), starts.tolist(), ends, strict=True):
            leader = int(block[query])
            if not self._free[leader]:
                continue
            free = start + np.flatnonzero(self._free[found[start:end]])
            cosines = self._compare(leader, found[free])
            # NaN stands for a pair that cannot be compared, and passes.
            near = ~(cosines < self._least_cosine)
            if near.any():
                taken = found[free][near]
                self._free[taken] = False
                self._free[leader] = False
                yield self._describe(leader, taken, distances[free][near], cosines[near])

    def _compare(self, leader: int, others: Positions) -> npt.NDArray[np.float32]:
        """Cosines with the leader; NaN where one of the two has no embedding."""
        embeddings = self._pictures.embeddings
        if embeddings is None:
            return np.full(len(others), np.nan, np.float32)
        self._steps += _COSINE_COST * len(others)
        one = np.asarray(embeddings[self._ranked[leader]], np.float32)
        cosines = np.empty(len(others), np.float32)
        for start in range(0, len(others), _BLOCK):
            rows = self._ranked[others[start : start + _BLOCK]]
            many = np.asarray(embeddings[rows], np.float32)
            # Summed by row: a matrix product may round otherwise for another number of rows.
            products = (many * one).sum(axis=1)
            lengths = np.sqrt((many * many).sum(axis=1) * (one * one).sum())
            with np.errstate(invalid="ignore", divide="ignore"):
                cosines[start : start + _BLOCK] = np.where(
                    lengths > 0, np.clip(products / lengths, -1, 1), np.nan
                )
        return cosines

    def _describe(
        self,
        leader: int,
        taken: Positions,
        distances: npt.NDArray[np.int16],
        cosines: npt.NDArray[np.float32],
    ) -> Cluster:
        ids, ranked = self._pictures.ids, self._ranked
        others = [
            Member(ids[row], distance, None if np.isnan(cosine) else round(cosine, 4))
            for row, distance, cosine in zip(
                ranked[taken].tolist(), distances.tolist(), cosines.tolist(), strict=True
            )
        ]
        others.sort(key=lambda member: (member.distance, member.asset_id))
        own = self._compare(leader, np.array([leader]))
        itself = Member(ids[int(ranked[leader])], 0, None if np.isnan(own[0]) else 1.0)
        return Cluster((itself, *others))
