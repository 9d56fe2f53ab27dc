"""`kiyome ledger deploy, anchor, status, operator, pause, unpause`, and the doctor, on anvil."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from click.testing import CliRunner

from flows.cli import kiyome
from flows.cli.ledger import anchoring, opening
from flows.diagnosis import Health
from flows.doctoring import check_anchoring
from models.errors import LedgerError
from models.ledger.log import UsageLedger
from models.settings import load_settings
from tests.anchoring_parts import FakeClock, make_pace, mine_on_sleep
from tests.anvil import KEYS, Anvil, start_anvil
from tests.ledger_parts import make_records

Run = Callable[..., str]


@pytest.fixture(scope="module")
def chain() -> Iterator[Anvil]:
    """One chain; every test deploys a contract of its own."""
    with start_anvil() as running:
        yield running


@pytest.fixture
def run(chain: Anvil, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Run:
    """Runs a command in a workspace whose ledger has five entries."""
    settings = {
        "WORKSPACE": str(tmp_path / "workspace"),
        "LEDGER_CHAIN": "rpc",
        "LEDGER_RPC": chain.url,
        "LEDGER_KEY": KEYS[0],
    }
    for name, value in settings.items():
        monkeypatch.setenv(f"KIYOME_{name}", value)
    pace = make_pace(FakeClock(on_sleep=mine_on_sleep(chain)), mined_within=100.0)
    for module in (opening, anchoring):
        monkeypatch.setattr(module, "make_pace", lambda _: pace)
    (tmp_path / "workspace").mkdir()
    ledger = UsageLedger.open(tmp_path / "workspace/ledger", load_settings().ledger_origin)
    ledger.append("b0", make_records(5), 1_800_000_000)

    def invoke(*arguments: str, typed: str = "") -> str:
        result = CliRunner().invoke(
            kiyome, ["ledger", *arguments], input=typed, catch_exceptions=False
        )
        assert result.exit_code == 0, result.output
        return result.output

    return invoke


@pytest.fixture
def deployed(run: Run, monkeypatch: pytest.MonkeyPatch) -> str:
    """A contract that the command deployed, put into the settings as it says."""
    lines = run("deploy", "--yes").splitlines()
    address = next(line.split('"')[1] for line in lines if "ledger_contract =" in line)
    monkeypatch.setenv("KIYOME_LEDGER_CONTRACT", address)
    monkeypatch.setenv("KIYOME_LEDGER_CHAIN_ID", "31337")
    return address


def test_deploy_asks_before_it_spends(run: Run, chain: Anvil) -> None:
    before = chain.height
    said = run("deploy", typed="n\n")
    assert "Nothing was sent." in said
    assert "of the chain's coin" in said
    assert chain.height == before


def test_a_second_contract_is_not_made_by_mistake(run: Run, deployed: str) -> None:
    with pytest.raises(LedgerError, match="name a contract already"):
        run("deploy", "--yes")


def test_from_deploying_to_a_receipt(run: Run, deployed: str, tmp_path: Path) -> None:
    assert "Run `kiyome ledger anchor`" in run("status")
    dry = run("anchor", "--dry-run")
    assert "proof     0 hashes" in dry
    assert "Nothing was sent" in dry
    assert "anchored  5 entries" in run("anchor")
    assert (tmp_path / "workspace/ledger/public/receipts/5.json").is_file()
    said = run("status")
    assert "There is nothing to do." in said
    assert f"on chain  {5} entries" in said
    assert "anchored already" in run("anchor")


def test_the_contract_is_handed_over_in_two_steps(
    run: Run, deployed: str, chain: Anvil, monkeypatch: pytest.MonkeyPatch
) -> None:
    with pytest.raises(LedgerError, match="was offered to 0x0000"):
        run("operator", "accept", "--yes")
    run("operator", "propose", chain.accounts[1], "--yes")
    assert f"offered   to {chain.accounts[1]}" in run("status")
    monkeypatch.setenv("KIYOME_LEDGER_KEY", KEYS[1])
    run("operator", "accept", "--yes")
    assert f"operator {chain.accounts[1]}" in run("status")
    assert "anchored  5 entries" in run("anchor")


def test_a_paused_contract_takes_no_head_until_it_is_unpaused(run: Run, deployed: str) -> None:
    run("pause", "--yes")
    assert "kiyome ledger unpause" in run("status")
    with pytest.raises(LedgerError, match="The contract is paused"):
        run("anchor")
    run("unpause", "--yes")
    assert "anchored  5 entries" in run("anchor")


@pytest.mark.parametrize("account", ["0x12", "kiyome.eth", "12" * 20, "0x" + "zz" * 20])
def test_only_an_address_can_be_proposed(run: Run, deployed: str, account: str) -> None:
    with pytest.raises(LedgerError, match="is not an address"):
        run("operator", "propose", account, "--yes")


def test_a_ledger_in_files_alone_says_how_to_anchor_it(
    run: Run, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("KIYOME_LEDGER_CHAIN", "files")
    assert "There is nothing to do." in run("status")
    monkeypatch.setenv("KIYOME_LEDGER_CONTRACT", "0x" + "1" * 40)
    with pytest.raises(LedgerError, match='Set ledger_chain = "rpc"'):
        run("anchor")


def test_the_doctor_looks_at_the_chain(
    run: Run, deployed: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    found = check_anchoring(load_settings())
    assert (found.health, found.found[:16]) == (Health.WARNING, "0 of 5 entries o")
    run("anchor")
    assert check_anchoring(load_settings()).health is Health.GOOD
    monkeypatch.setenv("KIYOME_LEDGER_CHAIN_ID", "1")
    found = check_anchoring(load_settings())
    assert found.health is Health.BAD
    assert "serves the chain 31337, not 1" in found.found


def test_no_command_shows_the_key(run: Run, deployed: str) -> None:
    said = run("status") + run("anchor") + run("anchor", "--dry-run")
    assert KEYS[0][2:] not in said
