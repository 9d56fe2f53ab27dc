"""Proof that these are all of an owner's records in a batch.

The owner's leaf commits to the root over their records and to their number, and it stands in the
owner index that the batch's file signs. Each record stands in the log.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from models.errors import LedgerError
from models.ledger.batches import Batch, OwnersSummary
from models.ledger.commitments import SALT_BYTES, Opening, encode_canonical, leaf_of
from models.ledger.merkle import HASH_BYTES, hash_leaf, verify_inclusion
from models.ledger.note import Checkpoint, Verifier
from models.ledger.owners.index import TAG_BYTES, OwnerIndex, blind_owner, records_root
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

FORMAT = "kiyome.completeness/1"
MAX_RECORDS = 100_000
_MAX_BYTES = 1 << 30


@dataclass(frozen=True, slots=True)
class ProvenRecord:
    """One record of an owner, as a proof shows it.

    Attributes:
        index: its leaf in the log.
        leaf: the leaf hash.
        path: the leaf's audit path under the checkpoint.
        opening: record and salt; None keeps them hidden.
    """

    index: int
    leaf: bytes
    path: Sequence[bytes]
    opening: Opening | None

    def as_dict(self) -> dict[str, Any]:
        """A JSON-ready dictionary."""
        value: dict[str, Any] = {
            "index": self.index,
            "leaf": self.leaf.hex(),
            "path": write_path(self.path),
        }
        if self.opening is not None:
            value["opening"] = {
                "record": self.opening.record,
                "salt": self.opening.salt.hex(),
            }
        return value


def prove_completeness(
    note: bytes,
    verifier: Verifier,
    batch: dict[str, Any],
    index: OwnerIndex,
    place: int,
    salt: bytes,
    records: Sequence[ProvenRecord],
) -> bytes:
    """The content of a completeness file.

    Args:
        note: the checkpoint.
        batch: the batch's file.
        index: the batch's owner index.
        place: the owner's leaf in it.
        salt: what hides that leaf.
        records: all records of the owner in the batch, in log order.

    Raises:
        LedgerError: the records are not those that the leaf commits to.
    """
    entry = index.entry(place)
    root = records_root((record.index, record.leaf) for record in records)
    if entry[TAG_BYTES:] != blind_owner(salt, root, len(records)):
        raise LedgerError(
            "The records of the owner are not those that the batch's index commits to.",
            "Verify the ledger to see which file was changed.",
        )
    owner = {
        "count": len(records),
        "index": place,
        "path": write_path(index.path(place)),
        "root": root.hex(),
        "salt": salt.hex(),
        "tag": entry[:TAG_BYTES].hex(),
    }
    return encode_proof(
        {
            "batch": batch,
            "checkpoint": note.decode(),
            "format": FORMAT,
            "owner": owner,
            "records": [record.as_dict() for record in records],
            "vkey": verifier.vkey,
        }
    )


def verify_completeness_file(path: Path, vkey: str | None) -> VerificationReport:
    """Check a completeness file. Never raises: what is wrong is a failed check.

    Args:
        path: the file.
        vkey: the log's public key, from a source that is trusted; without it the file's own.
    """
    return examine_proof(path, vkey, _read, _examine)


def _read(path: Path) -> dict[str, Any]:
    keys = {"batch", "checkpoint", "owner", "records"}
    return read_proof(path, FORMAT, keys, _MAX_BYTES)


def _examine(value: dict[str, Any], verifier: Verifier, head: Checkpoint) -> list[Check]:
    batch, owners = read_batch(value["batch"], verifier, head)
    records = [_read_record(record) for record in value["records"]]
    detail = f"The batch {batch.batch_id} is signed and within the head."
    return [
        Check("batch", ok=True, detail=detail),
        _check_owner(value["owner"], owners, records, batch.batch_id),
        _check_records(records, batch, head),
        _check_openings(records, value["records"]),
    ]


def _read_record(value: dict[str, Any]) -> tuple[int, bytes, list[bytes]]:
    if value.keys() - {"opening"} != {"index", "leaf", "path"}:
        raise ValueError("a record in it holds something unknown")
    return read_number(value["index"]), read_hex(value["leaf"]), read_path(value["path"])


def _check_owner(
    value: dict[str, Any],
    owners: OwnersSummary,
    records: Sequence[tuple[int, bytes, list[bytes]]],
    name: str,
) -> Check:
    """The owner's leaf commits to exactly these records, and stands in the batch's index."""
    if value.keys() != {"count", "index", "path", "root", "salt", "tag"}:
        raise ValueError("its owner holds something unknown")
    tag, salt = read_hex(value["tag"], TAG_BYTES), read_hex(value["salt"], SALT_BYTES)
    count, root = read_number(value["count"]), read_hex(value["root"], HASH_BYTES)
    place, path = read_number(value["index"]), read_path(value["path"])
    leaf = hash_leaf(tag + blind_owner(salt, root, count))
    problems = []
    if not verify_inclusion(leaf, place, owners.size, path, bytes.fromhex(owners.root)):
        problems.append("the owner's leaf does not stand in the batch's index")
    if count != len(records):
        problems.append(f"the leaf commits to {count} records, but {len(records)} are shown")
    if records_root((index, leaf) for index, leaf, _ in records) != root:
        problems.append("the records shown are not those that the leaf commits to")
    return conclude("owner", problems, f"These {count} records are all in the batch {name}.")


def _check_records(
    records: Iterable[tuple[int, bytes, list[bytes]]], batch: Batch, head: Checkpoint
) -> Check:
    """Every record stands in the log, inside the batch, once and in order."""
    problems, before = [], batch.first_index - 1
    for index, leaf, path in records:
        if not before < index < batch.size:
            problems.append(f"leaf {index} is out of order or outside the batch")
        elif not verify_inclusion(leaf, index, head.size, path, head.root):
            problems.append(f"leaf {index} does not stand under the signed root")
        before = index
    return conclude("inclusion", problems, "Every record stands under the signed root.")


def _check_openings(
    records: Sequence[tuple[int, bytes, list[bytes]]], values: Sequence[dict[str, Any]]
) -> Check:
    problems, opened = [], 0
    for (index, leaf, _), value in zip(records, values, strict=True):
        if "opening" not in value:
            continue
        opening, opened = value["opening"], opened + 1
        if opening.keys() != {"record", "salt"} or not isinstance(opening["record"], dict):
            raise ValueError("an opening in it holds something unknown")
        salt = read_hex(opening["salt"], SALT_BYTES)
        if leaf_of(salt, encode_canonical(opening["record"])) != leaf:
            problems.append(f"the record is not what leaf {index} commits to")
    detail = f"{opened} of {len(records)} records are shown, and are what their leaves commit to."
    return conclude("openings", problems, detail)
