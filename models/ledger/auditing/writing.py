"""The folder that an auditor gets.

    request.json              what was asked
    entries/<index>.json      a drawn entry: record, salt, path, the manifest's row, statements,
                              digests of evidence that was not kept;
                              of a run also the release's own entry about the same asset
    revocations/<index>.json  a revocation that stands before the batch
    evidence/<sha256>         bytes that statements were read from
    policy.json               the policy whose digest the batch signs
    manifest.parquet          the whole manifest, only where that was asked for

It appears whole or not at all, readable by whoever made it alone.
"""

from __future__ import annotations

import tempfile
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from models.errors import LedgerError
from models.files import write_atomically
from models.ledger.auditing.opening import OpenedEntry
from models.ledger.auditing.request import AuditRequest
from models.ledger.commitments import encode_canonical

ENTRY_FORMAT = "kiyome.audited-entry/2"
RUN_ENTRY_FORMAT = "kiyome.audited-run-entry/2"
REVOCATION_FORMAT = "kiyome.audited-revocation/1"
_PRIVATE = 0o600


@dataclass(frozen=True, slots=True)
class Disclosure:
    """Everything that is opened.

    Attributes:
        request: what was asked.
        entries: the drawn entries.
        revocations: those that stand before.
        consent: by asset, the manifest's row and the statements (None where they were not kept).
        policy: the policy's bytes; None where they were not kept.
        evidence: bytes by digest.
        manifest: the whole manifest; None where it stays closed.
        released: of a run, by asset, the entry of the release that a use rests on.
    """

    request: AuditRequest
    entries: Sequence[OpenedEntry]
    revocations: Sequence[OpenedEntry]
    consent: Mapping[str, tuple[dict[str, Any], tuple[str, ...] | None]]
    policy: bytes | None
    evidence: Mapping[str, bytes] = field(default_factory=dict)
    manifest: bytes | None = None
    released: Mapping[str, OpenedEntry] = field(default_factory=dict)

    @property
    def owners(self) -> Counter[str]:
        """How many records of each owner are opened; of nobody under ""."""
        disclosed = (*self.entries, *self.revocations, *self.released.values())
        opened = [each.opening for each in disclosed]
        return Counter(o.record.get("ownerRef", "") for o in opened if o is not None)

    @property
    def types(self) -> Counter[str]:
        """How many drawn entries are of which type; ``erased`` for those that are gone."""
        return Counter(
            "erased" if each.opening is None else each.opening.record["type"]
            for each in self.entries
        )

    @property
    def lost(self) -> frozenset[str]:
        """Digests of evidence that was kept when a use was recorded, and is not any more."""
        disclosed = [each.opening for each in (*self.entries, *self.released.values())]
        kept = {d for o in disclosed if o is not None for d in list_kept(o.record)}
        return frozenset(kept - self.evidence.keys())

    @property
    def without_consent(self) -> int:
        """How many drawn uses there are whose statements were not kept."""
        return sum(
            1
            for each in self.entries
            if each.opening is not None
            and each.opening.record["type"] == "use"
            and self.consent.get(each.opening.record["asset"]["sha256"], ({}, None))[1] is None
        )


def list_kept(record: Mapping[str, Any]) -> list[str]:
    """The evidence that was kept when a record was made, by digest; none where it says nothing."""
    consent = record.get("consent", {})
    return [consent["evidenceSha256"][place] for place in consent.get("keptEvidence", ())]


def write_disclosure(disclosure: Disclosure, to: Path) -> None:
    """Write the folder.

    Raises:
        LedgerError: it is there already, or cannot be written.
    """
    if to.exists():
        raise LedgerError(f"{to} is there already.", "Name a new folder.")
    try:
        with tempfile.TemporaryDirectory(prefix=".audit-", dir=to.parent) as scratch:
            made = Path(scratch) / "audit"
            made.mkdir(mode=0o700)
            _fill(made, disclosure)
            made.rename(to)
    except OSError as error:
        raise LedgerError(
            f"The folder {to} cannot be written: {error.strerror or error}.",
            "Name a folder beside which there is room.",
        ) from error


def _encode_entry(disclosure: Disclosure, entry: OpenedEntry) -> bytes:
    of_run = disclosure.request.release is not None
    value = _place(entry, RUN_ENTRY_FORMAT if of_run else ENTRY_FORMAT)
    if entry.opening is None:
        erasures = [{"erased_at": e.erased_at, "size": e.size} for e in entry.erasures]
        return encode_canonical({**value, "erased": {"erasures": erasures}}) + b"\n"
    asset = entry.opening.record.get("asset", {}).get("sha256", "")
    row, statements = disclosure.consent.get(asset, (None, None))
    digests = {said["evidence_sha256"] for said in row["consent"]} if row else set()
    released = disclosure.released.get(asset) if of_run else entry
    opening = entry.opening if released is None else released.opening
    kept = () if opening is None else list_kept(opening.record)
    unkept = sorted(digests - {"", *disclosure.evidence, *kept})
    value |= {"evidence_not_kept": unkept, "manifest_row": row, "statements": statements}
    if of_run:
        value["released"] = None if released is None else _place(released)
    return encode_canonical(value) + b"\n"


def _fill(folder: Path, disclosure: Disclosure) -> None:
    def write(name: str, data: bytes) -> None:
        write_atomically(folder / name, data, _PRIVATE)

    for name in ("entries", "revocations", "evidence"):
        (folder / name).mkdir(mode=0o700)
    write("request.json", disclosure.request.data)
    _write_entries(write, disclosure)
    for revocation in disclosure.revocations:
        data = encode_canonical(_place(revocation, REVOCATION_FORMAT)) + b"\n"
        write(f"revocations/{revocation.index}.json", data)
    for digest, body in disclosure.evidence.items():
        write(f"evidence/{digest}", body)
    if disclosure.policy is not None:
        write("policy.json", disclosure.policy)
    if disclosure.manifest is not None:
        write("manifest.parquet", disclosure.manifest)


def _write_entries(write: Callable[[str, bytes], None], disclosure: Disclosure) -> None:
    for entry in disclosure.entries:
        write(f"entries/{entry.index}.json", _encode_entry(disclosure, entry))


def _place(entry: OpenedEntry, form: str | None = None) -> dict[str, Any]:
    value: dict[str, Any] = {
        "index": entry.index,
        "leaf": entry.leaf.hex(),
        "path": [step.hex() for step in entry.path],
    }
    if form is not None:
        value["format"] = form
    if entry.opening is not None:
        opening = {"record": entry.opening.record, "salt": entry.opening.salt.hex()}
        value["opening"] = opening
    return value
