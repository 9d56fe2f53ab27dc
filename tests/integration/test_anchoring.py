"""Anchoring on a real EVM: the usual way, and what is refused before anything is spent."""

from __future__ import annotations

import hashlib
import json
import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest
from eth_hash.auto import keccak

from models.errors import LedgerError
from models.ledger.chain.anchoring import open_anchorer
from models.ledger.chain.contract import UsageLedgerContract
from models.ledger.chain.erc7053 import manifest_cid
from models.ledger.chain.errors import ChainAwayError, ForkedHeadError
from models.ledger.chain.heads import Standing
from models.ledger.chain.journal import State
from models.ledger.chain.receipts import Receipt
from models.ledger.log import UsageLedger
from models.ledger.verification import verify_ledger
from tests.anchoring_parts import (
    FakeClock,
    anchored_events,
    anchorer_of,
    contract_head,
    deploy_ledger,
    ledger_at,
    make_pace,
    make_settings,
    mine_on_sleep,
    mine_once,
    receipt_files,
)
from tests.anvil import Anvil, start_anvil
from tests.ledger_parts import make_ledger, make_records
from verifier.cli import read_trust, show, verify

STAMP = 1_800_000_000


@pytest.fixture(scope="module")
def chain() -> Iterator[Anvil]:
    """One chain; every test deploys a contract of its own."""
    with start_anvil() as running:
        yield running


def _spent(chain: Anvil) -> int:
    return int(chain.ask("eth_getTransactionCount", chain.accounts[0], "latest"), 16)


def test_the_head_stands_on_the_chain_and_its_receipt_says_where(
    chain: Anvil, tmp_path: Path
) -> None:
    ledger = make_ledger(tmp_path, 5, 7)
    contract = deploy_ledger(chain)
    clock = FakeClock(on_sleep=mine_on_sleep(chain))
    with anchorer_of(ledger, make_settings(chain, contract), clock) as anchorer:
        outcome = anchorer.anchor()
    assert (outcome.size, outcome.state, outcome.sent) == (12, State.FINALIZED, True)
    assert contract_head(chain, contract) == (12, 1, ledger.head().root)
    receipt = Receipt.decode((ledger.public_folder / "receipts/12.json").read_bytes())
    manifest = (ledger.public_folder / "anchors/12.json").read_bytes()
    assert receipt.manifest == hashlib.sha256(manifest).hexdigest()
    assert (receipt.size, receipt.sequence, receipt.contract) == (12, 1, contract)
    entry = anchored_events(chain, contract)[0]
    assert receipt.tx_hash == entry["transactionHash"]
    assert receipt.block_hash == entry["blockHash"]
    assert receipt.log_index == int(entry["logIndex"], 16)
    assert not anchorer.journal.path.exists()


def test_the_manifest_lists_the_batches_since_the_last_anchored_head(
    chain: Anvil, tmp_path: Path
) -> None:
    ledger = make_ledger(tmp_path, 5)
    settings = make_settings(chain, deploy_ledger(chain))
    clock = FakeClock(on_sleep=mine_on_sleep(chain))
    with anchorer_of(ledger, settings, clock) as anchorer:
        anchorer.anchor()
        ledger.append("b1", make_records(3, 100), STAMP)
        ledger.append("b2", make_records(300, 200), STAMP)
        anchorer.anchor()
    value = json.loads((ledger.public_folder / "anchors/308.json").read_bytes())
    assert [batch["id"] for batch in value["batches"]] == ["b1", "b2"]
    digest = hashlib.sha256((ledger.public_folder / "batches/b2.json").read_bytes()).hexdigest()
    assert value["batches"][1]["sha256"] == digest
    assert (value["size"], value["origin"]) == (308, ledger.head().origin)
    assert receipt_files(ledger) == ["308.json", "5.json"]


