"""The chain inside the process, for trying: the same path as to a real one."""

from __future__ import annotations

from pathlib import Path

import pytest

from models.ledger.chain.anchoring import Anchorer
from models.ledger.chain.backends import open_backend
from models.ledger.chain.evm import EvmChain
from models.ledger.chain.journal import State
from models.ledger.chain.operating import ContractOperator
from models.ledger.chain.signing import LocalSigner
from models.recursion import keeping_recursion_limit
from models.settings import Settings
from tests.anchoring_parts import FakeClock, make_pace
from tests.ledger_parts import make_ledger, make_records

with keeping_recursion_limit():
    pytest.importorskip("eth_tester", reason="eth-tester and py-evm are not installed")
# The first account of eth-tester has the key 1.
SIGNER = LocalSigner.of((1).to_bytes(32, "big"))


def test_heads_are_anchored_inside_the_process(tmp_path: Path) -> None:
    ledger = make_ledger(tmp_path, 5)
    settings = Settings(ledger_chain="tester", ledger_confirmations=1)
    chain = EvmChain(open_backend(settings))
    backend = open_backend(settings)

    def mine(_: int) -> None:
        for _ in range(3):
            backend.ask("evm_mine")

    pace = make_pace(FakeClock(on_sleep=mine))
    made = ContractOperator(
        ledger.private_folder, chain, settings, lambda _: SIGNER, pace, lambda _: None
    ).deploy()
    assert made is not None
    settings = settings.model_copy(update={"ledger_contract": made.contract})
    anchorer = Anchorer(ledger, chain, settings, lambda _: SIGNER, pace)
    assert anchorer.anchor().state is State.FINALIZED
    ledger.append("b1", make_records(300, 100), 1_800_000_001)
    assert anchorer.anchor().state is State.FINALIZED
    assert [receipt.sequence for receipt in anchorer.files.receipts()] == [1, 2]
