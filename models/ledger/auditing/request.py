"""An auditor's request (``kiyome.audit-request/1``, of a training run
``kiyome.run-audit-request/1``), drawn again before anything is opened.

An operator opens only what a block drew: whoever may choose entries could read all of them.
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Callable
from dataclasses import dataclass
from decimal import Decimal, localcontext
from pathlib import Path
from typing import Any

from models.errors import LedgerError
from models.ledger.batches import NO_DIGEST, BatchStatement
from models.ledger.chain.receipts import Receipt
from models.ledger.commitments import decode_canonical, encode_canonical
from models.ledger.log import UsageLedger
from models.ledger.runs import name_batch

FORMAT = "kiyome.audit-request/1"
RUN_FORMAT = "kiyome.run-audit-request/1"
_DOMAIN = b"kiyome.audit-draw/1\n"
_MAX_BYTES = 1 << 28
_WORD = 1 << 64
_HASH = re.compile(r"0x[0-9a-f]{64}", re.ASCII)
_SHARE = re.compile(r"0\.[0-9]{0,8}[1-9]", re.ASCII)
_KEYS = {
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
}


@dataclass(frozen=True, slots=True)
class Beacon:
    """The block that drew. ``by_hand``: somebody typed it in, and no node vouched for it."""

    chain_id: int
    number: int
    block_hash: str
    by_hand: bool


@dataclass(frozen=True, slots=True)
class AuditRequest:
    """What is to be opened.

    Attributes:
        data: the request's file.
        statement: the batch of the release, or of the training run.
        head_size: number of entries under the head that everything is proven under.
        receipt: where that head is anchored; None where it is not.
        beacon: the block.
        positions: the drawn entries, as places in the log, ascending.
        release: of a run, the batch of the release that it used; else None.
    """

    data: bytes
    statement: BatchStatement
    head_size: int
    receipt: Receipt | None
    beacon: Beacon
    positions: tuple[int, ...]
    release: BatchStatement | None = None

    @property
    def rests_on(self) -> BatchStatement:
        """The batch that names manifest and policy."""
        return self.release or self.statement


BlockHash = Callable[[int, int], str | None]
"""From a chain's number and a block's to that block's hash, once it is final; None before."""


def read_request(path: Path, ledger: UsageLedger) -> AuditRequest:
    """Read a request, make sure that it is about this log, and draw it again.

    Raises:
        LedgerError: it is not about this log, was changed, or does not follow from its block.
    """
    try:
        data = path.read_bytes()
        value = _decode(data)
        return _read(data, value, ledger)
    except OSError as error:
        raise LedgerError(
            f"The request {path} cannot be read: {error.strerror}.", "Name the auditor's file."
        ) from error
    except (ValueError, LookupError, TypeError, AttributeError, OverflowError) as error:
        raise LedgerError(
            f"The request {path} is damaged: {error}.", "Ask the auditor for it again."
        ) from error


def check_block(request: AuditRequest, block_hash: BlockHash | None, *, by_hand: bool) -> None:
    """Make sure that the block is one of the chain, and final.

    Args:
        block_hash: asks the chain; None where there is none.
        by_hand: take a block that somebody typed in.

    Raises:
        LedgerError: it is not, nobody can tell, or it was typed in and that is not taken.
    """
    beacon = request.beacon
    if beacon.by_hand:
        if not by_hand:
            raise LedgerError(
                "The block of the request was typed in: whoever chose it may have chosen the "
                "entries.",
                "Open them all the same with --accept-by-hand, once you know where it is from.",
            )
        if request.receipt is None:
            return
    elif block_hash is None:
        raise LedgerError(
            "The block of the request cannot be looked up: the settings name no chain.",
            "Set ledger_chain and ledger_rpc.",
        )
    if block_hash is None:
        return
    found = block_hash(beacon.chain_id, beacon.number)
    if found is None:
        raise LedgerError(
            f"The block {beacon.number} of the request is not final on the chain.",
            "Wait until it is; nothing was opened.",
        )
    if found != beacon.block_hash:
        raise LedgerError(
            f"The block {beacon.number} of the chain has another hash than the request says.",
            "Nothing was opened: ask the auditor how the block was chosen.",
        )