def test_a_head_that_is_anchored_is_not_anchored_again(chain: Anvil, tmp_path: Path) -> None:
    ledger = make_ledger(tmp_path, 5)
    settings = make_settings(chain, deploy_ledger(chain))
    clock = FakeClock(on_sleep=mine_on_sleep(chain))
    with anchorer_of(ledger, settings, clock) as anchorer:
        anchorer.anchor()
        before = _spent(chain)
        outcome = anchorer.anchor()
    assert (outcome.sent, outcome.state) == (False, State.FINALIZED)
    assert _spent(chain) == before


def test_an_empty_log_is_not_anchored(chain: Anvil, tmp_path: Path) -> None:
    ledger = make_ledger(tmp_path)
    with anchorer_of(ledger, make_settings(chain, deploy_ledger(chain)), FakeClock()) as anchorer:
        assert anchorer.anchor().state is None


def test_no_receipt_is_published_before_the_block_is_final(chain: Anvil, tmp_path: Path) -> None:
    ledger = make_ledger(tmp_path, 5)
    settings = make_settings(chain, deploy_ledger(chain))
    with anchorer_of(ledger, settings, FakeClock(on_sleep=mine_once(chain))) as anchorer:
        assert anchorer.anchor().state is State.MINED
        assert receipt_files(ledger) == []
        chain.finalize()
        assert anchorer.anchor().state is State.FINALIZED
    assert receipt_files(ledger) == ["5.json"]


def test_the_plan_says_what_it_would_take_and_sends_nothing(chain: Anvil, tmp_path: Path) -> None:
    ledger = make_ledger(tmp_path, 5)
    settings = make_settings(chain, deploy_ledger(chain))
    before = _spent(chain)
    with anchorer_of(ledger, settings, FakeClock()) as anchorer:
        plan = anchorer.plan()
    assert (plan.standing, plan.size, plan.anchored, plan.proof) == (Standing.NEWER, 5, 0, 0)
    assert plan.cost is not None
    assert plan.cost.gas > 21_000
    assert _spent(chain) == before


def test_a_lost_receipt_is_found_on_the_chain_again(chain: Anvil, tmp_path: Path) -> None:
    ledger = make_ledger(tmp_path, 5)
    settings = make_settings(chain, deploy_ledger(chain))
    with anchorer_of(ledger, settings, FakeClock(on_sleep=mine_on_sleep(chain))) as anchorer:
        anchorer.anchor()
        path = ledger.public_folder / "receipts/5.json"
        content = path.read_bytes()
        path.unlink()
        assert anchorer.anchor().state is State.FINALIZED
    assert path.read_bytes() == content


def test_another_account_than_the_operator_is_refused_before_anything_is_spent(
    chain: Anvil, tmp_path: Path
) -> None:
    ledger = make_ledger(tmp_path, 5)
    settings = make_settings(chain, deploy_ledger(chain, operator=1))
    before = _spent(chain)
    with (
        anchorer_of(ledger, settings, FakeClock()) as anchorer,
        pytest.raises(LedgerError, match=r"takes heads from .* settings name the account"),
    ):
        anchorer.anchor()
    assert _spent(chain) == before


def test_a_node_of_another_chain_is_refused(chain: Anvil, tmp_path: Path) -> None:
    ledger = make_ledger(tmp_path, 5)
    settings = make_settings(chain, deploy_ledger(chain), ledger_chain_id=1)
    with (
        anchorer_of(ledger, settings, FakeClock()) as anchorer,
        pytest.raises(LedgerError, match="serves the chain 31337, not 1"),
    ):
        anchorer.anchor()


def test_an_address_without_a_contract_is_refused(chain: Anvil, tmp_path: Path) -> None:
    ledger = make_ledger(tmp_path, 5)
    settings = make_settings(chain, "0x" + "12" * 20)
    with (
        anchorer_of(ledger, settings, FakeClock()) as anchorer,
        pytest.raises(LedgerError, match="There is no contract"),
    ):
        anchorer.anchor()


