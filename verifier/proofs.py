"""Proof files: inclusion, consistency, completeness, absence, and C2SP tlog-proof.

None of them is believed in anything but what its signatures and hashes show.
"""

from __future__ import annotations

import hashlib
import hmac
import re
from collections.abc import Callable
from typing import Any

from verifier.batch import Batch, open_batch
from verifier.canonical import (
    MAX_NUMBER,
    decode_file,
    encode,
    take,
    take_bytes,
    take_number,
    take_path,
    take_text,
)
from verifier.chain import RECEIPT, Receipt
from verifier.heads import Examined, Trust, choose_key
from verifier.merkle import hash_entry, is_consistent, is_included, root_of
from verifier.note import Head, Key, Note, decode_base64, open_checkpoint
from verifier.report import CheckError, Status, UncheckedError

TLOG_PROOF = b"c2sp.org/tlog-proof@v1\n"
_INDEX = re.compile(r"index (0|[1-9][0-9]{0,15})", re.ASCII)


def examine(name: str, data: bytes, trust: Trust) -> Examined:
    """Check one file by itself. Never raises: what is wrong is a failed check."""
    examined = Examined(name)
    try:
        if data.startswith(TLOG_PROOF):
            _check_tlog_proof(examined, data, trust)
        elif data.startswith(b"{"):
            _check_json(examined, data, trust)
        else:
            _check_checkpoint(examined, data, trust)
    except CheckError as fault:
        examined.checks.blame(fault)
    return examined


def _check_json(examined: Examined, data: bytes, trust: Trust) -> None:
    value = decode_file(data)
    form = value.get("format")
    if form == RECEIPT:
        examined.kind = "receipt"
        _check_receipt_file(examined, value, trust)
        return
    if not isinstance(form, str) or form not in _KINDS:
        raise CheckError("file", "The file is of no format that can be verified here.")
    examined.kind, fields, check = _KINDS[form]
    optional = ("opening", "receipt") if examined.kind == "inclusion" else ("receipt",)
    take(value, "file", (*fields, "format", "vkey"), optional)
    named = Key.parse(take_text(value["vkey"], "key"))
    examined.key = choose_key(named, trust, examined.checks)
    newest = "new" if examined.kind == "consistency" else "checkpoint"
    head = _open_head(examined, examined.key, value[newest])
    check(examined, value, head, examined.key, trust)
    if "receipt" in value:
        receipt = Receipt.parse(value["receipt"])
        if receipt.size < head.size or (receipt.size == head.size and receipt.root != head.root):
            raise CheckError("receipt", "The receipt is for another head than the checkpoint's.")
        examined.receipts.append(receipt)


def _check_inclusion(
    examined: Examined, value: dict[str, Any], head: Head, _key: Key, _trust: Trust
) -> None:
    _check_leaf(value, "leaf", head, 0, head.size)
    examined.checks.add(
        "inclusion", f"The leaf stands at {value['index']} of the log's {head.size} leaves."
    )
    if "opening" in value:
        _check_opening(value)
        examined.checks.add("opening", "The record in the file is what the leaf commits to.")


def _check_consistency(
    examined: Examined, value: dict[str, Any], new: Head, key: Key, _trust: Trust
) -> None:
    old = _open_head(examined, key, value["old"])
    path = take_path(value["path"], "path")
    if not is_consistent(old.size, old.root, new.size, new.root, path):
        raise CheckError(
            "consistency",
            f"The path does not show that the log of {new.size} leaves begins with the one of "
            f"{old.size}: the log may have been rewritten.",
        )
    examined.links.append((old, new))
    detail = f"The log of {new.size} leaves begins with the one of {old.size}: it only grew."
    examined.checks.add("consistency", detail)