def draw_positions(seed: bytes, entries: int, wanted: int) -> list[int]:
    """Distinct numbers below ``entries``, in the order in which they are drawn.

    Words of 8 bytes from SHA-256 over seed and a counter; those in the last, incomplete multiple
    of ``entries`` are rejected, so that every number is as likely as every other.
    """
    drawn: dict[int, None] = {}
    top = _WORD - _WORD % entries
    counter = 0
    while len(drawn) < wanted:
        word = int.from_bytes(hashlib.sha256(seed + counter.to_bytes(8, "big")).digest()[:8], "big")
        counter += 1
        if word < top:
            drawn.setdefault(word % entries)
    return list(drawn)


def sample_size(entries: int, uses: int, rate: Decimal, confidence: Decimal) -> int:
    """How many entries have to be drawn: the least k with (1 - rate x uses/entries)^k <= 1 -
    confidence (binomial), at most all. A tie within 1e-12 of a whole number counts as that.
    """
    with localcontext() as context:
        context.prec = 40
        missed = (1 - confidence).ln() / (1 - rate * uses / entries).ln()
        least = int((missed - Decimal("1e-12")).to_integral_value("ROUND_CEILING"))
    return min(entries, max(1, least))


def _decode(data: bytes) -> dict[str, Any]:
    if len(data) > _MAX_BYTES or not data.endswith(b"\n"):
        raise ValueError("it is cut short or too long")
    value = decode_canonical(data[:-1])
    keys = _KEYS | {"release"} if value.get("format") == RUN_FORMAT else _KEYS
    if value.keys() != keys or value["format"] not in (FORMAT, RUN_FORMAT):
        raise ValueError(f"it is not of the format {FORMAT}")
    return value


def _read(data: bytes, value: dict[str, Any], ledger: UsageLedger) -> AuditRequest:
    batch_file, statement = _find_batch(value, ledger, value["batch"])
    name = statement.batch.batch_id
    release = None
    if value["format"] == RUN_FORMAT:
        release = _find_batch(value, ledger, value["release"])[1]
        _check_run(statement, release)
    head_size, receipt = _find_head(value, ledger, statement)
    beacon = _read_beacon(value["beacon"])
    _check_order(receipt, beacon)
    if value["revocations_before"] != count_revocations(ledger, statement):
        raise LedgerError(
            "The request counts other revocations than the log holds before the release.",
            "Give the auditor the public folder as it is.",
        )
    if not _SHARE.fullmatch(value["violations_at_most"]) or not _SHARE.fullmatch(
        value["confidence"]
    ):
        raise ValueError("its rate or confidence is not a number between 0 and 1")
    batch = statement.batch
    entries = batch.size - batch.first_index
    if not statement.counts["use"]:
        raise LedgerError(f"The batch {name} holds no use.", "There is nothing to audit in it.")
    wanted = sample_size(
        entries,
        statement.counts["use"],
        Decimal(value["violations_at_most"]),
        Decimal(value["confidence"]),
    )
    drawn = draw_positions(_seed(batch_file, beacon), entries, wanted)
    if value["positions"] != [batch.first_index + at for at in drawn]:
        raise LedgerError(
            "The entries of the request are not those that its block draws.",
            "Nothing was opened: it was changed, or made by hand.",
        )
    return AuditRequest(
        data, statement, head_size, receipt, beacon, tuple(sorted(value["positions"])), release
    )


