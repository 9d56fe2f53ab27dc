"""One append from its preparation to the signed head: staged, promised, carried out.

``private/staging`` holds the new leaves, openings and owner index while they are prepared.
``private/journal`` is the promise: before it exists nothing has happened, and once it exists
everything that it names can be done, and done again, to the same bytes. The signed head is moved
last.
"""

from __future__ import annotations

import hashlib
import re
import shutil
from collections import Counter
from collections.abc import Iterable, Iterator
from contextlib import suppress
from itertools import islice
from operator import attrgetter
from pathlib import Path

from models.errors import LedgerError
from models.failpoints import reach
from models.files import write_atomically
from models.ledger.batches import (
    COUNTED_TYPES,
    Batch,
    BatchStatement,
    open_batch,
    sign_batch,
)
from models.ledger.commitments import decode_canonical, encode_canonical
from models.ledger.merkle import HASH_BYTES
from models.ledger.note import Checkpoint, Signer, sign_checkpoint
from models.ledger.owners.book import OwnerBook
from models.ledger.owners.keys import OwnerKeys, add_owner_keys
from models.ledger.owners.sealed import SealedWriter
from models.ledger.payout_record import PayoutRecord
from models.ledger.private_files import (
    index_path,
    owner_keys_path,
    plain_openings_path,
    sealed_openings_path,
)
from models.ledger.records import RecordType, UsageRecord
from models.ledger.tiles import TileReader, TileRoots, append_leaves, split_tile, sync_path
from models.ledger.written import AnyRecord, WrittenRecord

_CHUNK_BYTES = 1 << 20
_LEAVES_AT_ONCE = 4096
_type_of = attrgetter("type")
_TEMPORARY = re.compile(r"\..+\.[a-z0-9_]{8}", re.ASCII)


