"""An owner's records, read from the proofs that the owner gets: a statement rests on nothing else.

A batch that is older than owner indexes has no such proof. Its records are read from its openings,
and the statement says that they are not proven to be all.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

from models.errors import LedgerError
from models.ledger.batches import Batch, BatchStatement
from models.ledger.commitments import Opening, decode_canonical
from models.ledger.note import Checkpoint
from models.ledger.owners.erasure import Erasure
from models.ledger.owners.proving import OwnerProof
from models.ledger.payout_record import PayoutRecord
from models.ledger.record_reading import read_record
from models.ledger.records import UsageRecord
from models.ledger.statements.statement import BatchProof, ProofKind


class ProvableLedger(Protocol):
    """What statements need of a ledger; ``UsageLedger`` has it."""

    @property
    def vkey(self) -> str:
        """The log's public key."""

    def head(self) -> Checkpoint:
        """The signed head."""

    def batches(self) -> list[Batch]:
        """Every batch, in order."""

    def statement(self, batch_id: str) -> BatchStatement | None:
        """What the log published about a batch."""

    def openings(self, batch_id: str) -> Iterator[Opening]:
        """The openings of a batch that can still be read."""

    def erasures(self) -> list[Erasure]:
        """Every erasure that there was."""

    def prove_owner(
        self, batch_id: str, owner_ref: str, to: Path, *, reveal: bool = True
    ) -> OwnerProof:
        """Write the proof of an owner's records in a batch, or of their absence."""


@dataclass(frozen=True, slots=True)
class OwnRecord:
    """One record of the owner: its entry in the log, its batch and what it says."""

    index: int
    batch_id: str
    record: UsageRecord | PayoutRecord


@dataclass(frozen=True, slots=True)
class OwnRecords:
    """Everything that the log holds of an owner, and what is shown about each batch."""

    records: tuple[OwnRecord, ...]
    proofs: tuple[BatchProof, ...]


def gather_records(ledger: ProvableLedger, owner_ref: str, folder: Path) -> OwnRecords:
    """Prove every batch of the log to an owner, and read the proofs.

    Args:
        owner_ref: the owner's pseudonym.
        folder: exists; the proofs are written to ``proofs/`` in it.

    Raises:
        LedgerError: a file of the ledger is damaged.
    """
    (folder / "proofs").mkdir(exist_ok=True)
    records: list[OwnRecord] = []
    proofs: list[BatchProof] = []
    erased = max((e.size for e in ledger.erasures() if e.owner_ref == owner_ref), default=0)
    for batch in ledger.batches():
        if batch.first_index < erased:  # nothing can be shown of it any more
            proofs.append(BatchProof(batch.batch_id, ProofKind.NONE, 0, "", ""))
            continue
        proof, found = _prove(ledger, batch.batch_id, owner_ref, folder)
        proofs.append(proof)
        records += found
    return OwnRecords(tuple(records), tuple(proofs))


def _prove(
    ledger: ProvableLedger, batch_id: str, owner_ref: str, folder: Path
) -> tuple[BatchProof, list[OwnRecord]]:
    statement = ledger.statement(batch_id)
    if statement is None or statement.owners is None:
        found = [
            OwnRecord(opening.index, batch_id, read_record(opening.record))
            for opening in ledger.openings(batch_id)
            if opening.record.get("ownerRef") == owner_ref
        ]
        return BatchProof(batch_id, ProofKind.NONE, len(found), "", ""), found
    name = f"proofs/{batch_id}.json"
    kind = ledger.prove_owner(batch_id, owner_ref, folder / name)
    proof = decode_canonical((folder / name).read_bytes()[:-1])
    if kind is OwnerProof.ABSENCE:
        return BatchProof(batch_id, ProofKind.ABSENCE, 0, name, proof["tag"]), []
    found = [
        OwnRecord(entry["index"], batch_id, read_record(entry["opening"]["record"]))
        for entry in proof["records"]
    ]
    if any(own.record.owner_ref != owner_ref for own in found):
        raise LedgerError(
            f"The proof of {batch_id} holds a record of somebody else.",
            "Do not hand it out; verify the ledger.",
        )
    tag = proof["owner"]["tag"]
    return BatchProof(batch_id, ProofKind.COMPLETENESS, len(found), name, tag), found
