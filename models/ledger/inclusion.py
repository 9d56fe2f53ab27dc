"""One leaf's proof as a file of its own: checkpoint, path and, where revealed, record and salt.

The file is canonical JSON and needs nothing beside it but the log's public key.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

from models.errors import LedgerError
from models.ledger.commitments import SALT_BYTES, Opening, encode_canonical, leaf_of
from models.ledger.merkle import prove_inclusion, verify_inclusion
from models.ledger.note import MAX_NOTE_BYTES, Checkpoint, Verifier
from models.ledger.proof_file import (
    encode_proof,
    examine_proof,
    read_head,
    read_hex,
    read_number,
    read_path,
    read_proof,
    write_path,
)
from models.ledger.report import Check, VerificationReport
from models.ledger.tiles import TileReader

FORMAT = "kiyome.inclusion/1"
_MAX_BYTES = 4 * MAX_NOTE_BYTES


def prove_leaf(public: Path, verifier: Verifier, index: int, opening: Opening | None) -> bytes:
    """The content of a proof file for one leaf, under the present head.

    Args:
        public: the log's public folder.
        verifier: the log's key.
        index: the leaf.
        opening: put in, so that whoever gets the file can read the record; None keeps it hidden.

    Raises:
        LedgerError: there is no such leaf, the opening is not its, or a file is missing.
    """
    note, head = read_head(public, verifier)
    if not 0 <= index < head.size:
        raise LedgerError(
            f"The ledger has no leaf {index}.",
            f"It has {head.size} leaves, numbered from 0.",
        )
    reader = TileReader(public, head.size)
    leaf = reader.leaf(index)
    path = prove_inclusion(index, head.size, reader.subtree)
    if not verify_inclusion(leaf, index, head.size, path, head.root):
        raise LedgerError(
            f"Leaf {index} cannot be proven: the tiles do not lead to the signed root.",
            "Verify the ledger to see which file was changed.",
        )
    value: dict[str, Any] = {
        "checkpoint": note.decode(),
        "format": FORMAT,
        "index": index,
        "leaf": leaf.hex(),
        "path": write_path(path),
        "vkey": verifier.vkey,
    }
    if opening is not None:
        if opening.leaf != leaf:
            raise LedgerError(
                f"The opening does not belong to leaf {index}.",
                "Restore the openings from a backup.",
            )
        value["opening"] = {"record": opening.record, "salt": opening.salt.hex()}
    return encode_proof(value)


def verify_inclusion_file(path: Path, vkey: str | None) -> VerificationReport:
    """Check a proof file. Never raises: what is wrong is a failed check.

    Args:
        path: the file.
        vkey: the log's public key, from a source that is trusted. Without it the key in the file
            is used, which proves only that the file agrees with itself.
    """
    return examine_proof(path, vkey, _read, _examine)


def _examine(value: dict[str, Any], _: Verifier, head: Checkpoint) -> list[Check]:
    index, leaf = read_number(value["index"]), read_hex(value["leaf"])
    steps = read_path(value["path"])
    included = verify_inclusion(leaf, index, head.size, steps, head.root)
    stands = "stands" if included else "does not stand"
    checks = [
        Check("inclusion", ok=included, detail=f"Leaf {index} {stands} under the signed root.")
    ]
    if "opening" in value:
        opening = value["opening"]
        salt = read_hex(opening["salt"], SALT_BYTES)
        if opening.keys() != {"record", "salt"}:
            raise ValueError("its opening holds something unknown")
        opens = leaf_of(salt, encode_canonical(opening["record"])) == leaf
        verb = "is" if opens else "is not"
        checks.append(
            Check("opening", ok=opens, detail=f"The record {verb} what leaf {index} commits to.")
        )
    return checks


def _read(path: Path) -> dict[str, Any]:
    return read_proof(path, FORMAT, {"checkpoint", "index", "leaf", "opening?", "path"}, _MAX_BYTES)
