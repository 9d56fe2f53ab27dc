"""Opens the records of one owner in a batch by the owner index, without a pass over the others."""

from __future__ import annotations

from collections.abc import Callable, Container, Iterable, Iterator, Sequence
from pathlib import Path

from models.errors import LedgerError
from models.ledger.batches import BatchStatement
from models.ledger.commitments import Opening
from models.ledger.owners.index import OwnerIndex
from models.ledger.owners.places import decode_places
from models.ledger.owners.ring import OwnerInBatch
from models.ledger.owners.sealed import SealedFile
from models.ledger.private_files import index_path, sealed_openings_path
from models.ledger.record_reading import read_asset


def read_owned(
    private: Path,
    statement: BatchStatement,
    owner_ref: str,
    key: bytes,
    choose: Callable[[Sequence[int]], Iterable[int]] = iter,
) -> Iterator[Opening]:
    """What an owner's key opens of a batch that has an owner index, in the log's order.

    Nothing where the batch holds nothing that this key opens.

    Args:
        choose: those of the owner's positions in the batch that are opened; all without it.

    Raises:
        LedgerError: a file is missing or damaged.
    """
    owner, places = _find_places(private, statement, owner_ref, key)
    if not places:
        return
    batch = statement.batch
    with SealedFile(sealed_openings_path(private, batch.batch_id)) as file:
        for position in choose(places):
            yield owner.open(file.frame(position), batch.first_index)


def read_owned_about(
    private: Path, statement: BatchStatement, owner_ref: str, key: bytes, assets: Container[str]
) -> Iterator[Opening]:
    """What an owner's key opens about some assets: all of the owner's records are looked through.

    Raises:
        LedgerError: a file is missing or damaged.
    """
    owner, places = _find_places(private, statement, owner_ref, key)
    if not places:
        return
    batch = statement.batch
    with SealedFile(sealed_openings_path(private, batch.batch_id)) as file:
        for frame in file.frames_at(places):
            if read_asset(owner.read(frame, batch.first_index)) in assets:
                yield owner.open(frame, batch.first_index)


def _find_places(
    private: Path, statement: BatchStatement, owner_ref: str, key: bytes
) -> tuple[OwnerInBatch, Sequence[int]]:
    """The owner in a batch, and at which positions the batch holds records of theirs."""
    batch_id = statement.batch.batch_id
    with OwnerIndex(index_path(private, batch_id)) as index:
        owner = OwnerInBatch.derive(owner_ref, key, batch_id, index.nonce)
        place = index.find(owner.tag)
        sealed = None if place is None else index.sealed_places(place)
    if sealed is None:
        return owner, ()
    places = owner.open_places(sealed)
    if places is None or len(places) % 8:
        raise LedgerError(f"The owner index of {batch_id} is damaged.", "Restore it from a backup.")
    return owner, decode_places(places)
