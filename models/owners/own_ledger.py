"""The usage ledger as its owners' pages read it: the one place where they touch private keys.

Nothing here writes: no lock is taken, nothing that a crash left is repaired, and no owner gets a
key. Whoever has none has no record, and is told so. Keys stay in this module and in the ledger's
own; they are never logged nor put into a message.
"""

from __future__ import annotations

import os
from collections.abc import Iterator
from dataclasses import asdict
from itertools import islice
from pathlib import Path
from typing import Any

from models.errors import LedgerError
from models.files import write_atomically
from models.ledger.batches import Batch, BatchStatement, check_batch_id
from models.ledger.chain.receipts import RECEIPT_FORMAT, AnchorFiles, Receipt
from models.ledger.commitments import Opening, decode_canonical
from models.ledger.consistency import prove_growth
from models.ledger.inclusion import prove_leaf
from models.ledger.log import UsageLedger
from models.ledger.note import Checkpoint, Signer, Verifier, open_checkpoint, read_key_file
from models.ledger.owners.erasure import Erasure, refuse_erased
from models.ledger.owners.keys import find_owner_key
from models.ledger.owners.proving import OwnerProof, prove_in_batch
from models.ledger.owners.reading import read_owned
from models.ledger.private_files import owner_keys_path
from models.ledger.proof_file import encode_proof

Stamp = tuple[int, int, int]
"""What tells a file from another that took its place: when it was written, its size and inode."""


class NothingKnownError(LedgerError):
    """The ledger has no key for an owner: it holds nothing of theirs, or nothing any more."""


