"""Checks the private folder of a ledger against its public one: keys, openings, owner indexes.

What an erased owner's key opened cannot be checked any more; it is counted. It passes only where
owners were erased, and where nothing that is still there accounts for it.
"""

from __future__ import annotations

import stat
from array import array
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from models.errors import LedgerError
from models.ledger.batches import BatchStatement
from models.ledger.commitments import ErasedOpening, Opening
from models.ledger.merkle import Frontier
from models.ledger.note import MAX_NOTE_BYTES, Checkpoint, Verifier, read_key_file
from models.ledger.openings import read_plain_openings
from models.ledger.owners.erasure import read_erasures
from models.ledger.owners.index import TAG_BYTES, OwnerIndex, blind_owner, hash_record
from models.ledger.owners.keys import OPERATOR, OwnerKeys, derive_index_salt
from models.ledger.owners.places import count_places, encode_places
from models.ledger.owners.ring import KeyRing, OwnerInBatch
from models.ledger.owners.sealed import SealedFile
from models.ledger.private_files import (
    index_path,
    owner_keys_path,
    plain_openings_path,
    sealed_openings_path,
)
from models.ledger.references import read_reference_key
from models.ledger.report import Check, conclude
from models.ledger.tiles import TILE_WIDTH, TileReader

FAULTS = (OSError, LedgerError, ValueError, KeyError, TypeError, AttributeError)


def check_private_folder(
    private: Path,
    public: Path,
    verifier: Verifier,
    head: Checkpoint,
    statements: list[BatchStatement],
) -> list[Check]:
    """The checks ``private``, ``openings`` and ``owners``."""
    return [
        _check_files(private, public, verifier),
        *_check_openings(private, public, head, statements),
    ]


def read_bounded(path: Path, limit: int) -> bytes:
    """The content of a regular file: a pipe would never end, a huge file would not fit.

    Raises:
        LedgerError: it is not a regular file, or longer than ``limit`` bytes.
        OSError: it cannot be read.
    """
    if not stat.S_ISREG(path.lstat().st_mode):
        raise LedgerError("It is not a regular file.")
    with path.open("rb") as file:
        data = file.read(limit + 1)
    if len(data) > limit:
        raise LedgerError(f"It is longer than {limit} bytes.")
    return data


def _check_files(private: Path, public: Path, verifier: Verifier) -> Check:
    problems = []
    key, head = private / "signing.key", private / "head"
    try:
        if key.exists() and read_key_file(key).verifier != verifier:
            problems.append("signing.key is not the key of this log")
        if (private / "references.key").exists():
            read_reference_key(private / "references.key")
        if (private / "journal").exists():
            problems.append("journal: an append was interrupted; open the ledger to finish it")
        if (private / "erasing").exists():
            problems.append("erasing: an erasure was interrupted; open the ledger to finish it")
        read_erasures(private)
        if owner_keys_path(private).exists():
            for _ in OwnerKeys.read(owner_keys_path(private)).items():
                pass
        published = read_bounded(public / "checkpoint", MAX_NOTE_BYTES)
        if head.exists() and read_bounded(head, MAX_NOTE_BYTES) != published:
            problems.append("head, the head signed last, is not the published checkpoint")
    except FAULTS as error:
        problems.append(str(error))
    return conclude("private", problems, "Keys and remembered head belong to this log.")


@dataclass(slots=True)
class _Tally:
    """What was found over all batches."""

    opened: int = 0
    erased: int = 0
    owners: int = 0
    problems: list[str] = field(default_factory=list)
    owner_problems: list[str] = field(default_factory=list)


@dataclass(frozen=True, slots=True)
class _Seen:
    """What the openings of a batch say about one owner."""

    owner: OwnerInBatch
    places: array[int]
    records: Frontier


_Entries = Iterator[tuple[Opening, dict[str, Any]] | ErasedOpening]


def _check_openings(
    private: Path, public: Path, head: Checkpoint, statements: list[BatchStatement]
) -> list[Check]:
    tally, reader = _Tally(), TileReader(public, head.size)
    keys, last_erasure = OwnerKeys(owner_keys_path(private), b""), -1
    try:
        last_erasure = max((erasure.size for erasure in read_erasures(private)), default=-1)
        if any(statement.owners for statement in statements):
            keys = OwnerKeys.read(owner_keys_path(private))
    except FAULTS as error:
        tally.problems.append(str(error))
    for statement in statements:
        erasable = last_erasure > statement.batch.first_index
        if statement.owners is None:
            _check_plain(private, reader, statement, tally, erasable=erasable)
        else:
            _check_sealed(private, reader, statement, tally, keys, erasable=erasable)
    tally.problems += _find_strays(private, statements)
    erased = f", {tally.erased} were erased" if tally.erased else ""
    detail = f"{tally.opened} openings match their leaves{erased}, and the counts by type add up."
    owners = f"{tally.owners} entries of owners account for every record of their batches."
    return [
        conclude("openings", tally.problems, detail),
        conclude("owners", tally.owner_problems, owners),
    ]


def _check_plain(
    private: Path, reader: TileReader, statement: BatchStatement, tally: _Tally, *, erasable: bool
) -> None:
    path = plain_openings_path(private, statement.batch.batch_id)

    def entries() -> _Entries:
        for opening in read_plain_openings(path):
            yield (opening, opening.record) if isinstance(opening, Opening) else opening

    try:
        erased = _follow(entries(), reader, statement, erasable=erasable)
    except FAULTS as error:
        tally.problems.append(f"openings/{path.name}: {error}")
        return
    tally.opened += statement.batch.size - statement.batch.first_index - erased
    tally.erased += erased


