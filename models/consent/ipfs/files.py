"""Files: the bytes at ``<cid>/<path>``, put together from verified blocks."""

from __future__ import annotations

from typing import Any

from models.consent.ipfs.blocks import Blocks
from models.consent.ipfs.cid import DAG_CBOR, DAG_JSON, DAG_PB, JSON, RAW, Cid
from models.consent.ipfs.dag import decode_dag, link_in
from models.consent.ipfs.dag_pb import malformed
from models.consent.ipfs.errors import LimitError, MalformedBlockError, NoSuchPathError
from models.consent.ipfs.limits import DEFAULT_LIMITS, Limits
from models.consent.ipfs.unixfs import (
    Kind,
    UnixFs,
    decode_unixfs,
    find_in_directory,
    find_in_shard,
)

_PLAIN = (RAW, JSON)
_DAG = (DAG_CBOR, DAG_JSON)
_KINDS = {
    Kind.DIRECTORY: "directory",
    Kind.HAMT_SHARD: "directory",
    Kind.METADATA: "metadata node",
    Kind.SYMLINK: "symbolic link",
}


def split_path(path: str) -> tuple[bytes, ...]:
    """The names in a path that is not percent-encoded. Empty names and dots are resolved.

    Names are bytes. Bytes that are not UTF-8 stand in ``path`` as surrogate escapes.
    """
    names: list[bytes] = []
    for name in path.split("/"):
        if name == "..":
            del names[-1:]
        elif name not in ("", "."):
            names.append(name.encode("utf-8", _escape_handler(name)))
    return tuple(names)


def read_file(cid: Cid, path: str, blocks: Blocks, limits: Limits = DEFAULT_LIMITS) -> bytes:
    """Read the file at ``path`` below ``cid``, or the one that ``cid`` itself names.

    Paths lead through UnixFS directories, sharded or not, and through links in dag-cbor and
    dag-json. A block of ``RAW``, ``JSON``, ``DAG_CBOR`` or ``DAG_JSON`` is a file as it stands.

    Args:
        cid: where to start.
        path: names separated by slashes, not percent-encoded; "" for the CID itself.
        blocks: the blocks, verified.
        limits: see ``Limits``.

    Raises:
        MissingBlockError, WrongBlockError, UnverifiableError: a block cannot be had.
        NoSuchPathError: it is proven that there is nothing of this name.
        MalformedBlockError: what is there is not a file, or its sizes are wrong.
        LimitError: it is more than ``limits`` allow.
    """
    reader = _Reader(blocks, limits)
    return reader.read_whole(reader.follow(cid, split_path(path)))