class PendingAppend:
    """The one append that a ledger may have under way. Its caller holds the writer's lock."""

    def __init__(self, public: Path, private: Path, signer: Signer) -> None:
        self._public = public
        self._private = private
        self._signer = signer
        self._staging = private / "staging"
        self._journal = private / "journal"
        self._tiles: TileRoots | None = None

    @property
    def promised(self) -> bool:
        """Whether there is an append that has to be carried out."""
        return self._journal.exists()

    def stage(
        self,
        batch_id: str,
        records: Iterable[AnyRecord],
        stamped_at: int,
        first_index: int,
        manifest_sha256: str,
        policy_sha256: str,
    ) -> BatchStatement:
        """Write leaves, openings and owner index to the staging folder; nothing is public yet.

        Keys that owners did not have before are on the disk when this returns.

        Raises:
            LedgerError: there is no record, or something that is not one.
            OSError: the disk is full.
        """
        shutil.rmtree(self._staging, ignore_errors=True)
        self._staging.mkdir(mode=0o700)
        key_file = owner_keys_path(self._private)
        book = OwnerBook(OwnerKeys.read(key_file), batch_id)
        tree = TileRoots(TileReader(self._public, first_index).frontier())
        counts: Counter[str] = Counter(dict.fromkeys(COUNTED_TYPES, 0))
        digest = hashlib.sha256()
        leaves_path, openings_path = self._staging / "leaves", self._staging / "openings"
        with leaves_path.open("wb") as file, openings_path.open("wb", _CHUNK_BYTES) as openings:
            openings_path.chmod(0o600)
            writer = SealedWriter(openings, book.nonce)
            coming = _check(records)
            while some := list(islice(coming, tree.room)):
                leaves, frames = zip(*book.enter(some), strict=True)
                writer.add(frames)
                written = b"".join(leaves)
                file.write(written)
                digest.update(written)
                tree.add(leaves)
                counts.update(map(_type_of, some))
                reach("ledger.staging")
            writer.finish()
        frontier = tree.frontier
        if frontier.size == first_index:
            raise LedgerError(
                f"The batch {batch_id} holds no records.", "Append only what has records."
            )
        owners = book.finish(leaves_path, first_index, self._staging / "owners")
        for path in (leaves_path, openings_path, self._staging / "owners", self._staging):
            sync_path(path)
        batch = Batch(batch_id, first_index, frontier.size, frontier.root().hex())
        statement = BatchStatement(
            batch,
            {RecordType(kind).value: count for kind, count in counts.items()},
            digest.hexdigest(),
            stamped_at,
            owners,
            manifest_sha256,
            policy_sha256,
        )
        self._tiles = tree
        reach("ledger.indexed")
        # Before the promise: a promised leaf whose key was lost could never be opened again.
        add_owner_keys(key_file, book.new_keys)
        return statement

    def promise(self, statement: BatchStatement, old_size: int) -> None:
        """Put down in one file what is going to happen: from here on the batch is in."""
        batch = statement.batch
        checkpoint = Checkpoint(self._signer.name, batch.size, bytes.fromhex(batch.root))
        value = {
            "batch": sign_batch(statement, self._signer).decode(),
            "checkpoint": sign_checkpoint(checkpoint, self._signer).decode(),
            "old_size": old_size,
        }
        write_atomically(self._journal, encode_canonical(value))

    def carry_out(self) -> None:
        """Do what the journal promises. Every step can be repeated after a crash in any other.

        Raises:
            LedgerError: it cannot be done now; nothing is lost, and the next opening tries again.
        """
        try:
            value = decode_canonical(self._journal.read_bytes())
            batch_file, checkpoint = value["batch"].encode(), value["checkpoint"].encode()
            statement = open_batch(batch_file, self._signer.verifier)
            self._check_staged(statement)
            batch = statement.batch
            known, self._tiles = self._tiles, None
            if known is not None and known.frontier.root().hex() != batch.root:
                known = None  # of an append that was dropped
            size, root = append_leaves(
                self._public, value["old_size"], self._staged_leaves(), known
            )
            _check_outcome(batch, size, root)
            reach("ledger.tiles")
            if statement.owners is None:  # promised before there were owner keys
                self._move("openings", plain_openings_path(self._private, batch.batch_id))
            else:
                self._move("owners", index_path(self._private, batch.batch_id))
                reach("ledger.owners")
                self._move("openings", sealed_openings_path(self._private, batch.batch_id))
            reach("ledger.openings")
            write_atomically(self._public / "batches" / f"{batch.batch_id}.json", batch_file)
            reach("ledger.batch")
            write_atomically(self._public / "checkpoints" / str(size), checkpoint)
            reach("ledger.history")
            write_atomically(self._private / "head", checkpoint)
            reach("ledger.remembered")
            write_atomically(self._public / "checkpoint", checkpoint)
            sync_path(self._public)
            reach("ledger.head")
            self._journal.unlink()
            sync_path(self._private)
            reach("ledger.cleaning")
            shutil.rmtree(self._staging)
        except (OSError, ValueError, KeyError, LedgerError) as error:
            raise LedgerError(
                f"An append that was promised cannot be finished: {str(error).rstrip('.')}.",
                f"Mend the cause and open the ledger again; keep {self._staging} and "
                f"{self._journal} until then.",
            ) from error

    def _move(self, name: str, target: Path) -> None:
        """Put a staged file where it stays; again is the same."""
        target.parent.mkdir(mode=0o700, exist_ok=True)
        with suppress(FileNotFoundError):
            (self._staging / name).replace(target)
        sync_path(target)
        sync_path(target.parent)

    def _check_staged(self, statement: BatchStatement) -> None:
        """Make sure that nothing but the promised leaves is ever written to a public tile."""
        with (self._staging / "leaves").open("rb") as file:
            if hashlib.file_digest(file, "sha256").hexdigest() != statement.leaves_sha256:
                raise LedgerError("The staged leaves are not the promised ones.")

    def _staged_leaves(self) -> Iterator[bytes]:
        with (self._staging / "leaves").open("rb") as file:
            while leaves := file.read(_LEAVES_AT_ONCE * HASH_BYTES):
                yield from split_tile(leaves)

    def drop(self) -> None:
        """Throw away what was staged but not promised."""
        if not self.promised:
            shutil.rmtree(self._staging, ignore_errors=True)

    def repair(self) -> None:
        """Finish a promised append, drop an unpromised one, sweep up temporary files."""
        folders = (
            self._public,
            self._public / "batches",
            self._public / "checkpoints",
            self._private,
        )
        for folder in folders:
            for path in folder.glob(".*"):
                if _TEMPORARY.fullmatch(path.name) and path.is_file():
                    path.unlink()
        if self.promised:
            self.carry_out()
        self.drop()


def _check(records: Iterable[AnyRecord]) -> Iterator[AnyRecord]:
    for record in records:
        if not isinstance(record, (WrittenRecord, UsageRecord, PayoutRecord)):
            raise LedgerError(f"A {type(record).__name__} is not a usage record.")
        yield record


def _check_outcome(batch: Batch, size: int, root: bytes) -> None:
    if (size, root.hex()) != (batch.size, batch.root):
        raise LedgerError("The tiles on disk do not lead to the promised root.")
