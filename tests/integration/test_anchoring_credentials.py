"""A node that no longer takes the key: said in words, and the head anchored once afterwards."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from models.errors import KiyomeError
from models.ledger.chain.journal import State
from tests.anchoring_parts import (
    FakeClock,
    anchored_events,
    anchorer_of,
    contract_head,
    deploy_ledger,
    make_settings,
)
from tests.anvil import Anvil, start_anvil
from tests.faulty_node import FaultyNode, Reply, listed, pass_on, start_faulty_node
from tests.ledger_parts import make_ledger

SECRET = "a-key-in-the-address"


@pytest.fixture(scope="module")
def chain() -> Iterator[Anvil]:
    with start_anvil(epoch=1) as running:
        yield running


@pytest.mark.parametrize(
    ("method", "is_passed_on"),
    [
        ("eth_chainId", False),
        ("eth_sendRawTransaction", False),
        ("eth_sendRawTransaction", True),
        ("eth_getTransactionReceipt", False),
    ],
    ids=["at-once", "before-sending", "after-sending", "while-waiting"],
)
def test_a_node_that_refuses_the_key_is_quoted_and_the_head_is_anchored_once_later(
    chain: Anvil, tmp_path: Path, method: str, is_passed_on: bool
) -> None:
    refused: list[str] = []

    def refuse(node: FaultyNode, body: Any) -> Reply | None:
        asked = [question["method"] for question in listed(body)]
        if method in asked or refused:
            if is_passed_on and not refused:
                node.forward(body)
            refused.extend(asked)
            return 401, {}, b"{}"
        return pass_on(node, body)

    ledger = make_ledger(tmp_path, 5)
    contract = deploy_ledger(chain)
    clock = FakeClock(on_sleep=lambda _: chain.mine(3))
    with start_faulty_node(refuse, chain.url) as node:
        settings = make_settings(chain, contract, ledger_rpc=f"{node.url}/{SECRET}")
        with (
            pytest.raises(KiyomeError) as raised,
            anchorer_of(ledger, settings, clock) as anchorer,
        ):
            anchorer.anchor()
    assert "401" in str(raised.value)
    assert "key" in str(raised.value)
    assert SECRET not in str(raised.value)
    clock = FakeClock(on_sleep=lambda _: chain.mine(3))
    with anchorer_of(ledger, make_settings(chain, contract), clock) as anchorer:
        assert anchorer.anchor().state is State.FINALIZED
    assert contract_head(chain, contract) == (5, 1, ledger.head().root)
    assert len(anchored_events(chain, contract)) == 1
