"""One leaf's proof as a file of its own: checkpoint, path and, where revealed, record and salt.

The file is canonical JSON and needs nothing beside it but the log's public key.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

from models.errors import LedgerError
from models.ledger.commitments import (
    SALT_BYTES,
    Opening,
    decode_canonical,
    encode_canonical,
    leaf_of,
)
from models.ledger.merkle import prove_inclusion, verify_inclusion
from models.ledger.note import MAX_NOTE_BYTES, Checkpoint, Verifier, open_checkpoint
from models.ledger.report import Check, VerificationReport, summarise
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
    try:
        note = (public / "checkpoint").read_bytes()
    except OSError as error:
        raise LedgerError(
            f"The ledger's head {public / 'checkpoint'} cannot be read.",
            "Restore it from a backup.",
        ) from error
    head = open_checkpoint(note, verifier)
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
        "path": [digest.hex() for digest in path],
        "vkey": verifier.vkey,
    }
    if opening is not None:
        if opening.leaf != leaf:
            raise LedgerError(
                f"The opening does not belong to leaf {index}.",
                "Restore the openings from a backup.",
            )
        value["opening"] = {"record": opening.record, "salt": opening.salt.hex()}
    return encode_canonical(value) + b"\n"


def verify_inclusion_file(path: Path, vkey: str | None) -> VerificationReport:
    """Check a proof file. Never raises: what is wrong is a failed check.

    Args:
        path: the file.
        vkey: the log's public key, from a source that is trusted. Without it the key in the file
            is used, which proves only that the file agrees with itself.
    """
    checks: list[Check] = []
    head: Checkpoint | None = None
    try:
        value = _read(path)
        verifier = _choose_key(value["vkey"], vkey)
        checks.append(Check("key", ok=True, detail=f"The log is {verifier.name}." + _caveat(vkey)))
        head = open_checkpoint(value["checkpoint"].encode(), verifier)
        checks.append(
            Check("checkpoint", ok=True, detail=f"The head of {head.size} leaves is signed.")
        )
        checks += _check_proof(value, head)
    except (OSError, LedgerError, ValueError, KeyError, TypeError, AttributeError) as error:
        checks.append(Check("file", ok=False, detail=f"{path.name}: {error}"))
    return summarise(checks, head)


def _choose_key(named: str, given: str | None) -> Verifier:
    verifier = Verifier.parse(named if given is None else given)
    if named != verifier.vkey:
        raise LedgerError(
            f"It was made for another key, {named}.", "Ask for a proof from the log that you trust."
        )
    return verifier


def _check_proof(value: dict[str, Any], head: Checkpoint) -> list[Check]:
    index, leaf = value["index"], bytes.fromhex(value["leaf"])
    if type(index) is not int:
        raise ValueError("its index is not a number")
    steps = [bytes.fromhex(step) for step in value["path"]]
    # Hex in capitals or with spaces would read the same: another spelling is another file.
    if [digest.hex() for digest in (leaf, *steps)] != [value["leaf"], *value["path"]]:
        raise ValueError("its hashes are not written as lower-case hex")
    included = verify_inclusion(leaf, index, head.size, steps, head.root)
    stands = "stands" if included else "does not stand"
    checks = [
        Check("inclusion", ok=included, detail=f"Leaf {index} {stands} under the signed root.")
    ]
    if "opening" in value:
        opening = value["opening"]
        salt = bytes.fromhex(opening["salt"])
        if len(salt) != SALT_BYTES or salt.hex() != opening["salt"]:
            raise ValueError("its salt is not 64 lower-case hex digits")
        if opening.keys() != {"record", "salt"}:
            raise ValueError("its opening holds something unknown")
        opens = leaf_of(salt, encode_canonical(opening["record"])) == leaf
        verb = "is" if opens else "is not"
        checks.append(
            Check("opening", ok=opens, detail=f"The record {verb} what leaf {index} commits to.")
        )
    return checks


def _read(path: Path) -> dict[str, Any]:
    if not path.is_file() or path.stat().st_size > _MAX_BYTES:
        raise ValueError("there is no proof file of a sensible size")
    data = path.read_bytes()
    if not data.endswith(b"\n"):
        raise ValueError("it is cut short")
    try:
        value = decode_canonical(data[:-1])
    except ValueError as error:
        raise ValueError(f"it is not a proof file: {error}") from error
    known = {"checkpoint", "format", "index", "leaf", "path", "vkey"}
    if value.keys() - {"opening"} != known or value["format"] != FORMAT:
        raise ValueError(f"it is not a file of the format {FORMAT}")
    return value


def _caveat(vkey: str | None) -> str:
    return "" if vkey else " The key comes from the file itself: it proves no more than the file."
