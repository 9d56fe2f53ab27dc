"""Weighing the drawn entries of an audit: what was opened, and whether it allows the uses."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

from verifier.canonical import MAX_FILE_BYTES, decode_file
from verifier.consent import Said, Terms, find_violation, read_statement
from verifier.drawing import Request
from verifier.entries import (
    Entry,
    OlderError,
    Revocation,
    find_mismatch,
    find_released_mismatch,
    find_run_mismatch,
    find_ungrounded,
    is_approved,
    read_entry,
)
from verifier.folder import read_file
from verifier.report import CheckError, UncheckedError

MAX_ENTRY_BYTES = 1 << 24
Revocations = Mapping[tuple[str, str], Sequence[Revocation]]
"""By asset and purpose."""


@dataclass(slots=True)
class Found:
    """What came of the drawn entries.

    Attributes:
        absent: evidence that a record names and that was neither opened nor said not to be kept.
        kept, unkept: digests of evidence that was opened, and that was said not to be kept.
        never_kept: of evidence of which the record says so from the beginning.
        grounded, ungrounded: uses whose records hold a digest of their row and statements, or none.
    """

    violations: list[str] = field(default_factory=list)
    unverifiable: list[str] = field(default_factory=list)
    missing: list[str] = field(default_factory=list)
    absent: list[str] = field(default_factory=list)
    erased: int = 0
    uses: int = 0
    others: int = 0
    sound: int = 0
    kept: set[str] = field(default_factory=set)
    unkept: set[str] = field(default_factory=set)
    never_kept: set[str] = field(default_factory=set)
    grounded: int = 0
    ungrounded: int = 0
    on_chain: int = 0

    @property
    def counted(self) -> int:
        """How many of the drawn entries are taken for violations."""
        listed = (self.violations, self.unverifiable, self.missing, self.absent)
        return sum(map(len, listed)) + self.erased


def judge_entry(
    found: Found,
    folder: Path,
    index: int,
    request: Request,
    terms: Terms | None,
    revocations: Revocations,
) -> None:
    """Judge one drawn entry, and write down what came of it.

    Raises:
        CheckError: what was opened of it does not stand in the log, or was changed.
    """
    name = f"entries/{index}.json"
    if not (folder / name).exists():
        found.missing.append(f"entry {index} was not opened")
        return
    try:
        entry = read_entry(
            decode_file(read_file(folder / name, MAX_ENTRY_BYTES, name)), index, request
        )
    except OlderError as fault:
        found.unverifiable.append(str(fault))
        return
    except UncheckedError:
        raise
    except CheckError as fault:
        raise CheckError(fault.check, f"{name}: {fault}") from None
    record = entry.record
    if record is None:
        found.erased += 1
    elif request.release is not None:
        _judge_run(found, folder, entry, record, request, terms, revocations)
    elif mismatch := find_mismatch(record, entry.row, request.rests_on):
        found.violations.append(f"entry {index}: {mismatch}")
    elif record["type"] != "use":
        found.others += 1
    else:
        found.uses += 1
        if _weigh(found, folder, entry, index, record, terms, revocations) is not None:
            found.sound += 1


def _judge_run(
    found: Found,
    folder: Path,
    entry: Entry,
    used: dict[str, Any],
    request: Request,
    terms: Terms | None,
    revocations: Revocations,
) -> None:
    """A use in a run is sound where the release's is, and nothing ended its consent since."""
    if mismatch := find_run_mismatch(used, request):
        found.violations.append(f"entry {entry.index}: {mismatch}")
        return
    found.uses += 1
    asset = used["asset"]["sha256"]
    what = f"entry {entry.index}, asset {asset}"
    if used["decision"] != "clear":
        detail = "its record says itself that the run should not have used it"
        found.violations.append(f"{what}: {detail}")
        return
    if entry.released is None:
        found.unverifiable.append(f"entry {entry.index}: the release's record was not opened")
        return
    released = entry.released.record
    mismatch = find_mismatch(released, entry.row, request.rests_on)
    if mismatch := mismatch or find_released_mismatch(used, released):
        found.violations.append(f"entry {entry.index}: {mismatch}")
        return
    place = entry.released.index
    statements = _weigh(found, folder, entry, place, released, terms, revocations)
    if statements is None or terms is None:
        return
    if any(place < r.index < entry.index for r in revocations.get((asset, used["purpose"]), ())):
        detail = "its consent had been revoked in the log before the run was entered"
        found.violations.append(f"{what}: {detail}")
        return
    # How fresh the statements were is the release's matter; whether a grant still ran is the run's.
    ended = find_violation(
        [replace(said, observed_at=None) for said in statements],
        used["purpose"],
        used["times"]["decided"],
        terms,
        approved=is_approved(released),
        revoked_at=None,
    )
    if ended:
        detail = "its consent had ended when the run was entered, and when it ran is in no record"
        found.unverifiable.append(f"{what}: {detail}")
    else:
        found.sound += 1