def test_a_log_that_is_older_than_the_chain_is_refused(chain: Anvil, tmp_path: Path) -> None:
    ledger = make_ledger(tmp_path / "log", 5)
    shutil.copytree(tmp_path / "log", tmp_path / "backup")
    settings = make_settings(chain, deploy_ledger(chain))
    ledger.append("b1", make_records(3, 100), STAMP)
    with anchorer_of(ledger, settings, FakeClock(on_sleep=mine_on_sleep(chain))) as anchorer:
        anchorer.anchor()
    before = _spent(chain)
    with (
        anchorer_of(ledger_at(tmp_path / "backup"), settings, FakeClock()) as anchorer,
        pytest.raises(LedgerError, match="8 entries, and the log has 5: it is an older copy"),
    ):
        anchorer.anchor()
    assert _spent(chain) == before


def test_a_log_that_does_not_lead_to_the_chains_root_is_refused_loudly(
    chain: Anvil, tmp_path: Path
) -> None:
    settings = make_settings(chain, deploy_ledger(chain))
    clock = FakeClock(on_sleep=mine_on_sleep(chain))
    with anchorer_of(make_ledger(tmp_path / "one", 5), settings, clock) as anchorer:
        anchorer.anchor()
    before = _spent(chain)
    other = make_ledger(tmp_path / "two", 9)
    with (
        anchorer_of(other, settings, FakeClock()) as anchorer,
        pytest.raises(ForkedHeadError, match=r"^FORK: "),
    ):
        anchorer.anchor()
    assert _spent(chain) == before
    assert not (other.public_folder / "anchors").exists()


def test_gas_above_the_limit_is_not_paid(chain: Anvil, tmp_path: Path) -> None:
    settings = make_settings(chain, deploy_ledger(chain), ledger_max_fee_gwei=1e-9)
    before = _spent(chain)
    with (
        anchorer_of(make_ledger(tmp_path, 5), settings, FakeClock()) as anchorer,
        pytest.raises(LedgerError, match="more than the 1e-09 of ledger_max_fee_gwei"),
    ):
        anchorer.anchor()
    assert _spent(chain) == before


def test_an_account_without_money_is_told_so_before_anything_is_sent(
    chain: Anvil, tmp_path: Path
) -> None:
    settings = make_settings(chain, deploy_ledger(chain, operator=1))
    had = chain.ask("eth_getBalance", chain.accounts[1], "latest")
    chain.ask("anvil_setBalance", chain.accounts[1], "0x1")
    try:
        with (
            anchorer_of(make_ledger(tmp_path, 5), settings, FakeClock(), signer=1) as anchorer,
            pytest.raises(LedgerError, match=r"holds 0\.000000"),
        ):
            anchorer.anchor()
        assert not anchorer.journal.path.exists()
    finally:
        chain.ask("anvil_setBalance", chain.accounts[1], had)


def test_a_chain_that_is_away_leaves_the_log_as_it_is(chain: Anvil, tmp_path: Path) -> None:
    ledger = make_ledger(tmp_path, 5)
    settings = make_settings(chain, "0x" + "12" * 20, ledger_rpc="http://127.0.0.1:9")
    with (
        anchorer_of(ledger, settings, FakeClock()) as anchorer,
        pytest.raises(ChainAwayError, match="gives no usable answer"),
    ):
        anchorer.anchor()
    assert not (ledger.public_folder / "anchors").exists()


def test_what_is_under_way_on_another_contract_is_not_forgotten(
    chain: Anvil, tmp_path: Path
) -> None:
    ledger = make_ledger(tmp_path, 5)
    clock = FakeClock(on_sleep=mine_once(chain))
    with anchorer_of(ledger, make_settings(chain, deploy_ledger(chain)), clock) as anchorer:
        assert anchorer.anchor().state is State.MINED
    elsewhere = make_settings(chain, deploy_ledger(chain))
    with (
        anchorer_of(ledger, elsewhere, FakeClock()) as anchorer,
        pytest.raises(LedgerError, match="A transaction is under way on chain 31337"),
    ):
        anchorer.anchor()