def _check_completeness(
    examined: Examined, value: dict[str, Any], head: Head, key: Key, trust: Trust
) -> None:
    batch, owners = _open_owner_index(examined, value["batch"], head, key)
    owner = take(value["owner"], "owner's entry", ("count", "index", "path", "root", "salt", "tag"))
    tag, salt = take_bytes(owner["tag"], "owner's tag"), take_bytes(owner["salt"], "owner's salt")
    root = take_bytes(owner["root"], "root of the owner's records")
    count = take_number(owner["count"], "number of the owner's records", 1)
    entry = tag + hashlib.sha256(b"own1" + salt + root + count.to_bytes(8, "big")).digest()
    _check_owner_entry(owner, entry, owners)
    detail = f"The owner's entry, of {count} records, stands in the batch's owner index."
    examined.checks.add("owner", detail)
    _check_tag(examined, tag, batch, trust)
    records = value["records"]
    if not isinstance(records, list) or len(records) != count:
        raise CheckError(
            "completeness", f"The file does not hold the {count} records that the entry counts."
        )
    entries, least = [], batch.first
    for record in records:
        take(record, "record", ("index", "leaf", "path"), ("opening",))
        leaf = _check_leaf(record, "record", head, least, batch.head.size)
        if "opening" in record:
            _check_opening(record)
        entries.append(hash_entry(record["index"].to_bytes(8, "big") + leaf))
        least = record["index"] + 1
    if root_of(entries) != root:
        raise CheckError(
            "completeness", "The records are not those that the owner's entry commits to."
        )
    detail = f"These {count} records, each of them in the log, are all of the owner's in the batch."
    examined.checks.add("completeness", detail)


def _check_absence(
    examined: Examined, value: dict[str, Any], head: Head, key: Key, trust: Trust
) -> None:
    batch, owners = _open_owner_index(examined, value["batch"], head, key)
    tag = take_bytes(value["tag"], "owner's tag")
    sides: dict[str, tuple[int, bytes]] = {}
    for side in ("left", "right"):
        if value[side] is not None:
            neighbour = take(value[side], f"{side} neighbour", ("entry", "index", "path"))
            entry = take_bytes(neighbour["entry"], f"{side} neighbour", 64)
            _check_owner_entry(neighbour, entry, owners)
            sides[side] = neighbour["index"], entry[:32]
    left = sides.get("left", (-1, b""))
    right = sides.get("right", (owners.size, b"\xff" * 33))
    if not sides or left[0] + 1 != right[0] or not left[1] < tag < right[1]:
        raise CheckError(
            "absence",
            "The neighbours do not leave the tag out: they are not next to each other around it.",
        )
    _check_tag(examined, tag, batch, trust)
    examined.checks.add("absence", "The batch's owner index has no entry for the tag.")


def _open_head(examined: Examined, key: Key, note: Any) -> Head:
    head = open_checkpoint(take_text(note, "checkpoint").encode(), key)
    examined.heads.append(head)
    examined.checks.add("checkpoint", f"The head of {head.size} leaves is signed by the log.")
    return head


def _open_owner_index(examined: Examined, value: Any, head: Head, key: Key) -> tuple[Batch, Head]:
    batch = open_batch(value, key)
    if batch.owners is None:
        raise CheckError(
            "batch", "The batch has no owner index: nothing can be shown about an owner."
        )
    if batch.head.size > head.size or (
        batch.head.size == head.size and batch.head.root != head.root
    ):
        raise CheckError("batch", "The batch is not within the head of the checkpoint.")
    detail = (
        f"The batch {batch.batch_id} holds the leaves from {batch.first} to {batch.head.size - 1} "
        "and is signed by the log."
    )
    examined.checks.add("batch", detail)
    return batch, batch.owners


def _check_leaf(part: dict[str, Any], what: str, head: Head, low: int, high: int) -> bytes:
    """The leaf of an object with index, leaf and path, once it is under the head."""
    index = take_number(part["index"], f"{what}'s index")
    leaf, path = take_bytes(part["leaf"], what), take_path(part["path"], f"{what}'s path")
    if not low <= index < high:
        raise CheckError("inclusion", f"The {what} at {index} is not between {low} and {high - 1}.")
    if not is_included(leaf, index, head.size, path, head.root):
        raise CheckError(
            "inclusion",
            f"The path does not lead from the {what} at {index} to the signed root: it does not "
            "stand there in the log.",
        )
    return leaf


def _check_opening(part: dict[str, Any]) -> None:
    opening = take(part["opening"], "opening", ("record", "salt"))
    salt = take_bytes(opening["salt"], "salt")
    if not isinstance(opening["record"], dict):
        raise CheckError("file", "The record is not an object.")
    commitment = hashlib.sha256(b"com1" + salt + encode(opening["record"])).digest()
    if hash_entry(commitment).hex() != part["leaf"]:
        raise CheckError(
            "opening",
            f"The record is not what the leaf at {part['index']} commits to: it was changed, or "
            "is another leaf's.",
        )


