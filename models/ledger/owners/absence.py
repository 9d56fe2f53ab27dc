"""Proof that an owner has nothing in a batch: the two neighbours between which their tag would be.

Neighbours are blinded: they tell nothing about other owners, and may be dummies.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

from models.ledger.merkle import hash_leaf, verify_inclusion
from models.ledger.note import MAX_NOTE_BYTES, Checkpoint, Verifier
from models.ledger.owners.index import ENTRY_BYTES, TAG_BYTES, OwnerIndex
from models.ledger.proof_file import (
    encode_proof,
    examine_proof,
    read_batch,
    read_hex,
    read_number,
    read_path,
    read_proof,
    write_path,
)
from models.ledger.report import Check, VerificationReport, conclude

FORMAT = "kiyome.absence/1"
_MAX_BYTES = 8 * MAX_NOTE_BYTES


def prove_absence(
    note: bytes, verifier: Verifier, batch: dict[str, Any], index: OwnerIndex, tag: bytes
) -> bytes:
    """The content of an absence file.

    Args:
        note: the checkpoint.
        batch: the batch's file.
        index: the batch's owner index, which has no leaf with that tag.
        tag: the owner's, in that batch.
    """
    place = index.locate(tag)
    return encode_proof(
        {
            "batch": batch,
            "checkpoint": note.decode(),
            "format": FORMAT,
            "left": _describe(index, place - 1),
            "right": _describe(index, place),
            "tag": tag.hex(),
            "vkey": verifier.vkey,
        }
    )


def verify_absence_file(path: Path, vkey: str | None) -> VerificationReport:
    """Check an absence file. Never raises: what is wrong is a failed check.

    Args:
        path: the file.
        vkey: the log's public key, from a source that is trusted; without it the file's own.
    """
    return examine_proof(path, vkey, _read, _examine)


def _describe(index: OwnerIndex, place: int) -> dict[str, Any] | None:
    if not 0 <= place < index.size:
        return None
    return {
        "entry": index.entry(place).hex(),
        "index": place,
        "path": write_path(index.path(place)),
    }


def _read(path: Path) -> dict[str, Any]:
    keys = {"batch", "checkpoint", "left", "right", "tag"}
    return read_proof(path, FORMAT, keys, _MAX_BYTES)


def _examine(value: dict[str, Any], verifier: Verifier, head: Checkpoint) -> list[Check]:
    batch, owners = read_batch(value["batch"], verifier, head)
    tag = read_hex(value["tag"], TAG_BYTES)
    size, root = owners.size, bytes.fromhex(owners.root)
    left, right = (_read_neighbour(value[side], size, root) for side in ("left", "right"))
    problems = []
    if (-1 if left is None else left[0]) + 1 != (size if right is None else right[0]):
        problems.append("the neighbours do not stand side by side")
    if left is not None and not left[1] < tag:
        problems.append("the left neighbour does not come before the tag")
    if right is not None and not tag < right[1]:
        problems.append("the right neighbour does not come after the tag")
    name = batch.batch_id
    return [
        Check("batch", ok=True, detail=f"The batch {name} is signed and within the head."),
        conclude("absence", problems, f"No owner of the batch {name} has the tag {tag.hex()}."),
    ]


def _read_neighbour(value: Any, size: int, root: bytes) -> tuple[int, bytes] | None:
    """Place and tag of a neighbour, once it stands in the index."""
    if value is None:
        return None
    if value.keys() != {"entry", "index", "path"}:
        raise ValueError("a neighbour in it holds something unknown")
    place, entry = read_number(value["index"]), read_hex(value["entry"], ENTRY_BYTES)
    if not verify_inclusion(hash_leaf(entry), place, size, read_path(value["path"]), root):
        raise ValueError("a neighbour does not stand in the owner index")
    return place, entry[:TAG_BYTES]
