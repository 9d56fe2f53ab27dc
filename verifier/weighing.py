"""Weighing the drawn entries of an audit: what was opened, and whether it allows the uses."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from verifier.canonical import MAX_FILE_BYTES, decode_file
from verifier.consent import Said, Terms, find_violation, read_statement
from verifier.drawing import Request
from verifier.entries import Entry, Revocation, find_mismatch, read_entry
from verifier.folder import read_file
from verifier.report import CheckError, UncheckedError

MAX_ENTRY_BYTES = 1 << 24
Revocations = Mapping[tuple[str, str], Sequence[Revocation]]
"""By asset and purpose."""


@dataclass(slots=True)
class Found:
    """What came of the drawn entries."""

    violations: list[str] = field(default_factory=list)
    unverifiable: list[str] = field(default_factory=list)
    missing: list[str] = field(default_factory=list)
    erased: int = 0
    uses: int = 0
    others: int = 0
    sound: int = 0
    bodies: int = 0
    digests: int = 0
    on_chain: int = 0

    @property
    def counted(self) -> int:
        """How many of the drawn entries are taken for violations."""
        return len(self.violations) + len(self.unverifiable) + len(self.missing) + self.erased


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
    except UncheckedError:
        raise
    except CheckError as fault:
        raise CheckError(fault.check, f"{name}: {fault}") from None
    record = entry.record
    if record is None:
        found.erased += 1
        return
    mismatch = find_mismatch(entry, request)
    if mismatch:
        found.violations.append(f"entry {index}: {mismatch}")
    elif record["type"] != "use":
        found.others += 1
    else:
        found.uses += 1
        _weigh(found, folder, entry, terms, revocations)


def _weigh(
    found: Found,
    folder: Path,
    entry: Entry,
    terms: Terms | None,
    revocations: Revocations,
) -> None:
    record = entry.record or {}
    if entry.statements is None or entry.row is None or terms is None:
        found.unverifiable.append(f"entry {entry.index}: its consent was not opened")
        return
    try:
        statements = [read_statement(text) for text in entry.statements]
    except CheckError as fault:
        found.unverifiable.append(f"entry {entry.index}: {fault}")
        return
    shown = [(s.carrier, s.evidence) for s in statements]
    if shown != [(each["carrier"], each["evidence_sha256"]) for each in entry.row["consent"]]:
        detail = "the statements are not those that the record and the manifest's row name"
        found.violations.append(f"entry {entry.index}: {detail}")
        return
    _count_evidence(found, folder, statements)
    purpose, asset = record["purpose"], record["asset"]["sha256"]
    earlier = [r.decided for r in revocations.get((asset, purpose), ()) if r.index < entry.index]
    why = find_violation(
        statements,
        purpose,
        record["times"]["decided"],
        terms,
        approved=_is_approved(record),
        revoked_at=max(earlier, default=None),
    )
    if why:
        found.violations.append(f"entry {entry.index}, asset {asset}: {why}")
    else:
        found.sound += 1


def _is_approved(record: dict[str, object]) -> bool:
    review = record.get("review")
    return isinstance(review, dict) and review.get("ruling") == "approve"


def _count_evidence(found: Found, folder: Path, statements: Sequence[Said]) -> None:
    for said in statements:
        found.on_chain += bool(said.chain)
        if not said.evidence:
            continue
        found.digests += 1
        name = f"evidence/{said.evidence}"
        if not said.evidence.isalnum() or not (folder / name).exists():
            continue
        data = read_file(folder / name, MAX_FILE_BYTES, name)
        if hashlib.sha256(data).hexdigest() != said.evidence:
            raise CheckError("evidence", f"{name} is not the evidence of that digest.")
        found.bodies += 1
