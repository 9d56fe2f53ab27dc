"""The public files about anchored heads: what is anchored, and where it was.

public/anchors/<size>.json     the anchor manifest; its SHA-256 stands on the chain
public/receipts/<size>.json    where on the chain; written once that block is final
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Iterator
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from models.errors import LedgerError
from models.files import write_atomically
from models.ledger.batches import Batch
from models.ledger.commitments import decode_canonical, encode_canonical
from models.ledger.note import Checkpoint

MANIFEST_FORMAT = "kiyome.anchor/1"
RECEIPT_FORMAT = "kiyome.receipt/1"
_NAME = re.compile(r"(0|[1-9][0-9]{0,15})\.json", re.ASCII)
_DIGEST = re.compile(r"[0-9a-f]{64}", re.ASCII)
_PREFIXED = re.compile(r"0x[0-9a-f]{64}", re.ASCII)
_ADDRESS = re.compile(r"0x[0-9a-f]{40}", re.ASCII)


@dataclass(frozen=True, slots=True)
class Receipt:
    """Where a head stands on its chain.

    Attributes:
        size, root, manifest: the head, and the SHA-256 of its anchor manifest; plain hex.
        sequence: which of the contract's heads it is, from 1.
        chain_id: EIP-155 number.
        contract, tx_hash, block_hash: ``0x…``, lower case.
        block_number, log_index: the place of the event.
    """

    size: int
    root: str
    manifest: str
    sequence: int
    chain_id: int
    contract: str
    tx_hash: str
    block_hash: str
    block_number: int
    log_index: int

    def encode(self) -> bytes:
        """The content of the file."""
        return encode_canonical({**asdict(self), "format": RECEIPT_FORMAT}) + b"\n"

    @classmethod
    def decode(cls, data: bytes) -> Receipt:
        """Read what ``encode`` writes.

        Raises:
            LedgerError: it is not a receipt.
        """
        try:
            value: dict[str, Any] = decode_canonical(data.removesuffix(b"\n"))
            known = value.pop("format") == RECEIPT_FORMAT and data.endswith(b"\n")
            receipt = cls(**value)
            if known and receipt._is_sound():
                return receipt
        except (ValueError, KeyError, TypeError) as error:
            raise LedgerError(
                f"The receipt is damaged: {error}.", "Restore it from a backup."
            ) from error
        raise LedgerError("The file is not a receipt.", "Restore it from a backup.")

    def _is_sound(self) -> bool:
        numbers = (self.size, self.sequence, self.chain_id, self.block_number, self.log_index)
        return (
            all(type(number) is int and 0 <= number < 1 << 53 for number in numbers)
            and all(_DIGEST.fullmatch(digest) for digest in (self.root, self.manifest))
            and all(_PREFIXED.fullmatch(digest) for digest in (self.tx_hash, self.block_hash))
            and _ADDRESS.fullmatch(self.contract) is not None
        )


def encode_manifest(head: Checkpoint, batches: Path, members: list[Batch]) -> bytes:
    """The anchor manifest of a head.

    Args:
        head: what is anchored.
        batches: the folder with the batches' files.
        members: the batches since the manifest before, in the order of appending.

    Raises:
        LedgerError: the file of a batch cannot be read.
    """
    try:
        listed = [
            {
                "id": batch.batch_id,
                "sha256": hashlib.sha256(
                    (batches / f"{batch.batch_id}.json").read_bytes()
                ).hexdigest(),
            }
            for batch in members
        ]
    except OSError as error:
        raise LedgerError(
            f"The file of a batch cannot be read: {error}.", "Restore it from a backup."
        ) from error
    value = {
        "batches": listed,
        "format": MANIFEST_FORMAT,
        "origin": head.origin,
        "root": head.root.hex(),
        "size": head.size,
    }
    return encode_canonical(value) + b"\n"


class AnchorFiles:
    """The folders ``anchors`` and ``receipts`` of a ledger's public folder."""

    def __init__(self, public: Path) -> None:
        self._anchors = public / "anchors"
        self._receipts = public / "receipts"

    def manifest_path(self, size: int) -> Path:
        """Where the manifest of a head lies."""
        return self._anchors / f"{size}.json"

    def receipt_path(self, size: int) -> Path:
        """Where the receipt of a head lies."""
        return self._receipts / f"{size}.json"

    def write_manifest(self, size: int, data: bytes) -> str:
        """Write the manifest of the head that is going to be anchored.

        Returns:
            Its SHA-256, in hex.

        Raises:
            LedgerError: a head of this size is anchored elsewhere; its manifest stays.
        """
        if self.receipt_path(size).exists():
            raise LedgerError(
                f"The head of {size} entries is anchored on another contract, as its receipt says.",
                "It is anchored here together with the next release.",
            )
        self._anchors.mkdir(exist_ok=True)
        write_atomically(self.manifest_path(size), data)
        return hashlib.sha256(data).hexdigest()

    def drop_unsent(self, anchored: int) -> None:
        """Remove the manifests of heads beyond the anchored one: none of them was ever sent."""
        for size in _sizes(self._anchors):
            if size > anchored and not self.receipt_path(size).exists():
                self.manifest_path(size).unlink(missing_ok=True)

    def last_manifest(self, before: int) -> int:
        """The size of the newest manifest of fewer entries; 0 where there is none."""
        return max((size for size in _sizes(self._anchors) if size < before), default=0)

    def read_manifest(self, size: int) -> bytes | None:
        """The manifest of a head, or None where there is none."""
        path = self.manifest_path(size)
        return path.read_bytes() if path.is_file() else None

    def write_receipt(self, receipt: Receipt) -> Path:
        """Publish a receipt."""
        self._receipts.mkdir(exist_ok=True)
        path = self.receipt_path(receipt.size)
        write_atomically(path, receipt.encode())
        return path

    def receipts(self) -> Iterator[Receipt]:
        """Every receipt, by size.

        Raises:
            LedgerError: one of them is damaged.
        """
        for size in _sizes(self._receipts):
            path = self.receipt_path(size)
            try:
                receipt = Receipt.decode(path.read_bytes())
            except LedgerError as error:
                raise LedgerError(f"{path}: {error.problem}", error.remedy) from error
            except OSError as error:
                raise LedgerError(
                    f"The receipt {path} cannot be read: {error.strerror}.",
                    "Restore it from a backup.",
                ) from error
            if receipt.size != size:
                raise LedgerError(f"{path} is of {receipt.size} entries.", "Restore it.")
            yield receipt


def _sizes(folder: Path) -> list[int]:
    if not folder.is_dir():
        return []
    matches = (_NAME.fullmatch(path.name) for path in folder.iterdir())
    return sorted(int(match[1]) for match in matches if match)
