"""An auditor's request: entries of a release, or of a training run, drawn by a block that nobody
knew beforehand.

The request holds all that it takes to draw again: the batch's signed file, the head that the
entries are proven under, where that head was anchored, and the block. The draw is

    seed = SHA-256("kiyome.audit-draw/1" newline || SHA-256(the batch's file) || u64(chain)
                   || u64(block's number) || block's hash)
    word i = the first 8 bytes of SHA-256(seed || u64(i)), for i = 0, 1, 2 ...

Words from the largest multiple of the number of entries on are passed over (so that none is
likelier than another), the others taken modulo that number; what came before is passed over too.
A larger sample begins with the smaller one.
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Iterator
from dataclasses import dataclass
from decimal import Decimal
from itertools import count, islice
from typing import Any

from verifier.batch import NO_DIGEST, Batch, open_batch
from verifier.bounds import count_sample
from verifier.canonical import MAX_NUMBER, encode, take, take_bytes, take_number, take_text
from verifier.chain import Receipt
from verifier.note import Head, Key, open_checkpoint
from verifier.report import CheckError

REQUEST = "kiyome.audit-request/1"
RUN_REQUEST = "kiyome.run-audit-request/1"
_DOMAIN = b"kiyome.audit-draw/1\n"
RELEASE_DIGITS = 16
"""So much of a release's id stands at the end of the id of a run's batch."""

_SHARE = re.compile(r"0\.[0-9]{0,8}[1-9]", re.ASCII)
_FIELDS = (
    "batch",
    "beacon",
    "checkpoint",
    "confidence",
    "format",
    "positions",
    "receipt",
    "revocations_before",
    "violations_at_most",
    "vkey",
)


@dataclass(frozen=True, slots=True)
class Beacon:
    """What nobody knew when the release was anchored: a block's hash.

    ``by_hand`` says that somebody typed it in, so that no node vouched for it.
    """

    chain_id: int
    number: int
    digest: bytes
    by_hand: bool

    def as_dict(self) -> dict[str, Any]:
        """A JSON-ready dictionary."""
        return {
            "block_hash": "0x" + self.digest.hex(),
            "block_number": self.number,
            "by_hand": self.by_hand,
            "chain_id": self.chain_id,
        }


@dataclass(frozen=True, slots=True)
class Request:
    """Which entries are to be opened.

    Attributes:
        key: the log's key, as the request names it.
        batch: the batch of the release, or of the training run.
        batch_file: its file as JSON.
        checkpoint: the signed head that entries are proven under, as text.
        head: the same, read.
        receipt: where that head was anchored; None where it was not.
        beacon: what drew the entries.
        rate, confidence: no more than this part of the uses may violate, as sure as this.
        revocations: how many revocations stand in the log before the batch.
        positions: the entries' places in the log, in the order in which they were drawn.
        release: of a run, the batch of the release that it used; else None.
    """

    key: Key
    batch: Batch
    batch_file: dict[str, Any]
    checkpoint: str
    head: Head
    receipt: Receipt | None
    receipt_file: dict[str, Any] | None
    beacon: Beacon
    rate: Decimal
    confidence: Decimal
    revocations: int
    positions: tuple[int, ...]
    release: Batch | None = None
    release_file: dict[str, Any] | None = None

    def as_dict(self) -> dict[str, Any]:
        """A JSON-ready dictionary."""
        value = {
            "batch": self.batch_file,
            "beacon": self.beacon.as_dict(),
            "checkpoint": self.checkpoint,
            "confidence": format(self.confidence, "f"),
            "format": REQUEST,
            "positions": list(self.positions),
            "receipt": self.receipt_file,
            "revocations_before": self.revocations,
            "violations_at_most": format(self.rate, "f"),
            "vkey": self.key.vkey,
        }
        if self.release_file is not None:
            value |= {"format": RUN_REQUEST, "release": self.release_file}
        return value

    @property
    def what(self) -> str:
        """What is audited."""
        return "release" if self.release is None else "run"

    @property
    def rests_on(self) -> Batch:
        """The batch that names manifest and policy."""
        return self.release or self.batch

    @property
    def entries(self) -> int:
        """How many entries the batch has."""
        return self.batch.head.size - self.batch.first

    @property
    def uses(self) -> int:
        """How many of them are uses."""
        return self.batch.counts["use"]


def make_request(
    key: Key,
    batch_file: dict[str, Any],
    checkpoint: str,
    receipt_file: dict[str, Any] | None,
    beacon: Beacon,
    rate: Decimal,
    confidence: Decimal,
    revocations: int,
    release_file: dict[str, Any] | None = None,
    drawn: Any = None,
) -> Request:
    """Draw. Everything is checked that the request itself can show.

    Args:
        release_file: of a run, the file of the release's batch.
        drawn: what somebody says that the block draws; None where nobody has.

    Raises:
        CheckError: a part does not belong to the others, or cannot be audited.
    """
    batch = open_batch(batch_file, key)
    head = open_checkpoint(checkpoint.encode(), key)
    receipt = None if receipt_file is None else Receipt.parse(receipt_file)
    release = None if release_file is None else open_batch(release_file, key)
    _check_batch(batch, release)
    _check_parts(batch, head, receipt, beacon)
    entries = batch.head.size - batch.first
    wanted = count_sample(entries, batch.counts["use"], rate, confidence)
    # Before anything is drawn: a batch may claim to be of any size.
    if drawn is not None and (not isinstance(drawn, list) or len(drawn) != wanted):
        raise _deny_draw()
    seed = _seed(batch_file, beacon)
    positions = tuple(batch.first + at for at in islice(draw(seed, entries), wanted))
    if drawn is not None and encode(drawn) != encode(list(positions)):
        raise _deny_draw()
    return Request(
        key,
        batch,
        batch_file,
        checkpoint,
        head,
        receipt,
        receipt_file,
        beacon,
        rate,
        confidence,
        revocations,
        positions,
        release,
        release_file,
    )


def read_request(value: dict[str, Any], key: Key) -> Request:
    """Read a request, and draw it again.

    Raises:
        CheckError: it is none, or its entries do not follow from its block.
    """
    of_run = value.get("format") == RUN_REQUEST
    take(value, "request", (*_FIELDS, "release") if of_run else _FIELDS)
    if not of_run and value["format"] != REQUEST:
        raise CheckError("request", f"The request is not of the format {REQUEST}.")
    beacon = take(
        value["beacon"],
        "request's beacon",
        ("block_hash", "block_number", "by_hand", "chain_id"),
    )
    if type(beacon["by_hand"]) is not bool:
        raise CheckError("request", "The request does not say whether its block was typed in.")
    chosen = Beacon(
        _take_chain_number(beacon["chain_id"], "request's chain"),
        _take_chain_number(beacon["block_number"], "request's block"),
        take_bytes(beacon["block_hash"], "request's block hash", 32, "0x"),
        beacon["by_hand"],
    )
    return make_request(
        key,
        value["batch"],
        take_text(value["checkpoint"], "request's checkpoint"),
        value["receipt"],
        chosen,
        read_share(take_text(value["violations_at_most"], "request's rate")),
        read_share(take_text(value["confidence"], "request's confidence")),
        take_number(value["revocations_before"], "number of revocations"),
        take(value["release"], "release's batch", ("batch", "signature")) if of_run else None,
        value["positions"] or [],
    )


def draw(seed: bytes, entries: int) -> Iterator[int]:
    """Every number below ``entries`` once, each as likely as the others at every place."""
    limit = (1 << 64) // entries * entries
    seen: set[int] = set()
    for number in count():
        if len(seen) == entries:
            return
        word = hashlib.sha256(seed + number.to_bytes(8, "big")).digest()[:8]
        value = int.from_bytes(word, "big")
        if value < limit and (at := value % entries) not in seen:
            seen.add(at)
            yield at


def read_share(text: str) -> Decimal:
    """A part of one, written as ``0.01``: at most 9 digits, no zeros at the end.

    Raises:
        CheckError: it is none.
    """
    if not _SHARE.fullmatch(text):
        raise CheckError("request", "A rate or a confidence is not a number between 0 and 1.")
    return Decimal(text)


def _check_batch(batch: Batch, release: Batch | None) -> None:
    consented = release or batch
    if consented.manifest == NO_DIGEST:
        raise CheckError("batch", f"The batch {consented.batch_id} is not of a release.")
    if release is not None:
        named = batch.batch_id.startswith("run-") and batch.batch_id.endswith(
            f"-{release.batch_id[:RELEASE_DIGITS]}"
        )
        if not named or batch.manifest != NO_DIGEST or release.head.size > batch.first:
            raise CheckError(
                "batch",
                f"The batch {batch.batch_id} is not of a run that used the release "
                f"{release.batch_id}.",
            )
    if not batch.counts["use"]:
        raise CheckError(
            "batch", f"The batch {batch.batch_id} holds no use: there is nothing to audit."
        )


def _check_parts(batch: Batch, head: Head, receipt: Receipt | None, beacon: Beacon) -> None:
    if head.size < batch.head.size or (head.size == batch.head.size and head != batch.head):
        raise CheckError("batch", "The batch is not within the head of the checkpoint.")
    if receipt is None:
        if not beacon.by_hand:
            raise CheckError(
                "receipt", "Nothing says that the batch was anchored before the block."
            )
        return
    if receipt.head != head:
        raise CheckError("receipt", "The receipt is for another head than the checkpoint's.")
    if beacon.chain_id != receipt.chain_id:
        raise CheckError("beacon", "The block is of another chain than the receipt.")
    if beacon.number <= receipt.block_number:
        raise CheckError(
            "beacon",
            f"The block {beacon.number} is not after {receipt.block_number}, in which the batch "
            "was anchored: whoever anchored it may have known the draw.",
        )


def _deny_draw() -> CheckError:
    return CheckError(
        "draw", "The entries are not those that the block draws: the request was changed."
    )


def _seed(batch_file: dict[str, Any], beacon: Beacon) -> bytes:
    file = hashlib.sha256(encode(batch_file) + b"\n").digest()
    place = beacon.chain_id.to_bytes(8, "big") + beacon.number.to_bytes(8, "big")
    return hashlib.sha256(_DOMAIN + file + place + beacon.digest).digest()


def _take_chain_number(value: Any, what: str) -> int:
    number = take_number(value, what)
    if number > MAX_NUMBER:
        raise CheckError("file", f"The {what} is out of range.")
    return number
