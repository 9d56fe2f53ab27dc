"""Files of an audit: an entry that was opened or said to be erased, and a revocation.

An entry of a training run comes with the entry of the release about the same asset, under the same
head: consent was decided there.
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from verifier.batch import Batch
from verifier.canonical import encode, take, take_bytes, take_number, take_path, take_text
from verifier.drawing import RELEASE_DIGITS, Request
from verifier.merkle import hash_entry, is_included
from verifier.report import CheckError, UncheckedError

ENTRY = "kiyome.audited-entry/2"
RUN_ENTRY = "kiyome.audited-run-entry/2"
_OLDER = {ENTRY: "kiyome.audited-entry/1", RUN_ENTRY: "kiyome.audited-run-entry/1"}
REVOCATION = "kiyome.audited-revocation/1"
_PLACE = ("format", "index", "leaf", "path")
_ROW = ("asset_id", "basis", "consent", "decided_by", "reasons")
_CONSENT = ("carrier", "evidence_sha256", "license_ref", "setter", "source", "trust")
_GROUNDS = ("basis", "consent", "decided_by", "reasons")
_DIGEST = re.compile(r"[0-9a-f]{64}", re.ASCII)


class OlderError(UncheckedError):
    """An entry is of a format from before this one, so that nothing follows from it."""


@dataclass(frozen=True, slots=True)
class Released:
    """The entry of a release about an asset that a run used, and what its leaf commits to."""

    index: int
    record: dict[str, Any]


@dataclass(frozen=True, slots=True)
class Entry:
    """An entry whose leaf stands in the log.

    Attributes:
        record: what the leaf commits to; None where it was erased.
        row: what the manifest says about its asset; None where that was not opened.
        statements: what was said about its consent, each as it was kept; None likewise.
        unkept: digests of evidence that the operator says was not kept.
        erasures: how many erasures it may be among.
        released: of a run, the release's own entry; None where that was not opened.
    """

    index: int
    record: dict[str, Any] | None
    row: dict[str, Any] | None
    statements: tuple[str, ...] | None
    erasures: int
    unkept: tuple[str, ...] = ()
    released: Released | None = None


@dataclass(frozen=True, slots=True)
class Revocation:
    """A record that took consent back."""

    index: int
    asset: str
    purpose: str
    decided: int


def read_entry(value: dict[str, Any], index: int, request: Request) -> Entry:
    """Read the file of a drawn entry, and check it against the head.

    Raises:
        CheckError: it does not stand there, or is not what the leaf commits to.
        OlderError: it is of the format before this one.
    """
    form, more = (ENTRY, ()) if request.release is None else (RUN_ENTRY, ("released",))
    if value.get("format") == _OLDER[form]:
        raise OlderError(
            "entry",
            f"entry {index} is of the older format {_OLDER[form]}: ask the operator to open it "
            f"again, as {form}",
        )
    if value.get("format") != form:
        raise CheckError("entry", f"The entry is not of the format {form}.")
    if "erased" in value:
        take(value, "entry", (*_PLACE, "erased"))
        _read_place(value, index, request)
        erased = take(value["erased"], "erasure", ("erasures",))["erasures"]
        if not isinstance(erased, list) or not erased:
            raise CheckError("entry", "The entry names no erasure that it can be among.")
        for each in erased:
            take(each, "erasure", ("erased_at", "size"))
            take_number(each["erased_at"], "time of an erasure")
            take_number(each["size"], "size at an erasure", request.batch.first + 1)
        return Entry(index, None, None, None, len(erased))
    fields = ("evidence_not_kept", "manifest_row", "opening", "statements")
    take(value, "entry", (*_PLACE, *fields, *more))
    record = _open(value, index, request)
    released = _read_released(value["released"], request) if more else None
    row, statements = value["manifest_row"], value["statements"]
    if row is not None:
        _check_row(row)
    if statements is not None and (
        not isinstance(statements, list) or not all(isinstance(s, str) for s in statements)
    ):
        raise CheckError("entry", "The statements are not a list of texts.")
    unkept = value["evidence_not_kept"]
    if not isinstance(unkept, list) or not all(isinstance(each, str) for each in unkept):
        raise CheckError("entry", "The evidence that was not kept is not a list of digests.")
    said = None if statements is None else tuple(statements)
    return Entry(index, record, row, said, 0, tuple(unkept), released)


def read_revocation(value: dict[str, Any], index: int, request: Request) -> Revocation:
    """Read the file of a revocation that stands before the release, and check it.

    Raises:
        CheckError: it does not stand there, or is no revocation.
    """
    take(value, "revocation", (*_PLACE, "opening"))
    if value["format"] != REVOCATION:
        raise CheckError("revocation", f"The file is not of the format {REVOCATION}.")
    record = _open(value, index, request)
    try:
        if record["type"] != "revoke":
            raise CheckError("revocation", f"The entry {index} is no revocation.")
        return Revocation(
            index,
            take_text(record["asset"]["sha256"], "asset"),
            take_text(record["purpose"], "purpose"),
            take_number(record["times"]["decided"], "time of a record"),
        )
    except (KeyError, TypeError):
        raise CheckError("revocation", f"The record of entry {index} is none of a log.") from None


def find_mismatch(record: dict[str, Any], row: dict[str, Any] | None, batch: Batch) -> str:
    """What of a record of a release or its row does not belong there; empty where all does."""
    try:
        if why := _find_other_files(record, batch):
            return why
        if record["type"] == "use" and record["decision"] != "clear":
            return "its record is of a use that was not clear"
        take_number(record["times"]["decided"], "time of a record")
        take_text(record["purpose"], "purpose")
        if row is None:
            return ""
        consent = record["consent"]
        named = (
            record["asset"]["sha256"],
            "ruling" if is_approved(record) else "machine",
            sorted(_take_texts(record["reasons"])),
            sorted(_take_texts(consent["carriers"])),
            sorted(take_bytes(each, "digest").hex() for each in consent["evidenceSha256"]),
        )
        _check_kept(consent)
    except (LookupError, TypeError, CheckError):
        return _NO_RECORD
    said = row["consent"]
    shown = (
        row["asset_id"],
        row["decided_by"],
        sorted(row["reasons"]),
        sorted({each["carrier"] for each in said}),
        sorted({each["evidence_sha256"] for each in said} - {""}),
    )
    return "" if shown == named else "the manifest's row is not about what its record says"


def is_approved(record: dict[str, Any]) -> bool:
    """Whether a record says that a person approved its use."""
    review = record.get("review")
    return isinstance(review, dict) and review.get("ruling") == "approve"


def find_ungrounded(
    record: dict[str, Any], row: dict[str, Any], statements: Sequence[str]
) -> str | None:
    """Why a row and statements are not what a record commits to; empty where they are.

    Returns:
        None where the record holds no digest of them.
    """
    digest = record["consent"].get("groundsSha256")
    if digest is None:
        return None
    grounds = {**{name: row[name] for name in _GROUNDS}, "statements": list(statements)}
    if hashlib.sha256(encode(grounds)).hexdigest() == digest:
        return ""
    return "the manifest's row and the statements are not those whose digest its record holds"


def find_run_mismatch(record: dict[str, Any], request: Request) -> str:
    """What of a record of a run does not belong to its batch; empty where all does."""
    batch = request.rests_on
    try:
        if why := _find_other_files(record, batch):
            return why
        name = f"run-{take_text(record['run']['run'], 'run')}-{batch.batch_id[:RELEASE_DIGITS]}"
        if record["type"] != "use" or name != request.batch.batch_id:
            return "its record is not of a use in that run"
        take_number(record["times"]["decided"], "time of a record")
        take_number(record["run"]["samples"], "number of samples", 1)
        take_text(record["purpose"], "purpose")
        known = _DIGEST.fullmatch(take_text(record["asset"]["sha256"], "asset"))
        return "" if known and take_text(record["decision"], "decision") else _NO_RECORD
    except (KeyError, TypeError, CheckError):
        return _NO_RECORD


def find_released_mismatch(used: dict[str, Any], released: dict[str, Any]) -> str:
    """What of a release's record is not about the use in a run; empty where all is."""
    try:
        same = (
            released["type"] == "use"
            and "run" not in released
            and released["asset"]["sha256"] == used["asset"]["sha256"]
            and released["purpose"] == used["purpose"]
        )
    except (KeyError, TypeError):
        return _NO_RECORD
    return "" if same else "the release's record is not of a use of that asset for that purpose"


