"""Which owner's key opens which sealed record of a batch."""

from __future__ import annotations

from dataclasses import dataclass

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import ChaCha20Poly1305

from models.errors import LedgerError
from models.ledger.commitments import Opening
from models.ledger.owners.keys import OwnerKeys, derive_record_salt, derive_seal_key, derive_tag
from models.ledger.owners.sealed import KEY_ID_BYTES, Frame, position_nonce

_PLACES_NONCE = b"\x00\x00\x00\x01" + bytes(8)  # position_nonce never begins so


@dataclass(frozen=True, slots=True)
class OwnerInBatch:
    """What an owner's key comes to in one batch.

    Attributes:
        owner_ref: the owner's pseudonym; empty for records without a known owner.
        key: the owner's key.
        batch_id: the batch.
        tag: what stands for the owner in the batch's index.
        cipher: opens and seals the owner's records.
    """

    owner_ref: str
    key: bytes
    batch_id: str
    tag: bytes
    cipher: ChaCha20Poly1305

    @classmethod
    def derive(cls, owner_ref: str, key: bytes, batch_id: str, nonce: bytes) -> OwnerInBatch:
        """Derive it; ``nonce`` is that of the batch's sealed file."""
        cipher = ChaCha20Poly1305(derive_seal_key(key, batch_id, nonce))
        return cls(owner_ref, key, batch_id, derive_tag(key, batch_id), cipher)

    @property
    def key_id(self) -> bytes:
        """What marks the owner's records in the sealed file."""
        return self.tag[:KEY_ID_BYTES]

    def salt(self, position: int) -> bytes:
        """The salt of the record at a position."""
        return derive_record_salt(self.key, self.batch_id, position)

    def seal(self, position: int, canonical: bytes) -> bytes:
        """Encrypt the record at a position."""
        return self.cipher.encrypt(position_nonce(position), canonical, None)

    def open(self, frame: Frame, first_index: int) -> Opening:
        """Decrypt a record, with what opens its leaf.

        Raises:
            LedgerError: it was changed, or is not this owner's.
        """
        canonical = self.read(frame, first_index)
        return Opening(first_index + frame.position, canonical, self.salt(frame.position))

    def read(self, frame: Frame, first_index: int) -> bytes:
        """Decrypt a record: its canonical JSON alone.

        Raises:
            LedgerError: it was changed, or is not this owner's.
        """
        try:
            return self.cipher.decrypt(position_nonce(frame.position), frame.sealed, None)
        except InvalidTag as error:
            raise LedgerError(
                f"The opening of leaf {first_index + frame.position} is damaged.",
                "Restore the file from a backup.",
            ) from error

    def seal_places(self, places: bytes) -> bytes:
        """Encrypt the list of the owner's positions."""
        return self.cipher.encrypt(_PLACES_NONCE, places, None)

    def open_places(self, sealed: bytes) -> bytes | None:
        """Decrypt the list of the owner's positions; None where it was changed or erased."""
        try:
            return self.cipher.decrypt(_PLACES_NONCE, sealed, None)
        except InvalidTag:
            return None


class KeyRing:
    """Finds the owner of a sealed record. Keys are tried against the batch only as needed."""

    def __init__(self, keys: OwnerKeys, batch_id: str, nonce: bytes) -> None:
        self._batch_id = batch_id
        self._nonce = nonce
        self._known: dict[bytes, tuple[str, bytes]] = {}
        self._owners: dict[bytes, OwnerInBatch] = {}
        self._untried = keys.items()

    def find(self, key_id: bytes) -> OwnerInBatch | None:
        """The owner whose records bear ``key_id``; None where no key leads to it.

        Raises:
            LedgerError: a key is damaged.
        """
        if key_id in self._owners:
            return self._owners[key_id]
        while key_id not in self._known:
            owner = next(self._untried, None)
            if owner is None:
                return None
            self._known[derive_tag(owner[1], self._batch_id)[:KEY_ID_BYTES]] = owner
        found = OwnerInBatch.derive(*self._known[key_id], self._batch_id, self._nonce)
        self._owners[key_id] = found
        return found

    def open(self, frame: Frame, first_index: int) -> tuple[OwnerInBatch, Opening]:
        """The owner and the opening of a record that was not erased.

        Raises:
            LedgerError: no key opens it, or it was changed.
        """
        owner = self.find(frame.key_id)
        if owner is None:
            raise LedgerError(
                f"No owner's key opens leaf {first_index + frame.position}.",
                "Restore the openings and the keys of owners from one backup, together.",
            )
        return owner, owner.open(frame, first_index)
