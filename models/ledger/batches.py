"""The public description of one append: ``batches/<id>.json``, signed by the log's key.

It says where the batch stands in the log and how many records of each type it holds, and nothing
about any asset. The signature covers a text that can never be read as a checkpoint: its second
line is not a number.
"""

from __future__ import annotations

import base64
import re
from dataclasses import asdict, dataclass
from typing import Any

from models.errors import LedgerError
from models.ledger.commitments import decode_canonical, encode_canonical
from models.ledger.note import Signer, Verifier

FORMAT = "kiyome.batch/1"
RECORD_TYPES = ("decide", "exclude", "revoke", "use")
_BATCH_ID = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,127}", re.ASCII)
_HEX = re.compile(r"[0-9a-f]{64}", re.ASCII)


@dataclass(frozen=True, slots=True)
class Batch:
    """Where a batch stands in the log.

    Attributes:
        batch_id: what the caller named it by; the same name is appended once.
        first_index: index of its first leaf.
        size: number of leaves in the log once the batch is in.
        root: root of the log at that size, in hex.
    """

    batch_id: str
    first_index: int
    size: int
    root: str


@dataclass(frozen=True, slots=True)
class BatchStatement:
    """What the log publishes about a batch.

    Attributes:
        batch: where it stands.
        counts: how many records of each type it holds; every type is named.
        leaves_sha256: SHA-256 over its leaf hashes, one after another, in hex.
        stamped_at: the time the caller gave it, UTC seconds since 1970.
    """

    batch: Batch
    counts: dict[str, int]
    leaves_sha256: str
    stamped_at: int

    def __post_init__(self) -> None:
        problem = _find_problem(self)
        if problem:
            raise LedgerError(f"A batch cannot be described so: {problem}.")

    def as_dict(self) -> dict[str, Any]:
        """A JSON-ready dictionary."""
        return {
            **asdict(self.batch),
            "counts": self.counts,
            "format": FORMAT,
            "leaves_sha256": self.leaves_sha256,
            "stamped_at": self.stamped_at,
        }


def check_batch_id(batch_id: str) -> None:
    """Make sure that a batch id can be a file's name.

    Raises:
        LedgerError: it cannot.
    """
    if not _BATCH_ID.fullmatch(batch_id):
        raise LedgerError(
            f"{batch_id!r} cannot name a batch.",
            "Use 1 to 128 letters, digits, dots, hyphens and underscores, "
            "beginning with a letter or digit.",
        )


def sign_batch(statement: BatchStatement, signer: Signer) -> bytes:
    """The content of ``batches/<id>.json``."""
    value = statement.as_dict()
    signature = base64.b64encode(signer.sign(_signed_text(signer.name, value))).decode()
    return encode_canonical({"batch": value, "signature": signature}) + b"\n"


def open_batch(data: bytes, verifier: Verifier) -> BatchStatement:
    """Read a batch's file, once its signature holds.

    Raises:
        LedgerError: it is damaged, says something impossible, or is not signed by ``verifier``.
    """
    try:
        return _parse(data, verifier)
    except (ValueError, TypeError, KeyError, AttributeError) as error:
        raise LedgerError(
            f"The file of the batch is damaged: {error}.", "Restore it from a backup."
        ) from error


def _parse(data: bytes, verifier: Verifier) -> BatchStatement:
    if not data.endswith(b"\n"):
        raise ValueError("it is cut short")
    file = decode_canonical(data[:-1])
    if file.keys() != {"batch", "signature"}:
        raise ValueError("it does not have the keys batch and signature")
    value = file["batch"]
    signature = base64.b64decode(file["signature"], validate=True)
    if base64.b64encode(signature).decode() != file["signature"]:
        raise ValueError("its signature is not written as base64")
    if not verifier.verify(_signed_text(verifier.name, value), signature):
        raise ValueError("its signature does not hold")
    batch = Batch(value["batch_id"], value["first_index"], value["size"], value["root"])
    statement = BatchStatement(batch, value["counts"], value["leaves_sha256"], value["stamped_at"])
    if statement.as_dict() != value:
        raise ValueError("it holds something unknown")
    return statement


def _signed_text(origin: str, value: Any) -> bytes:
    return f"{origin}\n{FORMAT}\n".encode() + encode_canonical(value) + b"\n"


def _find_problem(statement: BatchStatement) -> str:
    batch, counts = statement.batch, statement.counts
    if not isinstance(batch.batch_id, str) or not _BATCH_ID.fullmatch(batch.batch_id):
        return "its id cannot be a file's name"
    numbers = (batch.first_index, batch.size, statement.stamped_at, *counts.values())
    if any(type(number) is not int or not 0 <= number < 1 << 53 for number in numbers):
        return "a number is missing or negative"
    if not (_HEX.fullmatch(batch.root) and _HEX.fullmatch(statement.leaves_sha256)):
        return "a digest is not 64 hex digits"
    if tuple(sorted(counts)) != RECORD_TYPES:
        return f"its counts are not of {', '.join(RECORD_TYPES)}"
    if batch.size <= batch.first_index or sum(counts.values()) != batch.size - batch.first_index:
        return "its counts do not add up to its leaves"
    return ""