def test_without_a_chain_id_nothing_is_anchored(chain: Anvil, tmp_path: Path) -> None:
    settings = make_settings(chain, deploy_ledger(chain), ledger_chain_id=0)
    with (
        pytest.raises(LedgerError, match="Set ledger_chain_id"),
        anchorer_of(make_ledger(tmp_path, 5), settings, FakeClock()),
    ):
        pass


def test_a_node_that_is_behind_what_receipts_say_is_refused(chain: Anvil, tmp_path: Path) -> None:
    ledger = make_ledger(tmp_path, 5)
    settings = make_settings(chain, deploy_ledger(chain))
    before = chain.ask("evm_snapshot")
    with anchorer_of(ledger, settings, FakeClock(on_sleep=mine_on_sleep(chain))) as anchorer:
        anchorer.anchor()
        chain.ask("evm_revert", before)
        with pytest.raises(LedgerError, match="the node shows 0 entries there"):
            anchorer.anchor()


def test_a_new_contract_takes_the_next_head_and_the_old_receipts_stay(
    chain: Anvil, tmp_path: Path
) -> None:
    ledger = make_ledger(tmp_path, 5)
    clock = FakeClock(on_sleep=mine_on_sleep(chain))
    with anchorer_of(ledger, make_settings(chain, deploy_ledger(chain)), clock) as anchorer:
        anchorer.anchor()
    before = (ledger.public_folder / "anchors/5.json").read_bytes()
    with anchorer_of(ledger, make_settings(chain, deploy_ledger(chain)), clock) as anchorer:
        with pytest.raises(LedgerError, match="anchored on another contract"):
            anchorer.anchor()
        ledger.append("b1", make_records(3, 100), STAMP)
        anchorer.anchor()
    assert (ledger.public_folder / "anchors/5.json").read_bytes() == before
    value = json.loads((ledger.public_folder / "anchors/8.json").read_bytes())
    assert [batch["id"] for batch in value["batches"]] == ["b1"]


def _verify(ledger: UsageLedger, chain: Anvil, contract: str) -> int:
    """The exit code of the independent verifier, once the ledger's own finds nothing."""
    report = verify_ledger(ledger.public_folder, ledger.vkey, ledger.private_folder)
    assert report.ok, report.checks
    trust = read_trust(ledger.vkey, chain.url, contract)
    return show(verify([str(ledger.public_folder)], trust), as_json=False)[1]


def test_a_log_that_changed_its_contract_and_went_back_verifies_with_either(
    chain: Anvil, tmp_path: Path
) -> None:
    ledger = make_ledger(tmp_path, 5)
    one, other = deploy_ledger(chain), deploy_ledger(chain)
    for number, contract in enumerate((one, other, one)):
        clock = FakeClock(on_sleep=mine_on_sleep(chain))
        with anchorer_of(ledger, make_settings(chain, contract), clock) as anchorer:
            assert anchorer.anchor().state is State.FINALIZED
        ledger.append(f"c{number}", make_records(2, 100 * number), STAMP)
    assert [_verify(ledger, chain, contract) for contract in (one, other)] == [0, 0]


@pytest.mark.parametrize("grown", [False, True])
def test_a_backup_from_before_an_anchor_gets_its_manifest_and_receipt_back(
    chain: Anvil, tmp_path: Path, *, grown: bool
) -> None:
    contract = deploy_ledger(chain)
    settings, clock = make_settings(chain, contract), FakeClock(on_sleep=mine_on_sleep(chain))
    ledger = make_ledger(tmp_path / "now", 5)
    shutil.copytree(tmp_path / "now", tmp_path / "backup")
    with anchorer_of(ledger, settings, clock) as anchorer:
        anchorer.anchor()
    restored = make_ledger(tmp_path / "backup", 5)
    if grown:
        restored.append("b1", make_records(2, 100), STAMP)
    with anchorer_of(restored, settings, clock) as anchorer:
        assert anchorer.anchor().state is State.FINALIZED
    for name in ("anchors/5.json", "receipts/5.json"):
        kept = (ledger.public_folder / name).read_bytes()
        assert (restored.public_folder / name).read_bytes() == kept
    assert _verify(restored, chain, contract) == 0


