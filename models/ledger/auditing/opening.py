"""The drawn entries with their records, salts and paths, the entries of the release that those of a
run rest on, and revocations that stand before them."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator
from dataclasses import dataclass

from models.errors import LedgerError
from models.ledger.auditing.request import AuditRequest
from models.ledger.commitments import ErasedOpening, Opening
from models.ledger.log import UsageLedger
from models.ledger.merkle import prove_inclusion, verify_inclusion
from models.ledger.openings import read_chosen
from models.ledger.owners.erasure import Erasure
from models.ledger.record_reading import read_asset
from models.ledger.tiles import TileReader


@dataclass(frozen=True, slots=True)
class OpenedEntry:
    """An entry of the log, proven.

    Attributes:
        index: its place.
        leaf: its leaf hash.
        path: from the leaf to the head of the request.
        opening: record and salt; None where the owner was erased.
        erasures: where it was erased: the erasures that it can have been part of.
    """

    index: int
    leaf: bytes
    path: tuple[bytes, ...]
    opening: Opening | None
    erasures: tuple[Erasure, ...] = ()


def open_entries(ledger: UsageLedger, request: AuditRequest) -> Iterator[OpenedEntry]:
    """Every drawn entry, in the order of the log.

    Raises:
        LedgerError: an opening was lost without an erasure, or a file does not fit the log.
    """
    prover = _Prover(ledger, request.head_size)
    statement = request.statement
    erasures = tuple(
        e for e in ledger.erasures() if e.owner_ref and e.size > statement.batch.first_index
    )
    for opening in read_chosen(ledger.private_folder, statement, request.positions):
        if isinstance(opening, ErasedOpening):
            if not erasures:
                raise LedgerError(
                    f"The record of leaf {opening.index} is gone, and nobody was erased.",
                    "Restore the openings from a backup.",
                )
            yield prover.prove(opening.index, None, erasures)
        else:
            yield prover.prove(opening.index, opening)


def open_released(
    ledger: UsageLedger, request: AuditRequest, entries: Iterable[OpenedEntry]
) -> dict[str, OpenedEntry]:
    """By asset, the entry of the release that an entry of a run rests on.

    Those that were erased are left out. Nothing where the request is not about a run.

    Raises:
        LedgerError: an opening or a file is damaged or gone.
    """
    if request.release is None:
        return {}
    records = [each.opening.record for each in entries if each.opening is not None]
    wanted = {record["asset"]["sha256"]: record["purpose"] for record in records}
    prover = _Prover(ledger, request.head_size)
    found: dict[str, OpenedEntry] = {}
    for opening in ledger.openings(request.release.batch.batch_id):
        asset = read_asset(opening.canonical)
        if asset is None or asset not in wanted:
            continue
        record = opening.record
        if record["type"] == "use" and wanted[asset] == record["purpose"]:
            found[asset] = prover.prove(opening.index, opening)
            if len(found) == len(wanted):
                break
    return found


def open_revocations(
    ledger: UsageLedger, request: AuditRequest, assets: Collection[str] | None
) -> Iterator[OpenedEntry]:
    """The revocations that stand before the batch, in the order of the log.

    Args:
        assets: only those about these; None for all of them.
    """
    prover = _Prover(ledger, request.head_size)
    first = request.statement.batch.first_index
    for batch in ledger.batches():
        statement = ledger.statement(batch.batch_id)
        if batch.first_index >= first or statement is None or not statement.counts["revoke"]:
            continue
        for opening in ledger.openings(batch.batch_id):
            record = opening.record
            if record["type"] == "revoke" and (
                assets is None or record["asset"]["sha256"] in assets
            ):
                yield prover.prove(opening.index, opening)


class _Prover:
    """Paths under one head."""

    def __init__(self, ledger: UsageLedger, size: int) -> None:
        self._reader = TileReader(ledger.public_folder, size)
        self._size = size
        self._root = self._reader.root()

    def prove(
        self, index: int, opening: Opening | None, erasures: tuple[Erasure, ...] = ()
    ) -> OpenedEntry:
        leaf = self._reader.leaf(index)
        path = prove_inclusion(index, self._size, self._reader.subtree)
        sound = verify_inclusion(leaf, index, self._size, path, self._root)
        if not sound or (opening is not None and opening.leaf != leaf):
            raise LedgerError(
                f"Leaf {index} cannot be proven.",
                "Run `kiyome ledger verify` to see which file was changed.",
            )
        return OpenedEntry(index, leaf, tuple(path), opening, erasures)
