"""The ledger's own verification of the files about anchored heads."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path

import pytest

from models.ledger.chain.receipts import AnchorFiles, Receipt, encode_manifest
from models.ledger.commitments import encode_canonical
from models.ledger.log import UsageLedger
from models.ledger.note import Checkpoint
from models.ledger.verification import verify_ledger
from tests.ledger_parts import ORIGIN, make_ledger

SIZES = (5, 9)


@pytest.fixture
def public(tmp_path: Path) -> Path:
    """A log of three batches; the heads of 5 and of 9 entries have manifest and receipt."""
    ledger = make_ledger(tmp_path, 5, 3, 1)
    files, batches, last = AnchorFiles(ledger.public_folder), ledger.batches(), 0
    for number, size in enumerate(SIZES, start=1):
        members = [batch for batch in batches if last <= batch.first_index < size]
        head = Checkpoint(ORIGIN, size, bytes.fromhex(members[-1].root))
        data = encode_manifest(head, ledger.public_folder / "batches", members)
        manifest = files.write_manifest(size, data)
        files.write_receipt(_receipt(size, members[-1].root, manifest, number))
        last = size
    return ledger.public_folder


def _receipt(size: int, root: str, manifest: str, number: int) -> Receipt:
    digest = "0x" + "1" * 64
    return Receipt(size, root, manifest, number, 1, "0x" + "2" * 40, digest, digest, number, 0)


def _failures(public: Path) -> list[str]:
    report = verify_ledger(public, (public / "vkey").read_text().strip())
    return [f"{check.name}: {check.detail}" for check in report.failures]


def _change(name: str, **fields: object) -> Callable[[Path], object]:
    def rewrite(public: Path) -> None:
        value = json.loads((public / name).read_bytes()) | fields
        (public / name).write_bytes(encode_canonical(value) + b"\n")

    return rewrite


def test_honest_manifests_and_receipts_pass(public: Path) -> None:
    assert _failures(public) == []


@pytest.mark.parametrize(
    ("tamper", "named"),
    [
        (_change("anchors/9.json", root="0" * 64), "anchors/9.json does not name"),
        (_change("anchors/9.json", batches=[]), "anchors/9.json does not name"),
        (_change("receipts/9.json", root="0" * 64), "receipts/9.json is not the receipt"),
        (_change("receipts/9.json", size=5), "receipts/9.json is not the receipt"),
        (_change("receipts/9.json", sequence="1"), "receipts/9.json: The file is not a receipt"),
        (lambda public: (public / "anchors/5.json").unlink(), "anchors/9.json does not name"),
        (lambda public: (public / "anchors/9.json").unlink(), "receipts/9.json is not the receipt"),
        (lambda public: (public / "anchors/7.json").write_bytes(b"{}\n"), "anchors/7.json is of"),
        (lambda public: (public / "receipts/9.json").write_bytes(b"{}\n"), "receipts/9.json: The"),
        (lambda public: (public / "anchors/8.json").mkdir(), "anchors/8.json: It is not a regular"),
    ],
)
def test_what_was_changed_is_named(
    public: Path, tamper: Callable[[Path], object], named: str
) -> None:
    tamper(public)
    (failure,) = [each for each in _failures(public) if each.startswith("anchors: ")]
    assert named in failure


def test_a_log_that_is_anchored_nowhere_passes(tmp_path: Path) -> None:
    ledger = UsageLedger.open(tmp_path, ORIGIN)
    assert _failures(ledger.public_folder) == []
