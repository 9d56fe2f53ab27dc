"""Anchoring where the chain reorganises, answers are lost, fees rise and many want to anchor."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Callable, Iterator, Sequence
from itertools import pairwise
from pathlib import Path

import pytest

from models.consent.chain.answers import Answer, Refused, Result, Unanswered
from models.errors import LedgerError
from models.ledger.chain.errors import ChainAwayError
from models.ledger.chain.journal import State
from tests.anchoring_parts import (
    FakeClock,
    anchored_events,
    anchorer_of,
    contract_head,
    deploy_ledger,
    ledger_at,
    make_settings,
    mine_once,
    receipt_files,
)
from tests.anvil import KEYS, Anvil, start_anvil
from tests.ledger_parts import make_ledger, make_records

Ask = Callable[[], Answer]


@pytest.fixture(scope="module")
def chain() -> Iterator[Anvil]:
    """Final after 64 blocks, so that there is room to reorganise."""
    with start_anvil(epoch=32) as running:
        yield running


def _nonce(chain: Anvil) -> int:
    return int(chain.ask("eth_getTransactionCount", chain.accounts[0], "latest"), 16)


def _check_anchored_once(chain: Anvil, contract: str, folder: Path, size: int) -> None:
    ledger = make_ledger(folder)
    events = anchored_events(chain, contract)
    assert len(events) == 1
    assert contract_head(chain, contract) == (size, 1, ledger.head().root)
    receipt = (ledger.public_folder / f"receipts/{size}.json").read_text()
    assert events[0]["blockHash"] in receipt
    assert events[0]["transactionHash"] in receipt
    assert not (ledger.private_folder / "chain/pending.json").exists()


@pytest.mark.parametrize("depth", range(1, 11))
def test_an_anchor_that_a_reorganisation_took_out_is_sent_again(
    chain: Anvil, tmp_path: Path, depth: int
) -> None:
    ledger = make_ledger(tmp_path, 5)
    contract = deploy_ledger(chain)
    chain.mine(12)

    def happen(turn: int) -> None:
        if turn == 1:
            chain.mine()
        elif turn == 2:  # it was seen in its block by now
            chain.mine(depth - 1)
            chain.reorganise(depth)
            assert contract_head(chain, contract)[0] == 0
        else:
            chain.mine(70)

    heard: list[str] = []
    settings = make_settings(chain, contract)
    clock = FakeClock(on_sleep=happen)
    with chain.by_hand(), anchorer_of(ledger, settings, clock, heard=heard) as anchorer:
        assert anchorer.anchor().state is State.FINALIZED
    assert any("reorganisation" in line for line in heard)
    _check_anchored_once(chain, contract, tmp_path, 5)


def test_an_anchor_that_moved_to_another_block_gets_the_receipt_of_that_block(
    chain: Anvil, tmp_path: Path
) -> None:
    ledger = make_ledger(tmp_path, 5)
    contract = deploy_ledger(chain)
    before: list[str] = []

    def happen(turn: int) -> None:
        if turn == 1:
            chain.mine()
        elif turn == 2:
            before.append(anchored_events(chain, contract)[0]["blockHash"])
            pending = anchorer.journal.load()
            assert pending is not None
            chain.mine(2)
            chain.reorganise(3, ("0x" + pending.attempts[0].raw, 1))
        else:
            chain.mine(70)

    settings = make_settings(chain, contract)
    clock = FakeClock(on_sleep=happen)
    with chain.by_hand(), anchorer_of(ledger, settings, clock) as anchorer:
        assert anchorer.anchor().state is State.FINALIZED
    assert anchored_events(chain, contract)[0]["blockHash"] != before[0]
    _check_anchored_once(chain, contract, tmp_path, 5)


def test_a_reorganisation_between_two_calls_is_noticed_by_the_second(
    chain: Anvil, tmp_path: Path
) -> None:
    ledger = make_ledger(tmp_path, 5)
    contract = deploy_ledger(chain)
    settings = make_settings(chain, contract)
    clock = FakeClock(on_sleep=mine_once(chain))
    with (
        chain.by_hand(),
        anchorer_of(ledger, settings, clock, final_within=0.0) as anchorer,
    ):
        assert anchorer.anchor().state is State.MINED
    chain.mine(3)
    chain.reorganise(4)
    ledger.append("b1", make_records(3, 100), 1_800_000_001)
    clock = FakeClock(on_sleep=lambda _: chain.mine(70))
    with anchorer_of(ledger, settings, clock) as anchorer:
        outcome = anchorer.anchor()
    assert (outcome.size, outcome.state) == (8, State.FINALIZED)
    assert receipt_files(ledger) == ["5.json", "8.json"]
    assert len(anchored_events(chain, contract)) == 2


def test_a_transaction_that_waits_is_replaced_by_one_that_offers_more(
    chain: Anvil, tmp_path: Path
) -> None:
    ledger = make_ledger(tmp_path, 5)
    contract = deploy_ledger(chain)
    before = _nonce(chain)

    def happen(turn: int) -> None:
        if turn == 1:
            chain.raise_base_fee(40 * 10**9)
        chain.mine(1 if turn < 6 else 70)

    heard: list[str] = []
    settings = make_settings(chain, contract)
    clock = FakeClock(on_sleep=happen)
    with (
        chain.by_hand(),
        anchorer_of(ledger, settings, clock, heard=heard, outbid_after=3.0) as anchorer,
    ):
        assert anchorer.anchor().state is State.FINALIZED
    assert any("offering up to" in line for line in heard)
    assert _nonce(chain) == before + 1
    _check_anchored_once(chain, contract, tmp_path, 5)


def test_nothing_above_the_limit_is_offered(chain: Anvil, tmp_path: Path) -> None:
    ledger = make_ledger(tmp_path, 5)
    contract = deploy_ledger(chain)
    cap = 60 * 10**9
    settings = make_settings(chain, contract, ledger_max_fee_gwei=60.0)
    with chain.by_hand():
        clock = FakeClock()
        with anchorer_of(ledger, settings, clock, outbid_after=1.0) as anchorer:
            assert anchorer.anchor().state is State.SENT
        pending = anchorer.journal.load()
        assert pending is not None
        offers = [int(attempt.max_fee) for attempt in pending.attempts]
        assert len(offers) > 1
        assert max(offers) <= cap
        assert all(new * 8 >= old * 9 for old, new in pairwise(offers))
    clock = FakeClock(on_sleep=lambda _: chain.mine(70))
    with anchorer_of(ledger, settings, clock) as anchorer:
        anchorer.anchor()
    _check_anchored_once(chain, contract, tmp_path, 5)


def _lose_the_answer(method: str, turn: int, ask: Ask) -> Answer:
    if method == "eth_sendRawTransaction" and turn == 1:
        ask()
        return Unanswered("no answer within 30 s")
    return ask()


def _lose_the_question(method: str, turn: int, ask: Ask) -> Answer:
    if method == "eth_sendRawTransaction" and turn == 1:
        return Unanswered("the connection failed (ConnectError)")
    return ask()


def _know_it_already(method: str, turn: int, ask: Ask) -> Answer:
    if method == "eth_sendRawTransaction" and turn == 1:
        ask()
        return Refused(-32000, "already known")
    return ask()


def _call_the_nonce_used(method: str, turn: int, ask: Ask) -> Answer:
    if method == "eth_sendRawTransaction" and turn == 1:
        ask()
        return Refused(-32000, "nonce too low: next nonce 8, tx nonce 7")
    return ask()


def _be_busy(method: str, turn: int, ask: Ask) -> Answer:
    if method == "eth_sendRawTransaction" and turn == 1:
        return Refused(-32005, "rate limit exceeded")
    return ask()


def _come_and_go(method: str, turn: int, ask: Ask) -> Answer:
    if method == "eth_getTransactionReceipt" and turn in (2, 3):
        return Unanswered("HTTP status 502")
    return ask()


@pytest.mark.parametrize(
    "faults",
    [
        _lose_the_answer,
        _lose_the_question,
        _know_it_already,
        _call_the_nonce_used,
        _be_busy,
        _come_and_go,
    ],
)
def test_what_may_have_been_sent_is_looked_up_and_anchored_once(
    chain: Anvil, tmp_path: Path, faults: Callable[[str, int, Ask], Answer]
) -> None:
    ledger = make_ledger(tmp_path, 5)
    contract = deploy_ledger(chain)
    before = _nonce(chain)
    clock = FakeClock(on_sleep=lambda _: chain.mine(70))
    with anchorer_of(ledger, make_settings(chain, contract), clock, faults=faults) as anchorer:
        assert anchorer.anchor().state is State.FINALIZED
    assert _nonce(chain) == before + 1
    _check_anchored_once(chain, contract, tmp_path, 5)


def test_a_chain_that_goes_away_after_sending_is_asked_again_by_the_next_call(
    chain: Anvil, tmp_path: Path
) -> None:
    def go_away(method: str, turn: int, ask: Ask) -> Answer:
        sent.append(method)
        if "eth_sendRawTransaction" in sent[:-1]:
            return Unanswered("the connection failed (ConnectError)")
        return ask()

    sent: list[str] = []
    ledger = make_ledger(tmp_path, 5)
    contract = deploy_ledger(chain)
    settings = make_settings(chain, contract)
    with (
        anchorer_of(ledger, settings, FakeClock(), faults=go_away) as anchorer,
        pytest.raises(ChainAwayError),
    ):
        anchorer.anchor()
    clock = FakeClock(on_sleep=lambda _: chain.mine(70))
    with anchorer_of(ledger, settings, clock) as anchorer:
        assert anchorer.anchor().state is State.FINALIZED
    _check_anchored_once(chain, contract, tmp_path, 5)


@pytest.mark.parametrize("nonsense", [True, 5, "0x", {}])
def test_a_list_of_events_that_is_none_is_no_answer(
    chain: Anvil, tmp_path: Path, nonsense: object
) -> None:
    ledger, settings = make_ledger(tmp_path, 5), make_settings(chain, deploy_ledger(chain))
    clock = FakeClock(on_sleep=lambda _: chain.mine(70))
    with anchorer_of(ledger, settings, clock, final_within=100.0) as anchorer:
        anchorer.anchor()
    (ledger.public_folder / "receipts/5.json").unlink()

    def answer(method: str, _: int, ask: Ask) -> Answer:
        return Result(nonsense) if method == "eth_getLogs" else ask()

    with (
        anchorer_of(ledger, settings, clock, faults=answer) as anchorer,
        pytest.raises(ChainAwayError, match="no list"),
    ):
        anchorer.anchor()
    assert receipt_files(ledger) == []


def test_a_transaction_that_the_node_forgot_is_sent_again(chain: Anvil, tmp_path: Path) -> None:
    ledger = make_ledger(tmp_path, 5)
    contract = deploy_ledger(chain)

    def happen(turn: int) -> None:
        if turn == 1:
            chain.drop_waiting()
        else:
            chain.mine(70)

    with (
        chain.by_hand(),
        anchorer_of(ledger, make_settings(chain, contract), FakeClock(on_sleep=happen)) as anchorer,
    ):
        assert anchorer.anchor().state is State.FINALIZED
    _check_anchored_once(chain, contract, tmp_path, 5)


def test_a_transaction_in_place_of_ours_is_noticed_once_it_is_final(
    chain: Anvil, tmp_path: Path
) -> None:
    ledger = make_ledger(tmp_path, 5)
    contract = deploy_ledger(chain)

    def happen(turn: int) -> None:
        if turn == 1:  # somebody else sends from our account, with our number
            chain.drop_waiting()
            chain.post(chain.accounts[0], chain.accounts[1], "0x", gas=21_000)
        chain.mine(70)

    heard: list[str] = []
    settings = make_settings(chain, contract)
    with (
        chain.by_hand(),
        anchorer_of(ledger, settings, FakeClock(on_sleep=happen), heard=heard) as anchorer,
    ):
        assert anchorer.anchor().state is State.FINALIZED
    assert any("took the place" in line for line in heard)
    _check_anchored_once(chain, contract, tmp_path, 5)


def test_a_node_that_will_not_have_it_is_quoted_and_the_transaction_kept(
    chain: Anvil, tmp_path: Path
) -> None:
    def refuse(method: str, turn: int, ask: Ask) -> Answer:
        if method == "eth_sendRawTransaction":
            return Refused(-32000, "the sender is on a list")
        return ask()

    ledger = make_ledger(tmp_path, 5)
    contract = deploy_ledger(chain)
    settings = make_settings(chain, contract)
    with (
        anchorer_of(ledger, settings, FakeClock(), faults=refuse) as anchorer,
        pytest.raises(LedgerError, match="the sender is on a list"),
    ):
        anchorer.anchor()
    clock = FakeClock(on_sleep=lambda _: chain.mine(70))
    with anchorer_of(ledger, settings, clock) as anchorer:
        assert anchorer.anchor().state is State.FINALIZED
    _check_anchored_once(chain, contract, tmp_path, 5)


ANCHOR = """
import sys
from pathlib import Path
from tests.anchoring_parts import anchor_for_real
folder, url, contract, batch = sys.argv[1:]
print(anchor_for_real(Path(folder), url, contract, batch=batch))
"""


def _anchor_in_eight(
    folder: Path, chain: Anvil, contract: str, batches: Sequence[str]
) -> list[str]:
    """What eight processes say that anchor at once, each after appending the batch named for it."""
    environment = {**os.environ, "KIYOME_LEDGER_KEY": KEYS[0]}
    command = [sys.executable, "-W", "ignore", "-c", ANCHOR, str(folder), chain.url, contract]
    running = [
        subprocess.Popen(
            [*command, batch],
            env=environment,
            cwd=Path(__file__).resolve().parents[2],
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )
        for batch in batches
    ]
    results = [process.communicate(timeout=240) for process in running]
    assert [process.returncode for process in running] == [0] * len(batches), results
    return [out.strip() for out, _ in results]


def test_eight_processes_anchor_once_and_lose_no_number(tmp_path: Path) -> None:
    with start_anvil("--block-time", "1") as chain:
        make_ledger(tmp_path, 5)
        contract = deploy_ledger(chain)
        before = _nonce(chain)
        said = _anchor_in_eight(tmp_path, chain, contract, [""] * 8)
        assert sorted(said) == ["finalized False"] * 7 + ["finalized True"]
        assert _nonce(chain) == before + 1
        _check_anchored_once(chain, contract, tmp_path, 5)


def test_eight_processes_with_a_batch_each_anchor_all_of_them_and_lose_no_number(
    tmp_path: Path,
) -> None:
    with start_anvil("--block-time", "1") as chain:
        make_ledger(tmp_path, 5)
        contract = deploy_ledger(chain)
        before = _nonce(chain)
        _anchor_in_eight(tmp_path, chain, contract, [f"own{n}" for n in range(8)])
        ledger = ledger_at(tmp_path)
        assert all(ledger.batch(f"own{n}") for n in range(8))
        events = anchored_events(chain, contract)
        size, sequence, root = contract_head(chain, contract)
        assert (size, root) == (5 + 8 * 3, ledger.head().root)
        assert sequence == len(events) == _nonce(chain) - before
        assert len({event["transactionHash"] for event in events}) == len(events)
        assert len(receipt_files(ledger)) == len(events)
        assert not (ledger.private_folder / "chain/pending.json").exists()