def _find_batch(
    value: dict[str, Any], ledger: UsageLedger, file: dict[str, Any]
) -> tuple[bytes, BatchStatement]:
    """A batch's file in the request, once it is this log's, and what it says."""
    data = encode_canonical(file) + b"\n"
    name = file["batch"]["batch_id"]
    statement = ledger.statement(name)
    if value["vkey"] != ledger.vkey or statement is None:
        raise LedgerError("The request is about another log.", "Ask the auditor which they meant.")
    if (ledger.public_folder / "batches" / f"{name}.json").read_bytes() != data:
        raise LedgerError(
            f"The request names another content of {name} than the one that is published.",
            "Give the auditor the public folder as it is.",
        )
    return data, statement


def _check_run(statement: BatchStatement, release: BatchStatement) -> None:
    """Make sure that one batch is a run's that used the release of the other."""
    name = statement.batch.batch_id
    suffix = name_batch("", release.batch.batch_id).removeprefix("run-")
    if (
        not (name.startswith("run-") and name.endswith(suffix))
        or statement.manifest_sha256 != NO_DIGEST
        or release.manifest_sha256 == NO_DIGEST
        or release.batch.size > statement.batch.first_index
    ):
        raise LedgerError(
            f"The batch {name} is not of a run that used the release {release.batch.batch_id}.",
            "Nothing was opened: ask the auditor which they meant.",
        )


def count_revocations(ledger: UsageLedger, statement: BatchStatement) -> int:
    """How many revocations stand in the log before a batch, by the signed counts."""
    first = statement.batch.first_index
    before = (batch for batch in ledger.batches() if batch.first_index < first)
    found = (ledger.statement(batch.batch_id) for batch in before)
    return sum(each.counts["revoke"] for each in found if each is not None)


def _find_head(
    value: dict[str, Any], ledger: UsageLedger, statement: BatchStatement
) -> tuple[int, Receipt | None]:
    """The size of the head that the request names, which has to be one of this log's."""
    public, checkpoint = ledger.public_folder, value["checkpoint"].encode()
    size = int(checkpoint.split(b"\n")[1])
    known = public / "checkpoints" / str(size)
    head = known if known.exists() else public / "checkpoint"
    if head.read_bytes() != checkpoint or size < statement.batch.size:
        raise LedgerError(
            "The request names a head that this log never signed, or one before the release.",
            "Give the auditor the public folder as it is.",
        )
    if value["receipt"] is None:
        return size, None
    data = encode_canonical(value["receipt"]) + b"\n"
    receipt = Receipt.decode(data)
    kept = public / "receipts" / f"{receipt.size}.json"
    if receipt.size != size or not kept.exists() or kept.read_bytes() != data:
        raise LedgerError(
            "The receipt in the request is not one of this log's.",
            "Give the auditor the public folder as it is.",
        )
    return size, receipt


def _read_beacon(value: dict[str, Any]) -> Beacon:
    beacon = Beacon(value["chain_id"], value["block_number"], value["block_hash"], value["by_hand"])
    numbers = (beacon.chain_id, beacon.number)
    if (
        len(value) != 4
        or not all(type(number) is int and 0 <= number < 1 << 53 for number in numbers)
        or not _HASH.fullmatch(beacon.block_hash)
        or type(beacon.by_hand) is not bool
    ):
        raise ValueError("it names no block")
    return beacon


def _check_order(receipt: Receipt | None, beacon: Beacon) -> None:
    if receipt is None:
        if not beacon.by_hand:
            raise LedgerError(
                "The batch is anchored on no chain, and the request names a block of one.",
                "Anchor it first, or take a block by hand.",
            )
    elif beacon.chain_id != receipt.chain_id or beacon.number <= receipt.block_number:
        raise LedgerError(
            f"The block {beacon.number} of the request is not after {receipt.block_number}, in "
            "which the batch was anchored.",
            "Nothing was opened: ask for a request with a later block.",
        )


def _seed(batch_file: bytes, beacon: Beacon) -> bytes:
    parts = (
        _DOMAIN,
        hashlib.sha256(batch_file).digest(),
        beacon.chain_id.to_bytes(8, "big"),
        beacon.number.to_bytes(8, "big"),
        bytes.fromhex(beacon.block_hash[2:]),
    )
    return hashlib.sha256(b"".join(parts)).digest()
