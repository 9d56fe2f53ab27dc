"""The usage ledger of a workspace: an append-only log of salted commitments, in plain files.

    <folder>/public/    checkpoint, checkpoints/<size>, batches/<id>.json, tile/..., vkey
    <folder>/private/   signing.key, references.key, owners.keys, head, erasures.jsonl,
                        openings/<id>.sealed, owners/<id>.index

``public`` says nothing about any asset and can be published as it is. ``private`` holds what opens
the commitments, and the keys.

An append is wholly in or wholly absent, also after a crash at any point: ``models.ledger.journal``
prepares, promises and carries it out, and whoever opens the ledger next finishes what was promised.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Container, Iterable, Iterator
from contextlib import contextmanager
from functools import cached_property
from pathlib import Path

from models.errors import LedgerError
from models.failpoints import reach
from models.files import write_atomically
from models.ledger.batches import NO_DIGEST, Batch, BatchStatement, check_batch_id, read_batch_file
from models.ledger.beginning import begin_ledger, begin_owner_keys, hold_lock, make_folders
from models.ledger.commitments import Opening
from models.ledger.consistency import prove_growth
from models.ledger.inclusion import prove_leaf
from models.ledger.journal import PendingAppend
from models.ledger.note import Checkpoint, Signer, open_checkpoint, read_key_file
from models.ledger.openings import read_opening, read_openings
from models.ledger.owners.erasure import (
    Erasure,
    PendingErasure,
    count_erasable,
    read_erasures,
    refuse_erased,
)
from models.ledger.owners.keys import OwnerKeys, find_owner_key, make_owner_key
from models.ledger.owners.proving import OwnerProof, prove_in_batch
from models.ledger.owners.reading import read_owned_about
from models.ledger.private_files import (
    owner_keys_path,
    plain_openings_path,
    sealed_openings_path,
)
from models.ledger.references import read_pseudonyms
from models.ledger.tiles import TileReader
from models.ledger.written import AnyRecord


class UsageLedger:
    """One log. Get it with ``open``; any number of processes may read, one appends at a time."""

    def __init__(self, folder: Path, signer: Signer) -> None:
        self.public_folder = folder / "public"
        self.private_folder = folder / "private"
        self._signer = signer
        self._verifier = signer.verifier
        self._pending = PendingAppend(self.public_folder, self.private_folder, signer)
        self._pending_erasure = PendingErasure(self.private_folder)

    @classmethod
    def open(cls, folder: Path, origin: str) -> UsageLedger:
        """Open the ledger in ``folder``, or begin one there, and finish what a crash interrupted.

        Args:
            folder: holds ``public`` and ``private``; made where missing.
            origin: the log's name, as in its checkpoints: no spaces, no ``+``.

        Raises:
            LedgerError: a key or head is missing, damaged, of another name, readable by others, or
                older than the one signed last.
        """
        public, private = make_folders(folder)
        begun = (private / "head").exists()
        with hold_lock(private, wait=not begun) as locked:
            if locked and not (private / "head").exists():
                begin_ledger(public, private, origin)
            signer = read_key_file(private / "signing.key")
            if signer.name != origin:
                raise LedgerError(
                    f"The ledger in {folder} is called {signer.name!r}, not {origin!r}.",
                    "Put its name into the settings, or use another folder.",
                )
            ledger = cls(folder, signer)
            # Without the lock somebody else is appending, and repairs what there is to repair.
            if locked:
                begin_owner_keys(private)
                ledger._repair()
                ledger._check_head()
        return ledger

    @property
    def vkey(self) -> str:
        """The public key as text: what others need to verify this ledger."""
        return self._verifier.vkey

    def head(self) -> Checkpoint:
        """The signed head: origin, size and root.

        Raises:
            LedgerError: it is missing or does not verify.
        """
        path = self.public_folder / "checkpoint"
        try:
            return open_checkpoint(path.read_bytes(), self._verifier)
        except OSError as error:
            raise LedgerError(
                f"The ledger's head {path} cannot be read: {error.strerror}.",
                "Restore it from a backup.",
            ) from error
        except LedgerError as error:
            raise LedgerError(f"{path}: {error.problem}", error.remedy) from error

    def batch(self, batch_id: str) -> Batch | None:
        """The batch of that name, or None where it was never appended.

        Raises:
            LedgerError: its file is damaged, or lost although the batch was appended.
        """
        statement = self.statement(batch_id)
        return None if statement is None else statement.batch

    def statement(self, batch_id: str) -> BatchStatement | None:
        """What the log published about a batch, or None where it was never appended.

        Raises:
            LedgerError: its file is damaged, or lost although the batch was appended.
        """
        check_batch_id(batch_id)
        path = self.public_folder / "batches" / f"{batch_id}.json"
        try:
            statement = read_batch_file(path, self._verifier)
        except FileNotFoundError as error:
            private = self.private_folder
            openings = (
                sealed_openings_path(private, batch_id),
                plain_openings_path(private, batch_id),
            )
            appended = any(o.exists() for o in openings) and not self._pending.promised
            if appended and not path.exists():
                raise LedgerError(
                    f"The batch {batch_id} was appended, but {path} is gone.",
                    "Restore it from a backup.",
                ) from error
            return None
        return statement if statement.batch.size <= self.head().size else None

    def batches(self) -> list[Batch]:
        """Every batch, in the order of appending.

        Raises:
            LedgerError: a batch's file is damaged.
        """
        names = [path.stem for path in (self.public_folder / "batches").glob("[!.]*.json")]
        found = [batch for name in names if (batch := self.batch(name))]
        return sorted(found, key=lambda batch: batch.first_index)

    def append(
        self,
        batch_id: str,
        records: Iterable[AnyRecord],
        stamped_at: int,
        *,
        manifest_sha256: str = NO_DIGEST,
        policy_sha256: str = NO_DIGEST,
    ) -> Batch:
        """Append one batch, wholly or not at all.

        Asked again with the same ``batch_id``, also after a crash, it appends nothing, does not
        read ``records`` and returns the batch that is there: the id has to stand for the content,
        as a release's id does. Records are streamed; 8 bytes of each are held in memory, and some
        hundred of each owner.

        Args:
            batch_id: 1 to 128 letters, digits, dots, hyphens and underscores. It is published.
            records: at least one.
            stamped_at: UTC seconds since 1970. It is published.
            manifest_sha256: digest of the release's manifest, 64 hex digits. It is published.
            policy_sha256: digest of the policy, likewise.

        Raises:
            LedgerError: the batch is empty, another process appends for minutes, the disk is full,
                or the ledger on disk is not the one that was signed last. Nothing was appended;
                or, where the message says so, the next opening finishes it.
        """
        check_batch_id(batch_id)
        with self._writing():
            head = self._check_head()
            existing = self.batch(batch_id)
            if existing is not None:
                return existing
            try:
                statement = self._pending.stage(
                    batch_id, records, stamped_at, head.size, manifest_sha256, policy_sha256
                )
                reach("ledger.staged")
                self._pending.promise(statement, head.size)
            except OSError as error:
                raise LedgerError(
                    f"The batch {batch_id} was not appended: {error}.",
                    "Nothing of it is in the ledger. Mend the cause and append it again.",
                ) from error
            finally:
                self._pending.drop()
            reach("ledger.promised")
            self._pending.carry_out()
        return statement.batch

    def openings(self, batch_id: str) -> Iterator[Opening]:
        """The openings of a batch, in order; those that were erased are left out.

        Raises:
            LedgerError: there is no such batch, an opening is damaged, or a file is gone.
        """
        for opening in read_openings(self.private_folder, self._find_statement(batch_id)):
            if isinstance(opening, Opening):
                yield opening

    def owned_openings(
        self, batch_id: str, owner_refs: Iterable[str], assets: Container[str]
    ) -> Iterator[Opening]:
        """What some owners have about some assets in a batch, by its owner index: nobody else's
        record is opened.

        Whoever has nothing there, or was erased, is passed over.

        Raises:
            LedgerError: there is no such batch, it has no owner index, or a file is damaged or
                gone. ``openings`` needs no index.
        """
        statement = self._find_statement(batch_id)
        keys = OwnerKeys.read(owner_keys_path(self.private_folder))
        for owner_ref in owner_refs:
            key = keys.get(owner_ref)
            if key is not None:
                yield from read_owned_about(self.private_folder, statement, owner_ref, key, assets)

    def opening(self, index: int) -> Opening:
        """The opening of one leaf.

        Raises:
            LedgerError: there is no such leaf, its owner was erased, or a file is damaged or gone.
        """
        for batch in self.batches():
            if batch.first_index <= index < batch.size:
                statement = self._find_statement(batch.batch_id)
                return read_opening(self.private_folder, statement, index)
        raise LedgerError(
            f"There is no opening for leaf {index}.",
            f"Leaves are numbered from 0 to {self.head().size - 1}; "
            "prove it without its record if its opening was lost.",
        )

    def prove_inclusion(
        self, index: int, path: Path, *, reveal: bool = True, opening: Opening | None = None
    ) -> None:
        """Write a proof that a leaf is in the log, as a file that needs nothing beside it.

        Args:
            index: the leaf.
            path: the file to write.
            reveal: put the record and its salt in: whoever gets the file reads the record.
            opening: the leaf's, where it is at hand. Without it the keys of owners are gone through
                until one opens the record.

        Raises:
            LedgerError: there is no such leaf, a file of the ledger is missing, or ``path`` cannot
                be written.
        """
        shown = (opening or self.opening(index)) if reveal else None
        data = prove_leaf(self.public_folder, self._verifier, index, shown)
        _write_proof(path, data, reveal=reveal)

    def prove_owner(
        self, batch_id: str, owner_ref: str, to: Path, *, reveal: bool = True
    ) -> OwnerProof:
        """Write the proof of everything that a batch holds of an owner, or that it holds nothing.

        Args:
            batch_id: the batch.
            owner_ref: the owner's pseudonym (``reference``); empty for records without an owner.
            to: the file to write.
            reveal: put records and salts in.

        Returns:
            Which of the two it is.

        Raises:
            LedgerError: there is no such batch, the owner was erased since, or a file is missing
                or damaged.
        """
        statement = self._find_statement(batch_id)
        refuse_erased(self.private_folder, statement.batch, owner_ref)
        key = find_owner_key(owner_keys_path(self.private_folder), owner_ref)
        if key is None:
            with self._writing():
                # Again: an erasure that was interrupted is on the list only now.
                refuse_erased(self.private_folder, statement.batch, owner_ref)
                key = self._make_owner_key(owner_ref)
        owner = (owner_ref, key)
        kind, data = prove_in_batch(
            self.public_folder, self.private_folder, self._verifier, batch_id, owner, reveal=reveal
        )
        _write_proof(to, data, reveal=reveal)
        return kind

    def _make_owner_key(self, owner_ref: str) -> bytes:
        try:
            return make_owner_key(owner_keys_path(self.private_folder), owner_ref)
        except OSError as error:
            raise LedgerError(
                f"A key for the owner cannot be stored: {error.strerror}.",
                "Make room on the disk, then prove it again.",
            ) from error

    def prove_consistency(self, old_size: int, to: Path, new_size: int | None = None) -> None:
        """Write the proof that the log of ``new_size`` leaves begins with that of ``old_size``.

        Args:
            old_size: the size of an earlier head, not 0.
            to: the file to write.
            new_size: the size of a later one; without it the present head.

        Raises:
            LedgerError: there was never a head of that size, or the tiles do not fit the heads.
        """
        size = self.head().size if new_size is None else new_size
        _write_proof(to, prove_growth(self.public_folder, self._verifier, old_size, size))

    def knows_owner(self, owner_ref: str) -> bool:
        """Whether the ledger has, or had, a key for an owner.

        Raises:
            LedgerError: a file is missing or damaged.
        """
        keys = OwnerKeys.read(owner_keys_path(self.private_folder))
        return keys.get(owner_ref) is not None or any(
            erasure.owner_ref == owner_ref for erasure in self.erasures()
        )

    def erasable(self, owner_ref: str) -> dict[str, int]:
        """How many records of an owner ``erase_owner`` would make unreadable, by batch.

        Raises:
            LedgerError: a file is missing or damaged.
        """
        return count_erasable(self.private_folder, owner_ref)

    def erasures(self) -> list[Erasure]:
        """Every erasure that there was, in order.

        Raises:
            LedgerError: the list is damaged.
        """
        return read_erasures(self.private_folder)

    def erase_owner(self, owner_ref: str, erased_at: int | None = None) -> Erasure:
        """Destroy an owner's key and everything that it opens. This cannot be undone.

        Nothing public changes. A later record of the same owner gets a new key. Erasing again,
        also after a crash, changes nothing.

        Args:
            owner_ref: the owner's pseudonym (``reference``).
            erased_at: UTC seconds since 1970; without it, now.

        Raises:
            LedgerError: the ledger holds nothing of that owner, or a file cannot be written; where
                the message says so, the next opening finishes it.
        """
        when = int(time.time()) if erased_at is None else erased_at
        with self._writing():
            return self._pending_erasure.erase(owner_ref, when, self.head().size)

    def reference(self, kind: str, name: str) -> str:
        """The pseudonym under which records name an owner or a reviewer: 32 hex digits.

        The same name always gets the same one; without this ledger's private key nobody can find
        the name from it, or try names.

        Args:
            kind: ``"owner"`` or ``"reviewer"``: the same name in both roles has two pseudonyms.
            name: any text.

        Raises:
            LedgerError: the key is missing or damaged.
        """
        return self._refer(kind, name)

    @cached_property
    def _refer(self) -> Callable[[str, str], str]:
        return read_pseudonyms(self.private_folder)

    def _check_head(self) -> Checkpoint:
        """The head, once it is the one signed last and the tree on disk leads to its root.

        A log must never sign a head that contradicts an earlier one.
        """
        head = self.head()
        remembered = self.private_folder / "head"
        published = self.public_folder / "checkpoint"
        try:
            same = remembered.read_bytes() == published.read_bytes()
        except OSError:
            same = False
        if not same:
            raise LedgerError(
                f"{published} is not the head that was signed last, which is kept in {remembered}.",
                "Restore the public and the private folder from their newest backup, together.",
            )
        if TileReader(self.public_folder, head.size).root() != head.root:
            raise LedgerError(
                f"The tiles in {self.public_folder} do not lead to the signed root.",
                "Run `kiyome ledger verify` to see which file was changed, and restore it.",
            )
        return head

    @contextmanager
    def _writing(self) -> Iterator[None]:
        """Be the one writer, once what a crash interrupted is finished."""
        with hold_lock(self.private_folder, wait=True):
            self._repair()
            yield

    def _repair(self) -> None:
        self._pending.repair()
        self._pending_erasure.carry_out()

    def _find_statement(self, batch_id: str) -> BatchStatement:
        statement = self.statement(batch_id)
        if statement is None:
            raise LedgerError(
                f"The ledger has no batch {batch_id}.", "`kiyome ledger show` lists its batches."
            )
        return statement


def _write_proof(path: Path, data: bytes, *, reveal: bool = False) -> None:
    """Write a proof; one that reveals records, where nobody else on this machine reads it."""
    try:
        write_atomically(path, data, 0o600 if reveal else 0o644)
    except OSError as error:
        raise LedgerError(
            f"The proof {path} cannot be written: {error.strerror}.",
            "Name a file in a folder that can be written.",
        ) from error
