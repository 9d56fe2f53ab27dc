"""UnixFS: what the data of a dag-pb block says. Specification: specs.ipfs.tech/unixfs."""

from __future__ import annotations

from dataclasses import dataclass
from enum import IntEnum

from models.consent.ipfs.cid import Cid
from models.consent.ipfs.dag_pb import Node, decode_node, malformed, read_fields
from models.consent.ipfs.murmur3 import hash_name
from models.consent.ipfs.varint import read_varint

_MURMUR3_X64_64 = 0x22
_MAX_FANOUT = 1024


class Kind(IntEnum):
    """What a UnixFS node is; the numbers are the specification's."""

    RAW = 0  # a file's piece, as older tools wrote it
    DIRECTORY = 1
    FILE = 2
    METADATA = 3
    SYMLINK = 4
    HAMT_SHARD = 5


@dataclass(frozen=True, slots=True)
class UnixFs:
    """One UnixFS node with its links.

    Attributes:
        kind: what it is.
        node: links and data of the block.
        data: of a file: its first bytes; of a shard: which buckets are filled.
        filesize: bytes of the file from here down, or None where it is not said.
        blocksizes: bytes below each link of a file, in order.
        fanout: buckets of a shard.
    """

    kind: Kind
    node: Node
    data: bytes = b""
    filesize: int | None = None
    blocksizes: tuple[int, ...] = ()
    fanout: int = 0


def decode_unixfs(block: bytes) -> UnixFs:
    """Read a dag-pb block as UnixFS, and check that what it says of itself fits together.

    Raises:
        MalformedBlockError: it is not UnixFS, or its sizes contradict each other.
    """
    node = decode_node(block)
    if node.data is None:
        raise malformed("it holds no UnixFS data")
    found = _read_message(node, node.data)
    if found.kind in (Kind.FILE, Kind.RAW):
        _check_file(found)
    elif found.kind is Kind.HAMT_SHARD:
        _check_shard(found)
    return found


def find_in_directory(directory: UnixFs, name: bytes) -> Cid | None:
    """What a plain directory holds under ``name``, or None.

    Raises:
        MalformedBlockError: it holds two things under this name.
    """
    found = {link.cid for link in directory.node.links if link.name == name}
    if len(found) > 1:
        raise malformed("a directory holds two entries of one name")
    return found.pop() if found else None


def find_in_shard(shard: UnixFs, name: bytes, level: int) -> tuple[Cid | None, bool]:
    """Where a shard of a HAMT directory leads for ``name``.

    Args:
        shard: the shard.
        name: the entry that is looked for; not empty.
        level: 0 for the root shard, 1 for those below it ...

    Returns:
        A CID and True: that shard holds it, if any does. A CID and False: that is the entry.
        None: there is no such entry.

    Raises:
        MalformedBlockError: two links have one name, or the hash of the name is used up.
    """
    bits = shard.fanout.bit_length() - 1
    used = bits * level
    if used + bits > 64:
        raise malformed("a sharded directory is deeper than its hash has bits")
    bucket = hash_name(name) >> (64 - used - bits) & (shard.fanout - 1)
    prefix = b"%0*X" % (len(f"{shard.fanout - 1:X}"), bucket)
    below = {link.cid for link in shard.node.links if link.name == prefix}
    entry = {link.cid for link in shard.node.links if link.name == prefix + name}
    if len(below) + len(entry) > 1:
        raise malformed("a shard holds two links of one name")
    if entry:
        return entry.pop(), False
    return (below.pop() if below else None), True


def _read_message(node: Node, message: bytes) -> UnixFs:
    numbers: dict[int, int] = {}
    data: bytes | None = None
    blocksizes: list[int] = []
    for number, value in read_fields(message):
        if number == 4:
            blocksizes.extend(_unpack(value))
        elif number == 2 and isinstance(value, bytes) and data is None:
            data = value
        elif number in (1, 3, 5, 6) and isinstance(value, int) and number not in numbers:
            numbers[number] = value
        elif number < 7:
            raise malformed(f"UnixFS field {number} is of the wrong type or stands there twice")
        # Higher fields are mode, time and what is yet to come: none changes the bytes of a file.
    if 1 not in numbers:
        raise malformed("UnixFS does not say what it is")
    try:
        kind = Kind(numbers[1])
    except ValueError as error:
        raise malformed(f"UnixFS has no kind {numbers[1]}") from error
    if kind is Kind.HAMT_SHARD and numbers.get(5) != _MURMUR3_X64_64:
        raise malformed("a sharded directory uses a hash that is not in the specification")
    return UnixFs(
        kind, node, data or b"", numbers.get(3), tuple(blocksizes), fanout=numbers.get(6, 0)
    )


def _unpack(value: int | bytes) -> list[int]:
    """A repeated number, which a writer of protobuf may also have packed."""
    if isinstance(value, int):
        return [value]
    numbers, at = [], 0
    while at < len(value):
        try:
            number, at = read_varint(value, at)
        except ValueError as error:
            raise malformed(str(error)) from error
        numbers.append(number)
    return numbers


def _check_file(found: UnixFs) -> None:
    if len(found.blocksizes) != len(found.node.links):
        raise malformed("a file does not say the size of each of its pieces")
    size = len(found.data) + sum(found.blocksizes)
    if found.filesize is not None and found.filesize != size:
        raise malformed(f"a file of {found.filesize:,} bytes has pieces of {size:,} together")


def _check_shard(found: UnixFs) -> None:
    fanout = found.fanout
    if not 8 <= fanout <= _MAX_FANOUT or fanout & (fanout - 1):
        raise malformed(f"a sharded directory of {fanout} buckets")
