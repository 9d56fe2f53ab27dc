"""CAR: many blocks in one file. Specifications: ipld.io/specs/transport/car (v1 and v2)."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from models.consent.ipfs.blocks import Blocks
from models.consent.ipfs.cid import DAG_CBOR, Cid, CidError, read_cid
from models.consent.ipfs.dag import decode_dag, link_in
from models.consent.ipfs.errors import IpfsError, MalformedBlockError
from models.consent.ipfs.limits import DEFAULT_LIMITS, Limits
from models.consent.ipfs.varint import read_varint

_V2_PRAGMA = b"\x0a\xa1\x67version\x02"
_V2_HEADER_BYTES = 40
_MAX_HEADER_BYTES = 64 * 1024


class MalformedCarError(IpfsError):
    """The bytes are not a CAR, or one that is cut short."""

    def __init__(self, why: str, remedy: str = "Ask for it again.") -> None:
        super().__init__(why, remedy)


@dataclass(frozen=True, slots=True)
class Car:
    """A CAR that was read to its end.

    Attributes:
        roots: what it says that it is about; nothing is proven by that.
        blocks: every block, verified.
    """

    roots: tuple[Cid, ...]
    blocks: Blocks


def read_car(data: bytes, limits: Limits = DEFAULT_LIMITS) -> Car:
    """Read a CAR and verify every block in it. A block may stand there more than once.

    Raises:
        MalformedCarError: it is not a CAR, is cut short, or has too many blocks.
        WrongBlockError, UnverifiableError: see ``models.consent.ipfs.blocks.verify_block``.
    """
    blocks = Blocks()
    payload = _open_payload(data)
    roots, at = _read_header(payload)
    for cid, block in _iterate_sections(payload, at, limits):
        blocks.add(cid, block)
    return Car(roots, blocks)


def iterate_car(data: bytes, limits: Limits = DEFAULT_LIMITS) -> Iterator[tuple[Cid, bytes]]:
    """The blocks of a CAR in order, not verified, as far as it can be read.

    Raises:
        MalformedCarError: after the last block that is whole, where the CAR is not.
    """
    payload = _open_payload(data)
    _, at = _read_header(payload)
    yield from _iterate_sections(payload, at, limits)


def _open_payload(data: bytes) -> memoryview:
    """The CARv1 in ``data``."""
    view = memoryview(data)
    if not data.startswith(_V2_PRAGMA):
        return view
    header = data[len(_V2_PRAGMA) : len(_V2_PRAGMA) + _V2_HEADER_BYTES]
    if len(header) != _V2_HEADER_BYTES:
        raise MalformedCarError("The CAR is cut short in its header.")
    start = int.from_bytes(header[16:24], "little")
    size = int.from_bytes(header[24:32], "little")
    if start < len(_V2_PRAGMA) + _V2_HEADER_BYTES or start + size > len(data):
        raise MalformedCarError("The CAR is shorter than its header says.")
    return view[start : start + size]


def _read_header(payload: memoryview) -> tuple[tuple[Cid, ...], int]:
    try:
        length, at = read_varint(payload, 0)
        if length > _MAX_HEADER_BYTES or length > len(payload) - at:
            raise MalformedCarError("The bytes are not a CAR, or are cut short in its header.")
        header = decode_dag(DAG_CBOR, bytes(payload[at : at + length]))
        if not isinstance(header, dict) or header.get("version") != 1:
            raise MalformedCarError("The bytes are not a CAR of version 1 or 2.")
        listed = header.get("roots", [])
        roots = [link_in(root) for root in listed] if isinstance(listed, list) else [None]
    except (ValueError, MalformedBlockError) as error:
        raise MalformedCarError("The bytes are not a CAR.") from error
    found = tuple(root for root in roots if root is not None)
    if len(found) != len(roots):
        raise MalformedCarError("A root of the CAR is not a CID.")
    return found, at + length


def _iterate_sections(payload: memoryview, at: int, limits: Limits) -> Iterator[tuple[Cid, bytes]]:
    count = 0
    while at < len(payload):
        count += 1
        if count > limits.max_blocks:
            raise MalformedCarError(f"The CAR has more than {limits.max_blocks:,} blocks.")
        try:
            length, at = read_varint(payload, at)
            if length > len(payload) - at:
                raise MalformedCarError("The CAR is cut short.")
            section = payload[at : at + length]
            cid, start = read_cid(section)
        except (ValueError, CidError) as error:
            raise MalformedCarError("The CAR holds something that is not a block.") from error
        at += length
        yield cid, bytes(section[start:])
