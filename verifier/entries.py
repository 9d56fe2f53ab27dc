"""Files of an audit: an entry that was opened or said to be erased, and a revocation."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from verifier.canonical import encode, take, take_bytes, take_number, take_path, take_text
from verifier.drawing import Request
from verifier.merkle import hash_entry, is_included
from verifier.report import CheckError

ENTRY = "kiyome.audited-entry/1"
REVOCATION = "kiyome.audited-revocation/1"
_PLACE = ("format", "index", "leaf", "path")
_ROW = ("asset_id", "basis", "consent", "decided_by", "reasons")
_CONSENT = ("carrier", "evidence_sha256", "license_ref", "setter", "source", "trust")


@dataclass(frozen=True, slots=True)
class Entry:
    """An entry whose leaf stands in the log.

    Attributes:
        record: what the leaf commits to; None where it was erased.
        row: what the manifest says about its asset; None where that was not opened.
        statements: what was said about its consent, each as it was kept; None likewise.
        erasures: how many erasures it may be among.
    """

    index: int
    record: dict[str, Any] | None
    row: dict[str, Any] | None
    statements: tuple[str, ...] | None
    erasures: int


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
    """
    if value.get("format") != ENTRY:
        raise CheckError("entry", f"The entry is not of the format {ENTRY}.")
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
    take(value, "entry", (*_PLACE, "manifest_row", "opening", "statements"))
    record = _open(value, index, request)
    row, statements = value["manifest_row"], value["statements"]
    if row is not None:
        _check_row(row)
    if statements is not None and (
        not isinstance(statements, list) or not all(isinstance(s, str) for s in statements)
    ):
        raise CheckError("entry", "The statements are not a list of texts.")
    return Entry(index, record, row, None if statements is None else tuple(statements), 0)


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


def find_mismatch(entry: Entry, request: Request) -> str:
    """What of a record or its row does not belong to the release; empty where all does."""
    record, row = entry.record or {}, entry.row
    try:
        dataset, policy = record["dataset"]["manifestSha256"], record["policy"]["sha256"]
        if dataset != request.batch.manifest.hex():
            return "its record names another manifest than the batch"
        if policy != request.batch.policy.hex():
            return "its record names another policy than the batch"
        if record["type"] == "use" and record["decision"] != "clear":
            return "its record is of a use that was not clear"
        take_number(record["times"]["decided"], "time of a record")
        take_text(record["purpose"], "purpose")
        if row is None:
            return ""
        consent = record["consent"]
        named = (
            record["asset"]["sha256"],
            sorted(record["reasons"]),
            sorted(consent["carriers"]),
            sorted(consent["evidenceSha256"]),
        )
    except (KeyError, TypeError, CheckError):
        return "its record is none of a log"
    said = row["consent"]
    shown = (
        row["asset_id"],
        sorted(row["reasons"]),
        sorted({each["carrier"] for each in said}),
        sorted({each["evidence_sha256"] for each in said} - {""}),
    )
    return "" if shown == named else "the manifest's row is not about what its record says"


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
    texts: Sequence[Any] = (row["asset_id"], row["decided_by"])
    if not isinstance(consent, list) or not isinstance(row["reasons"], list):
        raise CheckError("entry", "The manifest's row is not written as one.")
    for each in consent:
        take(each, "consent in the manifest's row", _CONSENT)
        texts = (*texts, *each.values())
    if not all(isinstance(text, str) for text in (*texts, *row["reasons"])):
        raise CheckError("entry", "The manifest's row is not written as one.")