_NO_RECORD = "its record is none of a log"


def _find_other_files(record: dict[str, Any], batch: Batch) -> str:
    dataset, policy = record["dataset"]["manifestSha256"], record["policy"]["sha256"]
    if dataset != batch.manifest.hex():
        return "its record names another manifest than the batch"
    return "" if policy == batch.policy.hex() else "its record names another policy than the batch"


def _check_kept(consent: dict[str, Any]) -> None:
    """Raise where the evidence that was kept is not named by its places among all of it."""
    places = consent.get("keptEvidence", [])
    if not isinstance(places, list):
        raise TypeError
    for place in places:
        consent["evidenceSha256"][take_number(place, "place of evidence")]


def _take_texts(value: Any) -> list[str]:
    if not isinstance(value, list):
        raise TypeError
    return [take_text(each, "text") for each in value]


def _read_released(value: Any, request: Request) -> Released | None:
    if value is None:
        return None
    take(value, "release's entry", ("index", "leaf", "opening", "path"))
    index, batch = take_number(value["index"], "index"), request.rests_on
    if not batch.first <= index < batch.head.size:
        raise CheckError("entry", f"The entry {index} is not of the release.")
    return Released(index, _open(value, index, request))


def _read_place(value: dict[str, Any], index: int, request: Request) -> bytes:
    leaf, path = take_bytes(value["leaf"], "leaf"), take_path(value["path"], "path")
    if take_number(value["index"], "index") != index:
        raise CheckError("entry", f"The file is of the entry {value['index']}.")
    head = request.head
    if not is_included(leaf, index, head.size, path, head.root):
        raise CheckError(
            "inclusion", f"The path does not lead from the leaf at {index} to the signed root."
        )
    return leaf


def _open(value: dict[str, Any], index: int, request: Request) -> dict[str, Any]:
    leaf = _read_place(value, index, request)
    opening = take(value["opening"], "opening", ("record", "salt"))
    salt, record = take_bytes(opening["salt"], "salt"), opening["record"]
    if not isinstance(record, dict):
        raise CheckError("entry", "The record is not an object.")
    if hash_entry(hashlib.sha256(b"com1" + salt + encode(record)).digest()) != leaf:
        raise CheckError("opening", f"The record is not what the leaf at {index} commits to.")
    return record


def _check_row(row: Any) -> None:
    take(row, "manifest's row", _ROW)
    consent = row["consent"]
    lists = (consent, row["basis"], row["reasons"])
    if not all(isinstance(each, list) for each in lists):
        raise CheckError("entry", "The manifest's row is not written as one.")
    texts: Sequence[Any] = (row["asset_id"], row["decided_by"], *row["basis"], *row["reasons"])
    for each in consent:
        take(each, "consent in the manifest's row", _CONSENT)
        texts = (*texts, *each.values())
    if not all(isinstance(text, str) for text in texts):
        raise CheckError("entry", "The manifest's row is not written as one.")
