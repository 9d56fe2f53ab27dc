"""`kiyome ledger payouts deploy, fund, status` on anvil, in coins and in a token."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from click.testing import CliRunner

from flows.cli import kiyome
from flows.cli.ledger import opening, payouts
from models.errors import KiyomeError, LedgerError
from models.ledger.chain.backends import RpcBackend
from models.ledger.chain.evm import EvmChain
from models.ledger.chain.funding import Claims, find_period, read_funding, read_payouts
from models.ledger.chain.journal import ChainJournal
from models.ledger.compensation.accounts import to_checksum
from models.ledger.compensation.payouts import Payout, PayoutTree
from models.ledger.log import UsageLedger
from models.settings import load_settings
from tests.anchoring_parts import (
    FakeClock,
    anchorer_of,
    make_pace,
    make_settings,
    mine_on_sleep,
)
from tests.anvil import KEYS, Anvil, Contract, start_anvil
from tests.compensation_parts import RULES
from tests.ledger_parts import make_records

Run = Callable[..., str]
NAME = "atelier-2026-Q3"


@pytest.fixture(scope="module")
def chain() -> Iterator[Anvil]:
    """One chain; every test deploys contracts of its own."""
    with start_anvil() as running:
        yield running


@pytest.fixture
def workspace(tmp_path: Path, chain: Anvil, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A workspace whose ledger has entered one period's claims."""
    monkeypatch.chdir(tmp_path)
    for name, value in {
        "WORKSPACE": str(tmp_path / "workspace"),
        "LEDGER_CHAIN": "rpc",
        "LEDGER_RPC": chain.url,
        "LEDGER_KEY": KEYS[0],
    }.items():
        monkeypatch.setenv(f"KIYOME_{name}", value)
    pace = make_pace(FakeClock(on_sleep=mine_on_sleep(chain)), mined_within=100.0)
    for module in (opening, payouts):
        monkeypatch.setattr(module, "make_pace", lambda _: pace)
    (tmp_path / "rules.toml").write_text(RULES)
    folder = tmp_path / "workspace" / "payouts" / NAME
    folder.mkdir(parents=True)
    tree = make_tree(chain)
    claims = {
        "claims": [tree.claim(payout.index) for payout in tree.payouts],
        "root": "0x" + tree.root.hex(),
        "total": str(tree.total),
    }
    data = json.dumps(claims, sort_keys=True, separators=(",", ":")).encode() + b"\n"
    (folder / "claims.json").write_bytes(data)
    ledger = UsageLedger.open(tmp_path / "workspace/ledger", load_settings().ledger_origin)
    digest = hashlib.sha256(data).hexdigest()
    ledger.append(f"payout-{NAME}", make_records(5), 1_800_000_000, manifest_sha256=digest)
    return tmp_path / "workspace"


def make_tree(chain: Anvil) -> PayoutTree:
    """Claims of two accounts."""
    accounts = [to_checksum(account) for account in chain.accounts[1:3]]
    return PayoutTree([Payout(0, accounts[0], 600), Payout(1, accounts[1], 400)])


def _say(*words: str, typed: str = "y\n") -> str:
    result = CliRunner().invoke(
        kiyome, ["ledger", "payouts", *words], input=typed, catch_exceptions=False
    )
    assert result.exit_code == 0, result.output
    return result.output


def _complain(*words: str) -> str:
    with pytest.raises(KiyomeError) as caught:
        _say(*words)
    return str(caught.value)


def _fund(*words: str) -> tuple[str, ...]:
    return ("fund", "--rules", "rules.toml", "--period", "2026-Q3", *words)


def _deploy(monkeypatch: pytest.MonkeyPatch, *words: str) -> str:
    said = _say("deploy", "--yes", *words)
    address = said.split("contract  ")[1].split()[0]
    assert f'ledger_payouts = "{address}"' in said
    monkeypatch.setenv("KIYOME_LEDGER_PAYOUTS", address)
    return address


def _periods(chain: Anvil, address: str) -> int:
    asking = EvmChain(RpcBackend(chain.url))
    try:
        return len(read_payouts(asking, address).periods)
    finally:
        asking.close()


def _tokens(token: Contract, account: str) -> int:
    data = "0x70a08231" + account.removeprefix("0x").rjust(64, "0")
    return int(token.chain.ask("eth_call", {"to": token.address, "data": data}, "latest"), 16)