def _check_owner_entry(part: dict[str, Any], entry: bytes, owners: Head) -> None:
    index = take_number(part["index"], "place in the owner index")
    path = take_path(part["path"], "path in the owner index")
    if not is_included(hash_entry(entry), index, owners.size, path, owners.root):
        raise CheckError(
            "owner", f"The entry does not stand at {index} in the batch's owner index."
        )


def _check_tag(examined: Examined, tag: bytes, batch: Batch, trust: Trust) -> None:
    if trust.owner_key is None:
        detail = "Whose tag it is was not checked: give --owner-key."
        examined.checks.add("tag", detail, Status.NOTE)
        return
    own = hmac.digest(trust.owner_key, b"usage-tag" + batch.batch_id.encode(), "sha256")
    if own != tag:
        raise CheckError("tag", "The tag is not that of the owner key for this batch.")
    examined.checks.add("tag", "The tag is that of the owner key for this batch.")


def _check_receipt_file(examined: Examined, value: dict[str, Any], trust: Trust) -> None:
    receipt = Receipt.parse(value)
    if trust.chain is None:
        raise UncheckedError("receipt", "A receipt says nothing without its chain: give --rpc.")
    examined.checks.add("receipt", trust.chain.look_up(receipt))


def _check_checkpoint(examined: Examined, data: bytes, trust: Trust) -> None:
    if not data:
        raise CheckError("file", "The file is empty: it was cut off, or never written.")
    note = Note.parse(data)
    examined.kind = "checkpoint"
    _use_given_key(examined, note, trust)


def _use_given_key(examined: Examined, note: Note, trust: Trust) -> Head:
    if trust.key is None:
        raise UncheckedError("key", "The file does not hold the log's key: give --key.")
    examined.key = trust.key
    head = note.check(trust.key)
    examined.heads.append(head)
    examined.checks.add("checkpoint", f"The head of {head.size} leaves is signed by the log.")
    return head


def _check_tlog_proof(examined: Examined, data: bytes, trust: Trust) -> None:
    """https://c2sp.org/tlog-proof. It does not say what was logged: that has to be given."""
    examined.kind = "tlog-proof"
    body, blank, note = data.removeprefix(TLOG_PROOF).partition(b"\n\n")
    lines = body.decode("utf-8", "replace").split("\n")
    if lines[0].startswith("extra "):
        lines = lines[1:] if decode_base64(lines[0][6:]) is not None else []
    match = _INDEX.fullmatch(lines[0]) if lines else None
    path = [step for line in lines[1:] if len(step := decode_base64(line) or b"") == 32]
    if not blank or match is None or len(path) != len(lines) - 1 or int(match[1]) > MAX_NUMBER:
        raise CheckError("file", "The file is not written as a C2SP proof.")
    head = _use_given_key(examined, Note.parse(note), trust)
    index = int(match[1])
    if trust.leaf is None:
        raise UncheckedError(
            "inclusion", "A C2SP proof does not say what it is about: give --leaf."
        )
    if not is_included(trust.leaf, index, head.size, path, head.root):
        raise CheckError(
            "inclusion",
            f"The path does not lead from the given leaf at {index} to the signed root.",
        )
    examined.checks.add("inclusion", f"The given leaf stands at {index} of {head.size} leaves.")


_Check = Callable[[Examined, dict[str, Any], Head, Key, Trust], None]
_KINDS: dict[str, tuple[str, tuple[str, ...], _Check]] = {
    "kiyome.inclusion/1": ("inclusion", ("checkpoint", "index", "leaf", "path"), _check_inclusion),
    "kiyome.consistency/1": ("consistency", ("new", "old", "path"), _check_consistency),
    "kiyome.completeness/1": (
        "completeness",
        ("batch", "checkpoint", "owner", "records"),
        _check_completeness,
    ),
    "kiyome.absence/1": (
        "absence",
        ("batch", "checkpoint", "left", "right", "tag"),
        _check_absence,
    ),
}
