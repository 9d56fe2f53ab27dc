"""The usage ledger of a workspace: an append-only log of salted commitments, in plain files.

    <folder>/public/    checkpoint, checkpoints/<size>, batches/<id>.json, tile/..., vkey
    <folder>/private/   signing.key, references.key, openings/<id>.jsonl, head

``public`` says nothing about any asset and can be published as it is. ``private`` holds what opens
the commitments, and the keys.

An append is wholly in or wholly absent, also after a crash at any point: ``models.ledger.journal``
prepares, promises and carries it out, and whoever opens the ledger next finishes what was promised.
"""

from __future__ import annotations

import stat
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from functools import cached_property
from pathlib import Path

from filelock import FileLock, Timeout

from models.errors import LedgerError
from models.failpoints import reach
from models.files import write_atomically
from models.ledger.batches import Batch, check_batch_id, open_batch
from models.ledger.commitments import Opening
from models.ledger.inclusion import prove_leaf
from models.ledger.journal import PendingAppend
from models.ledger.merkle import EMPTY_ROOT
from models.ledger.note import (
    Checkpoint,
    Signer,
    create_key_file,
    open_checkpoint,
    read_key_file,
    sign_checkpoint,
)
from models.ledger.records import UsageRecord
from models.ledger.references import create_reference_key, read_reference_key, refer
from models.ledger.tiles import TileReader

_LOCK_SECONDS = 300


class UsageLedger:
    """One log. Get it with ``open``; any number of processes may read, one appends at a time."""

    def __init__(self, folder: Path, signer: Signer) -> None:
        self.public_folder = folder / "public"
        self.private_folder = folder / "private"
        self._signer = signer
        self._verifier = signer.verifier
        self._pending = PendingAppend(self.public_folder, self.private_folder, signer)

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
        public, private = folder / "public", folder / "private"
        try:
            public.mkdir(parents=True, exist_ok=True)
            private.mkdir(mode=0o700, exist_ok=True)
        except OSError as error:
            raise LedgerError(
                f"There cannot be a ledger in {folder}: {error.strerror}.",
                "Name a folder that can be written.",
            ) from error
        if private.stat().st_mode & (stat.S_IRWXG | stat.S_IRWXO):
            raise LedgerError(
                f"The folder {private} is open to others than its owner.",
                f"Run `chmod 700 {private}`.",
            )
        begun = (private / "head").exists()
        with _locked(private, wait=not begun) as locked:
            if locked and not (private / "head").exists():
                _begin(public, private, origin)
            signer = read_key_file(private / "signing.key")
            if signer.name != origin:
                raise LedgerError(
                    f"The ledger in {folder} is called {signer.name!r}, not {origin!r}.",
                    "Put its name into the settings, or use another folder.",
                )
            ledger = cls(folder, signer)
            # Without the lock somebody else is appending, and repairs what there is to repair.
            if locked:
                ledger._pending.repair()
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
        check_batch_id(batch_id)
        path = self._batch_path(batch_id)
        try:
            statement = open_batch(path.read_bytes(), self._verifier)
        except FileNotFoundError as error:
            appended = self._openings_path(batch_id).exists() and not self._pending.promised
            if appended and not path.exists():
                raise LedgerError(
                    f"The batch {batch_id} was appended, but {path} is gone.",
                    "Restore it from a backup.",
                ) from error
            return None
        except OSError as error:
            raise LedgerError(
                f"The batch's file {path} cannot be read: {error.strerror}.",
                "Restore it from a backup.",
            ) from error
        except LedgerError as error:
            raise LedgerError(f"{path}: {error.problem}", error.remedy) from error
        return statement.batch if statement.batch.size <= self.head().size else None

    def batches(self) -> list[Batch]:
        """Every batch, in the order of appending.

        Raises:
            LedgerError: a batch's file is damaged.
        """
        names = [path.stem for path in self._batch_path("x").parent.glob("[!.]*.json")]
        found = [batch for name in names if (batch := self.batch(name))]
        return sorted(found, key=lambda batch: batch.first_index)

    def append(self, batch_id: str, records: Iterable[UsageRecord], stamped_at: int) -> Batch:
        """Append one batch, wholly or not at all.

        Asked again with the same ``batch_id``, also after a crash, it appends nothing, does not
        read ``records`` and returns the batch that is there: the id has to stand for the content,
        as a release's id does. Records are streamed; memory does not grow with their number.

        Args:
            batch_id: 1 to 128 letters, digits, dots, hyphens and underscores. It is published.
            records: at least one.
            stamped_at: UTC seconds since 1970. It is published.

        Raises:
            LedgerError: the batch is empty, another process appends for minutes, the disk is full,
                or the ledger on disk is not the one that was signed last. Nothing was appended;
                or, where the message says so, the next opening finishes it.
        """
        check_batch_id(batch_id)
        with _locked(self.private_folder, wait=True):
            self._pending.repair()
            head = self._check_head()
            existing = self.batch(batch_id)
            if existing is not None:
                return existing
            try:
                statement = self._pending.stage(batch_id, records, stamped_at, head.size)
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
        """The openings of a batch, in order.

        Raises:
            LedgerError: a line is damaged, or the file is gone.
        """
        path = self._openings_path(batch_id)
        try:
            with path.open("rb") as file:
                for line in file:
                    yield Opening.parse(line)
        except OSError as error:
            raise LedgerError(
                f"The openings {path} cannot be read.", "Restore them from a backup."
            ) from error

    def prove_inclusion(self, index: int, path: Path, *, reveal: bool = True) -> None:
        """Write a proof that a leaf is in the log, as a file that needs nothing beside it.

        Args:
            index: the leaf.
            path: the file to write.
            reveal: put the record and its salt in: whoever gets the file reads the record.

        Raises:
            LedgerError: there is no such leaf, or a file of the ledger is missing.
        """
        opening = self._opening(index) if reveal else None
        write_atomically(path, prove_leaf(self.public_folder, self._verifier, index, opening))

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
        return refer(self._reference_key, kind, name)

    @cached_property
    def _reference_key(self) -> bytes:
        return read_reference_key(self.private_folder / "references.key")

    def _check_head(self) -> Checkpoint:
        """The head, once it is the one signed last and the tree on disk leads to its root.

        A log must never sign a head that contradicts an earlier one.
        """
        head = self.head()
        remembered = self.private_folder / "head"
        published = self.public_folder / "checkpoint"
        if not remembered.exists() or remembered.read_bytes() != published.read_bytes():
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

    def _opening(self, index: int) -> Opening:
        for batch in self.batches():
            if batch.first_index <= index < batch.size:
                for opening in self.openings(batch.batch_id):
                    if opening.index == index:
                        return opening
        raise LedgerError(
            f"There is no opening for leaf {index}.",
            f"Leaves are numbered from 0 to {self.head().size - 1}; "
            "prove it without its record if its opening was lost.",
        )

    def _batch_path(self, batch_id: str) -> Path:
        return self.public_folder / "batches" / f"{batch_id}.json"

    def _openings_path(self, batch_id: str) -> Path:
        return self.private_folder / "openings" / f"{batch_id}.jsonl"


