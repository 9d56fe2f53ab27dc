"""kill -9 at every named point of anchoring: never anchored twice, never lost."""

from __future__ import annotations

import signal
from collections.abc import Iterator
from pathlib import Path

import pytest

from models.ledger.chain.journal import ChainJournal, State
from models.ledger.verification import verify_ledger
from tests.anchoring_parts import (
    FakeClock,
    anchored_events,
    anchorer_of,
    contract_head,
    deploy_ledger,
    make_settings,
    mine_on_sleep,
    receipt_files,
)
from tests.anvil import KEYS, Anvil, start_anvil
from tests.forking import run_code
from tests.ledger_parts import make_ledger, make_records

pytestmark = pytest.mark.kill

POINTS = (
    "chain.manifest",
    "chain.built",
    "chain.sent",
    "chain.noted",
    "chain.mined",
    "chain.finalized",
    "chain.receipt",
    "chain.cleared",
)
ANCHOR = """
import sys
import warnings
warnings.simplefilter("ignore")
from pathlib import Path
from tests.anchoring_parts import anchor_for_real
print(anchor_for_real(Path(sys.argv[1]), *sys.argv[2:]))
"""


@pytest.fixture(scope="module")
def chain() -> Iterator[Anvil]:
    """A chain with a block a second, as processes of their own need it."""
    with start_anvil("--block-time", "1") as running:
        yield running


def _anchor_and_die(
    folder: Path, chain: Anvil, contract: str, failpoint: str, outbid_after: str = "90"
) -> None:
    environment = {"KIYOME_FAILPOINT": failpoint, "KIYOME_LEDGER_KEY": KEYS[0]}
    words = (folder, chain.url, contract, outbid_after)
    result = run_code(ANCHOR, *words, env=environment, timeout=240)
    assert result.returncode == -signal.SIGKILL, result.stderr


def _nonce(chain: Anvil) -> int:
    return int(chain.ask("eth_getTransactionCount", chain.accounts[0], "latest"), 16)


def _anchor(folder: Path, chain: Anvil, contract: str) -> None:
    clock = FakeClock(on_sleep=mine_on_sleep(chain))
    with anchorer_of(make_ledger(folder), make_settings(chain, contract), clock) as anchorer:
        assert anchorer.anchor().state is State.FINALIZED


@pytest.mark.parametrize("failpoint", POINTS)
def test_killed_anywhere_the_head_is_anchored_once_by_the_next_call(
    chain: Anvil, tmp_path: Path, failpoint: str
) -> None:
    ledger = make_ledger(tmp_path, 5)
    contract = deploy_ledger(chain)
    before = _nonce(chain)
    _anchor_and_die(tmp_path, chain, contract, failpoint)
    _anchor(tmp_path, chain, contract)
    assert len(anchored_events(chain, contract)) == 1
    assert _nonce(chain) == before + 1
    assert contract_head(chain, contract) == (5, 1, ledger.head().root)
    assert receipt_files(ledger) == ["5.json"]
    assert sorted(p.name for p in (ledger.private_folder / "chain").iterdir()) == ["lock"]


@pytest.mark.parametrize("failpoint", ["chain.manifest", "chain.built", "chain.noted"])
def test_killed_before_the_block_and_grown_since_every_head_is_anchored_in_order(
    chain: Anvil, tmp_path: Path, failpoint: str
) -> None:
    ledger = make_ledger(tmp_path, 5)
    contract = deploy_ledger(chain)
    _anchor_and_die(tmp_path, chain, contract, failpoint)
    ledger.append("b1", make_records(3, 100), 1_800_000_001)
    _anchor(tmp_path, chain, contract)
    sent = failpoint != "chain.manifest"
    assert contract_head(chain, contract)[:2] == (8, 2 if sent else 1)
    assert receipt_files(ledger) == (["5.json", "8.json"] if sent else ["8.json"])
    anchors = sorted(path.name for path in (ledger.public_folder / "anchors").iterdir())
    assert anchors == receipt_files(ledger)


@pytest.mark.parametrize("failpoint", ["chain.outbid", "chain.outbid:2"])
def test_killed_while_offering_more_any_version_may_be_the_one(
    tmp_path: Path, failpoint: str
) -> None:
    with start_anvil() as slow:
        ledger = make_ledger(tmp_path, 5)
        contract = deploy_ledger(slow)
        slow.ask("evm_setAutomine", False)
        before = _nonce(slow)
        _anchor_and_die(tmp_path, slow, contract, failpoint, "0.2")
        pending = ChainJournal(ledger.private_folder).load()
        assert pending is not None
        assert len(pending.attempts) == (2 if failpoint == "chain.outbid" else 3)
        _anchor(tmp_path, slow, contract)
        assert _nonce(slow) == before + 1
        assert len(anchored_events(slow, contract)) == 1
        assert receipt_files(ledger) == ["5.json"]


def test_killed_after_a_reorganisation_was_noticed_it_is_sent_again(tmp_path: Path) -> None:
    with start_anvil(epoch=32) as chain:
        ledger = make_ledger(tmp_path, 5)
        contract = deploy_ledger(chain)
        _anchor_and_die(tmp_path, chain, contract, "chain.mined")
        chain.mine(2)
        chain.reorganise(3)
        _anchor_and_die(tmp_path, chain, contract, "chain.reorganised")
        clock = FakeClock(on_sleep=lambda _: chain.mine(70))
        with anchorer_of(ledger, make_settings(chain, contract), clock) as anchorer:
            assert anchorer.anchor().state is State.FINALIZED
        assert len(anchored_events(chain, contract)) == 1
        assert receipt_files(ledger) == ["5.json"]


def test_killed_again_and_again_it_is_still_anchored_once(chain: Anvil, tmp_path: Path) -> None:
    ledger = make_ledger(tmp_path, 5)
    contract = deploy_ledger(chain)
    before = _nonce(chain)
    for failpoint in ("chain.built", "chain.sent", "chain.finalized", "chain.receipt"):
        _anchor_and_die(tmp_path, chain, contract, failpoint)
    _anchor(tmp_path, chain, contract)
    assert len(anchored_events(chain, contract)) == 1
    assert _nonce(chain) == before + 1
    assert receipt_files(ledger) == ["5.json"]


def test_the_ledger_verifies_with_what_anchoring_left(chain: Anvil, tmp_path: Path) -> None:
    ledger = make_ledger(tmp_path, 5)
    contract = deploy_ledger(chain)
    _anchor_and_die(tmp_path, chain, contract, "chain.noted")
    assert verify_ledger(ledger.public_folder, ledger.vkey, ledger.private_folder).failures == ()
    _anchor(tmp_path, chain, contract)
    assert verify_ledger(ledger.public_folder, ledger.vkey, ledger.private_folder).failures == ()