class OwnLedger:
    """A ledger for reading. Get it with ``open_own_ledger``; threads may share it."""

    def __init__(self, folder: Path, signer: Signer) -> None:
        self._signer = signer
        self._ledger = UsageLedger(folder, signer)
        self._public = self._ledger.public_folder
        self._private = self._ledger.private_folder
        self._head: tuple[bytes, Checkpoint] | None = None
        self._statements: dict[str, tuple[Stamp, BatchStatement]] = {}
        self._receipts: tuple[int, tuple[Receipt, ...]] = (0, ())
        self._sent: tuple[int, int] = (0, 0)

    @property
    def vkey(self) -> str:
        """The log's public key."""
        return self._ledger.vkey

    @property
    def verifier(self) -> Verifier:
        """The log's public key, to check with."""
        return self._signer.verifier

    @property
    def signer(self) -> Signer:
        """What statements are signed with."""
        return self._signer

    def reference(self, identity: str) -> str:
        """The pseudonym of an owner."""
        return self._ledger.reference("owner", identity)

    def knows_owner(self, owner_ref: str) -> bool:
        """Whether the ledger has, or had, a key for an owner."""
        return self._ledger.knows_owner(owner_ref)

    def head(self) -> Checkpoint:
        """The signed head; one whose signature was checked is not checked again."""
        known = self._head
        try:
            data = (self._public / "checkpoint").read_bytes()
        except OSError:
            return self._ledger.head()  # says what is wrong
        if known is None or known[0] != data:
            known = self._head = data, open_checkpoint(data, self.verifier)
        return known[1]

    def batches(self) -> list[Batch]:
        """Every batch, in the order of appending."""
        return self._ledger.batches()

    def published(self) -> list[tuple[str, Stamp]]:
        """The batches that files are there of, the newest file first, each with its stamp."""
        folder = self._public / "batches"
        if not folder.is_dir():
            return []
        with os.scandir(folder) as entries:
            found = [
                (entry.name.removesuffix(".json"), _stamp(entry.stat()))
                for entry in entries
                if entry.name.endswith(".json") and not entry.name.startswith(".")
            ]
        return sorted(found, key=lambda each: each[1], reverse=True)

    def statement(self, batch_id: str) -> BatchStatement | None:
        """What the log published about a batch; a file that has not changed is not read again."""
        check_batch_id(batch_id)
        try:
            stamp = _stamp((self._public / "batches" / f"{batch_id}.json").stat())
        except OSError:
            return self._ledger.statement(batch_id)  # says what is wrong, or that there is none
        known = self._statements.get(batch_id)
        if known is not None and known[0] == stamp:
            return known[1] if known[1].batch.size <= self.head().size else None
        found = self._ledger.statement(batch_id)
        if found is not None:
            self._statements[batch_id] = stamp, found
        return found

    def openings(self, batch_id: str) -> Iterator[Opening]:
        """The openings of a batch that can still be read."""
        return self._ledger.openings(batch_id)

    def erasures(self) -> list[Erasure]:
        """Every erasure that there was."""
        return self._ledger.erasures()

    def receipts(self) -> list[Receipt]:
        """Every receipt, by size; they are read again once another is there."""
        folder = self._public / "receipts"
        stamp = folder.stat().st_mtime_ns if folder.is_dir() else 0
        if self._receipts[0] != stamp:
            self._receipts = stamp, tuple(AnchorFiles(self._public).receipts())
        return list(self._receipts[1])

    def is_sent(self, size: int) -> bool:
        """Whether a head of at least so many entries is on its way to the chain."""
        folder = self._public / "anchors"
        stamp = folder.stat().st_mtime_ns if folder.is_dir() else 0
        if self._sent[0] != stamp:
            names = [path.stem for path in folder.glob("[0-9]*.json")]
            self._sent = stamp, max((int(name) for name in names if name.isdecimal()), default=0)
        return self._sent[1] >= size

    def has_key(self, owner_ref: str) -> bool:
        """Whether an owner has a key: without one the ledger holds nothing that can be shown."""
        return find_owner_key(owner_keys_path(self._private), owner_ref) is not None

    def own_openings(
        self, batch_id: str, owner_ref: str, start: int = 0, most: int | None = None
    ) -> Iterator[Opening]:
        """What an owner's own key opens of a batch, in order; nothing where it holds nothing.

        Args:
            start, most: only so many of them, from the one at ``start`` on.

        Raises:
            LedgerError: the owner was erased since, or a file is missing or damaged.
            NothingKnownError: the owner has no key.
        """
        statement = self._find(batch_id)
        key = self._key(statement, owner_ref)
        end = None if most is None else start + most
        if statement.owners is None:  # from before there were owner indexes
            openings = self._ledger.openings(batch_id)
            own = (each for each in openings if each.record.get("ownerRef") == owner_ref)
            yield from islice(own, start, end)
            return
        yield from read_owned(
            self._private, statement, owner_ref, key, lambda places: places[start:end]
        )

    def own_opening(self, batch_id: str, owner_ref: str, index: int) -> Opening | None:
        """What an owner's own key opens of one entry of the log; None where it is not theirs.

        Raises:
            LedgerError, NothingKnownError: see ``own_openings``.
        """
        statement = self._find(batch_id)
        if statement.owners is None:
            found = self.own_openings(batch_id, owner_ref)
        else:
            wanted = index - statement.batch.first_index
            key = self._key(statement, owner_ref)
            found = read_owned(
                self._private,
                statement,
                owner_ref,
                key,
                lambda places: [each for each in places if each == wanted],
            )
        return next((opening for opening in found if opening.index == index), None)

    def owner_proof(self, batch_id: str, owner_ref: str, *, reveal: bool = True) -> bytes:
        """The proof of everything that a batch holds of an owner, or that it holds nothing.

        Where the proof's head is the one that a receipt is for, the receipt is put in.

        Raises:
            LedgerError: there is no such batch or owner index, the owner was erased since, or a
                file is missing or damaged.
            NothingKnownError: the owner has no key.
        """
        return self._with_receipt(self._prove(batch_id, owner_ref, reveal=reveal)[1])

    def inclusion_proof(self, batch_id: str, owner_ref: str, index: int) -> bytes:
        """The proof of one of the owner's records.

        Raises:
            LedgerError: the batch holds no such record of theirs, or a file is damaged.
        """
        opening = self.own_opening(batch_id, owner_ref, index)
        if opening is None:
            raise LedgerError(f"The batch {batch_id} holds no record {index} of this owner.")
        return self._with_receipt(prove_leaf(self._public, self.verifier, index, opening))

    def consistency_proof(self, old_size: int, new_size: int) -> bytes:
        """The proof that the log of ``new_size`` entries begins with the one of ``old_size``.

        Raises:
            LedgerError: there was never a head of one of the sizes.
        """
        return prove_growth(self._public, self.verifier, old_size, new_size)

    def prove_owner(
        self, batch_id: str, owner_ref: str, to: Path, *, reveal: bool = True
    ) -> OwnerProof:
        """Write an owner's proof, as ``UsageLedger.prove_owner`` does, but never make a key.

        Raises:
            LedgerError, NothingKnownError: see ``owner_proof``.
        """
        kind, data = self._prove(batch_id, owner_ref, reveal=reveal)
        write_atomically(to, data, 0o600)
        return kind

    def _prove(self, batch_id: str, owner_ref: str, *, reveal: bool) -> tuple[OwnerProof, bytes]:
        owner = (owner_ref, self._key(self._find(batch_id), owner_ref))
        return prove_in_batch(
            self._public, self._private, self.verifier, batch_id, owner, reveal=reveal
        )

    def _with_receipt(self, data: bytes) -> bytes:
        value: dict[str, Any] = decode_canonical(data[:-1])
        head = open_checkpoint(value["checkpoint"].encode(), self.verifier)
        for receipt in self.receipts():
            if (receipt.size, receipt.root) == (head.size, head.root.hex()):
                return encode_proof(
                    {**value, "receipt": {**asdict(receipt), "format": RECEIPT_FORMAT}}
                )
        return data

    def _find(self, batch_id: str) -> BatchStatement:
        statement = self.statement(batch_id)
        if statement is None:
            raise LedgerError(f"The ledger has no batch {batch_id}.")
        return statement

    def _key(self, statement: BatchStatement, owner_ref: str) -> bytes:
        refuse_erased(self._private, statement.batch, owner_ref)
        key = find_owner_key(owner_keys_path(self._private), owner_ref)
        if not owner_ref or key is None:
            raise NothingKnownError(
                "The ledger holds nothing of this owner.",
                "A record is entered with the next release that uses or excludes a work of theirs.",
            )
        return key


def _stamp(found: os.stat_result) -> Stamp:
    return found.st_mtime_ns, found.st_size, found.st_ino


def open_own_ledger(folder: Path) -> OwnLedger | None:
    """The ledger in a folder, or None where none was begun.

    Raises:
        LedgerError: its signing key is damaged, or can be read by others.
    """
    if not (folder / "private" / "head").exists():
        return None
    return OwnLedger(folder, read_key_file(folder / "private" / "signing.key"))
