"""What all proof files have in common: canonical JSON, the log's key, a signed checkpoint.

Every one is self-contained: it is verified with nothing beside it but the log's public key. It may
carry a receipt that says where a head of at least the checkpoint's size was anchored; a receipt is
checked here for its form only, and against the chain by whoever asks the chain.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from collections.abc import Set as AbstractSet
from pathlib import Path
from typing import Any

from models.errors import LedgerError
from models.ledger.batches import Batch, OwnersSummary, open_batch
from models.ledger.commitments import decode_canonical, encode_canonical
from models.ledger.merkle import HASH_BYTES
from models.ledger.note import Checkpoint, Verifier, open_checkpoint
from models.ledger.report import Check, VerificationReport, summarise

RECEIPT_FORMAT = "kiyome.receipt/1"
FAULTS = (OSError, LedgerError, ValueError, KeyError, TypeError, AttributeError)
_RECEIPT_NUMBERS = ("block_number", "chain_id", "log_index", "sequence", "size")
_RECEIPT_TEXTS = {
    "block_hash": re.compile(r"0x[0-9a-f]{64}", re.ASCII),
    "contract": re.compile(r"0x[0-9a-f]{40}", re.ASCII),
    "format": re.compile(re.escape(RECEIPT_FORMAT)),
    "manifest": re.compile(r"[0-9a-f]{64}", re.ASCII),
    "root": re.compile(r"[0-9a-f]{64}", re.ASCII),
    "tx_hash": re.compile(r"0x[0-9a-f]{64}", re.ASCII),
}

Examine = Callable[[dict[str, Any], Verifier, Checkpoint], list[Check]]


def read_head(public: Path, verifier: Verifier) -> tuple[bytes, Checkpoint]:
    """The signed head in a log's public folder: the note's bytes, and what it says.

    Raises:
        LedgerError: it cannot be read, or is not signed by ``verifier``.
    """
    try:
        note = (public / "checkpoint").read_bytes()
    except OSError as error:
        raise LedgerError(
            f"The ledger's head {public / 'checkpoint'} cannot be read.",
            "Restore it from a backup.",
        ) from error
    return note, open_checkpoint(note, verifier)


def encode_proof(value: dict[str, Any]) -> bytes:
    """The content of a proof file."""
    return encode_canonical(value) + b"\n"


def read_proof(path: Path, form: str, keys: AbstractSet[str], limit: int) -> dict[str, Any]:
    """Read a proof file of one format.

    Args:
        keys: what it has to hold besides ``format`` and ``vkey``; a name that ends in ``?`` may be
            left out, as ``receipt`` may in every format.
        limit: bytes that it may have.

    Raises:
        ValueError: it is not such a file.
        OSError: it cannot be read.
    """
    if not path.is_file() or path.stat().st_size > limit:
        raise ValueError("there is no proof file of a sensible size")
    data = path.read_bytes()
    if not data.endswith(b"\n"):
        raise ValueError("it is cut short")
    try:
        value = decode_canonical(data[:-1])
    except ValueError as error:
        raise ValueError(f"it is not a proof file: {error}") from error
    optional = {name.removesuffix("?") for name in keys if name.endswith("?")} | {"receipt"}
    required = {"format", "vkey", *(name for name in keys if not name.endswith("?"))}
    if value.keys() - optional != required or value["format"] != form:
        raise ValueError(f"it is not a file of the format {form}")
    return value


def examine_proof(
    path: Path,
    vkey: str | None,
    read: Callable[[Path], dict[str, Any]],
    examine: Examine,
    checkpoint: str = "checkpoint",
) -> VerificationReport:
    """The report over a proof file: key, checkpoint, what ``examine`` finds, receipt.

    Never raises: what is wrong is a failed check.

    Args:
        vkey: the log's public key, from a source that is trusted; see ``choose_key``.
        checkpoint: which key of the file holds the head that everything is proven under.
    """
    checks: list[Check] = []
    head: Checkpoint | None = None
    try:
        value = read(path)
        verifier = choose_key(value["vkey"], vkey)
        checks.append(Check("key", ok=True, detail=f"The log is {verifier.name}." + _caveat(vkey)))
        head = open_checkpoint(value[checkpoint].encode(), verifier)
        checks.append(
            Check("checkpoint", ok=True, detail=f"The head of {head.size} leaves is signed.")
        )
        checks += examine(value, verifier, head)
        if "receipt" in value:
            checks.append(_check_receipt(value["receipt"], head))
    except FAULTS as error:
        checks.append(Check("file", ok=False, detail=f"{path.name}: {error}"))
    return summarise(checks, head)


def choose_key(named: str, given: str | None) -> Verifier:
    """The key to verify with: the one given. Without one, that in the file, which proves only that
    the file agrees with itself.

    Raises:
        LedgerError: the file was made for another key than the one given, or that one is none.
    """
    try:
        verifier = Verifier.parse(named if given is None else given)
    except LedgerError as error:
        if given is None:
            raise
        raise LedgerError(f"The key that was given: {error.problem}", error.remedy) from error
    if named != verifier.vkey:
        raise LedgerError(
            f"It was made for another key, {named}.", "Ask for a proof from the log that you trust."
        )
    return verifier


def read_batch(value: Any, verifier: Verifier, head: Checkpoint) -> tuple[Batch, OwnersSummary]:
    """The batch of a proof file with its owner index: signed, and within the head.

    Raises:
        LedgerError: it is not.
    """
    statement = open_batch(encode_canonical(value) + b"\n", verifier)
    if statement.owners is None:
        raise LedgerError("Its batch has no owner index.")
    if statement.batch.size > head.size:
        raise LedgerError("Its batch reaches beyond the checkpoint.")
    if statement.batch.size == head.size and statement.batch.root != head.root.hex():
        raise LedgerError("Its batch and the checkpoint sign two roots for one size.")
    return statement.batch, statement.owners


def read_number(value: Any) -> int:
    """A number from 0 to 2**53 - 1, and nothing that merely counts as one.

    Raises:
        ValueError: it is something else.
    """
    if type(value) is not int or not 0 <= value < 1 << 53:
        raise ValueError("a number in it is not one")
    return value


def read_hex(text: Any, size: int = HASH_BYTES) -> bytes:
    """Bytes in lower-case hex: another spelling of the same bytes would be another file.

    Raises:
        ValueError: it is something else, or has another length.
    """
    data = bytes.fromhex(text)
    if len(data) != size or data.hex() != text:
        raise ValueError(f"something in it is not {2 * size} lower-case hex digits")
    return data


def read_path(values: Any) -> list[bytes]:
    """An audit path.

    Raises:
        ValueError: it is not a list of hashes.
    """
    if not isinstance(values, list):
        raise ValueError("a path in it is not a list")  # noqa: TRY004  (a fault of the data)
    if any(len(value) != 2 * HASH_BYTES for value in values):
        raise ValueError(f"a path in it is not made of {2 * HASH_BYTES} hex digits each")
    data = read_hex("".join(values), HASH_BYTES * len(values))  # at once: half the time
    return [data[at : at + HASH_BYTES] for at in range(0, len(data), HASH_BYTES)]


def write_path(path: Sequence[bytes]) -> list[str]:
    """What ``read_path`` reads."""
    return [digest.hex() for digest in path]


def _caveat(vkey: str | None) -> str:
    return "" if vkey else " The key comes from the file itself: it proves no more than the file."


def _check_receipt(value: Any, head: Checkpoint) -> Check:
    if value.keys() != {*_RECEIPT_NUMBERS, *_RECEIPT_TEXTS}:
        raise ValueError(f"its receipt is not of the format {RECEIPT_FORMAT}")
    for name in _RECEIPT_NUMBERS:
        read_number(value[name])
    if not all(pattern.fullmatch(value[name]) for name, pattern in _RECEIPT_TEXTS.items()):
        raise ValueError(f"its receipt is not of the format {RECEIPT_FORMAT}")
    size, root = value["size"], value["root"]
    if size < head.size or (size == head.size and root != head.root.hex()):
        return Check("receipt", ok=False, detail="The receipt is not for a head that covers this.")
    detail = (
        f"It says that the head of {size} leaves stands in block {value['block_number']} of chain "
        f"{value['chain_id']}: ask that chain."
    )
    return Check("receipt", ok=True, detail=detail)
