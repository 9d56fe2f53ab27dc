"""Records the manifest of an anchored head as an ERC-7053 commit, so that indexers of it see it.

The CID is the manifest file's (CIDv1, raw, SHA-256): whoever has the file can compute it, and the
file can be served by IPFS as it is. What was committed last stands in ``private/chain/committed``.
"""

from __future__ import annotations

from models.consent.ipfs.cid import RAW, SHA2_256, Cid
from models.errors import LedgerError
from models.files import write_atomically
from models.ledger.chain.contract import UsageLedgerContract
from models.ledger.chain.journal import ChainJournal
from models.ledger.chain.receipts import MANIFEST_FORMAT, AnchorFiles, Receipt
from models.ledger.commitments import encode_canonical


def manifest_cid(receipt: Receipt) -> str:
    """The CID of an anchored head's manifest."""
    return Cid(1, RAW, SHA2_256, bytes.fromhex(receipt.manifest)).canonical


def encode_manifest_commit(receipt: Receipt) -> bytes:
    """Call data that commits an anchored head's manifest."""
    said = {
        "format": MANIFEST_FORMAT,
        "root": receipt.root,
        "sequence": receipt.sequence,
        "size": receipt.size,
    }
    text = encode_canonical(said).decode()
    return UsageLedgerContract().commit(manifest_cid(receipt), text)


def find_uncommitted(files: AnchorFiles, journal: ChainJournal) -> list[Receipt]:
    """The anchored heads that no commit names yet, oldest first.

    Where nothing was ever committed only the newest counts: the history before is not caught up.

    Raises:
        LedgerError: a receipt, or what was remembered, is damaged.
    """
    receipts = list(files.receipts())
    marker = journal.folder / "committed"
    if not marker.exists():
        return receipts[-1:]
    try:
        last = int(marker.read_bytes())
    except ValueError as error:
        raise LedgerError(
            f"{marker} is damaged.", "Write into it the size of the last head that was committed."
        ) from error
    return [receipt for receipt in receipts if receipt.size > last]


def mark_committed(journal: ChainJournal, size: int) -> None:
    """Remember up to which head manifests are committed."""
    write_atomically(journal.folder / "committed", b"%d\n" % size, 0o600)
