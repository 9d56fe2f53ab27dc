"""The beginning of a ledger: keys, the signed empty tree; and the lock of its one writer."""

from __future__ import annotations

import stat
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from filelock import FileLock, Timeout

from models.errors import LedgerError
from models.failpoints import reach
from models.files import write_atomically
from models.ledger.merkle import EMPTY_ROOT
from models.ledger.note import Checkpoint, create_key_file, read_key_file, sign_checkpoint
from models.ledger.owners.keys import create_key_store
from models.ledger.private_files import (
    list_indexed_batches,
    list_sealed_batches,
    owner_keys_path,
)
from models.ledger.references import create_reference_key

_LOCK_SECONDS = 300


def make_folders(folder: Path) -> tuple[Path, Path]:
    """The public and the private folder of a ledger, made where they are missing.

    Raises:
        LedgerError: they cannot be made, or others can look into the private one.
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
    return public, private


def begin_ledger(public: Path, private: Path, origin: str) -> None:
    """Make keys and sign the empty tree, unless there are signs that a ledger was here before.

    Raises:
        LedgerError: there are.
    """
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


def begin_owner_keys(private: Path) -> None:
    """Make the file of owners' keys where there never was one; a lost one is not replaced."""
    path = owner_keys_path(private)
    if not path.exists() and not (list_indexed_batches(private) or list_sealed_batches(private)):
        create_key_store(path)


@contextmanager
def hold_lock(private: Path, *, wait: bool) -> Iterator[bool]:
    """Hold the writer's lock; without ``wait``, go on without it where somebody else has it.

    Raises:
        LedgerError: somebody else has had it for minutes, or it cannot be written.
    """
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
    except OSError as error:
        raise LedgerError(
            f"The lock {private / 'lock'} cannot be taken: {error.strerror}.",
            "Run it as the ledger's owner, on a disk that can be written.",
        ) from error
    try:
        yield True
    finally:
        lock.release()