def test_a_manifest_that_is_not_the_anchored_one_leaves_the_head_without_a_receipt(
    chain: Anvil, tmp_path: Path
) -> None:
    settings = make_settings(chain, deploy_ledger(chain))
    clock, heard = FakeClock(on_sleep=mine_on_sleep(chain)), list[str]()
    ledger = make_ledger(tmp_path, 5)
    with anchorer_of(ledger, settings, clock, heard=heard) as anchorer:
        anchorer.anchor()
        (ledger.public_folder / "receipts/5.json").unlink()
        (ledger.public_folder / "anchors/5.json").write_bytes(b"{}\n")
        outcome = anchorer.anchor()
    assert (outcome.state, outcome.receipt) == (State.FINALIZED, None)
    assert "is lost" in heard[-1]
    assert receipt_files(ledger) == []


def test_a_head_that_the_contract_refuses_in_its_block_is_told_and_not_kept(
    chain: Anvil, tmp_path: Path
) -> None:
    ledger = make_ledger(tmp_path, 5)
    contract = deploy_ledger(chain)
    pause = "0x" + UsageLedgerContract().pause().hex()

    def happen(turn: int) -> None:
        if turn == 1:  # the contract is paused in the block before ours
            raw = anchorer.journal.load()
            assert raw is not None
            chain.drop_waiting()
            chain.ask("anvil_setNonce", chain.accounts[0], hex(raw.nonce - 1))
            chain.post(chain.accounts[0], contract, pause)
        chain.mine()

    settings = make_settings(chain, contract)
    with (
        chain.by_hand(),
        anchorer_of(ledger, settings, FakeClock(on_sleep=happen)) as anchorer,
        pytest.raises(LedgerError, match="The contract refused the transaction 0x"),
    ):
        anchorer.anchor()
    assert not anchorer.journal.path.exists()
    assert receipt_files(ledger) == []


def test_an_external_signer_signs_what_it_is_asked_to(chain: Anvil, tmp_path: Path) -> None:
    ledger = make_ledger(tmp_path, 5)
    contract = deploy_ledger(chain, operator=2)
    settings = make_settings(chain, contract, ledger_signer=chain.url)
    pace = make_pace(FakeClock(on_sleep=mine_on_sleep(chain)))
    with open_anchorer(settings, ledger, pace=pace) as anchorer:
        assert anchorer.anchor().state is State.FINALIZED
    assert contract_head(chain, contract)[0] == 5


def test_manifests_are_committed_for_indexers_once_each(chain: Anvil, tmp_path: Path) -> None:
    ledger = make_ledger(tmp_path, 5)
    contract = deploy_ledger(chain)
    settings = make_settings(chain, contract, ledger_commit_manifests=True)
    with anchorer_of(ledger, settings, FakeClock(on_sleep=mine_on_sleep(chain))) as anchorer:
        anchorer.anchor()
        anchorer.anchor()
    topic = "0x" + keccak(b"Commit(address,string,string)").hex()
    cid = "0x" + keccak(manifest_cid(next(anchorer.files.receipts())).encode()).hex()
    asked = {"address": contract, "fromBlock": "0x0", "toBlock": "latest", "topics": [topic]}
    topics = [entry["topics"] for entry in chain.ask("eth_getLogs", asked)]
    assert topics == [[topic, "0x" + "0" * 24 + chain.accounts[0][2:], cid]]
