"""Erasing an owner: what their key opens is destroyed, and then the key.

``private/erasing`` is the promise, as ``journal`` is for an append: once it is there, whoever opens
the ledger next finishes what it names. Every step can be repeated. Nothing public changes: leaves,
roots and everybody else's proofs stay as they are.

``private/erasures.jsonl`` remembers pseudonym, time and the log's size then, and nothing about the
records, so that an owner can be told why there is nothing to show.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import suppress
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from pathlib import Path

from models.errors import LedgerError
from models.failpoints import reach
from models.files import write_atomically
from models.ledger.batches import Batch
from models.ledger.commitments import blank_opening, decode_canonical, encode_canonical
from models.ledger.owners.index import OwnerIndex
from models.ledger.owners.keys import OPERATOR, derive_tag, destroy_owner_key, find_owner_key
from models.ledger.owners.places import decode_places
from models.ledger.owners.ring import OwnerInBatch
from models.ledger.owners.sealed import SealedFile
from models.ledger.private_files import (
    index_path,
    list_plain_batches,
    list_sealed_batches,
    owner_keys_path,
    plain_openings_path,
    sealed_openings_path,
)
from models.ledger.tiles import sync_path

_LAST_SECOND = int(datetime(9999, 12, 31, 23, 59, 59, tzinfo=UTC).timestamp())


@dataclass(frozen=True, slots=True)
class Erasure:
    """What is remembered of an erasure.

    Attributes:
        erased_at: UTC seconds since 1970.
        owner_ref: the pseudonym of whose key was destroyed.
        size: leaves in the log at the time; what came later has another key.
    """

    erased_at: int
    owner_ref: str
    size: int

    @property
    def day(self) -> str:
        """The day of the erasure in UTC, as YYYY-MM-DD."""
        return datetime.fromtimestamp(self.erased_at, UTC).date().isoformat()


def read_erasures(private: Path) -> list[Erasure]:
    """Every erasure, in order.

    Raises:
        LedgerError: the list is damaged.
    """
    path = private / "erasures.jsonl"
    try:
        return [_parse(line) for line in path.read_bytes().splitlines(keepends=True)]
    except FileNotFoundError:
        return []
    except (OSError, ValueError, TypeError) as error:
        raise LedgerError(
            f"The list of erasures {path} is damaged.", "Restore it from a backup."
        ) from error


def refuse_erased(private: Path, batch: Batch, owner_ref: str) -> None:
    """Make sure that an owner was not erased since a batch was appended.

    Raises:
        LedgerError: they were, or the list is damaged.
    """
    for erasure in read_erasures(private):
        if erasure.owner_ref == owner_ref and erasure.size > batch.first_index:
            raise LedgerError(
                f"This owner was erased on {erasure.day}: "
                f"nothing can be shown of the batch {batch.batch_id} any more.",
                "What was proven before still verifies, and later batches can be proven.",
            )


def describe_erased(private: Path, first_index: int) -> str:
    """When a record of a batch was erased, as far as can be told, for a message."""
    days = sorted({e.day for e in read_erasures(private) if e.size > first_index})
    if not days:
        return "erased"
    return f"erased on {days[0]}" if len(days) == 1 else f"erased between {days[0]} and {days[-1]}"


def count_erasable(private: Path, owner_ref: str) -> dict[str, int]:
    """How many records of an owner can be read now, by batch.

    Raises:
        LedgerError: a file is missing or damaged.
    """
    counts = {}
    key = find_owner_key(owner_keys_path(private), owner_ref)
    if key is not None:
        for batch_id in list_sealed_batches(private):
            with SealedFile(sealed_openings_path(private, batch_id)) as sealed:
                found = _find_sealed(private, batch_id, owner_ref, key, sealed)
                if found:
                    counts[batch_id] = len(found)
    for batch_id in list_plain_batches(private):
        count = sum(1 for _ in _find_plain(plain_openings_path(private, batch_id), owner_ref))
        if count:
            counts[batch_id] = count
    return counts


class PendingErasure:
    """The one erasure that a ledger may have under way. Its caller holds the writer's lock."""

    def __init__(self, private: Path) -> None:
        self._private = private
        self._promise = private / "erasing"

    def erase(self, owner_ref: str, erased_at: int, size: int) -> Erasure:
        """Promise an erasure and carry it out; an owner who was erased before stays so.

        Args:
            owner_ref: whose records and key are destroyed.
            erased_at: UTC seconds since 1970.
            size: leaves in the log.

        Raises:
            LedgerError: the ledger holds nothing of that owner, ``erased_at`` is no time that a
                date can be written of, or it cannot be done now.
        """
        if owner_ref == OPERATOR:
            raise LedgerError(
                "Records without a known owner have no owner to be erased.", "Name an owner."
            )
        if not _is_time(erased_at):  # a promise that cannot be read would lock the ledger
            raise LedgerError(
                f"The owner was not erased: {erased_at} is no time of erasure.",
                "Set the clock of this machine.",
            )
        key = find_owner_key(owner_keys_path(self._private), owner_ref)
        if key is None and not count_erasable(self._private, owner_ref):
            earlier = [e for e in read_erasures(self._private) if e.owner_ref == owner_ref]
            if not earlier:
                raise LedgerError(
                    "The ledger holds nothing of this owner.", "Check how the name is spelt."
                )
            return earlier[-1]
        erasure = Erasure(erased_at, owner_ref, size)
        try:
            write_atomically(self._promise, encode_canonical(asdict(erasure)) + b"\n", 0o600)
        except OSError as error:
            raise LedgerError(
                f"The owner was not erased: {error}.", "Mend the cause and erase them again."
            ) from error
        reach("ledger.erasing")
        self.carry_out()
        return erasure

    def carry_out(self) -> None:
        """Do what was promised, if something was.

        Raises:
            LedgerError: it cannot be done now; the next opening tries again.
        """
        try:
            erasure = _parse(self._promise.read_bytes())
        except FileNotFoundError:
            return
        except (OSError, ValueError, TypeError) as error:
            raise LedgerError(
                f"The promised erasure {self._promise} is damaged.", "Restore it from a backup."
            ) from error
        try:
            self._erase(erasure)
        except OSError as error:
            raise LedgerError(
                f"An erasure that was promised cannot be finished: {error}.",
                f"Mend the cause and open the ledger again; keep {self._promise} until then.",
            ) from error

    def _erase(self, erasure: Erasure) -> None:
        keys = owner_keys_path(self._private)
        key = find_owner_key(keys, erasure.owner_ref)
        if key is not None:
            for batch_id in list_sealed_batches(self._private):
                # A damaged file must not keep the key alive, without which it says nothing.
                with suppress(LedgerError):
                    _erase_sealed(self._private, batch_id, erasure.owner_ref, key)
                reach("ledger.erased_batch")
        for batch_id in list_plain_batches(self._private):
            _erase_plain(plain_openings_path(self._private, batch_id), erasure.owner_ref)
        reach("ledger.erased_openings")
        destroy_owner_key(keys, erasure.owner_ref)
        reach("ledger.erased_key")
        known = read_erasures(self._private)
        if erasure not in known:
            lines = [encode_canonical(asdict(entry)) + b"\n" for entry in [*known, erasure]]
            write_atomically(self._private / "erasures.jsonl", b"".join(lines), 0o600)
        reach("ledger.erased")
        self._promise.unlink()
        sync_path(self._private)


