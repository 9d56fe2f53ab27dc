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
from models.ledger.owners.sealed import Frame, SealedFile
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
    for owner, frame in _own_frames(private, statement, owner_ref, key, choose):
        yield owner.open(frame, statement.batch.first_index)


def read_owned_about(
    private: Path, statement: BatchStatement, owner_ref: str, key: bytes, assets: Container[str]
) -> Iterator[Opening]:
    """What an owner's key opens about some assets: all of the owner's records are looked through.

    Raises:
        LedgerError: a file is missing or damaged.
    """
    first_index = statement.batch.first_index
    for owner, frame in _own_frames(private, statement, owner_ref, key):
        if read_asset(owner.read(frame, first_index)) in assets:
            yield owner.open(frame, first_index)


def _own_frames(
    private: Path,
    statement: BatchStatement,
    owner_ref: str,
    key: bytes,
    choose: Callable[[Sequence[int]], Iterable[int]] = iter,
) -> Iterator[tuple[OwnerInBatch, Frame]]:
    """The owner's sealed records in a batch, each with the owner as the batch knows them."""
    batch_id = statement.batch.batch_id
    with OwnerIndex(index_path(private, batch_id)) as index:
        owner = OwnerInBatch.derive(owner_ref, key, batch_id, index.nonce)
        place = index.find(owner.tag)
        sealed = None if place is None else index.sealed_places(place)
    if sealed is None:
        return
    places = owner.open_places(sealed)
    if places is None or len(places) % 8:
        raise LedgerError(f"The owner index of {batch_id} is damaged.", "Restore it from a backup.")
    with SealedFile(sealed_openings_path(private, batch_id)) as file:
        for frame in file.frames_at(choose(decode_places(places))):
            yield owner, frame
