"""dag-pb: the block format of UnixFS files and directories.

Specification: ipld.io/specs/codecs/dag-pb/spec. A node is a protobuf message of links and data.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from models.consent.ipfs.cid import Cid, CidError, read_cid
from models.consent.ipfs.errors import MalformedBlockError
from models.consent.ipfs.varint import read_varint, write_varint

# A directory of 2 MiB, the largest block there is, has some 40,000 links.
_MAX_FIELDS = 65_536

_VARINT = 0
_FIXED64 = 1
_BYTES = 2
_FIXED32 = 5


@dataclass(frozen=True, slots=True)
class Link:
    """A link to another block.

    Attributes:
        cid: of which block.
        name: as bytes, as in the block; empty in files.
    """

    cid: Cid
    name: bytes


@dataclass(frozen=True, slots=True)
class Node:
    """One dag-pb block.

    Attributes:
        links: in the order of the block.
        data: the inner message, or None where there is none.
    """

    links: tuple[Link, ...]
    data: bytes | None


def decode_node(block: bytes) -> Node:
    """Read a dag-pb block.

    Raises:
        MalformedBlockError: it is not dag-pb.
    """
    links: list[Link] = []
    data: bytes | None = None
    for number, value in read_fields(block):
        if number == 2 and isinstance(value, bytes):
            links.append(_decode_link(value))
        elif number == 1 and isinstance(value, bytes) and data is None:
            data = value
        else:
            raise malformed(f"field {number} does not belong into a dag-pb block, or not twice")
    return Node(tuple(links), data)


def encode_node(links: Sequence[tuple[bytes, int]], data: bytes) -> bytes:
    """Write a node of unnamed links as Kubo does: links first.

    Args:
        links: binary CID and cumulative size in bytes of each child.
        data: the inner message.
    """
    out = bytearray()
    for cid, size in links:
        link = b"\x0a" + write_varint(len(cid)) + cid + b"\x12\x00\x18" + write_varint(size)
        out += b"\x12" + write_varint(len(link)) + link
    out += b"\x0a" + write_varint(len(data)) + data
    return bytes(out)


def read_fields(message: bytes) -> Iterator[tuple[int, int | bytes]]:
    """Number and value of every field of a protobuf message, in order.

    Raises:
        MalformedBlockError: it is not protobuf, has groups, or more fields than anybody writes.
    """
    at = count = 0
    try:
        while at < len(message):
            count += 1
            if count > _MAX_FIELDS:
                raise malformed(f"it has more than {_MAX_FIELDS:,} fields")
            tag, at = read_varint(message, at)
            number, wire = tag >> 3, tag & 7
            if wire == _VARINT:
                value, at = read_varint(message, at)
                yield number, value
                continue
            if wire == _BYTES:
                length, at = read_varint(message, at)
            elif wire in (_FIXED32, _FIXED64):
                length = 4 if wire == _FIXED32 else 8
            else:
                raise malformed(f"it has a field of unknown wire type {wire}")
            if length > len(message) - at:
                raise malformed("it is cut short")
            yield number, message[at : at + length]
            at += length
    except ValueError as error:
        raise malformed(str(error)) from error


def malformed(why: str) -> MalformedBlockError:
    """The error for a block that is genuine and not what it should be."""
    return MalformedBlockError(f"A block is malformed: {why}.", "Its publisher must add it anew.")


def _decode_link(message: bytes) -> Link:
    cid: Cid | None = None
    name = b""
    seen = 0
    for number, value in read_fields(message):
        if seen & 1 << number if number < 4 else True:
            raise malformed(f"field {number} does not belong into a link, or not twice")
        seen |= 1 << number
        if number == 1 and isinstance(value, bytes):
            cid = _decode_link_target(value)
        elif number == 2 and isinstance(value, bytes):
            name = value
        elif not (number == 3 and isinstance(value, int)):
            raise malformed(f"field {number} of a link is of the wrong type")
    if cid is None:
        raise malformed("a link leads nowhere")
    return Link(cid, name)


def _decode_link_target(data: bytes) -> Cid:
    try:
        cid, end = read_cid(data)
    except CidError as error:
        raise malformed(f"a link is not a CID: {error}") from error
    if end != len(data):
        raise malformed("a link is longer than its CID")
    return cid
