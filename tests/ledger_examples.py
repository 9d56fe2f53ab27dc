"""Writes example files of every ledger format, the same bytes every time: fixed keys, no chance.

    python -m tests.ledger_examples FOLDER

Whoever writes another verifier tests it against ``tests/data/ledger``, which this wrote.
"""

from __future__ import annotations

import hashlib
import itertools
import json
import shutil
import sys
import tempfile
from collections.abc import Callable
from pathlib import Path
from unittest.mock import patch

from models.ledger.log import UsageLedger
from models.ledger.note import Signer, write_secret
from models.ledger.owners.proving import OwnerProof
from models.ledger.references import create_reference_key
from tests.ledger_parts import ORIGIN, make_owned_records, owner_ref

STAMP = 1_800_000_000
_OWNERS = 6


def write_examples(folder: Path) -> None:
    """Write them into a folder that exists."""
    with tempfile.TemporaryDirectory() as scratch, patch("secrets.token_bytes", _counter()):
        ledger = _make_ledger(Path(scratch))
        shutil.copy(ledger.public_folder / "vkey", folder / "vkey")
        shutil.copy(ledger.public_folder / "batches/second.json", folder / "batch.json")
        ledger.prove_inclusion(3, folder / "inclusion.json")
        ledger.prove_inclusion(60, folder / "inclusion-hidden.json", reveal=False)
        ledger.prove_consistency(40, folder / "consistency.json")
        ledger.prove_consistency(40, folder / "consistency-to-60.json", 60)
        ledger.prove_owner("second", owner_ref(1), folder / "completeness.json")
        ledger.prove_owner("first", owner_ref(2), folder / "completeness-hidden.json", reveal=False)
        ledger.prove_owner("third", "", folder / "completeness-operator.json")
        ledger.prove_owner("first", owner_ref(_OWNERS), folder / "absence.json")
        for side in ("left", "right"):
            _find_absence(ledger, folder / f"absence-without-{side}.json", side)


def _make_ledger(folder: Path) -> UsageLedger:
    private = folder / "private"
    private.mkdir(mode=0o700)
    signer = Signer(ORIGIN, hashlib.sha256(b"example key").digest())
    write_secret(private / "signing.key", signer.skey.encode() + b"\n")
    create_reference_key(private / "references.key")
    ledger = UsageLedger.open(folder, ORIGIN)
    digests = {"manifest_sha256": "c" * 64, "policy_sha256": "a" * 64}
    ledger.append("first", make_owned_records(40, _OWNERS), STAMP, **digests)
    ledger.append("second", make_owned_records(20, _OWNERS, 40), STAMP + 1, **digests)
    ledger.append("third", make_owned_records(13, _OWNERS, 60), STAMP + 2)
    return ledger


def _find_absence(ledger: UsageLedger, path: Path, side: str) -> None:
    """An owner whose tag comes before all others, or after them."""
    for number in itertools.count(100):
        proof = ledger.prove_owner("second", owner_ref(number), path)
        if proof is OwnerProof.ABSENCE and json.loads(path.read_bytes())[side] is None:
            return


def _counter() -> Callable[[int | None], bytes]:
    """Stands in for ``secrets.token_bytes``: bytes that only look random."""
    numbers = itertools.count()

    def token_bytes(size: int | None = None) -> bytes:
        data = hashlib.shake_256(b"example %d" % next(numbers))
        return data.digest(32 if size is None else size)

    return token_bytes


if __name__ == "__main__":
    target = Path(sys.argv[1])
    target.mkdir(parents=True, exist_ok=True)
    write_examples(target)
