"""The signed statement about one batch: ``kiyome.batch/1`` and ``/2``."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from verifier.canonical import encode, take, take_bytes, take_number, take_text
from verifier.note import Head, Key, decode_base64
from verifier.report import CheckError

_ID = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,127}", re.ASCII)
_COUNTS = ("decide", "exclude", "revoke", "use")
_COUNTED_IF_ANY = ("correct", "payout")
_FIELDS = (
    "batch_id",
    "counts",
    "first_index",
    "format",
    "leaves_sha256",
    "root",
    "size",
    "stamped_at",
)
_LEAST_OWNERS = 16
NO_DIGEST = bytes(32)


@dataclass(frozen=True, slots=True)
class Batch:
    """What a log says about a batch: ``first`` is the index of its first leaf, ``head`` the log
    once it is in, ``owners`` the head of its owner index, ``counts`` how many records of each type
    it holds, ``manifest`` and ``policy`` the digests of a release's files (zeros where it has
    none)."""

    batch_id: str
    first: int
    head: Head
    leaves_sha256: bytes
    owners: Head | None
    counts: Mapping[str, int]
    manifest: bytes = NO_DIGEST
    policy: bytes = NO_DIGEST


def open_batch(value: Any, key: Key) -> Batch:
    """Read a batch's file, once the log's signature over it holds.

    Raises:
        CheckError: it does not hold, or says something impossible.
    """
    file = take(value, "batch's file", ("batch", "signature"))
    signature = decode_base64(take_text(file["signature"], "batch's signature"))
    batch = file["batch"]
    form = batch.get("format") if isinstance(batch, dict) else None
    if form not in ("kiyome.batch/1", "kiyome.batch/2"):
        raise CheckError(
            "batch", "The batch is not of the format kiyome.batch/1 or kiyome.batch/2."
        )
    signed = f"{key.name}\n{form}\n".encode() + encode(batch) + b"\n"
    if signature is None or not key.signed(signed, signature):
        raise CheckError(
            "batch", f"The signature by {key.name} does not hold: the batch was changed or forged."
        )
    newer = form == "kiyome.batch/2"
    take(
        batch,
        "batch",
        (*_FIELDS, *(("manifest_sha256", "owners", "policy_sha256") if newer else ())),
    )
    return _read(batch, newer)


def _read(batch: Mapping[str, Any], newer: bool) -> Batch:
    batch_id = take_text(batch["batch_id"], "batch's id")
    first = take_number(batch["first_index"], "batch's first index")
    size = take_number(batch["size"], "size after the batch", first + 1)
    head = Head(size, take_bytes(batch["root"], "root after the batch"))
    leaves = take_bytes(batch["leaves_sha256"], "digest of the batch's leaves")
    take_number(batch["stamped_at"], "batch's time")
    counts = take(batch["counts"], "batch's counts", _COUNTS, _COUNTED_IF_ANY)
    total = sum(take_number(counts[name], "batch's count") for name in _COUNTS)
    rarer = [counts[name] for name in _COUNTED_IF_ANY if name in counts]
    total += sum(take_number(count, "batch's count", 1) for count in rarer)
    owners, manifest, policy = None, NO_DIGEST, NO_DIGEST
    if newer:
        manifest = take_bytes(batch["manifest_sha256"], "digest of the manifest")
        policy = take_bytes(batch["policy_sha256"], "digest of the policy")
        index = take(batch["owners"], "batch's owner index", ("records", "root", "size"))
        if take_number(index["records"], "number of owners' records") != size - first:
            raise CheckError("sums", "The owners' records are not as many as the batch's leaves.")
        width = take_number(index["size"], "size of the owner index", _LEAST_OWNERS)
        if width & (width - 1):
            raise CheckError("batch", "The size of the owner index is not a power of two.")
        owners = Head(width, take_bytes(index["root"], "root of the owner index"))
    if not _ID.fullmatch(batch_id):
        raise CheckError("batch", "The batch's id is not one that a batch can have.")
    if total != size - first:
        raise CheckError("sums", "The batch's counts do not add up to its leaves.")
    return Batch(batch_id, first, head, leaves, owners, counts, manifest, policy)
