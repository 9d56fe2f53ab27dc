"""One pass over every leaf of a log on disk: recomputes all tiles, roots and batch digests.

It holds the right edge of the tree and one tile of each level, however large the log is.
"""

from __future__ import annotations

import hashlib
from bisect import bisect_right
from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from models.errors import LedgerError
from models.ledger.batches import BatchStatement
from models.ledger.merkle import EMPTY_ROOT, Frontier, hash_perfect
from models.ledger.note import Checkpoint
from models.ledger.report import Check, conclude
from models.ledger.tiles import TILE_WIDTH, read_tile, tile_path, tile_width

_BITS = 8


@dataclass(slots=True)
class Claims:
    """What signed files say about the log's beginnings.

    Attributes:
        roots: size -> who claims which root for it.
        digests: first leaf -> (end, file, digest over the leaf hashes) of each batch.
    """

    roots: dict[int, list[tuple[str, bytes]]] = field(default_factory=dict)
    digests: dict[int, tuple[int, str, str]] = field(default_factory=dict)

    @classmethod
    def gather(
        cls,
        head: Checkpoint,
        history: Mapping[str, Checkpoint],
        statements: Sequence[BatchStatement],
    ) -> Claims:
        """Collect what checkpoints and batches say, as far as the head covers it."""
        roots: defaultdict[int, list[tuple[str, bytes]]] = defaultdict(list)
        claims = cls(roots)
        for name, checkpoint in history.items():
            if checkpoint.size <= head.size:
                roots[checkpoint.size].append((name, checkpoint.root))
        for statement in statements:
            batch = statement.batch
            name = f"batches/{batch.batch_id}.json"
            roots[batch.size].append((name, bytes.fromhex(batch.root)))
            claims.digests[batch.first_index] = (batch.size, name, statement.leaves_sha256)
        return claims


def walk_tree(public: Path, head: Checkpoint, claims: Claims) -> list[Check]:
    """The checks ``tiles``, ``root``, ``prefixes`` and ``batch leaves``.

    Raises:
        OSError: a file cannot be read.
    """
    walk = _Walk(public, head.size, claims)
    try:
        walk.run()
    except LedgerError as error:
        unread = "not checked: a tile cannot be read"
        return [
            Check("tiles", ok=False, detail=error.problem),
            *(
                Check(name, ok=False, detail=unread)
                for name in ("root", "prefixes", "batch leaves")
            ),
        ]
    root = walk.frontier.root() if head.size else EMPTY_ROOT
    right = root == head.root
    return [
        _check_tiles(walk, right),
        Check(
            "root",
            ok=right,
            detail=f"The root over all {head.size} leaves is "
            + ("the signed one." if right else "not the one that checkpoint signs."),
        ),
        conclude("prefixes", walk.wrong_roots, "Every earlier head is a beginning of this log."),
        conclude("batch leaves", walk.wrong_digests, "Every batch holds the leaves it signed."),
    ]


class _Walk:
    def __init__(self, public: Path, size: int, claims: Claims) -> None:
        self.public = public
        self.size = size
        self.frontier = Frontier()
        self.wrong_tiles: list[tuple[str, str]] = []
        self.wrong_roots: list[str] = []
        self.wrong_digests: list[str] = []
        self.compared = 0
        self._claims = claims
        self._edges: list[list[bytes]] = []
        self._indexes: list[int] = []
        self._digest = hashlib.sha256()
        self._open_batch: tuple[int, str, str] | None = None
        ends = {end for end, _, _ in claims.digests.values()}
        self._stops = sorted({*claims.roots, *claims.digests, *ends})

    def run(self) -> None:
        self._stop()
        for index in range(-(-self.size // TILE_WIDTH)):
            hashes = read_tile(self.public, 0, index, tile_width(0, index, self.size))
            self._take(index * TILE_WIDTH, hashes)
            if len(hashes) == TILE_WIDTH:
                self._climb(1, hash_perfect(hashes))
        for level, edge in enumerate(self._edges, start=1):
            if edge:
                self._compare(level, edge)

    def _take(self, start: int, hashes: list[bytes]) -> None:
        end = start + len(hashes)
        first, last = bisect_right(self._stops, start), bisect_right(self._stops, end)
        stops = [stop - start for stop in self._stops[first:last]]
        low = 0
        for high in [*stops, len(hashes)]:
            part = hashes[low:high]
            self._digest.update(b"".join(part))
            if len(part) == TILE_WIDTH:
                self.frontier.push(hash_perfect(part), _BITS)
            else:
                for leaf in part:
                    self.frontier.push(leaf)
            if high in stops and high != low:
                self._stop()
            low = high

    def _stop(self) -> None:
        """Look at what is claimed about the size reached."""
        size = self.frontier.size
        root = self.frontier.root()
        self.wrong_roots += [
            f"{name} does not sign the root over the first {size} leaves"
            for name, claimed in self._claims.roots.get(size, ())
            if claimed != root
        ]
        if self._open_batch and self._open_batch[0] == size:
            _, name, claimed = self._open_batch
            if self._digest.hexdigest() != claimed:
                self.wrong_digests.append(f"the leaves are not those that {name} signs")
            self._open_batch = None
        if size in self._claims.digests:
            self._open_batch = self._claims.digests[size]
            self._digest = hashlib.sha256()

    def _climb(self, level: int, digest: bytes) -> None:
        if level > len(self._edges):
            self._edges.append([])
            self._indexes.append(0)
        edge = self._edges[level - 1]
        edge.append(digest)
        if len(edge) == TILE_WIDTH:
            self._compare(level, edge)
            self._indexes[level - 1] += 1
            self._edges[level - 1] = []
            self._climb(level + 1, hash_perfect(edge))

    def _compare(self, level: int, edge: list[bytes]) -> None:
        index = self._indexes[level - 1]
        stored = read_tile(self.public, level, index, len(edge))
        path = tile_path(level, index, len(edge))
        self.compared += 1
        for offset, (found, computed) in enumerate(zip(stored, edge, strict=True)):
            if found != computed and len(self.wrong_tiles) <= TILE_WIDTH:
                below = tile_path(level - 1, index * TILE_WIDTH + offset)
                self.wrong_tiles.append((path, below))


def _check_tiles(walk: _Walk, root_is_right: bool) -> Check:
    """Say which tile is at fault: the one above where the leaves lead to the signed root, else
    the one below."""
    problems = [
        f"{above} does not hold the root over {below}"
        if root_is_right
        else f"{below} was changed: {above} holds another root over it"
        for above, below in walk.wrong_tiles
    ]
    if not problems and not root_is_right:
        last = (walk.size - 1) // TILE_WIDTH
        width = tile_width(0, last, walk.size)
        named = tile_path(0, last, width) if width < TILE_WIDTH else "the tiles as a whole"
        problems.append(f"{named}: the leaves do not lead to the signed root")
    return conclude("tiles", problems, f"{walk.compared} tiles above the leaves fit.")