def _begin(public: Path, private: Path, origin: str) -> None:
    """Make keys and sign the empty tree, unless there are signs that a ledger was here before."""
    key = private / "signing.key"
    if not key.exists():
        if (public / "checkpoint").exists():
            raise LedgerError(
                f"There is a ledger in {public}, but its signing key {key} is gone.",
                "Restore the private folder from a backup: another key cannot continue this log.",
            )
        if not (private / "references.key").exists():
            create_reference_key(private / "references.key")
        reach("ledger.keys")
        create_key_file(key, origin)
    signer = read_key_file(key)
    note = sign_checkpoint(Checkpoint(signer.name, 0, EMPTY_ROOT), signer)
    published = public / "checkpoint"
    if published.exists() and published.read_bytes() != note:
        raise LedgerError(
            f"There is a ledger in {public}, but {private / 'head'} is gone.",
            "Restore the private folder from a backup.",
        )
    reach("ledger.begun")
    for folder in (public / "checkpoints", public / "batches"):
        folder.mkdir(exist_ok=True)
    (private / "openings").mkdir(mode=0o700, exist_ok=True)
    write_atomically(public / "vkey", signer.verifier.vkey.encode() + b"\n")
    write_atomically(public / "checkpoints" / "0", note)
    write_atomically(published, note)
    reach("ledger.empty")
    write_atomically(private / "head", note)


@contextmanager
def _locked(private: Path, *, wait: bool) -> Iterator[bool]:
    """Hold the writer's lock; without ``wait``, go on without it where somebody else has it."""
    lock = FileLock(private / "lock", timeout=_LOCK_SECONDS if wait else 0)
    try:
        lock.acquire()
    except Timeout as error:
        if wait:
            raise LedgerError(
                f"Another process has been appending to the ledger for {_LOCK_SECONDS} seconds.",
                "Wait for it to end, then run again.",
            ) from error
        yield False
        return
    try:
        yield True
    finally:
        lock.release()
