"""The CIDs under which common tools would have added exactly these bytes.

A file has no one CID: it depends on how it was cut and wrapped. These are the ways that image and
token publishers use. Specifications: specs.ipfs.tech/unixfs; IPIP-499 (CID profiles).
"""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass

from models.consent.ipfs.cid import DAG_PB, RAW, SHA2_256, Cid
from models.consent.ipfs.dag_pb import encode_node
from models.consent.ipfs.varint import write_varint

_SMALL = 256 * 1024
_LARGE = 1024 * 1024
_WIDTH_2015 = 174
_WIDTH_2025 = 1024


@dataclass(frozen=True, slots=True)
class Piece:
    """A subtree of a file that is being put together.

    Attributes:
        cid: of its root.
        file_bytes: of the file below it.
        dag_bytes: of all blocks below it, itself included.
    """

    cid: Cid
    file_bytes: int
    dag_bytes: int


def cids_of(data: bytes | memoryview, sha256: bytes | None = None) -> tuple[Cid, ...]:
    """The CIDs of ``data`` as common tools make them, each once. One pass over the data.

    In this order: one raw block, whatever the size; ``unixfs-v0-2015`` (Kubo's CIDv0: 256 KiB
    pieces in UnixFS wrapping, 174 links a node); CIDv1 with raw leaves (``ipfs add
    --cid-version=1``); ``unixfs-v1-2025`` (1 MiB pieces, raw leaves, 1,024 links a node: also
    what web3.storage and NFT.Storage made); CIDv1 with wrapped leaves.

    Args:
        data: the bytes of the file.
        sha256: their digest where it is known, which saves a pass. It is not checked.
    """
    view = memoryview(data).cast("B")
    if len(view) > _SMALL:
        return _cids_of_pieces(view, sha256)
    # One piece: raw leaves are the raw block, and a wrapped leaf is one block under either version.
    digest = hashlib.sha256(view).digest() if sha256 is None else sha256
    wrapped, _, _ = _hash_wrapped(view)
    return Cid(1, RAW, SHA2_256, digest), Cid(0, DAG_PB, SHA2_256, wrapped)


def _cids_of_pieces(view: memoryview, sha256: bytes | None) -> tuple[Cid, ...]:
    """The CIDs of a file of several small pieces."""
    size = len(view)
    whole = hashlib.sha256()
    hashes_whole = sha256 is None and size > _LARGE
    wrapped: list[tuple[bytes, int, int]] = []
    small_raw: list[Piece] = []
    large_raw: list[Piece] = []
    for start in range(0, size, _LARGE):
        block = view[start : start + _LARGE]
        large = hashlib.sha256()
        for at in range(0, len(block), _SMALL):
            piece = block[at : at + _SMALL]
            large.update(piece)
            # The first small piece of a large one has been hashed with it.
            small = hashlib.sha256(piece) if at else large.copy()
            small_raw.append(_raw_piece(small.digest(), len(piece)))
            wrapped.append(_hash_wrapped(piece))
            if hashes_whole:
                whole.update(piece)
        large_raw.append(_raw_piece(large.digest(), len(block)))
    if sha256 is None:
        sha256 = whole.digest() if hashes_whole else large_raw[0].cid.digest
    return tuple(
        dict.fromkeys(
            (
                Cid(1, RAW, SHA2_256, sha256),
                root_of(_wrapped_pieces(wrapped, 0), _WIDTH_2015, 0),
                root_of(small_raw, _WIDTH_2015, 1),
                root_of(large_raw, _WIDTH_2025, 1),
                root_of(_wrapped_pieces(wrapped, 1), _WIDTH_2015, 1),
            )
        )
    )


def root_of(leaves: Sequence[Piece], width: int, version: int) -> Cid:
    """The root of the balanced tree over ``leaves`` (at least one).

    Args:
        leaves: in the order of the file. A single one is the root itself.
        width: links a node, at most.
        version: of the CIDs of the nodes.
    """
    level = list(leaves)
    while len(level) > 1:
        level = [
            _join(level[start : start + width], version) for start in range(0, len(level), width)
        ]
    return level[0].cid


def hash_leaf(piece: bytes | memoryview, *, is_raw: bool, version: int) -> Piece:
    """A leaf with the bytes of ``piece``, raw or in UnixFS wrapping."""
    if is_raw:
        return _raw_piece(hashlib.sha256(piece).digest(), len(piece))
    return _wrapped_pieces([_hash_wrapped(piece)], version)[0]


def _raw_piece(digest: bytes, size: int) -> Piece:
    return Piece(Cid(1, RAW, SHA2_256, digest), size, size)


def _wrapped_pieces(hashed: list[tuple[bytes, int, int]], version: int) -> list[Piece]:
    return [
        Piece(Cid(version, DAG_PB, SHA2_256, digest), file_bytes, block_bytes)
        for digest, file_bytes, block_bytes in hashed
    ]


def _hash_wrapped(piece: bytes | memoryview) -> tuple[bytes, int, int]:
    """Digest, bytes of the file and bytes of the block of a UnixFS file without links."""
    size = len(piece)
    before = b"\x08\x02" + (b"\x12" + write_varint(size) if size else b"")
    after = b"\x18" + write_varint(size)
    inner = len(before) + size + len(after)
    before = b"\x0a" + write_varint(inner) + before
    state = hashlib.sha256(before)
    state.update(piece)
    state.update(after)
    return state.digest(), size, len(before) + size + len(after)


def _join(children: list[Piece], version: int) -> Piece:
    file_bytes = sum(child.file_bytes for child in children)
    sizes = b"".join(b"\x20" + write_varint(child.file_bytes) for child in children)
    block = encode_node(
        [(child.cid.binary, child.dag_bytes) for child in children],
        b"\x08\x02\x18" + write_varint(file_bytes) + sizes,
    )
    return Piece(
        Cid(version, DAG_PB, SHA2_256, hashlib.sha256(block).digest()),
        file_bytes,
        len(block) + sum(child.dag_bytes for child in children),
    )
