"""What the usage ledger says about a release, and how anybody can verify it."""

from __future__ import annotations

import json
from typing import Any, Final

from models.compliance.facts import Facts, Ledger
from models.errors import LedgerError
from models.ledger.chain.receipts import Receipt
from models.ledger.log import UsageLedger
from models.ledger.note import Checkpoint, Verifier, open_note

FILE: Final = "ledger.json"
FORMAT: Final = "kiyome/release-in-ledger/1"
HEAD: Final = "ledger/checkpoint"
BATCH: Final = "ledger/batch.json"
RECEIPT: Final = "ledger/receipt.json"
ANCHOR: Final = "ledger/anchor.json"


def read_ledger(ledger: UsageLedger, release_id: str) -> Ledger:
    """The public files of a ledger about a release: as they were when its batch was appended.

    Raises:
        LedgerError: a file about it is damaged.
    """
    public, verifier = ledger.public_folder, Verifier.parse(ledger.vkey)
    statement = ledger.statement(release_id)
    if statement is None:
        return Ledger(verifier.name, ledger.vkey, {}, None, None, None)
    size = statement.batch.size
    try:
        note = (public / "checkpoints" / str(size)).read_bytes()
        files = {HEAD: note, BATCH: (public / "batches" / f"{release_id}.json").read_bytes()}
        head = Checkpoint.parse(open_note(note, [verifier]))
        receipt = None
        if (anchored := _first_anchor(ledger, size)) is not None:
            files[RECEIPT] = (public / "receipts" / f"{anchored}.json").read_bytes()
            files[ANCHOR] = (public / "anchors" / f"{anchored}.json").read_bytes()
            receipt = Receipt.decode(files[RECEIPT])
    except OSError as error:
        raise LedgerError(
            f"A public file of the usage ledger cannot be read: {error}.",
            "Restore it from a backup.",
        ) from error
    return Ledger(
        verifier.name,
        ledger.vkey,
        files,
        statement.as_dict(),
        {"origin": head.origin, "root": head.root.hex(), "size": head.size},
        json.loads(receipt.encode()) if receipt else None,
    )


def build_ledger(facts: Facts) -> dict[str, Any]:
    """``ledger.json``."""
    ledger = facts.ledger
    chain = ledger.receipt
    where = f" --rpc URL --contract {chain['contract']}" if chain else ""
    return {
        "format": FORMAT,
        "origin": ledger.origin,
        "vkey": ledger.vkey,
        "release": {"id": facts.release.id, "number": facts.release.number},
        "batch": ledger.batch,
        "head": ledger.head,
        "anchor": chain,
        "verify": {
            "this bundle": "kiyome bundle check FILE --key VKEY",
            "the head": f"kiyome verify {HEAD} --key VKEY",
            "the whole ledger": f"kiyome verify PUBLIC_FOLDER --key VKEY{where}",
            "an audit": f"kiyome verify audit draw PUBLIC_FOLDER --key VKEY --release "
            f"{facts.release.id[:12]}{where}",
        },
        "note": "Take VKEY and the contract's address from the operator's site or another source "
        "that you trust, not from this file.",
    }


def _first_anchor(ledger: UsageLedger, size: int) -> int | None:
    """Size of the first head with a receipt that covers so many entries."""
    folder = ledger.public_folder / "receipts"
    sizes = [int(path.stem) for path in folder.glob("[0-9]*.json") if path.stem.isdigit()]
    return min((each for each in sizes if each >= size), default=None)