def _weigh(
    found: Found,
    folder: Path,
    entry: Entry,
    place: int,
    record: dict[str, Any],
    terms: Terms | None,
    revocations: Revocations,
) -> list[Said] | None:
    """Weigh the consent for a release's use; the statements where they allow it.

    Args:
        place: where the release's record stands in the log.
        record: the release's record.
    """
    if entry.row is not None and not _look_at_evidence(found, folder, entry, record):
        return None
    if entry.statements is None or entry.row is None or terms is None:
        found.unverifiable.append(f"entry {entry.index}: its consent was not opened")
        return None
    try:
        statements = [read_statement(text) for text in entry.statements]
    except CheckError as fault:
        found.unverifiable.append(f"entry {entry.index}: {fault}")
        return None
    why = find_ungrounded(record, entry.row, entry.statements)
    if [said.named for said in statements] != entry.row["consent"]:
        why = "the statements are not those that the record and the manifest's row name"
    if why:
        found.violations.append(f"entry {entry.index}: {why}")
        return None
    if why is None:
        found.ungrounded += 1
    else:
        found.grounded += 1
    found.on_chain += sum(bool(said.chain) for said in statements)
    purpose, asset = record["purpose"], record["asset"]["sha256"]
    earlier = [r.decided for r in revocations.get((asset, purpose), ()) if r.index < place]
    why = find_violation(
        statements,
        purpose,
        record["times"]["decided"],
        terms,
        approved=is_approved(record),
        revoked_at=max(earlier, default=None),
    )
    if why:
        found.violations.append(f"entry {entry.index}, asset {asset}: {why}")
        return None
    return statements


def _look_at_evidence(found: Found, folder: Path, entry: Entry, record: dict[str, Any]) -> bool:
    """Look for the bytes behind what was said; whether all of it is there or said not to be.

    Raises:
        CheckError: other bytes are there, or some that are said not to have been kept.
    """
    gone = []
    recorded = record["consent"].get("keptEvidence")
    for place, digest in enumerate(record["consent"]["evidenceSha256"]):
        name = f"evidence/{digest}"
        there = digest in found.kept or (folder / name).exists()
        if digest in entry.unkept:
            if there:
                detail = (
                    f"entries/{entry.index}.json says that {name} was not kept, and it is there."
                )
                raise CheckError("evidence", detail)
            if recorded is None:
                found.unkept.add(digest)
            elif place in recorded:
                detail = "was kept when the use was recorded, and is said not to have been"
                found.absent.append(f"entry {entry.index}: {name} {detail}")
                return False
            else:
                found.never_kept.add(digest)
        elif not there:
            gone.append(name)
        elif digest not in found.kept:
            data = read_file(folder / name, MAX_FILE_BYTES, name)
            if hashlib.sha256(data).hexdigest() != digest:
                raise CheckError("evidence", f"{name} is not the evidence of that digest.")
            found.kept.add(digest)
    if gone:
        found.absent.append(f"entry {entry.index}: {', '.join(gone)} is missing")
    return not gone
