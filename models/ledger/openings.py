"""Reads the openings of a batch, sealed or plain, one after another or one of them."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from pathlib import Path

from models.errors import LedgerError
from models.ledger.batches import BatchStatement
from models.ledger.commitments import MAX_OPENING_BYTES, ErasedOpening, Opening
from models.ledger.owners.erasure import describe_erased
from models.ledger.owners.keys import OwnerKeys
from models.ledger.owners.ring import KeyRing
from models.ledger.owners.sealed import SealedFile
from models.ledger.private_files import (
    owner_keys_path,
    plain_openings_path,
    sealed_openings_path,
)


def read_openings(private: Path, statement: BatchStatement) -> Iterator[Opening | ErasedOpening]:
    """Every opening of a batch in order, streamed.

    Raises:
        LedgerError: an opening is damaged, no key fits it, or a file is gone.
    """
    batch = statement.batch
    if statement.owners is None:
        yield from read_plain_openings(plain_openings_path(private, batch.batch_id))
        return
    keys = OwnerKeys.read(owner_keys_path(private))
    with SealedFile(sealed_openings_path(private, batch.batch_id)) as file:
        ring = KeyRing(keys, batch.batch_id, file.nonce)
        for frame in file.frames():
            if frame.erased:
                yield ErasedOpening(batch.first_index + frame.position)
            else:
                yield ring.open(frame, batch.first_index)[1]


def read_plain_openings(path: Path) -> Iterator[Opening | ErasedOpening]:
    """Every opening of a plain file in order, streamed.

    Raises:
        LedgerError: a line is damaged, or the file is gone.
    """
    try:
        with path.open("rb") as file:
            while line := file.readline(MAX_OPENING_BYTES):
                yield ErasedOpening.parse(line) or Opening.parse(line)
    except OSError as error:
        raise LedgerError(
            f"The openings {path} cannot be read.", "Restore them from a backup."
        ) from error


def read_chosen(
    private: Path, statement: BatchStatement, indexes: Sequence[int]
) -> Iterator[Opening | ErasedOpening]:
    """The openings of some leaves of a batch, which are given in ascending order.

    Raises:
        LedgerError: an opening is damaged or lost, no key fits it, or a file is gone.
    """
    batch = statement.batch
    if statement.owners is not None:
        keys = OwnerKeys.read(owner_keys_path(private))
        with SealedFile(sealed_openings_path(private, batch.batch_id)) as file:
            ring = KeyRing(keys, batch.batch_id, file.nonce)
            for index in indexes:
                frame = file.frame(index - batch.first_index)
                yield (
                    ErasedOpening(index) if frame.erased else ring.open(frame, batch.first_index)[1]
                )
        return
    wanted = set(indexes)
    for opening in read_plain_openings(plain_openings_path(private, batch.batch_id)):
        if opening.index in wanted:
            wanted.remove(opening.index)
            yield opening
    if wanted:
        raise LedgerError(
            f"There is no opening for leaf {min(wanted)}.", "Restore it from a backup."
        )


def read_opening(private: Path, statement: BatchStatement, index: int) -> Opening:
    """The opening of one leaf of a batch.

    Raises:
        LedgerError: it was erased, is damaged, no key fits it, or a file is gone.
    """
    opening = _find_opening(private, statement, index)
    if isinstance(opening, ErasedOpening):
        when = describe_erased(private, statement.batch.first_index)
        raise LedgerError(
            f"The record of leaf {index} was {when}.", "Prove the leaf without its record."
        )
    return opening


def _find_opening(private: Path, statement: BatchStatement, index: int) -> Opening | ErasedOpening:
    batch = statement.batch
    if statement.owners is not None:
        keys = OwnerKeys.read(owner_keys_path(private))
        with SealedFile(sealed_openings_path(private, batch.batch_id)) as file:
            frame = file.frame(index - batch.first_index)
            if frame.erased:
                return ErasedOpening(index)
            return KeyRing(keys, batch.batch_id, file.nonce).open(frame, batch.first_index)[1]
    for opening in read_plain_openings(plain_openings_path(private, batch.batch_id)):
        if opening.index == index:
            return opening
    raise LedgerError(f"There is no opening for leaf {index}.", "Restore it from a backup.")
