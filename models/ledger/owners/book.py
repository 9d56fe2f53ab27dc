"""Who has which records in the batch that is being staged.

It keeps 8 bytes in memory for every record, and some hundred for every owner.
"""

from __future__ import annotations

import mmap
import secrets
from array import array
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path

from models.errors import LedgerError
from models.ledger.batches import OwnersSummary
from models.ledger.commitments import MAX_OPENING_BYTES, leaf_of
from models.ledger.merkle import HASH_BYTES
from models.ledger.owners.index import IndexedOwner, blind_owner, records_root, write_index
from models.ledger.owners.keys import OwnerKeys, RecordSalts, derive_index_salt, new_owner_key
from models.ledger.owners.places import encode_places
from models.ledger.owners.ring import OwnerInBatch
from models.ledger.owners.sealed import NONCE_BYTES
from models.ledger.written import AnyRecord

Entered = tuple[bytes, tuple[bytes, bytes]]
"""A record's leaf hash; and its key id with its sealed form."""


@dataclass(slots=True, eq=False)
class _Share:
    """What an owner has in the batch so far."""

    owner: OwnerInBatch
    salts: RecordSalts
    key_id: bytes
    places: array[int]


class OwnerBook:
    """Gives every record its salt and its seal, and in the end makes the index of owners.

    Attributes:
        nonce: new for every staging, so that no two texts are ever sealed alike.
        new_keys: keys made for owners who had none; they have to be stored before the promise.
    """

    def __init__(self, keys: OwnerKeys, batch_id: str) -> None:
        """Begin a batch.

        Raises:
            LedgerError: a key is damaged.
        """
        self.nonce = secrets.token_bytes(NONCE_BYTES)
        self.new_keys: dict[str, bytes] = {}
        self._keys = dict(keys.items())
        self._batch_id = batch_id
        self._shares: dict[str, _Share] = {}
        self._count = 0

    def enter(self, records: Iterable[AnyRecord]) -> Iterator[Entered]:
        """Take in the next records, as their results are asked for.

        Raises:
            LedgerError: a record is too long.
        """
        for record in records:
            text = record.canonical()
            if len(text) > MAX_OPENING_BYTES:
                raise LedgerError(
                    f"A usage record has {len(text)} bytes; {MAX_OPENING_BYTES} are allowed.",
                    "Name fewer carriers and less evidence in it.",
                )
            share = self._shares.get(record.owner_ref) or self._begin(record.owner_ref)
            position = self._count
            self._count = position + 1
            share.places.append(position)
            leaf = leaf_of(share.salts.derive(position), text)
            yield leaf, (share.key_id, share.owner.seal(position, text))

    def finish(self, leaves: Path, first_index: int, index: Path) -> OwnersSummary:
        """Write the index of owners over the leaf hashes in a file, at least one.

        Raises:
            OSError: the disk is full.
        """
        with (
            leaves.open("rb") as file,
            mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ) as data,
        ):
            owners = [
                self._index(share.owner, share.places, data, first_index)
                for share in self._shares.values()
            ]
        size, root = write_index(index, self.nonce, owners)
        return OwnersSummary(self._count, root.hex(), size)

    def _begin(self, owner_ref: str) -> _Share:
        key = self._keys.get(owner_ref)
        if key is None:
            key = self._keys[owner_ref] = self.new_keys[owner_ref] = new_owner_key()
        owner = OwnerInBatch.derive(owner_ref, key, self._batch_id, self.nonce)
        salts = RecordSalts(key, self._batch_id)
        share = self._shares[owner_ref] = _Share(owner, salts, owner.key_id, array("Q"))
        return share

    def _index(
        self, owner: OwnerInBatch, places: array[int], leaves: mmap.mmap, first_index: int
    ) -> IndexedOwner:
        def records() -> Iterator[tuple[int, bytes]]:
            for place in places:
                yield first_index + place, leaves[HASH_BYTES * place : HASH_BYTES * (place + 1)]

        salt = derive_index_salt(owner.key, self._batch_id)
        half = blind_owner(salt, records_root(records()), len(places))
        return IndexedOwner(owner.tag + half, owner.seal_places(encode_places(places)))
