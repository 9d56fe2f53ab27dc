"""Makes an owner's proof for one batch from the ledger's folders: completeness or absence."""

from __future__ import annotations

import hashlib
from enum import StrEnum
from functools import lru_cache
from pathlib import Path
from typing import Any

from models.errors import LedgerError
from models.ledger.batches import BatchStatement, open_batch
from models.ledger.commitments import decode_canonical
from models.ledger.merkle import HASH_BYTES, verify_inclusion
from models.ledger.note import Checkpoint, Verifier
from models.ledger.owners.absence import prove_absence
from models.ledger.owners.completeness import MAX_RECORDS, ProvenRecord, prove_completeness
from models.ledger.owners.index import OwnerIndex
from models.ledger.owners.keys import derive_index_salt
from models.ledger.owners.places import decode_places
from models.ledger.owners.ring import OwnerInBatch
from models.ledger.owners.sealed import SealedFile
from models.ledger.private_files import index_path, sealed_openings_path
from models.ledger.proof_file import read_head
from models.ledger.tiles import TILE_WIDTH, TileReader, read_tile_bytes, tile_width

_LAYERS = TILE_WIDTH.bit_length()
_KEPT = 256  # pyramids of 16 KB


class OwnerProof(StrEnum):
    """What a proof of an owner says."""

    COMPLETENESS = "completeness"
    ABSENCE = "absence"


def prove_in_batch(
    public: Path,
    private: Path,
    verifier: Verifier,
    batch_id: str,
    owner: tuple[str, bytes],
    *,
    reveal: bool,
) -> tuple[OwnerProof, bytes]:
    """The content of an owner's proof file for one batch.

    Args:
        owner: pseudonym and key; not an owner who was erased since the batch was appended.
        reveal: put records and salts in; False proves their number and place only.

    Raises:
        LedgerError: the batch has no owner index or too many records of the owner, or a file is
            missing or damaged.
    """
    note, head = read_head(public, verifier)
    batch, statement = _read_batch(public, verifier, batch_id)
    owners = statement.owners
    if owners is None:
        raise LedgerError(
            f"The batch {batch_id} was appended before there were owner indexes.",
            "Prove its entries one by one with `kiyome ledger prove`.",
        )
    with OwnerIndex(index_path(private, batch_id)) as index:
        if (index.size, index.root.hex()) != (owners.size, owners.root):
            raise LedgerError(
                f"The owner index of {batch_id} is not the one that the batch's file signs.",
                "Restore it from a backup.",
            )
        known = OwnerInBatch.derive(*owner, batch_id, index.nonce)
        place = index.find(known.tag)
        if place is None:
            return OwnerProof.ABSENCE, prove_absence(note, verifier, batch, index, known.tag)
        records = _gather(public, private, statement, head, known, index.sealed_places(place))
        if not reveal:
            records = [ProvenRecord(r.index, r.leaf, r.path, None) for r in records]
        salt = derive_index_salt(known.key, batch_id)
        data = prove_completeness(note, verifier, batch, index, place, salt, records)
        return OwnerProof.COMPLETENESS, data


def _read_batch(
    public: Path, verifier: Verifier, batch_id: str
) -> tuple[dict[str, Any], BatchStatement]:
    path = public / "batches" / f"{batch_id}.json"
    try:
        data = path.read_bytes()
    except OSError as error:
        raise LedgerError(
            f"The batch's file {path} cannot be read.",
            "Name a batch that `kiyome ledger show` lists.",
        ) from error
    statement = open_batch(data, verifier)
    return decode_canonical(data[:-1]), statement


def _gather(
    public: Path,
    private: Path,
    statement: BatchStatement,
    head: Checkpoint,
    owner: OwnerInBatch,
    sealed_places: bytes,
) -> list[ProvenRecord]:
    batch = statement.batch
    data = owner.open_places(sealed_places)
    if data is None or len(data) % 8:
        raise LedgerError(
            f"The owner index of {batch.batch_id} is damaged.", "Restore it from a backup."
        )
    places = decode_places(data)
    if len(places) > MAX_RECORDS:
        raise LedgerError(
            f"The owner has {len(places)} records in {batch.batch_id}; "
            f"one file holds at most {MAX_RECORDS}.",
            "Prove its entries one by one with `kiyome ledger prove`.",
        )
    records = []
    reader = _ProvingReader(public, head.size)
    with SealedFile(sealed_openings_path(private, batch.batch_id)) as file:
        for place in places:
            opening = owner.open(file.frame(place), batch.first_index)
            path = reader.path(opening.index)
            leaf = reader.leaf(opening.index)
            if opening.leaf != leaf or not verify_inclusion(
                leaf, opening.index, head.size, path, head.root
            ):
                raise LedgerError(
                    f"Leaf {opening.index} cannot be proven.",
                    "Verify the ledger to see which file was changed.",
                )
            records.append(ProvenRecord(opening.index, leaf, path, opening))
    return records


class _ProvingReader(TileReader):
    """Hashes each tile up to its root once: a path takes a node from every level of it. The right
    edge of the tree, which most paths touch, is hashed once as well."""

    def __init__(self, folder: Path, size: int) -> None:
        super().__init__(folder, size)
        self._pyramids: dict[tuple[int, int], tuple[bytes, ...]] = {}
        self._edge: dict[int, bytes] = {}

    def path(self, index: int) -> list[bytes]:
        """The audit path of a leaf, from its sibling up."""
        path: list[bytes] = []
        height, position, last = 0, index, self.size - 1
        while last:
            sibling = position ^ 1
            if (sibling + 1) << height <= self.size:
                path.append(self.node(height, sibling))
            elif sibling <= last:  # on the right edge: not a whole subtree
                if height not in self._edge:  # each height has one subtree that is not whole
                    self._edge[height] = self.subtree(sibling << height, self.size)
                path.append(self._edge[height])
            height, position, last = height + 1, position >> 1, last >> 1
        return path

    def node(self, height: int, position: int) -> bytes:
        level, inside = divmod(height, _LAYERS - 1)
        index, offset = divmod(position << inside, TILE_WIDTH)
        pyramid = self._pyramids.get((level, index))
        if pyramid is None:
            pyramid = self._pyramids[level, index] = self._raise(level, index)
        at = (offset >> inside) * HASH_BYTES
        return pyramid[inside][at : at + HASH_BYTES]

    def _raise(self, level: int, index: int) -> tuple[bytes, ...]:
        data = read_tile_bytes(self.folder, level, index, tile_width(level, index, self.size))
        if len(self._pyramids) == _KEPT:
            self._pyramids.clear()
        return _raise_upper_pyramid(data) if level else _raise_pyramid(data)


def _raise_pyramid(hashes: bytes) -> tuple[bytes, ...]:
    """Every whole level over the hashes of a tile, which may be narrower than full."""
    levels = [hashes]
    sha256, pair = hashlib.sha256, 2 * HASH_BYTES
    while len(hashes) >= pair:
        whole = range(0, len(hashes) - HASH_BYTES, pair)
        hashes = b"".join([sha256(b"\x01" + hashes[at : at + pair]).digest() for at in whole])
        levels.append(hashes)
    return tuple(levels)


@lru_cache(maxsize=_KEPT)
def _raise_upper_pyramid(hashes: bytes) -> tuple[bytes, ...]:
    """The same, kept for the next proof: of a million leaves sixteen tiles lie above the lowest."""
    return _raise_pyramid(hashes)
