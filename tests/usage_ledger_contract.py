"""The usage ledger's contract on anvil, for tests of what it takes and refuses."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass

import pytest
from web3 import HTTPProvider, Web3
from web3.types import TxParams, TxReceipt

from models.ledger.chain.client import ContractRefusedError, UsageLedgerClient
from models.ledger.chain.contract import UsageLedgerContract
from tests.anvil import Anvil, start_anvil

CALLS = UsageLedgerContract()
GAS = 2_000_000


@dataclass
class DeployedLedger:
    """A contract, and the accounts that send to it: number 0 is the operator at first."""

    chain: Anvil
    web3: Web3
    client: UsageLedgerClient

    def send(self, data: bytes, sender: int = 0) -> TxReceipt:
        """Send a transaction that has to succeed."""
        receipt = self._post(data, sender)
        assert receipt["status"] == 1, "the transaction was reverted"
        return receipt

    def refusal(self, data: bytes, sender: int = 0) -> str:
        """The contract's reason for refusing a transaction, which is also sent: it has to revert,
        and to change nothing.
        """
        before = self.state()
        with pytest.raises(ContractRefusedError) as caught:
            self.client.rehearse(self.chain.accounts[sender], data)
        receipt = self._post(data, sender)
        assert receipt["status"] == 0
        assert receipt["logs"] == []
        assert self.state() == before
        return caught.value.reason

    def state(self) -> tuple[object, ...]:
        """Everything that the contract stores."""
        ask = self.client
        return (ask.head(), ask.operator(), ask.pending_operator(), ask.paused(), ask.history())

    def _post(self, data: bytes, sender: int) -> TxReceipt:
        asked: TxParams = {
            "from": Web3.to_checksum_address(self.chain.accounts[sender]),
            "to": self.client.address,
            "data": data,
            "gas": GAS,
        }
        return self.web3.eth.wait_for_transaction_receipt(self.web3.eth.send_transaction(asked))


def deploy_ledger(chain: Anvil) -> DeployedLedger:
    """A new contract; anvil's first account is its operator."""
    receipt = chain.send(chain.accounts[0], None, "0x" + CALLS.deployment(chain.accounts[0]).hex())
    web3 = Web3(HTTPProvider(chain.url))
    return DeployedLedger(chain, web3, UsageLedgerClient(web3, receipt["contractAddress"]))


@contextmanager
def start_ledger() -> Iterator[DeployedLedger]:
    """A chain of its own with one contract."""
    with start_anvil() as chain:
        yield deploy_ledger(chain)
