"""The public description of one append: ``batches/<id>.json``, signed by the log's key.

It says where the batch stands in the log, how many records of each type it holds and what the root
of its owner index is, and nothing about any asset or owner. The signature covers a text that can
never be read as a checkpoint: its second line is not a number. Files of the first form, which know
no owners, stay readable.
"""

from __future__ import annotations

import base64
import re
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from models.errors import LedgerError
from models.ledger.commitments import decode_canonical, encode_canonical
from models.ledger.note import Signer, Verifier
from models.ledger.owners.index import is_index_size

FORMAT = "kiyome.batch/2"
FIRST_FORMAT = "kiyome.batch/1"
NO_DIGEST = "0" * 64
RECORD_TYPES = ("correct", "decide", "exclude", "payout", "revoke", "use")
COUNTED_TYPES = ("decide", "exclude", "revoke", "use")
"""The types that every batch counts; the others stand in its counts where it holds some."""
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
class OwnersSummary:
    """What a batch publishes about its owners.

    Attributes:
        records: number of records over all owners: every record of the batch.
        root: root of the owner index tree, in hex.
        size: number of its leaves, dummies included.
    """

    records: int
    root: str
    size: int


@dataclass(frozen=True, slots=True)
class BatchStatement:
    """What the log publishes about a batch.

    Attributes:
        batch: where it stands.
        counts: how many records of each type it holds; see ``COUNTED_TYPES``.
        leaves_sha256: SHA-256 over its leaf hashes, one after another, in hex.
        stamped_at: the time the caller gave it, UTC seconds since 1970.
        owners: its owner index; None in a file of the first form.
        manifest_sha256: digest of the release's dataset manifest, in hex; zeros where it has none.
        policy_sha256: digest of the release's policy, likewise.
    """

    batch: Batch
    counts: dict[str, int]
    leaves_sha256: str
    stamped_at: int
    owners: OwnersSummary | None = None
    manifest_sha256: str = NO_DIGEST
    policy_sha256: str = NO_DIGEST

    def __post_init__(self) -> None:
        problem = _find_problem(self)
        if problem:
            raise LedgerError(f"A batch cannot be described so: {problem}.")

    @property
    def format(self) -> str:
        """The form that its file has."""
        return FIRST_FORMAT if self.owners is None else FORMAT

    def as_dict(self) -> dict[str, Any]:
        """A JSON-ready dictionary."""
        value: dict[str, Any] = {
            **asdict(self.batch),
            "counts": self.counts,
            "format": self.format,
            "leaves_sha256": self.leaves_sha256,
            "stamped_at": self.stamped_at,
        }
        if self.owners is not None:
            value["manifest_sha256"] = self.manifest_sha256
            value["owners"] = asdict(self.owners)
            value["policy_sha256"] = self.policy_sha256
        return value


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


def read_batch_file(path: Path, verifier: Verifier) -> BatchStatement:
    """Read ``batches/<id>.json`` from the disk.

    Raises:
        FileNotFoundError: it is not there.
        LedgerError: it cannot be read, or is not what ``open_batch`` accepts.
    """
    try:
        return open_batch(path.read_bytes(), verifier)
    except FileNotFoundError:
        raise
    except OSError as error:
        raise LedgerError(
            f"The batch's file {path} cannot be read: {error.strerror}.",
            "Restore it from a backup.",
        ) from error
    except LedgerError as error:
        raise LedgerError(f"{path}: {error.problem}", error.remedy) from error


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
    statement = _read_statement(value)
    if statement.as_dict() != value:
        raise ValueError("it holds something unknown")
    return statement


def _read_statement(value: dict[str, Any]) -> BatchStatement:
    batch = Batch(value["batch_id"], value["first_index"], value["size"], value["root"])
    common = (batch, value["counts"], value["leaves_sha256"], value["stamped_at"])
    if value["format"] == FIRST_FORMAT:
        return BatchStatement(*common)
    owners = OwnersSummary(**value["owners"])
    return BatchStatement(*common, owners, value["manifest_sha256"], value["policy_sha256"])


def _signed_text(origin: str, value: Any) -> bytes:
    form = value["format"]
    if form not in (FORMAT, FIRST_FORMAT):
        raise ValueError(f"it is not of the format {FORMAT}")
    return f"{origin}\n{form}\n".encode() + encode_canonical(value) + b"\n"


def _find_problem(statement: BatchStatement) -> str:
    batch, counts = statement.batch, statement.counts
    if not isinstance(batch.batch_id, str) or not _BATCH_ID.fullmatch(batch.batch_id):
        return "its id cannot be a file's name"
    numbers = (batch.first_index, batch.size, statement.stamped_at, *counts.values())
    if any(type(number) is not int or not 0 <= number < 1 << 53 for number in numbers):
        return "a number is missing or negative"
    digests = (batch.root, statement.leaves_sha256, statement.manifest_sha256)
    if not all(_HEX.fullmatch(digest) for digest in (*digests, statement.policy_sha256)):
        return "a digest is not 64 hex digits"
    if not set(COUNTED_TYPES) <= counts.keys() <= set(RECORD_TYPES) or not all(
        counts[kind] for kind in counts.keys() - set(COUNTED_TYPES)
    ):
        return f"its counts are not of {', '.join(RECORD_TYPES)}"
    if batch.size <= batch.first_index or sum(counts.values()) != batch.size - batch.first_index:
        return "its counts do not add up to its leaves"
    return _find_owners_problem(statement.owners, batch.size - batch.first_index)


def _find_owners_problem(owners: OwnersSummary | None, count: int) -> str:
    if owners is None:
        return ""
    if type(owners.records) is not int or owners.records != count:
        return "its owners' records are not all of its leaves"
    if type(owners.size) is not int or not is_index_size(owners.size):
        return "its owner index cannot have so many leaves"
    return "" if _HEX.fullmatch(owners.root) else "its owner index has no root of 64 hex digits"
