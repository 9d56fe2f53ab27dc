"""Anchoring as part of a run: a chain that is away never fails it, a fork does."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from types import SimpleNamespace

import pytest

from flows.cleanse import cleanse
from models.ledger.chain.errors import ForkedHeadError
from models.ledger.chain.pace import Pace
from models.ledger.log import UsageLedger
from models.settings import Settings
from models.summary import Summary
from tasks import anchor
from tests.anchoring_parts import FakeClock, contract_head, deploy_ledger, make_pace, mine_on_sleep
from tests.anvil import KEYS, Anvil, start_anvil
from tests.ledger_parts import make_records
from tests.pipeline import draw_dataset, make_settings

AWAY = "http://127.0.0.1:9"


@pytest.fixture(scope="module")
def chain() -> Iterator[Anvil]:
    """One chain for the module."""
    with start_anvil() as running:
        yield running


@pytest.fixture
def paced(monkeypatch: pytest.MonkeyPatch, chain: Anvil) -> Pace:
    """Runs wait by a fake clock, during which blocks are mined."""
    pace = make_pace(FakeClock(on_sleep=mine_on_sleep(chain)))
    monkeypatch.setattr(anchor, "RUN_PACE", pace)
    monkeypatch.setenv("KIYOME_LEDGER_KEY", KEYS[0])
    return pace


def _anchor(
    monkeypatch: pytest.MonkeyPatch, workspace: Path, **changes: object
) -> dict[str, object]:
    settings = Settings(workspace=workspace, **changes)
    desk = SimpleNamespace(settings=settings, workspace=workspace)
    monkeypatch.setattr(anchor, "open_desk", lambda _: desk)
    found: dict[str, object] = anchor.anchor_head.fn("order")
    return found


def _ledger(workspace: Path, start: int = 0) -> UsageLedger:
    ledger = UsageLedger.open(workspace / "ledger", Settings().ledger_origin)
    ledger.append("b0", make_records(5, start), 1_800_000_000)
    return ledger


def test_a_ledger_in_files_alone_is_left_as_it_is(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    assert _anchor(monkeypatch, tmp_path) == {"state": "", "warning": "", "settled": True}


def test_a_run_anchors_the_head(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, chain: Anvil, paced: Pace
) -> None:
    ledger = _ledger(tmp_path)
    contract = deploy_ledger(chain)
    found = _anchor(
        monkeypatch,
        tmp_path,
        ledger_chain="rpc",
        ledger_rpc=chain.url,
        ledger_chain_id=31337,
        ledger_contract=contract,
    )
    assert (found["state"], found["settled"]) == ("finalized", True)
    assert "every program of this user can read it" in str(found["warning"])
    assert contract_head(chain, contract)[2] == ledger.head().root


def test_a_chain_that_is_away_is_a_warning_and_is_tried_by_the_next_run(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, chain: Anvil, paced: Pace
) -> None:
    _ledger(tmp_path)
    contract = deploy_ledger(chain)
    names = {"ledger_chain": "rpc", "ledger_chain_id": 31337, "ledger_contract": contract}
    found = _anchor(monkeypatch, tmp_path, ledger_rpc=AWAY, **names)
    assert (found["state"], found["settled"]) == ("", False)
    assert "was not anchored" in str(found["warning"])
    assert "kiyome ledger anchor" in str(found["warning"])
    found = _anchor(monkeypatch, tmp_path, ledger_rpc=chain.url, **names)
    assert found["settled"] is True
    assert contract_head(chain, contract)[0] == 5


def test_a_fork_fails_the_run(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, chain: Anvil, paced: Pace
) -> None:
    contract = deploy_ledger(chain)
    names = {
        "ledger_chain": "rpc",
        "ledger_rpc": chain.url,
        "ledger_chain_id": 31337,
        "ledger_contract": contract,
    }
    for name in ("one", "two"):
        (tmp_path / name).mkdir()
    _ledger(tmp_path / "one")
    _ledger(tmp_path / "two", start=50)
    _anchor(monkeypatch, tmp_path / "one", **names)
    with pytest.raises(ForkedHeadError, match="FORK"):
        _anchor(monkeypatch, tmp_path / "two", **names)


@pytest.mark.prefect
def test_a_release_is_published_while_the_chain_is_away(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(anchor, "RUN_PACE", make_pace(FakeClock()))
    settings = make_settings(
        tmp_path,
        ledger_chain="rpc",
        ledger_rpc=AWAY,
        ledger_chain_id=1,
        ledger_contract="0x" + "1" * 40,
    )
    root = draw_dataset(tmp_path / "set", 4)
    value = cleanse(str(root), dataset="set", settings=settings.model_dump(mode="json"))
    summary = Summary.from_dict(value)
    assert summary.release_id
    assert summary.ledger_size > 0
    assert [notice.kind for notice in summary.notices if notice.kind == "anchor"] == ["anchor"]
