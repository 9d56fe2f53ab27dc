"""Making a contract and stopping it: interrupted, in another's way, and refused."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from models.errors import LedgerError
from models.ledger.chain.backends import RpcBackend
from models.ledger.chain.evm import EvmChain
from models.ledger.chain.journal import State
from models.ledger.chain.operating import ContractOperator
from models.settings import Settings
from tests.anchoring_parts import (
    FakeClock,
    anchorer_of,
    deploy_ledger,
    local_signer,
    make_pace,
    make_settings,
    mine_on_sleep,
    mine_once,
)
from tests.anvil import Anvil, start_anvil
from tests.ledger_parts import make_ledger


@pytest.fixture(scope="module")
def chain() -> Iterator[Anvil]:
    """One chain; every test deploys a contract of its own."""
    with start_anvil() as running:
        yield running


def _operator(
    chain: Anvil, settings: Settings, private: Path, clock: FakeClock, **more: Any
) -> ContractOperator:
    number = more.pop("signer", 0)
    return ContractOperator(
        private,
        EvmChain(RpcBackend(chain.url)),
        settings,
        lambda _: local_signer(number),
        make_pace(clock),
        lambda _: None,
        **more,
    )


def _nonce(chain: Anvil) -> int:
    return int(chain.ask("eth_getTransactionCount", chain.accounts[0], "latest"), 16)


def test_an_interrupted_deployment_goes_on_with_the_same_contract(
    chain: Anvil, tmp_path: Path
) -> None:
    ledger = make_ledger(tmp_path, 5)
    settings = make_settings(chain, "")
    before = _nonce(chain)
    clock = FakeClock(on_sleep=mine_once(chain))
    done = _operator(chain, settings, ledger.private_folder, clock).deploy()
    assert done is not None
    assert (done.state, done.contract) == (State.MINED, "")
    elsewhere = make_settings(chain, "0x" + "1" * 40)
    with (
        anchorer_of(ledger, elsewhere, FakeClock()) as anchorer,
        pytest.raises(LedgerError, match="A contract is being made"),
    ):
        anchorer.anchor()
    clock = FakeClock(on_sleep=mine_on_sleep(chain))
    done = _operator(chain, settings, ledger.private_folder, clock).deploy()
    assert done is not None
    assert done.state is State.FINALIZED
    assert _nonce(chain) == before + 1
    with anchorer_of(ledger, make_settings(chain, done.contract), clock) as anchorer:
        assert anchorer.anchor().state is State.FINALIZED


def test_what_is_not_confirmed_is_not_sent(chain: Anvil, tmp_path: Path) -> None:
    ledger = make_ledger(tmp_path)
    before = _nonce(chain)
    settings = make_settings(chain, "")
    refusing = _operator(
        chain, settings, ledger.private_folder, FakeClock(), confirm=lambda *_: False
    )
    assert refusing.deploy() is None
    assert _nonce(chain) == before


def test_an_anchor_under_way_is_finished_before_anything_else_is_sent(
    chain: Anvil, tmp_path: Path
) -> None:
    ledger = make_ledger(tmp_path, 5)
    settings = make_settings(chain, deploy_ledger(chain))
    with anchorer_of(ledger, settings, FakeClock(on_sleep=mine_once(chain))) as anchorer:
        assert anchorer.anchor().state is State.MINED
    operator = _operator(chain, settings, ledger.private_folder, FakeClock())
    with pytest.raises(LedgerError, match=r"Another transaction is under way \(anchor\)"):
        operator.pause()


def test_a_pause_under_way_is_finished_by_anchoring(chain: Anvil, tmp_path: Path) -> None:
    ledger = make_ledger(tmp_path, 5)
    settings = make_settings(chain, deploy_ledger(chain))
    clock = FakeClock(on_sleep=mine_once(chain))
    done = _operator(chain, settings, ledger.private_folder, clock).pause()
    assert done is not None
    assert done.state is State.MINED
    clock = FakeClock(on_sleep=mine_on_sleep(chain))
    with (
        anchorer_of(ledger, settings, clock) as anchorer,
        pytest.raises(LedgerError, match="The contract is paused"),
    ):
        anchorer.anchor()
    assert not anchorer.journal.path.exists()


def test_only_the_operator_may_pause(chain: Anvil, tmp_path: Path) -> None:
    ledger = make_ledger(tmp_path)
    settings = make_settings(chain, deploy_ledger(chain))
    stranger = _operator(chain, settings, ledger.private_folder, FakeClock(), signer=1)
    with pytest.raises(LedgerError, match="The contract listens to"):
        stranger.pause()


def test_a_node_of_another_chain_gets_no_contract(chain: Anvil, tmp_path: Path) -> None:
    ledger = make_ledger(tmp_path)
    before = _nonce(chain)
    settings = make_settings(chain, "", ledger_chain_id=1)
    with pytest.raises(LedgerError, match="serves the chain 31337, not 1"):
        _operator(chain, settings, ledger.private_folder, FakeClock()).deploy()
    assert _nonce(chain) == before
