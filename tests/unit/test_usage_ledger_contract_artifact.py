"""The committed ABI and bytecode are those of the committed source, and load without a compiler."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest
from eth_utils import keccak

from models.errors import LedgerError
from models.ledger.chain import contract
from models.ledger.chain.contract import ANCHORED_TOPIC, UsageLedgerContract, load_artifact
from tools import build_contract

ROOT = Path(__file__).resolve().parents[2]


def _signatures(kind: str) -> set[str]:
    return {
        f"{entry['name']}({','.join(part['type'] for part in entry['inputs'])})"
        for entry in load_artifact().abi
        if entry["type"] == kind
    }


SOURCES = sorted(build_contract.CONTRACTS.glob("*.vy"))


@pytest.mark.parametrize("source", SOURCES, ids=lambda source: source.stem)
def test_the_committed_file_is_what_the_source_compiles_to(source: Path) -> None:
    assert source.with_suffix(".json").read_bytes() == build_contract.build_artifact(source)


def test_it_compiles_to_the_same_bytes_from_any_folder(tmp_path: Path) -> None:
    code = (
        "import sys; from tools.build_contract import CONTRACTS, build_artifact; "
        "sys.stdout.buffer.write(build_artifact(CONTRACTS / 'UsageLedger.vy'))"
    )
    done = subprocess.run(
        [sys.executable, "-c", code],
        cwd=tmp_path,
        env={**os.environ, "PYTHONPATH": str(ROOT), "PYTHONHASHSEED": "7"},
        capture_output=True,
        check=True,
    )
    assert done.stdout == (ROOT / "contracts/UsageLedger.json").read_bytes()


def test_the_check_finds_an_outdated_file_and_building_mends_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(build_contract, "CONTRACTS", tmp_path)
    (tmp_path / "Small.vy").write_text("# pragma version ==0.4.3\nnumber: public(uint256)\n")
    check, build = ["build_contract.py", "--check"], ["build_contract.py"]
    monkeypatch.setattr(sys, "argv", check)
    assert build_contract.main() == 1
    assert "python tools/build_contract.py" in capsys.readouterr().err
    monkeypatch.setattr(sys, "argv", build)
    assert build_contract.main() == 0
    monkeypatch.setattr(sys, "argv", check)
    assert build_contract.main() == 0
    with (tmp_path / "Small.json").open("ab") as file:
        file.write(b"\n")
    assert build_contract.main() == 1


def test_it_has_the_functions_that_the_ledger_relies_on() -> None:
    assert _signatures("function") == {
        "acceptOperator()",
        "anchor(uint256,bytes32,bytes32,bytes32[])",
        "commit(string,string)",
        "head()",
        "history()",
        "operator()",
        "pause()",
        "paused()",
        "pendingOperator()",
        "proposeOperator(address)",
        "unpause()",
        "verifyConsistency(uint256,bytes32,uint256,bytes32,bytes32[])",
        "verifyInclusion(bytes32,uint256,bytes32[])",
        "verifyInclusionAt(bytes32,uint256,uint256,bytes32,bytes32[])",
    }


def test_its_commit_is_the_one_of_erc_7053() -> None:
    (event,) = (e for e in load_artifact().abi if e["type"] == "event" and e["name"] == "Commit")
    assert [(part["name"], part["type"], part["indexed"]) for part in event["inputs"]] == [
        ("recorder", "address", True),
        ("assetCid", "string", True),
        ("commitData", "string", False),
    ]
    (function,) = (e for e in load_artifact().abi if e.get("name") == "commit")
    assert [part["type"] for part in function["outputs"]] == ["uint256"]


def test_the_event_is_looked_for_by_its_signature() -> None:
    assert "Anchored(uint256,uint256,bytes32,bytes32)" in _signatures("event")
    assert keccak(text="Anchored(uint256,uint256,bytes32,bytes32)") == ANCHORED_TOPIC


def test_the_code_runs_within_the_limit_of_a_contract() -> None:
    assert len(load_artifact().runtime) < 24_576
    assert load_artifact().runtime in load_artifact().bytecode


def test_it_loads_without_the_compiler_and_without_web3() -> None:
    code = (
        "import sys; from models.ledger.chain.contract import UsageLedgerContract; "
        "UsageLedgerContract().deployment('0x' + '11' * 20); "
        "print([name for name in ('vyper', 'web3') if name in sys.modules])"
    )
    done = subprocess.run(
        [sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True, check=True
    )
    assert done.stdout.strip() == "[]"


@pytest.mark.parametrize("content", [None, b"", b"[]", b'{"abi":[],"bytecode":"0xzz"}'])
def test_a_missing_or_damaged_file_is_said_in_a_sentence(
    content: bytes | None, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    damaged = tmp_path / "UsageLedger.json"
    if content is not None:
        damaged.write_bytes(content)
    monkeypatch.setattr(contract, "_ARTIFACTS", tmp_path)
    load_artifact.cache_clear()
    try:
        with pytest.raises(LedgerError, match="missing or damaged"):
            load_artifact()
    finally:
        load_artifact.cache_clear()


@pytest.mark.parametrize("address", ["", "0x12", "11" * 20, "0xABCDEFabcdef" + "0" * 28])
def test_what_is_no_address_is_not_sent(address: str) -> None:
    calls = UsageLedgerContract()
    with pytest.raises(LedgerError, match="is not an address"):
        calls.deployment(address)
    with pytest.raises(LedgerError, match="is not an address"):
        calls.propose_operator(address)


def test_no_contract_is_made_for_the_zero_address() -> None:
    with pytest.raises(LedgerError, match="zero address"):
        UsageLedgerContract().deployment("0x" + "0" * 40)


def test_call_data_holds_hashes_of_32_bytes_and_at_most_64_of_them() -> None:
    calls = UsageLedgerContract()
    whole = bytes(32)
    with pytest.raises(ValueError, match="32 bytes"):
        calls.anchor(1, whole[1:], whole, [])
    with pytest.raises(ValueError, match="32 bytes"):
        calls.anchor(1, whole, whole, [whole + b"0"])
    with pytest.raises(ValueError, match="at most 64"):
        calls.anchor(1, whole, whole, [whole] * 65)
    with pytest.raises(ValueError, match="cannot have"):
        calls.anchor(2**63 + 1, whole, whole, [])
    with pytest.raises(ValueError, match="cannot have"):
        calls.anchor(0, whole, whole, [])
    with pytest.raises(ValueError, match="not an unsigned number"):
        calls.verify_inclusion(whole, -1, [])
    with pytest.raises(ValueError, match="128 bytes"):
        calls.commit("é" * 65, "")
    with pytest.raises(ValueError, match="2048 bytes"):
        calls.commit("", "x" * 2049)


@pytest.mark.parametrize("answer", [b"", bytes(31), bytes(64), bytes(128)])
def test_an_answer_of_another_length_is_none_of_a_ledger(answer: bytes) -> None:
    with pytest.raises(LedgerError, match="not a usage ledger"):
        UsageLedgerContract().read_head(answer)


def test_an_address_or_a_flag_with_stray_bits_is_none_of_a_ledger() -> None:
    with pytest.raises(LedgerError, match="not a usage ledger"):
        UsageLedgerContract().read_address(b"\x01" * 32)
    with pytest.raises(LedgerError, match="not a usage ledger"):
        UsageLedgerContract().read_flag(bytes(31) + b"\x02")
