"""A proof file: verifies with nothing beside it, and with no byte changed."""

from __future__ import annotations

import json
import shutil
from pathlib import Path

import pytest

from models.canonical import canonical_json
from models.errors import LedgerError
from models.ledger.inclusion import verify_inclusion_file
from models.ledger.log import UsageLedger
from tests.ledger_parts import asset_id, make_ledger

SIZE = 325


@pytest.fixture(scope="module")
def ledger(tmp_path_factory: pytest.TempPathFactory) -> UsageLedger:
    return make_ledger(tmp_path_factory.mktemp("ledger"), 3, 2, 280, 40)


@pytest.mark.parametrize("index", [0, 3, 255, 256, SIZE - 1])
def test_a_proof_shows_leaf_and_record(ledger: UsageLedger, tmp_path: Path, index: int) -> None:
    path = tmp_path / "proof.json"
    ledger.prove_inclusion(index, path)
    report = verify_inclusion_file(path, ledger.vkey)
    assert report.failures == ()
    assert [c.name for c in report.checks] == ["key", "checkpoint", "inclusion", "opening"]
    assert (report.size, report.root) == (SIZE, ledger.head().root.hex())
    value = json.loads(path.read_bytes())
    assert value["opening"]["record"]["asset"]["sha256"] == asset_id(index)


def test_a_proof_can_keep_the_record_hidden(ledger: UsageLedger, tmp_path: Path) -> None:
    path = tmp_path / "proof.json"
    ledger.prove_inclusion(7, path, reveal=False)
    assert verify_inclusion_file(path, ledger.vkey).ok
    assert asset_id(7).encode() not in path.read_bytes()
    assert b"salt" not in path.read_bytes()


def test_a_proof_outlives_the_ledger(tmp_path: Path) -> None:
    ledger = make_ledger(tmp_path / "ledger", 10)
    ledger.prove_inclusion(4, tmp_path / "proof.json")
    vkey = ledger.vkey
    shutil.rmtree(tmp_path / "ledger")
    assert verify_inclusion_file(tmp_path / "proof.json", vkey).ok


def test_no_byte_of_a_proof_can_change(ledger: UsageLedger, tmp_path: Path) -> None:
    path = tmp_path / "proof.json"
    ledger.prove_inclusion(100, path)
    data = path.read_bytes()
    for position in range(len(data)):
        changed = bytearray(data)
        changed[position] ^= 1 << (position % 8)
        path.write_bytes(changed)
        assert not verify_inclusion_file(path, ledger.vkey).ok, position
    path.write_bytes(data[:-1])
    assert not verify_inclusion_file(path, ledger.vkey).ok


@pytest.mark.parametrize(
    ("key", "value"),
    [
        ("index", 101),
        ("index", True),
        ("index", "100"),
        ("path", []),
        ("path", None),
        ("leaf", "00" * 32),
        ("opening", {"record": {}, "salt": "00" * 32}),
        ("opening", {"record": {}, "salt": "00"}),
        ("opening", None),
        ("checkpoint", "nonsense"),
        ("checkpoint", 5),
        ("vkey", "nonsense"),
        ("format", "kiyome.inclusion/2"),
        ("more", 1),
    ],
)
def test_a_proof_that_claims_something_else_fails(
    ledger: UsageLedger, tmp_path: Path, key: str, value: object
) -> None:
    path = tmp_path / "proof.json"
    ledger.prove_inclusion(100, path)
    changed = {**json.loads(path.read_bytes()), key: value}
    path.write_bytes(canonical_json(changed) + b"\n")
    assert not verify_inclusion_file(path, ledger.vkey).ok


def test_an_index_that_only_counts_as_a_number_fails(ledger: UsageLedger, tmp_path: Path) -> None:
    path = tmp_path / "proof.json"
    ledger.prove_inclusion(1, path)
    path.write_bytes(path.read_bytes().replace(b'"index":1,', b'"index":true,'))
    assert not verify_inclusion_file(path, ledger.vkey).ok


def test_a_proof_of_another_log_fails(ledger: UsageLedger, tmp_path: Path) -> None:
    other = make_ledger(tmp_path / "other", 3)
    other.prove_inclusion(0, tmp_path / "proof.json")
    assert verify_inclusion_file(tmp_path / "proof.json", None).ok
    report = verify_inclusion_file(tmp_path / "proof.json", ledger.vkey)
    assert "made for another key" in report.failures[0].detail


def test_a_missing_file_is_reported(tmp_path: Path) -> None:
    assert not verify_inclusion_file(tmp_path / "nothing.json", None).ok
    assert not verify_inclusion_file(tmp_path, None).ok


@pytest.mark.parametrize("index", [-1, SIZE])
@pytest.mark.parametrize("reveal", [True, False])
def test_a_leaf_that_is_not_there_cannot_be_proven(
    ledger: UsageLedger, tmp_path: Path, index: int, reveal: bool
) -> None:
    with pytest.raises(LedgerError, match=f"leaf {index}"):
        ledger.prove_inclusion(index, tmp_path / "proof.json", reveal=reveal)
    assert not (tmp_path / "proof.json").exists()