def test_a_period_is_funded_in_coins_once(
    chain: Anvil, workspace: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    address = _deploy(monkeypatch)
    tried = _say(*_fund("--dry-run"))
    assert "total     1000 of the smallest units" in tried
    assert "first     add the period" in tried
    assert _periods(chain, address) == 0
    assert "funded    period 1" in _say(*_fund("--yes"))
    assert int(chain.ask("eth_getBalance", address, "latest"), 16) == 1000
    assert "funded    period 1" in _say(*_fund("--yes"))
    assert _periods(chain, address) == 1
    assert "period 1" in _say(*_fund("--dry-run"))
    assert ChainJournal(workspace / "ledger/private").load() is None


def test_a_period_is_funded_in_a_token_that_is_approved_first(
    chain: Anvil, workspace: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    token = chain.deploy("plain_token", 5000)
    address = _deploy(monkeypatch, "--token", token.address)
    assert "first     approve" in _say(*_fund("--dry-run"))
    assert "funded    period 1" in _say(*_fund("--yes"))
    assert (_tokens(token, address), _tokens(token, chain.accounts[0])) == (1000, 4000)
    assert "funded    period 1" in _say(*_fund("--yes"))
    assert _tokens(token, address) == 1000


def test_an_allowance_that_is_too_small_is_taken_back_first(
    chain: Anvil, workspace: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    token = chain.deploy("plain_token", 5000)
    address = _deploy(monkeypatch, "--token", token.address)
    token.send("approve", address, 7)
    assert "funded    period 1" in _say(*_fund("--yes"))
    assert _tokens(token, address) == 1000


def test_what_was_added_before_a_crash_is_found_on_the_chain(
    chain: Anvil, workspace: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    address = _deploy(monkeypatch)
    _say(*_fund("--yes"))
    (workspace / "payouts" / NAME / "funding.json").unlink()
    assert "funded    period 1" in _say(*_fund("--yes"))
    assert _periods(chain, address) == 1
    found = read_funding(workspace / "payouts" / NAME)
    assert found is not None
    assert found.period == 1


def test_a_transaction_under_way_is_gone_on_with_and_not_sent_again(
    chain: Anvil, workspace: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    address = _deploy(monkeypatch)
    clock = FakeClock()
    for module in (opening, payouts):
        monkeypatch.setattr(module, "make_pace", lambda _: make_pace(clock))
    with chain.by_hand():
        assert "under way (sent)" in _say(*_fund("--yes"))
        assert "under way (sent)" in _say(*_fund("--yes", "--reclaim-days", "100"))
        chain.mine()
    pace = make_pace(FakeClock(on_sleep=mine_on_sleep(chain)), mined_within=100.0)
    for module in (opening, payouts):
        monkeypatch.setattr(module, "make_pace", lambda _: pace)
    assert "funded    period 1" in _say(*_fund("--yes"))
    assert _periods(chain, address) == 1


def test_without_a_yes_nothing_is_sent(
    chain: Anvil, workspace: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    address = _deploy(monkeypatch)
    assert "Nothing was sent." in _say(*_fund(), typed="n\n")
    assert _periods(chain, address) == 0


def test_claims_that_the_ledger_did_not_enter_are_refused(
    chain: Anvil, workspace: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    _deploy(monkeypatch)
    path = workspace / "payouts" / NAME / "claims.json"
    path.write_bytes(path.read_bytes().replace(b'"total":"1000"', b'"total":"9000"'))
    assert "not the one whose digest" in _complain(*_fund("--yes"))
    path.unlink()
    assert "cannot be read" in _complain(*_fund("--yes"))
    assert "was not entered" in _complain(
        "fund", "--rules", "rules.toml", "--period", "2026-Q4", "--yes"
    )


def test_without_the_money_nothing_is_sent(
    chain: Anvil, workspace: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    token = chain.deploy("plain_token", 999)
    _deploy(monkeypatch, "--token", token.address)
    assert "holds 999 of the smallest units" in _complain(*_fund("--yes"))
    assert "holds 999 of the smallest units" in _complain(*_fund("--dry-run"))


def test_an_address_with_other_code_is_refused(
    chain: Anvil, workspace: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    token = chain.deploy("plain_token", 999)
    monkeypatch.setenv("KIYOME_LEDGER_PAYOUTS", token.address)
    assert "not that of Payouts" in _complain(*_fund("--yes"))
    assert "not that of Payouts" in _complain("status")


def test_another_account_than_the_owners_is_refused(
    workspace: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    _deploy(monkeypatch)
    monkeypatch.setenv("KIYOME_LEDGER_KEY", KEYS[1])
    assert "listens to" in _complain(*_fund("--yes"))


def test_a_second_contract_is_not_made_by_accident(
    workspace: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    _deploy(monkeypatch)
    assert "name a contract already" in _complain("deploy", "--yes")
    monkeypatch.setenv("KIYOME_LEDGER_PAYOUTS", "")
    assert "no token at" in _complain("deploy", "--yes", "--token", "0x" + "12" * 20)
    assert "No contract for payouts is named" in _complain("status")
    assert "No contract for payouts is named" in _complain(*_fund("--yes"))


def test_status_shows_what_is_paid_and_what_is_not(
    workspace: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    _deploy(monkeypatch)
    assert f"not paid  {NAME}" in _say("status")
    _say(*_fund("--yes"))
    said = _say("status")
    assert "period    1: 1000 left to claim" in said
    assert said.rstrip().endswith(NAME)


def test_claims_with_the_root_of_another_period_are_not_taken_for_it(
    chain: Anvil, workspace: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    address = _deploy(monkeypatch)
    _say(*_fund("--yes"))
    asking = EvmChain(RpcBackend(chain.url))
    state = read_payouts(asking, address)
    asking.close()
    tree = make_tree(chain)
    other = Claims("9" * 64, tree.root, 1000, workspace / "payouts" / "atelier-2026-Q4", 2)
    assert find_period(state, other, 31337) is None


def test_anchoring_waits_for_a_payout_that_is_under_way(
    chain: Anvil, workspace: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    _deploy(monkeypatch)
    for module in (opening, payouts):
        monkeypatch.setattr(module, "make_pace", lambda _: make_pace(FakeClock()))
    with chain.by_hand():
        _say(*_fund("--yes"))
        chain.drop_waiting()
        ledger = UsageLedger.open(workspace / "ledger", load_settings().ledger_origin)
        here = make_settings(chain, "0x" + "1" * 40)
        with (
            anchorer_of(ledger, here, FakeClock()) as anchorer,
            pytest.raises(LedgerError, match="of the payouts is under way"),
        ):
            anchorer.anchor()
