"""Checks the files about anchored heads: each manifest against the log, each receipt against its
manifest. Whether a receipt is true only the chain can say: ``kiyome verify --rpc`` asks it.
"""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from pathlib import Path

from models.ledger.batches import BatchStatement
from models.ledger.chain.receipts import Receipt, encode_manifest
from models.ledger.note import Checkpoint
from models.ledger.private_checks import FAULTS, read_bounded
from models.ledger.report import Check, conclude

_MAX_BYTES = 1 << 24


def check_anchors(public: Path, head: Checkpoint, statements: Sequence[BatchStatement]) -> Check:
    """The check ``anchors``.

    A manifest has to be the one that follows from the batches: those since the manifest before it.
    That the batches' roots lead to each other is checked where the tree is walked.
    """
    problems: list[str] = []
    digests: dict[int, tuple[str, str]] = {}
    roots = {statement.batch.size: statement.batch.root for statement in statements}
    last = 0
    for size in _list_sizes(public / "anchors", problems):
        name = f"anchors/{size}.json"
        members = [s.batch for s in statements if last <= s.batch.first_index < size]
        last = size
        try:
            data = read_bounded(public / name, _MAX_BYTES)
            root = roots[size]
            anchored = Checkpoint(head.origin, size, bytes.fromhex(root))
            expected = encode_manifest(anchored, public / "batches", members)
        except KeyError:
            problems.append(f"{name} is of a size that the log never had")
            continue
        except FAULTS as error:
            problems.append(f"{name}: {error}")
            continue
        if data != expected:
            problems.append(f"{name} does not name the head and the batches since the one before")
        digests[size] = root, hashlib.sha256(data).hexdigest()
    count = 0
    for size in _list_sizes(public / "receipts", problems):
        name = f"receipts/{size}.json"
        try:
            receipt = Receipt.decode(read_bounded(public / name, _MAX_BYTES))
        except FAULTS as error:
            problems.append(f"{name}: {error}")
            continue
        count += 1
        if receipt.size != size or (receipt.root, receipt.manifest) != digests.get(size):
            problems.append(f"{name} is not the receipt of anchors/{size}.json")
    detail = f"{len(digests)} anchored heads are of this log, and {count} have their receipt."
    return conclude("anchors", problems, detail)


def _list_sizes(folder: Path, problems: list[str]) -> list[int]:
    """The sizes that files are named for; ``files`` has named whatever else lies there."""
    if folder.exists() and not folder.is_dir():
        problems.append(f"{folder.name} is not a folder")
        return []
    return sorted(
        int(path.stem)
        for path in folder.glob("*.json")
        if path.stem.isascii() and path.stem.isdigit() and len(path.stem) < 17
    )