def _check_sealed(
    private: Path,
    reader: TileReader,
    statement: BatchStatement,
    tally: _Tally,
    keys: OwnerKeys,
    *,
    erasable: bool,
) -> None:
    batch = statement.batch
    path = sealed_openings_path(private, batch.batch_id)
    seen: dict[str, _Seen] = {}
    try:
        with SealedFile(path) as file:
            ring, nonce = KeyRing(keys, batch.batch_id, file.nonce), file.nonce
            entries = _open_frames(file, ring, batch.first_index, seen)
            erased = _follow(entries, reader, statement, erasable=erasable)
    except FAULTS as error:
        tally.problems.append(f"openings/{path.name}: {error}")
        return
    tally.opened += batch.size - batch.first_index - erased
    tally.erased += erased
    path = index_path(private, batch.batch_id)
    try:
        with OwnerIndex(path) as index:
            tally.owners += _check_index(index, statement, nonce, seen, erased)
    except FAULTS as error:
        tally.owner_problems.append(f"owners/{path.name}: {error}")


def _open_frames(
    file: SealedFile, ring: KeyRing, first_index: int, seen: dict[str, _Seen]
) -> _Entries:
    """Open every record and note in ``seen`` whose it is."""
    for frame in file.frames():
        if frame.erased:
            yield ErasedOpening(first_index + frame.position)
            continue
        owner, opening = ring.open(frame, first_index)
        record = opening.record
        if record.get("ownerRef", OPERATOR) != owner.owner_ref:
            raise LedgerError(f"The record of leaf {opening.index} is sealed for another owner.")
        if owner.owner_ref not in seen:
            seen[owner.owner_ref] = _Seen(owner, array("Q"), Frontier())
        entry = seen[owner.owner_ref]
        entry.places.append(frame.position)
        entry.records.push(hash_record(opening.index, opening.leaf))
        yield opening, record


def _follow(
    entries: _Entries, reader: TileReader, statement: BatchStatement, *, erasable: bool
) -> int:
    """The number of erased openings, once each other one matches its leaf and the counts add up."""
    index, counts = statement.batch.first_index, Counter(dict.fromkeys(statement.counts, 0))
    erased = 0
    for entry in entries:
        opening = entry if isinstance(entry, ErasedOpening) else entry[0]
        if opening.index != index or index >= statement.batch.size:
            raise LedgerError(f"Leaf {index} is expected, but leaf {opening.index} follows.")
        if isinstance(entry, ErasedOpening):
            erased += 1
        else:
            tile, offset = divmod(index, TILE_WIDTH)
            if entry[0].leaf != reader.tile(0, tile)[offset]:
                raise LedgerError(f"The opening of leaf {index} does not match the leaf.")
            counts[entry[1]["type"]] += 1
        index += 1
    if index != statement.batch.size:
        raise LedgerError(f"The openings from leaf {index} on are missing.")
    if erased and not erasable:
        raise LedgerError(f"{erased} openings are blank, but no owner was erased since.")
    claimed = statement.counts
    if counts.keys() != claimed.keys() or any(counts[name] > claimed[name] for name in claimed):
        raise LedgerError(f"It holds {dict(counts)}, but the batch's file says otherwise.")
    return erased


def _check_index(
    index: OwnerIndex, statement: BatchStatement, nonce: bytes, seen: dict[str, _Seen], erased: int
) -> int:
    """The number of owners in an index, once it accounts for every record of the batch."""
    owners = statement.owners
    fault = index.find_fault()
    if fault:
        raise LedgerError(f"It is damaged: {fault}.", "Restore it from a backup.")
    if owners is None or (index.size, index.root.hex()) != (owners.size, owners.root):
        raise LedgerError("It is not the index that the batch's file signs.")
    if index.nonce != nonce:
        raise LedgerError("It does not belong to the batch's openings.")
    known = set()
    for entry in seen.values():
        place = index.find(entry.owner.tag)
        if place is None:
            raise LedgerError("An owner of the batch is not in it.")
        known.add(place)
        salt = derive_index_salt(entry.owner.key, entry.owner.batch_id)
        half = blind_owner(salt, entry.records.root(), len(entry.places))
        if index.entry(place)[TAG_BYTES:] != half:
            raise LedgerError(f"Leaf {place} does not commit to its owner's records.")
        if entry.owner.open_places(index.sealed_places(place)) != encode_places(entry.places):
            raise LedgerError(f"The list of leaf {place} does not lead to its owner's records.")
    lists = [index.sealed_places(place) for place in range(index.size) if place not in known]
    if any(any(sealed) for sealed in lists):
        raise LedgerError("It holds an owner whose records are not in the openings.")
    blank = sum(count_places(sealed) for sealed in lists)
    if blank != erased or sum(len(e.places) for e in seen.values()) + blank != owners.records:
        raise LedgerError("Its owners' records are not all records of the batch.")
    return len(seen) + sum(1 for sealed in lists if sealed)


def _find_strays(private: Path, statements: list[BatchStatement]) -> list[str]:
    known = {
        path(private, statement.batch.batch_id)
        for statement in statements
        for path in (
            (plain_openings_path,)
            if statement.owners is None
            else (sealed_openings_path, index_path)
        )
    }
    return [
        f"{path.relative_to(private)} belongs to no batch: batches/{path.stem}.json is missing"
        for folder in ("openings", "owners")
        for path in sorted((private / folder).glob("*"))
        if path not in known
    ]