def _erase_sealed(private: Path, batch_id: str, owner_ref: str, key: bytes) -> None:
    with SealedFile(sealed_openings_path(private, batch_id), change=True) as sealed:
        for position in _find_sealed(private, batch_id, owner_ref, key, sealed):
            sealed.erase(position)
        # First the records, then the list that leads to them: a crash between loses none.
        sealed.sync()
    reach("ledger.erased_records")
    with OwnerIndex(index_path(private, batch_id), change=True) as index:
        place = index.find(derive_tag(key, batch_id))
        if place is not None:
            index.erase_places(place)


def _find_sealed(
    private: Path, batch_id: str, owner_ref: str, key: bytes, sealed: SealedFile
) -> Sequence[int]:
    """The positions of an owner's records in a batch.

    The index leads to them. Where it was lost or damaged, or a crash came between, every record is
    looked at: each names its owner's key, so that a lost index keeps nobody from being erased.
    """
    owner = OwnerInBatch.derive(owner_ref, key, batch_id, sealed.nonce)
    with suppress(LedgerError), OwnerIndex(index_path(private, batch_id)) as index:
        place = index.find(owner.tag)
        places = None if place is None else owner.open_places(index.sealed_places(place))
        if places is not None:
            return decode_places(places)
        if place is None and index.nonce == sealed.nonce:
            return ()
    return [frame.position for frame in sealed.frames() if frame.key_id == owner.key_id]


def _find_plain(path: Path, owner_ref: str) -> Iterator[tuple[int, bytes]]:
    """Offset and line of each plain opening of an owner, damaged ones included."""
    wanted = encode_canonical({"ownerRef": owner_ref})[1:-1]
    at = 0
    with path.open("rb") as file:
        for line in file:
            if wanted in line:  # a record has no free text in which it could stand otherwise
                yield at, line
            at += len(line)


def _erase_plain(path: Path, owner_ref: str) -> None:
    found = list(_find_plain(path, owner_ref))
    if not found:
        return
    with path.open("r+b") as file:
        for at, line in found:
            file.seek(at)
            file.write(blank_opening(line))
        file.flush()
        sync_path(path)


def _parse(line: bytes) -> Erasure:
    if not line.endswith(b"\n"):
        raise ValueError("it is cut short")
    erasure = Erasure(**decode_canonical(line[:-1]))
    if not _is_time(erasure.erased_at) or type(erasure.size) is not int or erasure.size < 0:
        raise ValueError("a number is missing")
    return erasure


def _is_time(seconds: int) -> bool:
    return type(seconds) is int and 0 <= seconds <= _LAST_SECOND