class _Reader:
    """One read: counts what it visits."""

    def __init__(self, blocks: Blocks, limits: Limits) -> None:
        self._blocks = blocks
        self._limits = limits
        self._visited = 0
        self._overhead = 0

    def follow(self, cid: Cid, names: tuple[bytes, ...]) -> Cid:
        """Where a path leads."""
        if len(names) > self._limits.max_depth:
            raise LimitError(f"A path has more than {self._limits.max_depth} names.")
        while names:
            if cid.codec in _DAG:
                cid, names = self._follow_dag(cid, names)
            elif cid.codec == DAG_PB:
                cid = self._follow_directory(cid, names[0])
                names = names[1:]
            else:
                raise _no_such_path(names[0], "it stands below a file")
        return cid

    def read_whole(self, root: Cid) -> bytes:
        """The file that ``root`` names."""
        if root.codec in _PLAIN or root.codec in _DAG:
            return self._visit(root)
        if root.codec != DAG_PB:
            raise malformed(f"codec 0x{root.codec:x} is not that of a file")
        parts: list[bytes] = []
        waiting: list[tuple[Cid, int | None, int]] = [(root, None, 0)]
        while waiting:
            cid, expected, depth = waiting.pop()
            part, below = self._read_piece(cid, expected, depth)
            parts.append(part)
            waiting.extend(reversed(below))
        return b"".join(parts)

    def _read_piece(
        self, cid: Cid, expected: int | None, depth: int
    ) -> tuple[bytes, list[tuple[Cid, int | None, int]]]:
        """The bytes that stand in one block of a file, and the blocks that follow them.

        Each piece has the size that its parent states, so that the root's size, which is checked
        first, is the most that can come out.
        """
        if depth > self._limits.max_depth:
            raise LimitError(f"A file is deeper than {self._limits.max_depth} links.")
        if cid.codec == RAW:
            block = self._visit(cid)
            _check_size(len(block), expected)
            return block, []
        if cid.codec != DAG_PB:
            raise malformed(f"a piece of a file has codec 0x{cid.codec:x}")
        found = self._open_node(cid)
        if found.kind not in (Kind.FILE, Kind.RAW):
            raise MalformedBlockError(
                f"It is not a file but a {_KINDS[found.kind]}.", "Name a file in it."
            )
        size = len(found.data) + sum(found.blocksizes)
        _check_size(size, expected)
        self._check_total(size)
        if self._visited + len(found.node.links) > self._limits.max_blocks:
            raise self._too_many()
        below: list[tuple[Cid, int | None, int]] = [
            (link.cid, piece, depth + 1)
            for link, piece in zip(found.node.links, found.blocksizes, strict=True)
        ]
        return found.data, below

    def _visit(self, cid: Cid) -> bytes:
        self._visited += 1
        if self._visited > self._limits.max_blocks:
            raise self._too_many()
        block = self._blocks.get(cid)
        if cid.codec in _PLAIN:
            self._check_total(len(block))
        elif len(block) > self._limits.max_node_bytes:
            raise LimitError(f"A block is larger than {self._limits.max_node_bytes:,} bytes.")
        return block

    def _open_node(self, cid: Cid) -> UnixFs:
        block = self._visit(cid)
        found = decode_unixfs(block)
        self._count_overhead(len(block) - len(found.data))
        return found

    def _count_overhead(self, size: int) -> None:
        """Small blocks that are named over and over would otherwise cost without bound."""
        self._overhead += size
        if self._overhead > self._limits.max_overhead_bytes:
            raise LimitError(
                f"More than {self._limits.max_overhead_bytes:,} bytes of directories and inner "
                "nodes would have to be read."
            )

    def _check_total(self, size: int) -> None:
        if size > self._limits.max_bytes:
            raise LimitError(
                f"The file has {size:,} bytes, more than the {self._limits.max_bytes:,} allowed."
            )

    def _too_many(self) -> LimitError:
        return LimitError(f"More than {self._limits.max_blocks:,} blocks would have to be read.")

    def _follow_directory(self, cid: Cid, name: bytes) -> Cid:
        found = self._open_node(cid)
        if found.kind is Kind.HAMT_SHARD:
            target = self._find_in_shards(found, name)
        elif found.kind is Kind.DIRECTORY:
            target = find_in_directory(found, name)
        elif found.kind in (Kind.FILE, Kind.RAW):
            raise _no_such_path(name, "it stands below a file")
        else:
            raise malformed(f"a path leads through a {_KINDS[found.kind]}")
        if target is None:
            raise _no_such_path(name, "the directory does not hold it")
        return target

    def _find_in_shards(self, root: UnixFs, name: bytes) -> Cid | None:
        shard, level = root, 0
        while True:
            target, is_shard = find_in_shard(shard, name, level)
            if target is None or not is_shard:
                return target
            below = self._open_node(target) if target.codec == DAG_PB else None
            if below is None or below.kind is not Kind.HAMT_SHARD or below.fanout != root.fanout:
                raise malformed("a sharded directory leads to something that is not its shard")
            shard, level = below, level + 1

    def _follow_dag(self, cid: Cid, names: tuple[bytes, ...]) -> tuple[Cid, tuple[bytes, ...]]:
        """The first link on the path inside a block, and what of the path is left."""
        block = self._visit(cid)
        self._count_overhead(len(block))
        value = decode_dag(cid.codec, block, self._limits)
        while names:
            value = _step(value, names[0])
            names = names[1:]
            link = link_in(value)
            if link is not None:
                return link, names
        raise malformed("the path ends inside a block, at a value that is not a file")


def _step(value: Any, name: bytes) -> Any:
    key = name.decode("utf-8", "surrogateescape")
    if isinstance(value, dict) and key in value:
        return value[key]
    if isinstance(value, list) and key.isascii() and key.isdigit() and len(key) < 10:
        index = int(key)
        if index < len(value):
            return value[index]
    raise _no_such_path(name, "the block does not hold it")


def _check_size(size: int, expected: int | None) -> None:
    if expected is not None and size != expected:
        raise malformed(f"a piece of {size:,} bytes is said to have {expected:,}")


def _no_such_path(name: bytes, why: str) -> NoSuchPathError:
    shown = name.decode("utf-8", "replace")[:100]
    return NoSuchPathError(f"There is no {shown!r}: {why}.", "Check the path.")


def _escape_handler(name: str) -> str:
    """How the lone surrogates in a name become bytes: those of bytes as these, others as such."""
    for char in name:
        if "\ud800" <= char <= "\udfff" and not "\udc80" <= char <= "\udcff":
            return "surrogatepass"
    return "surrogateescape"
