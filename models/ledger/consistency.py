"""Two signed heads and the proof that the newer log begins with the older one, as a file."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from models.errors import LedgerError
from models.ledger.merkle import prove_consistency, verify_consistency
from models.ledger.note import MAX_NOTE_BYTES, Checkpoint, Verifier, open_checkpoint
from models.ledger.proof_file import (
    encode_proof,
    examine_proof,
    read_path,
    read_proof,
    write_path,
)
from models.ledger.report import Check, VerificationReport
from models.ledger.tiles import TileReader

FORMAT = "kiyome.consistency/1"
_MAX_BYTES = 4 * MAX_NOTE_BYTES


def prove_growth(public: Path, verifier: Verifier, old_size: int, new_size: int) -> bytes:
    """The content of a consistency file.

    Args:
        public: the log's public folder.
        verifier: the log's key.
        old_size, new_size: the sizes of two heads of the log.

    Raises:
        LedgerError: there is no such head, it is not signed, the old one is empty or larger than
            the new one, or the tiles do not lead from one to the other.
    """
    old_note, new_note = _read_note(public, old_size), _read_note(public, new_size)
    old, new = (open_checkpoint(note, verifier) for note in (old_note, new_note))
    if not 0 < old.size <= new.size:
        raise LedgerError(
            f"Nothing can be shown between a head of {old.size} and one of {new.size} leaves.",
            "Name an older head that is not empty.",
        )
    path = prove_consistency(old.size, new.size, TileReader(public, new.size).subtree)
    if not verify_consistency(old.size, new.size, path, old.root, new.root):
        raise LedgerError(
            f"The tiles do not lead from the head of {old.size} leaves to that of {new.size}.",
            "Verify the ledger to see which file was changed.",
        )
    return encode_proof(
        {
            "format": FORMAT,
            "new": new_note.decode(),
            "old": old_note.decode(),
            "path": write_path(path),
            "vkey": verifier.vkey,
        }
    )


def verify_consistency_file(path: Path, vkey: str | None) -> VerificationReport:
    """Check a consistency file. Never raises: what is wrong is a failed check.

    The report's size and root are those of the newer head.

    Args:
        path: the file.
        vkey: the log's public key, from a source that is trusted; without it the file's own.
    """
    return examine_proof(path, vkey, _read, _examine, "new")


def _read_note(public: Path, size: int) -> bytes:
    path = public / "checkpoints" / str(size)
    try:
        return path.read_bytes()
    except OSError as error:
        raise LedgerError(
            f"There is no head of {size} leaves in {path.parent}.",
            "Name the size of a head that is there.",
        ) from error


def _read(path: Path) -> dict[str, Any]:
    return read_proof(path, FORMAT, {"new", "old", "path"}, _MAX_BYTES)


def _examine(value: dict[str, Any], verifier: Verifier, new: Checkpoint) -> list[Check]:
    old = open_checkpoint(value["old"].encode(), verifier)
    grown = verify_consistency(old.size, new.size, read_path(value["path"]), old.root, new.root)
    verb = "begins" if grown else "does not begin"
    detail = f"The log of {new.size} leaves {verb} with that of {old.size}."
    return [
        Check("older checkpoint", ok=True, detail=f"The head of {old.size} leaves is signed."),
        Check("consistency", ok=grown, detail=detail),
    ]
